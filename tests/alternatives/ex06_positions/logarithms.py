"""Frequencies by exp and log, pairs by stacking; rows by `take`."""

import math

import keras
from keras import ops


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000):
    pairs = (hidden_dim + 1) // 2
    step = -2 * math.log(max_wavelength) / hidden_dim
    frequencies = ops.exp(ops.arange(pairs, dtype="float32") * step)
    positions = ops.arange(sequence_length, dtype="float32")
    angles = ops.outer(positions, frequencies)
    waves = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)
    return ops.reshape(waves, (-1, 2 * pairs))[:, :hidden_dim]


class SinusoidalPositionEncoding(keras.layers.Layer):
    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength

    def call(self, inputs, start_index=0):
        steps = ops.shape(inputs)[1]
        table = sinusoidal_encoding(start_index + steps, inputs.shape[-1], self.max_wavelength)
        rows = ops.take(table, start_index + ops.arange(steps), axis=0)
        return ops.add(inputs, ops.cast(rows, inputs.dtype)[None])


class LearnedPositionEmbedding(keras.layers.Layer):
    def __init__(self, sequence_length, **kwargs):
        super().__init__(**kwargs)
        self.sequence_length = sequence_length

    def build(self, input_shape):
        self.position_embeddings = self.add_weight(
            name="position_embeddings",
            shape=(self.sequence_length, input_shape[-1]),
            initializer="glorot_uniform",
        )

    def call(self, inputs, start_index=0):
        places = ops.arange(ops.shape(inputs)[1]) + start_index
        return inputs + ops.take(self.position_embeddings, places, axis=0)
