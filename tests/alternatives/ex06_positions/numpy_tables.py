"""NumPy in double precision for constants; frequencies kept in `build`; rows by `ops.slice`."""

import keras
import numpy as np
from keras import ops


def frequencies(hidden_dim, max_wavelength):
    exponents = np.arange(0, hidden_dim, 2) / hidden_dim
    return np.repeat(np.float64(max_wavelength) ** -exponents, 2)[:hidden_dim]


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000):
    angles = np.outer(np.arange(sequence_length), frequencies(hidden_dim, max_wavelength))
    encoding = np.empty((sequence_length, hidden_dim), "float32")
    encoding[:, 0::2] = np.sin(angles[:, 0::2])
    encoding[:, 1::2] = np.cos(angles[:, 1::2])
    return encoding


class SinusoidalPositionEncoding(keras.layers.Layer):
    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength

    def build(self, input_shape):
        self.width = input_shape[-1]
        self.frequencies = frequencies(self.width, self.max_wavelength).astype("float32")

    def call(self, inputs, start_index=0):
        steps = ops.shape(inputs)[1]
        positions = ops.cast(ops.arange(start_index, start_index + steps), "float32")
        angles = ops.einsum("t,d->td", positions, self.frequencies)
        even = np.arange(self.width) % 2 == 0
        encoding = ops.sin(angles) * even.astype("float32") + ops.cos(angles) * (~even).astype(
            "float32"
        )
        return inputs + ops.cast(encoding[None, :, :], inputs.dtype)


class LearnedPositionEmbedding(keras.layers.Layer):
    def __init__(self, sequence_length, **kwargs):
        super().__init__(**kwargs)
        self.sequence_length = sequence_length

    def build(self, input_shape):
        self.position_embeddings = self.add_weight(
            name="position_embeddings",
            shape=(self.sequence_length, input_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )

    def call(self, inputs, start_index=0):
        size = (ops.shape(inputs)[1], inputs.shape[-1])
        return inputs + ops.slice(self.position_embeddings, (start_index, 0), size)
