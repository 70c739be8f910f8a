"""TensorFlow operations, sigmoid by tanh, nested functions, and a cell built on a base class."""

import keras
import tensorflow as tf


def sigmoid(x):
    return 0.5 * (tf.tanh(0.5 * x) + 1)


def mix(gate, first, second):
    return gate * first + (1.0 - gate) * second


def gru_step(inputs, state, kernel, recurrent_kernel, bias):
    units = recurrent_kernel.shape[-1] // 3
    x = tf.nn.bias_add(tf.linalg.matmul(inputs, kernel), bias)
    gates = x[:, : 2 * units] + tf.linalg.matmul(state, recurrent_kernel[:, : 2 * units])
    z, r = tf.split(sigmoid(gates), 2, axis=1)
    product = tf.linalg.matmul(tf.multiply(state, r), recurrent_kernel[:, 2 * units :])
    return mix(z, state, tf.tanh(x[:, 2 * units :] + product))


def gru_step_reset_after(inputs, state, kernel, recurrent_kernel, bias):
    def affine(values, weights, row):
        return tf.split(tf.nn.bias_add(tf.linalg.matmul(values, weights), row), 3, axis=1)

    x, s = affine(inputs, kernel, bias[0]), affine(state, recurrent_kernel, bias[1])
    z, r = (sigmoid(x[n] + s[n]) for n in range(2))
    return mix(z, state, tf.tanh(tf.add(x[2], tf.multiply(r, s[2]))))


class Weighted(keras.layers.Layer):
    def add_all(self, **shapes):
        for name, shape in shapes.items():
            kind = {"kernel": "glorot_uniform", "recurrent_kernel": "orthogonal", "bias": "zeros"}
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer=kind[name]))


class GRUCell(Weighted):
    def __init__(self, units, reset_after=True, **kwargs):
        super().__init__(**kwargs)
        self.units, self.reset_after = units, reset_after
        self.state_size = self.output_size = units

    def build(self, input_shape):
        width = 3 * self.units
        self.add_all(
            kernel=(input_shape[-1], width),
            recurrent_kernel=(self.units, width),
            bias=(2, width) if self.reset_after else (width,),
        )

    def call(self, inputs, states, training=None):
        arguments = inputs, states[0], self.kernel, self.recurrent_kernel, self.bias
        arguments = [tf.cast(argument, self.compute_dtype) for argument in arguments]
        output = gru_step_reset_after(*arguments) if self.reset_after else gru_step(*arguments)
        return output, [output]
