"""Unit 6. Positions.

Attention sees a set: a weighted sum does not change if its terms are swapped. The order of the words
has to be told to the model in the embeddings themselves. To the embedding of each token a vector is
added that belongs to the token's position. The vector comes from a prescribed function, waves of many
lengths, or from a table that is learned.

Letters for shapes: B sequences in a batch, T steps, D hidden_dim. Arguments are tensors; do not change
them in place. Inside `tf.function` B and T may be unknown while it is traced: then `inputs.shape[1]` is
None, and only `keras.ops.shape` or `tf.shape` tell the length; D is always known.
"""

import keras
from keras import ops


def sinusoidal_encoding(sequence_length, hidden_dim, max_wavelength=10000):
    """A vector for each position: sines and cosines of its angle, at growing wavelengths.

        angle[t, i] = t / max_wavelength ** (2 * i / hidden_dim)
        encoding[t, 2 * i] = sin(angle[t, i])
        encoding[t, 2 * i + 1] = cos(angle[t, i])

    Positions t count from 0. Sines and cosines alternate: sin, cos, sin, cos, ... The two columns
    of a pair have the same angle; the first pair turns by one radian from step to step, the last
    ones hardly move. If hidden_dim is odd, the last column is a sine without its cosine.

    Args:
        sequence_length: T, a Python integer, at least 1. (If you want to call this function from the
            layer below, let it take an integer tensor of shape () too: inside `tf.function` such a
            tensor has no value yet, and `keras.ops` and `tf` can count up to it, NumPy cannot.)
        hidden_dim: D, a Python integer, at least 1.
        max_wavelength: a Python number.

    Returns:
        float32 (T, D). Positions and angles are at least float32, so that position 3,000 is right too.
    """
    # BEGIN SOLUTION
    positions = ops.cast(ops.arange(sequence_length), "float32")[:, None]  # (T, 1)
    columns = ops.arange(hidden_dim)  # (D,)
    exponents = ops.cast(columns // 2 * 2, "float32") / hidden_dim
    angles = positions / max_wavelength**exponents  # (T, D)
    return ops.where(columns % 2 == 0, ops.sin(angles), ops.cos(angles))
    # END SOLUTION


class SinusoidalPositionEncoding(keras.layers.Layer):
    """Adds the sinusoidal encoding of its position to each step of a sequence.

        outputs[b, t] = inputs[b, t] + encoding[start_index + t]

    where encoding is that of `sinusoidal_encoding` with this layer's max_wavelength.

    Args:
        max_wavelength: a Python number.
    """

    def __init__(self, max_wavelength=10000, **kwargs):
        super().__init__(**kwargs)
        self.max_wavelength = max_wavelength

    def call(self, inputs, start_index=0):
        """Adds the encoding.

        Args:
            inputs: (B, T, D), float32 or, in a layer of half precision, float16. B and T may change
                from call to call, D does not.
            start_index: the position of the first step, a Python integer or an integer tensor of
                shape (). It is not 0 when a text is continued token by token.

        Returns:
            (B, T, D), in the dtype of the inputs. The encoding is computed in float32 and then
            cast: float16 does not know all integers beyond 2,048.
        """
        # BEGIN SOLUTION
        steps, width = ops.shape(inputs)[1], inputs.shape[-1]
        encoding = sinusoidal_encoding(start_index + steps, width, self.max_wavelength)
        encoding = ops.cast(encoding[start_index:], inputs.dtype)  # (T, D)
        return inputs + encoding
        # END SOLUTION


class LearnedPositionEmbedding(keras.layers.Layer):
    """Adds a learned vector for its position to each step of a sequence.

        outputs[b, t] = inputs[b, t] + position_embeddings[start_index + t]

    Args:
        sequence_length: how many positions have a vector. Nobody asks for a later one.
    """

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
        """Adds the vectors of `self.position_embeddings`, (sequence_length, D).

        Args:
            inputs: (B, T, D).
            start_index: the position of the first step, a Python integer or an integer tensor of
                shape ().

        Returns:
            (B, T, D), in the dtype of the inputs.
        """
        # BEGIN SOLUTION
        length = ops.shape(inputs)[1]
        rows = self.position_embeddings[start_index : start_index + length]  # (T, D)
        return inputs + rows
        # END SOLUTION
