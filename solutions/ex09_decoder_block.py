"""Unit 9. A decoder block, and several in a row.

Attention lets a token look at earlier tokens; a feed-forward network then works on what each position
has found, position by position. Around both lies a residual connection: what a sub-layer finds is
added to what was there, so that a stack of many blocks can still be trained. A norm keeps the numbers
in range, in one of two places.

Stacked, blocks attend to what earlier blocks have found: one block sees pairs of words, the next one
pairs of pairs, so that j blocks can join 2^j words.

Letters for shapes: B sequences in a batch, T tokens, D hidden_dim, F intermediate_dim. Arguments are
tensors, masks are True for real tokens. The parts of each layer are made for you in `__init__` and
`build`: leave them as they are, the checks put their own weights into them, in that order. The layers
have to work inside `tf.function`, where B and T may be unknown, and with `dtype="mixed_float16"`, where
their parts compute in float16.
"""

import keras
from keras import ops

from coursekit.layers import MaskedMultiHeadAttention


class FeedForward(keras.layers.Layer):
    """A network of one hidden layer that every position goes through by itself.

        outputs = gelu(inputs @ kernel_in + bias_in) @ kernel_out + bias_out

    gelu(x) = x * P(X <= x) for a standard normal X; Keras has it, as `ops.gelu`. (Its approximation by
    tanh, which GPT-2 uses, is right as well.)

    Args:
        intermediate_dim: F, the width between the two products. D comes out as it went in.
    """

    def __init__(self, intermediate_dim, **kwargs):
        super().__init__(**kwargs)
        self.intermediate_dim = intermediate_dim

    def build(self, input_shape):
        hidden_dim, between = input_shape[-1], self.intermediate_dim
        self.kernel_in = self.add_weight(
            name="kernel_in", shape=(hidden_dim, between), initializer="glorot_uniform"
        )
        self.bias_in = self.add_weight(name="bias_in", shape=(between,), initializer="zeros")
        self.kernel_out = self.add_weight(
            name="kernel_out", shape=(between, hidden_dim), initializer="glorot_uniform"
        )
        self.bias_out = self.add_weight(name="bias_out", shape=(hidden_dim,), initializer="zeros")

    def call(self, inputs):
        """Maps every position by itself.

        Args:
            inputs: (B, T, D).

        Returns:
            (B, T, D), in the dtype of the inputs.
        """
        # BEGIN SOLUTION
        between = ops.matmul(inputs, self.kernel_in) + self.bias_in  # (B, T, F)
        between = ops.gelu(between, approximate=False)
        return ops.matmul(between, self.kernel_out) + self.bias_out  # (B, T, D)
        # END SOLUTION


class DecoderBlock(keras.layers.Layer):
    """Masked self-attention and a feed-forward network, each with a residual connection and a norm.

    With `normalize_first=True` (pre-norm, as in GPT-2 and most models since), a norm stands before
    each sub-layer, and the residual goes around both:

        x = inputs + dropout(attention(attention_norm(inputs)))
        outputs = x + dropout(feed_forward(feed_forward_norm(x)))

    With `normalize_first=False` (post-norm, as first published), a norm follows each sum:

        x = attention_norm(inputs + dropout(attention(inputs)))
        outputs = feed_forward_norm(x + dropout(feed_forward(x)))

    Args:
        num_heads: heads of the attention; a divisor of D.
        intermediate_dim: F, of the feed-forward network.
        dropout: share of the numbers of a sub-layer's result that are dropped in training, before
            the residual is added. (The attention drops none of its weights.)
        normalize_first: where the norms stand.
    """

    def __init__(self, num_heads, intermediate_dim, dropout=0.0, normalize_first=True, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.normalize_first = normalize_first
        self.attention_norm = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=self.dtype_policy, name="attention_norm"
        )
        self.feed_forward_norm = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=self.dtype_policy, name="feed_forward_norm"
        )
        self.feed_forward = FeedForward(
            intermediate_dim, dtype=self.dtype_policy, name="feed_forward"
        )
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        hidden_dim = input_shape[-1]
        self.attention = MaskedMultiHeadAttention(
            self.num_heads, hidden_dim // self.num_heads, dtype=self.dtype_policy, name="attention"
        )
        for part in (
            self.attention_norm,
            self.attention,
            self.feed_forward_norm,
            self.feed_forward,
        ):
            part.build(input_shape)

    def call(self, inputs, padding_mask=None, training=None):
        """One block.

        `self.attention(x, padding_mask=...)` lets position t see the real tokens up to t and nothing
        after it. (It takes `training` too, but has nothing to drop.) `self.dropout_layer(x,
        training=...)` does something only in training.

        Args:
            inputs: (B, T, D).
            padding_mask: Boolean (B, T), True for a real token; None if every token is real. Nobody
                reads the outputs at padding.
            training: whether dropout acts.

        Returns:
            (B, T, D).
        """
        # BEGIN SOLUTION
        if self.normalize_first:
            x = self.attention(self.attention_norm(inputs), padding_mask=padding_mask)
            x = inputs + self.dropout_layer(x, training=training)
            y = self.feed_forward(self.feed_forward_norm(x))
            return x + self.dropout_layer(y, training=training)
        x = self.attention(inputs, padding_mask=padding_mask)
        x = self.attention_norm(inputs + self.dropout_layer(x, training=training))
        y = self.dropout_layer(self.feed_forward(x), training=training)
        return self.feed_forward_norm(x + y)
        # END SOLUTION


def run_blocks(blocks, inputs, padding_mask=None, training=None):
    """Sequential attention: each block works on what the block before it has found.

    Args:
        blocks: a list of blocks, from the first to the last; it may be empty.
        inputs: (B, T, D), what the first block reads.
        padding_mask: as for a block, and the same for all of them.
        training: as for a block, and the same for all of them.

    Returns:
        What the last block gives, (B, T, D).
    """
    # BEGIN SOLUTION
    for block in blocks:
        inputs = block(inputs, padding_mask=padding_mask, training=training)
    return inputs
    # END SOLUTION
