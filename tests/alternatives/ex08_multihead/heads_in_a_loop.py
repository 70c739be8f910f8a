"""A loop over the heads, each with its columns of the kernels; lists of pieces joined at the end."""

import keras
from keras import ops

from coursekit.layers import causal_mask, scaled_dot_product_attention


def split_heads(x, num_heads):
    return ops.stack(ops.split(x, num_heads, axis=-1), axis=1)


def merge_heads(x):
    return ops.concatenate([x[:, n] for n in range(x.shape[1])], axis=-1)


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

    def part(self, inputs, kernel, bias, head):
        columns = slice(head * self.key_dim, (head + 1) * self.key_dim)
        x = ops.matmul(inputs, ops.convert_to_tensor(kernel)[:, columns])
        return x + ops.convert_to_tensor(bias)[columns] if self.use_bias else x

    def call(
        self,
        inputs,
        padding_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=None,
    ):
        found, scores = [], []
        for head in range(self.num_heads):
            query = self.part(inputs, self.query_kernel, self.query_bias, head)
            key = self.part(inputs, self.key_kernel, self.key_bias, head)
            value = self.part(inputs, self.value_kernel, self.value_bias, head)
            mask = padding_mask[:, None, :] if padding_mask is not None else None
            if use_causal_mask:
                causal = causal_mask(ops.shape(query)[1], ops.shape(key)[1])
                mask = causal if mask is None else ops.logical_and(causal, mask)
            output, weights = scaled_dot_product_attention(query, key, value, mask)
            if training:
                output = ops.matmul(self.dropout_layer(weights, training=True), value)
            found.append(output)
            scores.append(weights)
        outputs = ops.matmul(ops.concatenate(found, axis=-1), self.output_kernel)
        if self.use_bias:
            outputs = outputs + self.output_bias
        return [outputs, ops.stack(scores, axis=1)] if return_attention_scores else outputs
