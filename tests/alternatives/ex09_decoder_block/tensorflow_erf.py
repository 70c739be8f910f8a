"""TensorFlow's operations, gelu by its definition."""

import keras
import tensorflow as tf

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
        between = tf.tensordot(inputs, tf.convert_to_tensor(self.kernel_in), 1)
        between = tf.nn.bias_add(between, tf.convert_to_tensor(self.bias_in))
        half = tf.cast(0.5, between.dtype)
        between = half * between * (1 + tf.math.erf(between / tf.cast(tf.sqrt(2.0), between.dtype)))
        return tf.tensordot(between, tf.convert_to_tensor(self.kernel_out), 1) + self.bias_out


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
        def drop(x):
            return self.dropout_layer(x, training=training)

        if self.normalize_first:
            normed = self.attention_norm(inputs)
            found = self.attention(normed, padding_mask, training=training)
            x = tf.add(drop(found), inputs)
            return tf.add(drop(self.feed_forward(self.feed_forward_norm(x))), x)
        x = self.attention_norm(
            drop(self.attention(inputs, padding_mask, use_causal_mask=True)) + inputs
        )
        return self.feed_forward_norm(drop(self.feed_forward(x)) + x)


def run_blocks(blocks, inputs, padding_mask=None, training=None):
    outputs = [inputs]
    for block in blocks:
        outputs.append(block(outputs[-1], padding_mask=padding_mask, training=training))
    return outputs[-1]
