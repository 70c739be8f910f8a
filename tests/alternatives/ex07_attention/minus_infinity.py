"""-infinity for masked scores; rows without anything allowed are opened first and closed last."""

import math

import tensorflow as tf


def causal_mask(query_length, key_length):
    offset = key_length - query_length
    rows = tf.range(query_length)[:, tf.newaxis] + offset
    return tf.less_equal(tf.range(key_length)[tf.newaxis, :], rows)


def masked_softmax(scores, mask=None):
    scores = tf.convert_to_tensor(scores)
    if mask is None:
        return tf.nn.softmax(scores, axis=-1)
    mask = tf.convert_to_tensor(mask)
    some = tf.reduce_any(mask, axis=-1, keepdims=True)
    minus_infinity = tf.constant(-math.inf, scores.dtype)
    opened = tf.where(mask | ~some, scores, minus_infinity)
    return tf.where(some, tf.nn.softmax(opened), tf.zeros_like(scores))


def scaled_dot_product_attention(query, key, value, mask=None):
    query = tf.convert_to_tensor(query)
    root = tf.sqrt(tf.cast(query.shape[-1], query.dtype))
    scores = tf.matmul(query, key, transpose_b=True) / root
    weights = masked_softmax(scores, mask)
    output = tf.matmul(weights, value)
    return (output, weights)
