"""tf.scan, plain TensorFlow in the step, inputs and state joined before one product."""

import keras
import tensorflow as tf


def lstm_step(inputs, hidden_state, cell_state, kernel, recurrent_kernel, bias):
    joined = tf.concat([inputs, hidden_state], axis=1)
    weights = tf.concat([kernel, recurrent_kernel], axis=0)
    i, f, g, o = tf.split(tf.matmul(joined, weights) + bias, num_or_size_splits=4, axis=1)
    cell_state = tf.add(
        tf.multiply(tf.nn.sigmoid(f), cell_state), tf.multiply(tf.nn.sigmoid(i), tf.nn.tanh(g))
    )
    return tf.nn.sigmoid(o) * tf.nn.tanh(cell_state), cell_state


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
        self.bias = self.add_weight(name="bias", shape=(4 * self.units,), initializer="zeros")
        ones = tf.concat(
            [tf.zeros(self.units), tf.ones(self.units), tf.zeros(2 * self.units)], axis=0
        )
        self.bias.assign(ones)

    def call(self, inputs, states, training=None):
        kernel, recurrent_kernel, bias = (
            tf.convert_to_tensor(weight)
            for weight in (self.kernel, self.recurrent_kernel, self.bias)
        )
        output, memory = lstm_step(inputs, *states, kernel, recurrent_kernel, bias)
        return output, [output, memory]


def run_lstm(cell, inputs, padding_mask=None):
    if padding_mask is None:
        padding_mask = tf.fill(tf.shape(inputs)[:2], True)
    start = tf.zeros((tf.shape(inputs)[0], cell.units), inputs.dtype)

    def advance(states, elements):
        step_inputs, keep = elements
        _, new_states = cell(step_inputs, list(states))
        return tuple(tf.where(keep[:, None], a, b) for a, b in zip(new_states, states))

    elements = (tf.transpose(inputs, [1, 0, 2]), tf.transpose(padding_mask))
    hidden_states, cell_states = tf.scan(advance, elements, (start, start))
    return tf.transpose(hidden_states, [1, 0, 2]), [hidden_states[-1], cell_states[-1]]
