"""Positions as waves of many lengths."""

import keras
import tensorflow as tf


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000, start_index=0):
    """A vector for each position: sine and cosine of its angle at growing wavelengths.

        angle[t, i] = (start_index + t) / max_wavelength ** (2 * i / hidden_dim)
        encoding[t, 2 * i] = sin(angle[t, i]), encoding[t, 2 * i + 1] = cos(angle[t, i])

    Args:
        sequence_length: T, int or scalar tensor.
        hidden_dim: D, int; if it is odd, the last column is a sine.
        max_wavelength: the slowest wave's length is nearly 2 pi times this.
        start_index: position of the first vector, int or scalar tensor.

    Returns:
        float32 (T, D).

    Example:

    >>> sinusoidal_encoding(2, 3).numpy().round(3)
    array([[0.   , 1.   , 0.   ],
           [0.841, 0.54 , 0.002]], dtype=float32)

    Reference:
        Vaswani et al. (2017), Attention is all you need, section 3.5,
        https://arxiv.org/abs/1706.03762
    """
    pairs = tf.cast(tf.range((hidden_dim + 1) // 2), tf.float32)
    frequencies = tf.cast(max_wavelength, tf.float32) ** (-2 * pairs / hidden_dim)
    positions = tf.cast(start_index + tf.range(sequence_length), tf.float32)
    angles = positions[:, None] * frequencies  # (T, pairs)
    waves = tf.stack([tf.sin(angles), tf.cos(angles)], axis=-1)  # (T, pairs, 2)
    return tf.reshape(waves, [-1, 2 * pairs.shape[0]])[:, :hidden_dim]  # (T, D)


@keras.saving.register_keras_serializable(package="coursekit")
class SinusoidalPositionEncoding(keras.layers.Layer):
    """Adds to each step of a sequence the sinusoidal encoding of its position.

        outputs[:, t] = inputs[:, t] + sinusoidal_encoding(...)[start_index + t]

    Nothing is learned, and no length is too long. The encoding is computed in float32 and then cast:
    bfloat16 cannot tell positions beyond a few hundred apart.

    Masking: padding gets an encoding like any step; a mask passes through.

    Args:
        max_wavelength: see `sinusoidal_encoding`.

    Call arguments:
        inputs: (B, T, D).
        start_index: position of the first step, int or scalar tensor.

    Returns:
        (B, T, D).

    Raises:
        ValueError: `max_wavelength` is not positive.

    Example:

    >>> SinusoidalPositionEncoding()(keras.ops.zeros((1, 2, 2)), start_index=1).shape
    TensorShape([1, 2, 2])
    """

    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        if not max_wavelength > 0:
            raise ValueError(
                f"`max_wavelength` must be positive. Received: max_wavelength={max_wavelength}"
            )
        self.max_wavelength = max_wavelength
        self.supports_masking = True
        self.built = True

    def call(self, inputs, start_index=0):
        length = inputs.shape[1] or tf.shape(inputs)[1]
        encoding = sinusoidal_encoding(length, inputs.shape[-1], self.max_wavelength, start_index)
        return inputs + tf.cast(encoding, inputs.dtype)

    def compute_output_shape(self, inputs_shape, start_index_shape=None):
        return inputs_shape

    def get_config(self):
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
