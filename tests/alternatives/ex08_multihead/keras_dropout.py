"""keras.random.dropout and the scores after it; the output product head by head, summed."""

import keras
from keras import ops

from coursekit.layers import causal_mask, scaled_dot_product_attention


def split_heads(x, num_heads):
    batch, length = ops.shape(x)[0], ops.shape(x)[1]
    return ops.transpose(ops.reshape(x, (batch, length, num_heads, -1)), (0, 2, 1, 3))


def merge_heads(x):
    batch, length = ops.shape(x)[0], ops.shape(x)[2]
    x = ops.moveaxis(x, 1, 2)
    return ops.reshape(x, [batch, length, -1])


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
        def linear(x, kernel, bias):
            x = ops.dot(x, kernel)
            return x if bias is None else ops.add(x, bias)

        heads = [
            split_heads(linear(inputs, kernel, bias), self.num_heads)
            for kernel, bias in (
                (self.query_kernel, self.query_bias),
                (self.key_kernel, self.key_bias),
                (self.value_kernel, self.value_bias),
            )
        ]
        length = ops.shape(inputs)[1]
        masks = []
        if use_causal_mask:
            masks.append(causal_mask(length, length)[None, None])
        if padding_mask is not None:
            masks.append(ops.reshape(padding_mask, (-1, 1, 1, length)))
        mask = None
        for one in masks:
            mask = one if mask is None else mask & one
        found, scores = scaled_dot_product_attention(*heads, mask=mask)
        if training and self.dropout > 0:
            scores = keras.random.dropout(
                scores, self.dropout, seed=self.dropout_layer.seed_generator
            )
            found = scores @ heads[2]
        kernels = ops.split(ops.convert_to_tensor(self.output_kernel), self.num_heads, axis=0)
        outputs = sum(ops.matmul(found[:, n], kernel) for n, kernel in enumerate(kernels))
        if self.use_bias:
            outputs = outputs + self.output_bias
        return (outputs, scores) if return_attention_scores else outputs
