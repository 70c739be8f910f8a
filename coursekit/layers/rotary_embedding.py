"""Positions as rotations of queries and keys."""

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable(package="coursekit")
class RotaryEmbedding(keras.layers.Layer):
    """Rotates pairs of features of queries and keys by angles that grow with the position.

        angle[t, i] = (start_index + t) / max_wavelength ** (2 i / H)
        first, second = the two features of pair i
        outputs = first * cos(angle) - second * sin(angle), second * cos(angle) + first * sin(angle)

    A product of a rotated query and a rotated key depends on the distance of their positions only.
    There are two conventions of what a pair is, and weights trained in one are wrong in the other:
    features i and i + H/2 (`interleaved=False`: KerasHub, Hugging Face), or features 2 i and
    2 i + 1 (`interleaved=True`: the paper, GGUF files of llama models).

    Angles are computed in float32; sines and cosines are cast last.

    Args:
        max_wavelength: the longest wavelength, divided by 2 pi.
        interleaved: whether pairs are neighbours.
        **kwargs: name, dtype, trainable.

    Call arguments:
        inputs: (B, T, N, H).
        start_index: int or scalar tensor. The position of the first step.

    Returns:
        (B, T, N, H).

    Raises:
        ValueError: H is odd.

    Example:

    >>> RotaryEmbedding()(keras.ops.ones((1, 2, 1, 2)))[0, :, 0].numpy().round(3)
    array([[ 1.   ,  1.   ],
           [-0.301,  1.382]], dtype=float32)

    Reference: Su et al. (2021), RoFormer, https://arxiv.org/abs/2104.09864
    """

    def __init__(self, max_wavelength=10000, interleaved=False, **kwargs):
        super().__init__(**kwargs)
        if max_wavelength <= 0:
            raise ValueError(
                f"`max_wavelength` must be positive. Received: max_wavelength={max_wavelength}"
            )
        self.max_wavelength = max_wavelength
        self.interleaved = interleaved

    @staticmethod
    def get(rotary):
        """A rotary embedding from itself, its configuration, or None."""
        return keras.saving.deserialize_keras_object(rotary) if isinstance(rotary, dict) else rotary

    def call(self, inputs, start_index=0):
        steps = inputs.shape[1] or tf.shape(inputs)[1]
        num_heads, width = inputs.shape[2:]
        if width % 2:
            raise ValueError(
                "Rotary positions turn pairs of features, so the width of a head must be even. "
                f"Received: inputs.shape={tuple(inputs.shape)}"
            )
        rates = float(self.max_wavelength) ** (-np.arange(0, width, 2) / width)  # (H/2,)
        positions = tf.cast(tf.range(steps) + tf.cast(start_index, tf.int32), tf.float32)
        angles = positions[:, None] * rates.astype("float32")  # (T, H/2)
        cos = tf.cast(tf.cos(angles), inputs.dtype)[:, None, :]  # (T, 1, H/2)
        sin = tf.cast(tf.sin(angles), inputs.dtype)[:, None, :]
        if self.interleaved:
            pairs = tf.reshape(inputs, (-1, steps, num_heads, width // 2, 2))
            first, second = tf.unstack(pairs, axis=-1)  # each (B, T, N, H/2)
        else:
            first, second = tf.split(inputs, 2, axis=-1)
        turned = [first * cos - second * sin, second * cos + first * sin]
        if not self.interleaved:
            return tf.concat(turned, axis=-1)
        return tf.reshape(tf.stack(turned, axis=-1), (-1, steps, num_heads, width))

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "max_wavelength": self.max_wavelength,
            "interleaved": self.interleaved,
        }
