"""Both forms written out, gelu as Keras gives it by default, `training` for the attention too."""

import keras
from keras import ops

from coursekit.layers import MaskedMultiHeadAttention


class FeedForward(keras.layers.Layer):
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
        hidden = ops.gelu(ops.add(ops.matmul(inputs, self.kernel_in), self.bias_in))
        return ops.add(ops.matmul(hidden, self.kernel_out), self.bias_out)


class DecoderBlock(keras.layers.Layer):
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
        residual = inputs
        x = self.attention_norm(inputs) if self.normalize_first else inputs
        x = self.attention(x, padding_mask, training=training)
        x = self.dropout_layer(x, training=training)
        x = ops.add(residual, x)
        if not self.normalize_first:
            x = self.attention_norm(x)

        residual = x
        if self.normalize_first:
            x = self.feed_forward_norm(x)
        x = self.feed_forward(x)
        x = self.dropout_layer(x, training=training)
        x = ops.add(residual, x)
        if not self.normalize_first:
            x = self.feed_forward_norm(x)
        return x


def run_blocks(blocks, inputs, padding_mask=None, training=None):
    x = inputs
    for n in range(len(blocks)):
        x = blocks[n](x, padding_mask=padding_mask, training=training)
    return x
