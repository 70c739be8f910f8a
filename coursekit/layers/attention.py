"""The mathematics of attention, as pure functions.

Legend: T query length, S key length, H width of queries and keys, Hv width of values. Masks are
boolean, True where a query may look.
"""

import numpy as np
import tensorflow as tf


def causal_mask(query_length, key_length):
    """Which keys each query may see: those up to its own position.

        mask[t, s] = s <= t + (S - T)

    The last query sees every key, so with S > T the queries are the last T of S positions, as when
    keys of earlier tokens wait in a cache.

    Args:
        query_length: int or scalar integer tensor, T.
        key_length: int or scalar integer tensor, S.

    Returns:
        Boolean (T, S).

    Example:

    >>> causal_mask(2, 3).numpy()
    array([[ True,  True, False],
           [ True,  True,  True]])
    """
    if isinstance(query_length, int) and isinstance(key_length, int):
        return tf.constant(np.tri(query_length, key_length, key_length - query_length, dtype=bool))
    queries = tf.range(query_length)[:, None] + (key_length - query_length)  # (T, 1)
    return tf.range(key_length)[None, :] <= queries  # (T, S)


def masked_softmax(scores, mask=None):
    """Softmax over the last axis that gives masked places no weight.

        weights = exp(scores) * mask / sum(exp(scores) * mask)

    Computed in float32 and stable for scores of any size. Masked scores are replaced, not added
    to: an additive -1e9 is -inf in float16.

    Masking: a fully masked row gives zeros, and gradients that are zero and not NaN.

    Args:
        scores: (..., S).
        mask: Boolean, broadcastable to the shape of `scores`, True = keep. None: keep all.

    Returns:
        Weights with the shape and dtype of `scores`.

    Example:

    >>> masked_softmax(tf.constant([[1.0, 1.0, 9.0]]), tf.constant([[True, True, False]])).numpy()
    array([[0.5, 0.5, 0. ]], dtype=float32)
    """
    scores = tf.convert_to_tensor(scores)
    wide = tf.cast(scores, tf.float32)
    if mask is None:
        return tf.cast(tf.nn.softmax(wide), scores.dtype)
    mask = tf.cast(mask, tf.bool)
    weights = tf.nn.softmax(tf.where(mask, wide, wide.dtype.min))
    if not _every_row_keeps_something(mask):
        weights = tf.where(mask, weights, 0.0)
    return tf.cast(weights, scores.dtype)


def _every_row_keeps_something(mask) -> bool:
    """Whether that is known without running anything, as for a constant causal mask."""
    known = tf.get_static_value(mask)
    return known is not None and bool(known.any(axis=-1).all())


def scaled_dot_product_attention(query, key, value, mask=None):
    """Each query's mean of the values, weighted by how well the keys answer it.

        weights = masked_softmax(query @ key^T / sqrt(H), mask)    # (..., T, S)
        output = weights @ value                                   # (..., T, Hv)

    Masking: see `masked_softmax`; a fully masked query gets zeros.

    Args:
        query: (..., T, H). Leading axes broadcast, so several heads may share keys and values.
        key: (..., S, H).
        value: (..., S, Hv).
        mask: Boolean, broadcastable to (..., T, S), True = keep. None: keep all.

    Returns:
        `(output, weights)`: (..., T, Hv) and (..., T, S), in the dtype of the queries.

    Example:

    >>> x = tf.ones((2, 5, 4))
    >>> output, weights = scaled_dot_product_attention(x, x, x, causal_mask(5, 5))
    >>> output.shape, weights.shape
    (TensorShape([2, 5, 4]), TensorShape([2, 5, 5]))

    Reference: Vaswani et al. (2017), Attention is all you need, https://arxiv.org/abs/1706.03762
    """
    query = tf.convert_to_tensor(query)
    # Scaling the queries, not the scores: fewer numbers, and no overflow in float16.
    query *= tf.cast(1 / np.sqrt(query.shape[-1]), query.dtype)
    scores = tf.matmul(query, key, transpose_b=True)  # (..., T, S)
    weights = masked_softmax(scores, mask)
    return tf.matmul(weights, value), weights
