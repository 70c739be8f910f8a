"""A cosine is a sine a quarter turn ahead; TensorFlow throughout, slices by begin and size."""

import keras
import numpy as np
import tensorflow as tf


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000, start_index=0):
    columns = np.arange(hidden_dim)
    frequencies = np.power(float(max_wavelength), -2 * (columns // 2) / hidden_dim)
    positions = tf.range(sequence_length) + start_index
    angles = tf.cast(positions, tf.float32)[:, tf.newaxis] * frequencies.astype("float32")
    return tf.sin(angles + (columns % 2 * np.pi / 2).astype("float32"))


class SinusoidalPositionEncoding(keras.layers.Layer):
    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength

    def call(self, inputs, start_index=0):
        encoding = sinusoidal_encoding(
            tf.shape(inputs)[1], inputs.shape[-1], self.max_wavelength, start_index
        )
        return inputs + tf.cast(encoding, inputs.dtype)


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
        table = tf.convert_to_tensor(self.position_embeddings)
        rows = tf.slice(table, [start_index, 0], [tf.shape(inputs)[1], -1])
        return inputs + tf.cast(rows, inputs.dtype)
