"""tf.while_loop in the run, and a cell that keeps the mathematics to itself."""

import keras
import tensorflow as tf
from keras import ops


def lstm_step(inputs, hidden_state, cell_state, kernel, recurrent_kernel, bias):
    total = ops.add(ops.dot(inputs, kernel), ops.dot(hidden_state, recurrent_kernel))
    total = ops.add(total, bias)
    units = total.shape[1] // 4
    write = keras.activations.sigmoid(total[:, :units])
    keep = keras.activations.sigmoid(total[:, units : 2 * units])
    news = keras.activations.tanh(total[:, 2 * units : 3 * units])
    show = keras.activations.sigmoid(total[:, 3 * units :])
    memory = keep * cell_state + write * news
    return show * keras.activations.tanh(memory), memory


class ForgetBiasOne(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return ops.repeat(ops.convert_to_tensor([0, 1, 0, 0], dtype=dtype), shape[0] // 4)


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
            name="bias", shape=(4 * self.units,), initializer=ForgetBiasOne()
        )

    def call(self, inputs, states, training=None):
        state = lstm_step(
            inputs=inputs,
            hidden_state=states[0],
            cell_state=states[1],
            kernel=self.kernel,
            recurrent_kernel=self.recurrent_kernel,
            bias=self.bias,
        )
        return state[0], list(state)


def run_lstm(cell, inputs, padding_mask=None):
    batch, length = tf.shape(inputs)[0], inputs.shape[1]
    zeros = tf.zeros([batch, cell.units], dtype=inputs.dtype)
    zeros = tf.ensure_shape(zeros, [inputs.shape[0], cell.units])

    def body(t, hidden_state, cell_state, outputs):
        _, (new_hidden_state, new_cell_state) = cell(inputs[:, t], [hidden_state, cell_state])
        if padding_mask is not None:
            padded = tf.logical_not(padding_mask[:, t])[:, None]
            new_hidden_state = tf.where(padded, hidden_state, new_hidden_state)
            new_cell_state = tf.where(padded, cell_state, new_cell_state)
        return t + 1, new_hidden_state, new_cell_state, outputs.write(t, new_hidden_state)

    _, hidden_state, cell_state, outputs = tf.while_loop(
        lambda t, *_: tf.less(t, length),
        body,
        (0, zeros, zeros, tf.TensorArray(inputs.dtype, length)),
    )
    return tf.transpose(outputs.stack(), [1, 0, 2]), [hidden_state, cell_state]
