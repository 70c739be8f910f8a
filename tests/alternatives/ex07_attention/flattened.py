"""All axes in front become one; queries and keys are scaled by the fourth root each."""

import keras
from keras import ops


def causal_mask(query_length, key_length):
    positions = ops.arange(key_length)
    square = positions[:, None] >= positions[None, :]
    return square[key_length - query_length :]


def masked_softmax(scores, mask=None):
    dtype = scores.dtype
    scores = ops.cast(scores, "float32")
    if mask is None:
        return ops.cast(keras.activations.softmax(scores, axis=-1), dtype)
    hidden = ops.logical_not(mask)
    weights = ops.exp(ops.log_softmax(ops.where(hidden, -1e30, scores), axis=-1))
    return ops.cast(ops.where(hidden, ops.zeros_like(weights), weights), dtype)


def scaled_dot_product_attention(query, key, value, mask=None):
    front = ops.shape(query)[:-2]

    def flat(x):
        return ops.reshape(x, (-1, *ops.shape(x)[-2:]))

    fourth_root = query.shape[-1] ** 0.25
    keys = ops.transpose(flat(key) / fourth_root, (0, 2, 1))
    scores = ops.matmul(flat(query) / fourth_root, keys)
    scores = ops.reshape(scores, (*front, *ops.shape(scores)[-2:]))
    weights = masked_softmax(scores, mask)
    output = ops.matmul(flat(weights), flat(value))
    return ops.reshape(output, (*front, *ops.shape(output)[-2:])), weights
