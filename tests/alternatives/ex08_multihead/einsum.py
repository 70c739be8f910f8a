"""Einsum over kernels of shape (D, N, H); dropout learns of training by itself."""

import keras
from keras import ops

from coursekit.layers import causal_mask, scaled_dot_product_attention


def split_heads(x, num_heads):
    width = x.shape[-1] // num_heads
    return ops.einsum("btnh->bnth", ops.reshape(x, (*ops.shape(x)[:2], num_heads, width)))


def merge_heads(x):
    x = ops.einsum("bnth->btnh", x)
    return ops.reshape(x, (*ops.shape(x)[:2], x.shape[2] * x.shape[3]))


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

    def heads(self, inputs, kernel, bias):
        shape = (inputs.shape[-1], self.num_heads, self.key_dim)
        x = ops.einsum("btd,dnh->bnth", inputs, ops.reshape(kernel, shape))
        if self.use_bias:
            x = x + ops.reshape(bias, (self.num_heads, 1, self.key_dim))
        return x

    def call(
        self,
        inputs,
        padding_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=None,
    ):
        query = self.heads(inputs, self.query_kernel, self.query_bias)
        key = self.heads(inputs, self.key_kernel, self.key_bias)
        value = self.heads(inputs, self.value_kernel, self.value_bias)
        length = ops.shape(inputs)[1]
        mask = ops.ones((1, 1, length, length), dtype="bool")
        if use_causal_mask:
            mask = ops.logical_and(mask, causal_mask(length, length))
        if padding_mask is not None:
            mask = ops.logical_and(mask, padding_mask[:, None, None])
        weights = scaled_dot_product_attention(query, key, value, mask)[1]
        found = ops.einsum("bnts,bnsh->btnh", self.dropout_layer(weights), value)
        kernel = ops.reshape(self.output_kernel, (self.num_heads, self.key_dim, -1))
        outputs = ops.einsum("btnh,nhd->btd", found, kernel)
        if self.output_bias is not None:
            outputs += self.output_bias
        if return_attention_scores:
            return outputs, weights
        return outputs
