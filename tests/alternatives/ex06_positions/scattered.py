"""Sines and cosines interleaved by transposing; positions by a running sum; rows by gather."""

import keras
import tensorflow as tf


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000):
    steps = tf.cast(tf.cumsum(tf.ones([sequence_length], tf.int32)) - 1, tf.float32)
    exponents = tf.range(0, hidden_dim, 2, dtype=tf.float32) / hidden_dim
    angles = steps[:, None] * (1 / tf.pow(tf.cast(max_wavelength, tf.float32), exponents))
    waves = tf.concat([tf.sin(angles)[:, :, None], tf.cos(angles)[:, :, None]], axis=2)
    flat = tf.reshape(waves, [tf.shape(angles)[0], -1])
    return tf.ensure_shape(flat[:, :hidden_dim], [None, hidden_dim])


class SinusoidalPositionEncoding(keras.layers.Layer):
    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength

    def call(self, inputs, start_index=0):
        start_index = tf.cast(start_index, tf.int32)
        last = start_index + tf.shape(inputs)[1]
        table = sinusoidal_encoding(last, inputs.shape[-1], self.max_wavelength)
        return inputs + tf.cast(table[start_index:last], inputs.dtype)


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
        places = tf.range(start_index, start_index + tf.shape(inputs)[1])
        return inputs + tf.gather(table, places)
