"""einsum for the products, gelu by its approximation, the two halves by one method."""

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
        between = ops.einsum("btd,df->btf", inputs, self.kernel_in) + self.bias_in
        between = keras.activations.gelu(between, approximate=True)
        return ops.einsum("btf,fd->btd", between, self.kernel_out) + self.bias_out


class DecoderBlock(keras.layers.Layer):
    def __init__(self, num_heads, intermediate_dim, dropout=0.0, normalize_first=True, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.normalize_first = normalize_first
        self.attention_norm = keras.layers.LayerNormalization(epsilon=1e-5, dtype=self.dtype_policy)
        self.feed_forward_norm = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=self.dtype_policy
        )
        self.feed_forward = FeedForward(intermediate_dim, dtype=self.dtype_policy)
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        hidden_dim = input_shape[-1]
        self.attention = MaskedMultiHeadAttention(
            self.num_heads, hidden_dim // self.num_heads, dtype=self.dtype_policy
        )
        for part in (
            self.attention_norm,
            self.attention,
            self.feed_forward_norm,
            self.feed_forward,
        ):
            part.build(input_shape)

    def call(self, inputs, padding_mask=None, training=None):
        x = self._around(
            lambda y: self.attention(y, padding_mask=padding_mask),
            self.attention_norm,
            inputs,
            training,
        )
        return self._around(self.feed_forward, self.feed_forward_norm, x, training)

    def _around(self, part, norm, x, training):
        if self.normalize_first:
            return x + self.dropout_layer(part(norm(x)), training=training)
        return norm(x + self.dropout_layer(part(x), training=training))


def run_blocks(blocks, inputs, padding_mask=None, training=None):
    if not blocks:
        return inputs
    first, *rest = blocks
    return run_blocks(rest, first(inputs, padding_mask, training=training), padding_mask, training)
