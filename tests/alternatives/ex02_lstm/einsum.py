"""Einsum over weights of shape (D, 4, U); the bias from NumPy; tuples where lists would do."""

import keras
import numpy as np
from keras import ops


def lstm_step(inputs, hidden_state, cell_state, kernel, recurrent_kernel, bias):
    def by_gate(matrix):
        return ops.reshape(matrix, (matrix.shape[0], 4, -1))

    gates = (
        ops.einsum("bd,dgu->gbu", inputs, by_gate(kernel))
        + ops.einsum("bv,vgu->gbu", hidden_state, by_gate(recurrent_kernel))
        + ops.reshape(bias, (4, 1, -1))
    )
    i, f, o = ops.sigmoid(gates[0]), ops.sigmoid(gates[1]), ops.sigmoid(gates[3])
    c = f * cell_state + i * ops.tanh(gates[2])
    return o * ops.tanh(c), c


class LSTMCell(keras.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = (units, units)
        self.output_size = units

    def build(self, input_shape):
        kernel_shape = (input_shape[-1], 4 * self.units)
        self.kernel = self.add_weight(shape=kernel_shape, name="input_weights")
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, 4 * self.units),
            initializer=keras.initializers.Orthogonal(seed=3),
            name="recurrent_weights",
        )
        self.bias = self.add_weight(shape=(4 * self.units,), initializer=self.initial_bias)
        super().build(input_shape)

    def initial_bias(self, shape, dtype=None):
        values = np.zeros(shape)
        values[self.units : 2 * self.units] = 1
        return ops.convert_to_tensor(values, dtype=dtype)

    def call(self, inputs, states, training=None):
        h, c = lstm_step(
            inputs, states[0], states[1], self.kernel, self.recurrent_kernel, self.bias
        )
        return h, (h, c)


def run_lstm(cell, inputs, padding_mask=None):
    states = [ops.zeros((ops.shape(inputs)[0], size)) for size in cell.state_size]
    outputs = []
    for t, step_inputs in enumerate(ops.unstack(inputs, axis=1)):
        output, new_states = cell(step_inputs, states)
        if padding_mask is not None:
            keep = ops.expand_dims(padding_mask[:, t], axis=-1)
            previous = outputs[-1] if outputs else ops.zeros_like(output)
            output = ops.where(keep, output, previous)
            new_states = [ops.where(keep, a, b) for a, b in zip(new_states, states)]
        outputs.append(output)
        states = new_states
    return ops.stack(outputs, 1), tuple(states)
