"""The softmax by hand: the largest allowed score is subtracted, the sum is never zero."""

from keras import ops


def causal_mask(query_length, key_length):
    i = ops.expand_dims(ops.arange(query_length), 1)
    j = ops.expand_dims(ops.arange(key_length), 0)
    return ops.logical_not(j - i > key_length - query_length)


def masked_softmax(scores, mask):
    scores = ops.convert_to_tensor(scores)
    x = ops.cast(scores, "float32")
    if mask is None:
        mask = True
    mask = ops.broadcast_to(mask, ops.shape(x))
    largest = ops.max(ops.where(mask, x, -3e38), axis=-1, keepdims=True)
    exponents = ops.where(mask, x - ops.stop_gradient(largest), 0.0)
    exponentials = ops.where(mask, ops.exp(exponents), 0.0)
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    safe = ops.where(total > 0, total, 1.0)
    return ops.cast(exponentials / safe, scores.dtype)


def scaled_dot_product_attention(query, key, value, mask=None):
    scale = 1 / query.shape[-1] ** 0.5
    weights = masked_softmax(ops.einsum("...ij,...kj->...ik", query * scale, key), mask)
    return [ops.einsum("...ik,...kj->...ij", weights, value), weights]
