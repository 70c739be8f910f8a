"""Inputs and state side by side for one product; a sigmoid written out; a class attribute as step."""

import keras
from keras import ops


def sigmoid(x):
    return 1 / (1 + ops.exp(-x))


def gru_step(inputs, state, kernel, recurrent_kernel, bias):
    inputs, state = ops.convert_to_tensor(inputs), ops.convert_to_tensor(state)
    units = ops.shape(state)[-1]
    stacked = ops.concatenate([kernel, recurrent_kernel], axis=0)
    seen = ops.concatenate([inputs, state], axis=-1)
    gates = sigmoid(ops.dot(seen, stacked[:, : 2 * units]) + bias[: 2 * units])
    z, r = gates[..., :units], gates[..., units:]
    seen = ops.concatenate([inputs, r * state], axis=-1)
    candidate = ops.tanh(ops.dot(seen, stacked[:, 2 * units :]) + bias[2 * units :])
    return z * state + candidate - z * candidate


def gru_step_reset_after(inputs, state, kernel, recurrent_kernel, bias):
    inputs, state = ops.convert_to_tensor(inputs), ops.convert_to_tensor(state)
    units = ops.shape(state)[-1]
    x = ops.reshape(ops.dot(inputs, kernel) + bias[:1], (-1, 3, units))
    s = ops.reshape(ops.dot(state, recurrent_kernel) + bias[1:], (-1, 3, units))
    gates = sigmoid(x[:, :2] + s[:, :2])
    z, r = gates[:, 0], gates[:, 1]
    candidate = ops.tanh(x[:, 2] + r * s[:, 2])
    return z * state + candidate - z * candidate


class GRUCell(keras.layers.Layer):
    def __init__(self, units, reset_after=True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units
        self.step = gru_step_reset_after if reset_after else gru_step

    def build(self, input_shape):
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], 3 * self.units), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, 3 * self.units),
            initializer="orthogonal",
        )
        self.bias = self.add_weight(
            name="bias",
            shape=[2, 3 * self.units] if self.reset_after else [3 * self.units],
            initializer="zeros",
        )

    def call(self, inputs, states, training=None):
        new = self.step(inputs, states[0], *self.weights)
        return new, [new]
