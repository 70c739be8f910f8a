"""GRU over a short sequence, written out step after step."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="coursekit")
class UnrolledGRU(keras.layers.Layer):
    """GRU over a short sequence, written out step after step.

        outputs[:, t] = state[t] = gru_step_reset_after(inputs[:, t], state[t - 1])

    It computes what `GRU` computes with `return_sequences=True, return_state=True`, and has the same
    weights. There is no loop of the framework around the steps, so a call on a few elements costs a
    handful of operations and a small graph: what decoding one token at a time and exercises need. T
    has to be known when the layer is called; for long sequences use `GRU`.

    Masking: where `padding_mask[b, t]` is False, row b keeps its state and shows it once more.

    Args:
        units: U, the size of the state.

    Call arguments:
        inputs: (B, T, D).
        initial_state: (B, U); zeros if it is None.
        padding_mask: Boolean (B, T), True for a real element; None if every element is real.

    Returns:
        `(outputs, state)`: the states after each step, (B, T, U), and after the last step, (B, U).

    Example:

    >>> outputs, state = UnrolledGRU(3)(keras.ops.ones((2, 4, 5)))
    >>> outputs.shape, state.shape
    (TensorShape([2, 4, 3]), TensorShape([2, 3]))
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        width = 3 * self.units
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], width), initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=(self.units, width), initializer="orthogonal"
        )
        self.bias = self.add_weight(name="bias", shape=(2, width), initializer="zeros")

    def call(self, inputs, initial_state=None, padding_mask=None):
        batch, steps = inputs.shape[:2]
        state = initial_state
        if state is None:
            batch = tf.shape(inputs)[0] if batch is None else batch
            state = tf.zeros((batch, self.units), inputs.dtype)
        input_bias, recurrent_bias = tf.unstack(self.bias, 2)  # (3U,)
        recurrent_kernel = tf.convert_to_tensor(self.recurrent_kernel)
        kernel = tf.convert_to_tensor(self.kernel)
        projected = tf.nn.bias_add(tf.matmul(inputs, kernel), input_bias)  # (B, T, 3U)
        keep = [None] * steps
        if padding_mask is not None:
            keep = tf.unstack(tf.expand_dims(padding_mask, -1), steps, axis=1)  # (B, 1)
        outputs = []
        for step, now in enumerate(tf.unstack(projected, steps, axis=1)):  # (B, 3U)
            recurrent = tf.nn.bias_add(tf.matmul(state, recurrent_kernel), recurrent_bias)
            x_z, x_r, x_h = tf.split(now, 3, axis=1)  # (B, U)
            s_z, s_r, s_h = tf.split(recurrent, 3, axis=1)
            z, r = tf.sigmoid(x_z + s_z), tf.sigmoid(x_r + s_r)
            candidate = tf.tanh(x_h + r * s_h)
            new_state = candidate + z * (state - candidate)
            state = new_state if keep[step] is None else tf.where(keep[step], new_state, state)
            outputs.append(state)
        return tf.stack(outputs, axis=1), state  # (B, T, U)

    def get_config(self):
        return {**super().get_config(), "units": self.units}
