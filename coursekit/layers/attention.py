"""Attention as pure functions: a causal mask, a masked softmax, and what they are for.

Legend: T queries, S keys, H key_dim, C value width. Any axes may stand before them.
"""

import tensorflow as tf


def causal_mask(query_length, key_length):
    """Which keys each query may see, if the last query stands at the last key.

        mask[t, s] = s <= t + (key_length - query_length)

    Args:
        query_length: T, int or scalar tensor.
        key_length: S, int or scalar tensor.

    Returns:
        Boolean (T, S), True where the key may be seen. The last query sees every key.

    Example:

    >>> causal_mask(2, 4).numpy().astype(int)
    array([[1, 1, 1, 0],
           [1, 1, 1, 1]])
    """
    last_seen = tf.range(query_length)[:, None] + (key_length - query_length)  # (T, 1)
    return tf.range(key_length)[None, :] <= last_seen


def masked_softmax(scores, mask=None, no_row_is_empty=False):
    """Softmax over the last axis among the places where the mask is True.

        weights[s] = exp(scores[s]) / sum(exp(scores[s']) for s' with mask[s'])

    Computed in float32 whatever the scores' dtype. A row without any True place gives zeros, and
    its gradient is zero.

    Args:
        scores: (..., T, S).
        mask: boolean, broadcastable to the scores; None where every place counts.
        no_row_is_empty: the caller's word that each row of the mask has a True place, as in a causal
            mask: then the same weights take fewer operations.

    Returns:
        Weights (..., T, S) in the dtype of the scores.

    Example:

    >>> masked_softmax([[1.0, 1.0, 9.0], [1.0, 2.0, 3.0]], [[True, True, False], [False] * 3]).numpy()
    array([[0.5, 0.5, 0. ],
           [0. , 0. , 0. ]], dtype=float32)
    """
    scores = tf.convert_to_tensor(scores)
    wide = tf.cast(scores, tf.float32)
    if mask is None:
        return tf.cast(tf.nn.softmax(wide), scores.dtype)
    mask = tf.cast(mask, tf.bool)
    if no_row_is_empty:
        # Added, not chosen: a sum costs no operation in the gradient, and exp makes it zero.
        weights = tf.nn.softmax(wide + tf.where(mask, 0.0, -1e30))
        return tf.cast(weights, scores.dtype)
    weights = tf.nn.softmax(tf.where(mask, wide, tf.float32.min))
    return tf.cast(tf.where(mask, weights, 0.0), scores.dtype)  # a row of min alone is uniform


def scaled_dot_product_attention(query, key, value, mask=None):
    """Each query's average of the values, weighted by how well it fits their keys.

        weights = masked_softmax(query @ transpose(key) / sqrt(H), mask)
        output = weights @ value

    Args:
        query: (..., T, H).
        key: (..., S, H).
        value: (..., S, C).
        mask: boolean, broadcastable to (..., T, S), True where a query may see a key; or None.

    Returns:
        `(output, weights)`: (..., T, C) and (..., T, S).

    Example:

    >>> output, weights = scaled_dot_product_attention(
    ...     tf.ones((2, 3, 4)), tf.ones((2, 5, 4)), tf.ones((2, 5, 6)), causal_mask(3, 5))
    >>> output.shape, weights.shape
    (TensorShape([2, 3, 6]), TensorShape([2, 3, 5]))

    Reference:
        Vaswani et al. (2017), Attention is all you need, https://arxiv.org/abs/1706.03762
    """
    query, key, value = map(tf.convert_to_tensor, (query, key, value))
    # H is unknown where a student has reshaped with -1 inside tf.function.
    width = tf.cast(query.shape[-1] or tf.shape(query)[-1], tf.float32)
    query = query * tf.cast(tf.math.rsqrt(width), query.dtype)
    weights = masked_softmax(tf.matmul(query, key, transpose_b=True), mask)  # (..., T, S)
    return tf.matmul(weights, value), weights
