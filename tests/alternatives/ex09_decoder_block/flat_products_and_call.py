"""The products on flat rows, sub-layers through `call`, the mask left out where there is none."""

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
        width = inputs.shape[-1]
        flat = ops.reshape(inputs, (-1, width))
        flat = keras.activations.gelu(ops.dot(flat, self.kernel_in) + self.bias_in)
        flat = ops.dot(flat, self.kernel_out) + self.bias_out
        return ops.reshape(flat, ops.shape(inputs))


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
        masks = {} if padding_mask is None else {"padding_mask": padding_mask}
        if self.normalize_first:
            found = self.attention(self.attention_norm(inputs), **masks)
            middle = self.dropout_layer(found, training=training) + inputs
            found = self.feed_forward.call(self.feed_forward_norm(middle))
            return self.dropout_layer(found, training=training) + middle
        found = self.attention(inputs, use_causal_mask=True, **masks)
        middle = self.attention_norm(self.dropout_layer(found, training=training) + inputs)
        found = self.feed_forward.call(middle)
        return self.feed_forward_norm(self.dropout_layer(found, training=training) + middle)


def run_blocks(blocks, inputs, padding_mask=None, training=None):
    x = inputs
    remaining = list(blocks)
    while remaining:
        x = remaining.pop(0)(x, padding_mask=padding_mask, training=training)
    return x
