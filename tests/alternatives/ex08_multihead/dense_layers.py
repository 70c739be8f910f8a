"""Four Dense layers own the weights; the softmax is written here once more; padded outputs are zero."""

import keras
from keras import ops


def split_heads(x, num_heads):
    x = ops.reshape(x, (-1, ops.shape(x)[1], num_heads, x.shape[-1] // num_heads))
    return ops.swapaxes(x, 1, 2)


def merge_heads(x):
    x = ops.swapaxes(x, 2, 1)
    return ops.reshape(x, (-1, ops.shape(x)[1], x.shape[2] * x.shape[3]))


class MaskedMultiHeadAttention(keras.layers.Layer):
    def __init__(self, num_heads, key_dim, dropout=0.0, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.use_bias = use_bias
        self.dropout_layer = keras.layers.Dropout(dropout, dtype=self.dtype_policy)

    def build(self, input_shape):
        def dense(units):
            return keras.layers.Dense(units, use_bias=self.use_bias, dtype=self.dtype_policy)

        inner_dim = self.num_heads * self.key_dim
        self.products = [dense(inner_dim), dense(inner_dim), dense(inner_dim)]
        self.output_product = dense(input_shape[-1])
        for product in self.products:
            product.build(input_shape)
        self.output_product.build((*input_shape[:-1], inner_dim))

    def call(
        self,
        inputs,
        padding_mask=None,
        use_causal_mask=True,
        return_attention_scores=False,
        training=None,
    ):
        query, key, value = (split_heads(p(inputs), self.num_heads) for p in self.products)
        scores = ops.matmul(query / self.key_dim**0.5, ops.swapaxes(key, 2, 3))
        scores = ops.cast(scores, "float32")
        if use_causal_mask:
            steps = ops.arange(ops.shape(inputs)[1])
            scores += ops.where(steps[:, None] < steps[None, :], -1e9, 0.0)
        if padding_mask is not None:
            scores += ops.cast(ops.logical_not(padding_mask), "float32")[:, None, None, :] * -1e9
        weights = ops.cast(ops.softmax(scores), self.compute_dtype)
        found = ops.matmul(self.dropout_layer(weights, training=training), value)
        outputs = self.output_product(merge_heads(found))
        if padding_mask is not None:
            outputs = outputs * ops.cast(padding_mask, outputs.dtype)[:, :, None]
        return (outputs, weights) if return_attention_scores else outputs
