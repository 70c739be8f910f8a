"""Positions as a table that is learned."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="coursekit")
class LearnedPositionEmbedding(keras.layers.Layer):
    """Adds to each step of a sequence a learned vector for its position.

        outputs[:, t] = inputs[:, t] + position_embeddings[start_index + t]

    Masking: padding gets a vector like any step; a mask passes through.

    Args:
        sequence_length: the number of positions that have a vector.
        initializer: of the table, (sequence_length, D).

    Call arguments:
        inputs: (B, T, D).
        start_index: position of the first step, int or scalar tensor.

    Returns:
        (B, T, D).

    Raises:
        ValueError: `sequence_length` is not a positive integer, or the inputs reach beyond it (an
            `InvalidArgumentError` where a graph finds that out as it runs).

    Example:

    >>> layer = LearnedPositionEmbedding(8)
    >>> layer(keras.ops.zeros((1, 3, 2)), start_index=5).shape
    TensorShape([1, 3, 2])

    Reference:
        Gehring et al. (2017), Convolutional sequence to sequence learning,
        https://arxiv.org/abs/1705.03122; Radford et al. (2018), GPT.
    """

    def __init__(self, sequence_length, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        if not hasattr(sequence_length, "__index__") or sequence_length <= 0:
            raise ValueError(
                "`sequence_length` must be a positive integer. "
                f"Received: sequence_length={sequence_length}"
            )
        self.sequence_length = int(sequence_length)
        self.initializer = keras.initializers.get(initializer)
        self.supports_masking = True

    def build(self, input_shape):
        self.position_embeddings = self.add_weight(
            name="position_embeddings",
            shape=(self.sequence_length, input_shape[-1]),
            initializer=self.initializer,
        )

    def call(self, inputs, start_index=0):
        length = inputs.shape[1]
        known = length is not None and isinstance(start_index, int)
        if known and start_index + length > self.sequence_length:
            raise ValueError(
                f"There are {self.sequence_length} positions. Received: {length} steps from "
                f"position {start_index}"
            )
        length = tf.shape(inputs)[1] if length is None else length
        table = tf.convert_to_tensor(self.position_embeddings)
        # Not `table[...]`: too short a slice would be broadcast where one row is left.
        rows = tf.slice(table, [start_index, 0], [length, table.shape[-1]])  # (T, D)
        return inputs + tf.cast(rows, inputs.dtype)

    def compute_output_shape(self, inputs_shape, start_index_shape=None):
        return inputs_shape

    def get_config(self):
        return {
            **super().get_config(),
            "sequence_length": self.sequence_length,
            "initializer": keras.initializers.serialize(self.initializer),
        }
