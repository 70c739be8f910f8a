"""No matrix product at all: scores and output as sums over broadcast products; kept scores shifted."""

from keras import ops


def causal_mask(query_length, key_length):
    after = ops.arange(key_length)[None, :] - ops.arange(query_length)[:, None]
    return ops.less(after, key_length - query_length + 1)


def masked_softmax(scores, mask=None):
    scores = ops.convert_to_tensor(scores)
    mask = ops.ones_like(scores, dtype="bool") if mask is None else ops.cast(mask, "bool")
    wide = ops.cast(scores, "float32")
    wide = ops.where(mask, wide, -1e9)
    wide = wide - ops.max(wide, axis=-1, keepdims=True)
    exponentials = ops.exp(wide) * ops.cast(mask, "float32")
    total = ops.sum(exponentials, axis=-1, keepdims=True)
    return ops.cast(exponentials / (total + 1e-9), scores.dtype)


def scaled_dot_product_attention(query, key, value, mask=None):
    query, key, value = (ops.convert_to_tensor(x) for x in (query, key, value))
    pairs = query[..., :, None, :] * key[..., None, :, :]
    scores = ops.sum(pairs, axis=-1) / ops.sqrt(ops.cast(key.shape[-1], query.dtype))
    weights = masked_softmax(scores, mask)
    output = ops.sum(weights[..., None] * value[..., None, :, :], axis=-2)
    return output, weights
