"""Plain TensorFlow: einsum, band_part, a mask that is added in float32."""

import tensorflow as tf


def causal_mask(query_length, key_length):
    everything = tf.ones([query_length, key_length], dtype=tf.bool)
    return tf.linalg.band_part(everything, -1, key_length - query_length)


def masked_softmax(scores, mask=None):
    wide = tf.cast(scores, tf.float32)
    if mask is None:
        return tf.cast(tf.nn.softmax(wide), scores.dtype)
    keep = tf.cast(mask, tf.float32)
    weights = tf.nn.softmax(wide + (1.0 - keep) * -1e9, axis=-1) * keep
    return tf.cast(weights, scores.dtype)


def scaled_dot_product_attention(query, key, value, mask=None):
    width = tf.cast(tf.shape(key)[-1], query.dtype)
    scores = tf.einsum("...th,...sh->...ts", query, key) * tf.math.rsqrt(width)
    weights = masked_softmax(scores, mask)
    return tf.einsum("...ts,...sv->...tv", weights, value), weights
