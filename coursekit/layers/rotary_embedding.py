"""Positions as rotations of queries and keys."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="coursekit")
class RotaryEmbedding(keras.layers.Layer):
    """Turns pairs of numbers of each head by angles that grow with the position.

        angle[t, i] = (start_index + t) / max_wavelength ** (2 * i / H)
        (a, b) -> (a * cos(angle) - b * sin(angle), a * sin(angle) + b * cos(angle))

    The product of a turned query and a turned key depends on the distance of their positions only.
    Which numbers make the i-th pair is a convention: 2i and 2i + 1 (`interleaved`, as in the paper
    and in GGUF files of llama models), or i and i + H/2 (as in KerasHub). Angles are computed in
    float32.

    Args:
        max_wavelength: as in `sinusoidal_encoding`.
        interleaved: which numbers make a pair.

    Call arguments:
        inputs: (..., T, H), queries or keys.
        start_index: position of the first step, int or scalar tensor.

    Returns:
        (..., T, H).

    Raises:
        ValueError: H is odd, or `max_wavelength` is not positive.

    Example:

    >>> RotaryEmbedding()(keras.ops.ones((1, 2, 3, 4)), start_index=7).shape
    TensorShape([1, 2, 3, 4])

    Reference:
        Su et al. (2021), RoFormer, https://arxiv.org/abs/2104.09864
    """

    def __init__(self, max_wavelength=10000, interleaved=False, **kwargs):
        super().__init__(**kwargs)
        if not max_wavelength > 0:
            raise ValueError(
                f"`max_wavelength` must be positive. Received: max_wavelength={max_wavelength}"
            )
        self.max_wavelength = max_wavelength
        self.interleaved = interleaved
        self.built = True

    def call(self, inputs, start_index=0):
        return self.turn(inputs, self.angles(inputs, start_index))

    def angles(self, inputs, start_index=0):
        """Cosines and sines of the angles, float32 (T, H/2) each; queries and keys share them."""
        key_dim = inputs.shape[-1]
        if key_dim % 2:
            raise ValueError(f"Rotary positions need an even key_dim. Received: key_dim={key_dim}")
        length = inputs.shape[-2] or tf.shape(inputs)[-2]
        pairs = tf.cast(tf.range(key_dim // 2), tf.float32)
        frequencies = tf.cast(self.max_wavelength, tf.float32) ** (-2 * pairs / key_dim)
        positions = tf.cast(start_index + tf.range(length), tf.float32)
        angles = positions[:, None] * frequencies  # (T, H/2)
        return tf.cos(angles), tf.sin(angles)

    def turn(self, inputs, angles):
        """Turns (..., T, H) by angles."""
        cos, sin = (tf.cast(part, inputs.dtype) for part in angles)
        if self.interleaved:
            pairs = tf.reshape(inputs, [*tf.unstack(tf.shape(inputs)[:-1]), -1, 2])
            a, b = pairs[..., 0], pairs[..., 1]  # (..., T, H/2)
            turned = tf.stack([a * cos - b * sin, a * sin + b * cos], axis=-1)
            return tf.ensure_shape(tf.reshape(turned, tf.shape(inputs)), inputs.shape)
        a, b = tf.split(inputs, 2, axis=-1)
        return tf.concat([a * cos - b * sin, a * sin + b * cos], axis=-1)

    def compute_output_shape(self, inputs_shape, start_index_shape=None):
        return inputs_shape

    def get_config(self):
        return {
            **super().get_config(),
            "max_wavelength": self.max_wavelength,
            "interleaved": self.interleaved,
        }
