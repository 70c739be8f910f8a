"""One product for queries, keys and values; plain TensorFlow; padded queries see nothing either."""

import keras
import tensorflow as tf

from coursekit.layers import causal_mask, scaled_dot_product_attention


def split_heads(x, num_heads):
    shape = tf.shape(x)
    x = tf.reshape(x, [shape[0], shape[1], num_heads, x.shape[2] // num_heads])
    return tf.transpose(x, [0, 2, 1, 3])


def merge_heads(x):
    shape = tf.shape(x)
    x = tf.transpose(x, perm=[0, 2, 1, 3])
    return tf.reshape(x, [shape[0], shape[2], x.shape[2] * x.shape[3]])


class MaskedMultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, dropout=0.0, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.use_bias = use_bias
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        hidden_dim, inner_dim = input_shape[-1], self.num_heads * self.key_dim
        self.query_kernel, self.query_bias = self.add_product("query", hidden_dim, inner_dim)
        self.key_kernel, self.key_bias = self.add_product("key", hidden_dim, inner_dim)
        self.value_kernel, self.value_bias = self.add_product("value", hidden_dim, inner_dim)
        self.output_kernel, self.output_bias = self.add_product("output", inner_dim, hidden_dim)

    def add_product(self, name, rows, columns):
        kernel = self.add_weight(
            name=f"{name}_kernel", shape=(rows, columns), initializer="glorot_uniform"
        )
        if not self.use_bias:
            return kernel, None
        return kernel, self.add_weight(name=f"{name}_bias", shape=(columns,), initializer="zeros")

    def call(
        self,
        inputs,
        padding_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=None,
    ):
        kernels = (self.query_kernel, self.key_kernel, self.value_kernel)
        x = tf.matmul(inputs, tf.concat([tf.convert_to_tensor(k) for k in kernels], axis=1))
        if self.use_bias:
            biases = (self.query_bias, self.key_bias, self.value_bias)
            x = tf.nn.bias_add(x, tf.concat([tf.convert_to_tensor(b) for b in biases], axis=0))
        query, key, value = (split_heads(part, self.num_heads) for part in tf.split(x, 3, axis=-1))
        length = tf.shape(inputs)[1]
        mask = tf.cast(causal_mask(length, length) if use_causal_mask else True, tf.int32)
        if padding_mask is not None:
            real = tf.cast(padding_mask, tf.int32)
            mask = mask * (real[:, tf.newaxis, :, tf.newaxis] * real[:, tf.newaxis, tf.newaxis, :])
        mask = tf.broadcast_to(mask > 0, tf.concat([tf.shape(query)[:3], [length]], axis=0))
        _, weights = scaled_dot_product_attention(query, key, value, mask)
        context = tf.matmul(self.dropout_layer(weights, training=training), value)
        outputs = tf.matmul(merge_heads(context), tf.convert_to_tensor(self.output_kernel))
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, tf.convert_to_tensor(self.output_bias))
        return (outputs, weights) if return_attention_scores else outputs
