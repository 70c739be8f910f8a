"""keras.ops.scan, input products of all steps taken at once; the cell repeats the mathematics."""

import keras
from keras import ops


def mix(gates, cell_state):
    i, f, c, o = ops.split(gates, 4, axis=-1)
    cell_state = cell_state / (1 + ops.exp(-f)) + ops.tanh(c) / (1 + ops.exp(-i))
    return ops.tanh(cell_state) / (1 + ops.exp(-o)), cell_state


def lstm_step(inputs, hidden_state, cell_state, kernel, recurrent_kernel, bias):
    return mix(inputs @ kernel + hidden_state @ recurrent_kernel + bias, cell_state)


class LSTMCell(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], 4 * self.units), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, 4 * self.units),
            initializer="orthogonal",
        )
        self.bias = self.add_weight(
            name="bias", shape=(4 * self.units,), initializer=self.initial_bias
        )

    def initial_bias(self, shape, dtype=None):
        return ops.pad(ops.ones((self.units,), dtype), [(self.units, 2 * self.units)])

    def call(self, inputs, states, training=None):
        hidden_state, cell_state = states
        gates = ops.matmul(inputs, self.kernel) + self.bias
        gates = gates + ops.matmul(hidden_state, self.recurrent_kernel)
        hidden_state, cell_state = mix(gates, cell_state)
        return hidden_state, [hidden_state, cell_state]


def run_lstm(cell, inputs, padding_mask=None):
    projected = ops.transpose(inputs @ cell.kernel + cell.bias, (1, 0, 2))
    if padding_mask is None:
        padding_mask = ops.ones(ops.shape(inputs)[:2], dtype="bool")
    keep = ops.transpose(padding_mask)[..., None]
    zeros = ops.zeros((ops.shape(inputs)[0], cell.units), dtype=inputs.dtype)

    def advance(states, step):
        hidden_state, cell_state = states
        gates, real = step
        new_h, new_c = mix(gates + ops.matmul(hidden_state, cell.recurrent_kernel), cell_state)
        new_h, new_c = ops.where(real, new_h, hidden_state), ops.where(real, new_c, cell_state)
        return [new_h, new_c], [new_h, new_c]

    last, (outputs, _) = ops.scan(advance, [zeros, zeros], [projected, keep])
    return ops.transpose(outputs, (1, 0, 2)), list(last)
