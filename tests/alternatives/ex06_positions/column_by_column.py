"""One column after the other; the learned rows by a one-hot product."""

import keras
from keras import ops


def columns(positions, hidden_dim, max_wavelength):
    found = []
    for column in range(hidden_dim):
        pair = column // 2
        angle = positions / float(max_wavelength) ** (2 * pair / hidden_dim)
        found.append(ops.sin(angle) if column % 2 == 0 else ops.cos(angle))
    return ops.stack(found, axis=1)


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000):
    return columns(
        ops.cast(ops.arange(sequence_length), "float32"), hidden_dim, max_wavelength
    )


class SinusoidalPositionEncoding(keras.layers.Layer):
    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength

    def call(self, inputs, start_index=0):
        positions = ops.cast(ops.arange(ops.shape(inputs)[1]) + start_index, "float32")
        encoding = columns(positions, inputs.shape[-1], self.max_wavelength)
        encoding = ops.cast(encoding, inputs.dtype)
        return inputs + ops.broadcast_to(encoding, ops.shape(inputs))


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
        places = start_index + ops.arange(ops.shape(inputs)[1])
        choice = ops.one_hot(places, self.sequence_length, dtype=inputs.dtype)
        rows = ops.matmul(choice, ops.convert_to_tensor(self.position_embeddings))
        return inputs + ops.expand_dims(rows, 0)
