"""One product for each gate, from slices of the weights; an arithmetic mask."""

import keras
from keras import ops


def lstm_step(inputs, hidden_state, cell_state, kernel, recurrent_kernel, bias):
    units = hidden_state.shape[-1]

    def gate(number):
        columns = slice(number * units, (number + 1) * units)
        return (
            ops.matmul(inputs, kernel[:, columns])
            + ops.matmul(hidden_state, recurrent_kernel[:, columns])
            + bias[columns]
        )

    input_gate, forget_gate, output_gate = (ops.sigmoid(gate(n)) for n in (0, 1, 3))
    candidate = ops.tanh(gate(2))
    new_cell_state = input_gate * candidate + forget_gate * cell_state
    return ops.tanh(new_cell_state) * output_gate, new_cell_state


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
        gate = ops.arange(shape[0]) // self.units
        return ops.cast(ops.equal(gate, 1), dtype)

    def call(self, inputs, states, training=None):
        hidden_state, cell_state = states
        hidden_state, cell_state = lstm_step(
            inputs, hidden_state, cell_state, self.kernel, self.recurrent_kernel, self.bias
        )
        return hidden_state, [hidden_state, cell_state]


def run_lstm(cell, inputs, padding_mask=None):
    hidden_state = cell_state = ops.zeros((inputs.shape[0], cell.units))
    outputs = []
    for t in range(inputs.shape[1]):
        _, (new_hidden_state, new_cell_state) = cell(inputs[:, t], [hidden_state, cell_state])
        if padding_mask is not None:
            keep = ops.cast(padding_mask[:, t : t + 1], new_hidden_state.dtype)
            new_hidden_state = keep * new_hidden_state + (1 - keep) * hidden_state
            new_cell_state = keep * new_cell_state + (1 - keep) * cell_state
        hidden_state, cell_state = new_hidden_state, new_cell_state
        outputs.append(hidden_state)
    return ops.stack(outputs, axis=1), [hidden_state, cell_state]
