"""Positions as sines and cosines of many wavelengths."""

import keras
import numpy as np
import tensorflow as tf


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000, start_index=0):
    """The encoding of positions, each row a vector of sines and cosines.

        angle[p, i] = p / max_wavelength ** (2 i / D)
        encoding[p, 2 i] = sin(angle[p, i])
        encoding[p, 2 i + 1] = cos(angle[p, i])

    Sines and cosines alternate, as in the paper. An odd width ends with a sine.

    Args:
        sequence_length: int or scalar tensor, T.
        hidden_dim: int, D.
        max_wavelength: the longest wavelength, divided by 2 pi.
        start_index: int or scalar tensor. The position of the first row.

    Returns:
        float32 (T, D).

    Example:

    >>> sinusoidal_encoding(2, 3).numpy().round(3)
    array([[0.   , 1.   , 0.   ],
           [0.841, 0.54 , 0.002]], dtype=float32)
    """
    pairs = np.arange(hidden_dim) // 2  # (D,)
    rates = (float(max_wavelength) ** (-2 * pairs / hidden_dim)).astype("float32")
    is_sine = np.arange(hidden_dim) % 2 == 0
    positions = tf.range(sequence_length) + tf.cast(start_index, tf.int32)
    # Positions are float32 whatever the precision of the layer: bfloat16 tells few of them apart.
    angles = tf.cast(positions, tf.float32)[:, None] * rates  # (T, D)
    return tf.where(is_sine, tf.sin(angles), tf.cos(angles))


@keras.saving.register_keras_serializable(package="coursekit")
class SinusoidalPositionEncoding(keras.layers.Layer):
    """Adds to each step the sines and cosines of its position. It has no weights.

        outputs[:, t] = inputs[:, t] + sinusoidal_encoding[start_index + t]

    Unlike KerasHub's `SinePositionEncoding` it returns the sum. The encoding is computed in float32
    and cast last.

    Masking: a mask passes through.

    Args:
        max_wavelength: the longest wavelength, divided by 2 pi.
        **kwargs: name, dtype, trainable.

    Call arguments:
        inputs: (B, T, D); D may be odd.
        start_index: int or scalar tensor. The position of the first step.

    Returns:
        (B, T, D).

    Example:

    >>> SinusoidalPositionEncoding()(keras.ops.zeros((1, 3, 2)))[0, :, 0].numpy().round(3)
    array([0.   , 0.841, 0.909], dtype=float32)

    Reference: Vaswani et al. (2017), Attention is all you need, https://arxiv.org/abs/1706.03762
    """

    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        if max_wavelength <= 0:
            raise ValueError(
                f"`max_wavelength` must be positive. Received: max_wavelength={max_wavelength}"
            )
        self.max_wavelength = max_wavelength
        self.supports_masking = True

    def call(self, inputs, start_index=0):
        steps = inputs.shape[1] or tf.shape(inputs)[1]
        encoding = sinusoidal_encoding(steps, inputs.shape[-1], self.max_wavelength, start_index)
        return inputs + tf.cast(encoding, inputs.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
