"""Positions as a matrix that is learned."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable(package="coursekit")
class LearnedPositionEmbedding(keras.layers.Layer):
    """Adds to each step a learned vector of its position.

        outputs[:, t] = inputs[:, t] + position_embeddings[start_index + t]

    Unlike KerasHub's `PositionEmbedding` it returns the sum.

    Masking: a mask passes through.

    Args:
        sequence_length: int, how many positions there are.
        initializer: of the matrix `position_embeddings`, (sequence_length, D).
        **kwargs: name, dtype, trainable.

    Call arguments:
        inputs: (B, T, D).
        start_index: int or scalar tensor. The position of the first step.

    Returns:
        (B, T, D).

    Raises:
        ValueError: the inputs end after `sequence_length`. (A `start_index` that is a tensor is
            known too late for that; whoever counts steps must know the length.)

    Example:

    >>> layer = LearnedPositionEmbedding(8)
    >>> layer(keras.ops.zeros((2, 3, 4))).shape, layer.position_embeddings.shape
    (TensorShape([2, 3, 4]), TensorShape([8, 4]))
    """

    def __init__(self, sequence_length, initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        if sequence_length <= 0:
            raise ValueError(
                f"`sequence_length` must be positive. Received: sequence_length={sequence_length}"
            )
        self.sequence_length = sequence_length
        self.initializer = keras.initializers.get(initializer)
        self.supports_masking = True

    def build(self, input_shape):
        self.position_embeddings = self.add_weight(
            name="position_embeddings",
            shape=(self.sequence_length, input_shape[-1]),
            initializer=self.initializer,
        )

    def call(self, inputs, start_index=0):
        steps = inputs.shape[1] or tf.shape(inputs)[1]
        table = tf.convert_to_tensor(self.position_embeddings)
        if not isinstance(start_index, int):
            return inputs + tf.gather(table, start_index + tf.range(steps))
        if isinstance(steps, int) and start_index + steps > self.sequence_length:
            raise ValueError(
                f"There are {self.sequence_length} positions, and the inputs end at position "
                f"{start_index + steps}; shorten them or make `sequence_length` larger. "
                f"Received: inputs.shape={tuple(inputs.shape)}, start_index={start_index}"
            )
        return inputs + table[start_index : start_index + steps]

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "sequence_length": self.sequence_length,
            "initializer": keras.initializers.serialize(self.initializer),
        }
