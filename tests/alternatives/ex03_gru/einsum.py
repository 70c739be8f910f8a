"""einsum for the products; the new state as the candidate moved towards the old state."""

import keras
import tensorflow as tf


def gates_of(array, count=3):
    return tf.split(array, count, axis=-1)


def gru_step(inputs, state, kernel, recurrent_kernel, bias):
    projected = tf.einsum("bd,dg->bg", inputs, kernel) + bias
    input_z, input_r, input_h = gates_of(projected)
    weights_z, weights_r, weights_h = gates_of(recurrent_kernel)
    update = tf.nn.sigmoid(input_z + tf.einsum("bu,uv->bv", state, weights_z))
    reset = tf.nn.sigmoid(input_r + tf.einsum("bu,uv->bv", state, weights_r))
    proposal = tf.math.tanh(input_h + tf.einsum("bu,uv->bv", reset * state, weights_h))
    return proposal + update * (state - proposal)


def gru_step_reset_after(inputs, state, kernel, recurrent_kernel, bias):
    input_bias, recurrent_bias = tf.unstack(bias)
    input_z, input_r, input_h = gates_of(tf.einsum("bd,dg->bg", inputs, kernel) + input_bias)
    state_z, state_r, state_h = gates_of(
        tf.einsum("bu,ug->bg", state, recurrent_kernel) + recurrent_bias
    )
    update = tf.nn.sigmoid(input_z + state_z)
    reset = tf.nn.sigmoid(input_r + state_r)
    proposal = tf.math.tanh(input_h + reset * state_h)
    return proposal + update * (state - proposal)


class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], 3 * self.units), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, 3 * self.units),
            initializer="orthogonal",
        )
        if self.reset_after:
            self.bias = self.add_weight(
                name="bias", shape=(2, 3 * self.units), initializer=keras.initializers.Zeros()
            )
        else:
            self.bias = self.add_weight(
                name="bias", shape=(3 * self.units,), initializer=keras.initializers.Zeros()
            )

    def call(self, inputs, states, training=None):
        (state,) = states
        if self.reset_after:
            new = gru_step_reset_after(
                inputs, state, self.kernel, self.recurrent_kernel, self.bias
            )
        else:
            new = gru_step(inputs, state, self.kernel, self.recurrent_kernel, self.bias)
        return new, (new,)
