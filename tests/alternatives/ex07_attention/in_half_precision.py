"""NumPy for constants, the lowest number of the scores' own dtype, no detour through float32."""

import numpy as np
from keras import ops


def causal_mask(query_length, key_length):
    triangle = ops.tril(ops.ones((query_length, key_length)), k=key_length - query_length)
    return ops.cast(triangle, "bool")


def masked_softmax(scores, mask=None):
    scores = ops.convert_to_tensor(scores)
    if mask is None:
        return ops.softmax(scores)
    lowest = np.finfo(scores.dtype.as_numpy_dtype).min
    weights = ops.softmax(ops.where(mask, scores, lowest))
    return weights * ops.cast(mask, scores.dtype)


def scaled_dot_product_attention(query, key, value, mask=None):
    scores = ops.matmul(query, ops.moveaxis(key, -1, -2)) / np.sqrt(query.shape[-1])
    weights = masked_softmax(ops.cast(scores, query.dtype), mask)
    return ops.matmul(weights, value), weights
