"""Every gate with slices and products of its own, and a cell that holds the step itself."""

import keras
from keras import ops


def gate(inputs, state, kernel, recurrent_kernel, bias, number):
    units = recurrent_kernel.shape[0]
    columns = slice(number * units, (number + 1) * units)
    from_inputs = ops.matmul(inputs, kernel[:, columns])
    from_state = ops.matmul(state, recurrent_kernel[:, columns])
    return from_inputs + from_state + bias[columns]


def gru_step(inputs, state, kernel, recurrent_kernel, bias):
    z = keras.activations.sigmoid(gate(inputs, state, kernel, recurrent_kernel, bias, 0))
    r = keras.activations.sigmoid(gate(inputs, state, kernel, recurrent_kernel, bias, 1))
    reset = r * state
    h = keras.activations.tanh(gate(inputs, reset, kernel, recurrent_kernel, bias, 2))
    return ops.add(ops.multiply(z, state), ops.multiply(1.0 - z, h))


def gru_step_reset_after(inputs, state, kernel, recurrent_kernel, bias):
    units = recurrent_kernel.shape[0]
    both = bias[0, : 2 * units] + bias[1, : 2 * units]
    z = keras.activations.sigmoid(gate(inputs, state, kernel, recurrent_kernel, both, 0))
    r = keras.activations.sigmoid(gate(inputs, state, kernel, recurrent_kernel, both, 1))
    from_inputs = ops.matmul(inputs, kernel[:, 2 * units :]) + bias[0, 2 * units :]
    from_state = ops.matmul(state, recurrent_kernel[:, 2 * units :]) + bias[1, 2 * units :]
    h = keras.activations.tanh(from_inputs + r * from_state)
    return ops.add(ops.multiply(z, state), ops.multiply(1.0 - z, h))


class GRUCell(keras.Layer):
    def __init__(self, units, reset_after=True, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        features, width = input_shape[-1], 3 * self.units
        self.w = self.add_weight(shape=(features, width), initializer="glorot_uniform")
        self.u = self.add_weight(shape=(self.units, width), initializer="orthogonal")
        shape = (width,)
        if self.reset_after:
            shape = (2, *shape)
        self.b = self.add_weight(shape=shape, initializer="zeros", trainable=True)

    def call(self, inputs, states, training=False, **kwargs):
        state, units = states[0], self.units
        w, u, b = ops.convert_to_tensor(self.w), ops.convert_to_tensor(self.u), self.b
        input_bias = b[0] if self.reset_after else b
        w_z, w_r, w_h = w[:, :units], w[:, units : 2 * units], w[:, 2 * units :]
        u_z, u_r, u_h = u[:, :units], u[:, units : 2 * units], u[:, 2 * units :]
        z = inputs @ w_z + input_bias[:units] + state @ u_z
        r = inputs @ w_r + input_bias[units : 2 * units] + state @ u_r
        if self.reset_after:
            z, r = z + b[1, :units], r + b[1, units : 2 * units]
        z, r = ops.sigmoid(z), ops.sigmoid(r)
        h = inputs @ w_h + input_bias[2 * units :]
        if self.reset_after:
            h = h + r * (state @ u_h + b[1, 2 * units :])
        else:
            h = h + (r * state) @ u_h
        output = (1 - z) * ops.tanh(h) + z * state
        return output, [output]
