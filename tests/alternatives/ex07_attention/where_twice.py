"""-infinity before the softmax and zeros after it: between the two `where`s NaN comes and goes."""

import numpy as np
import tensorflow as tf


def causal_mask(query_length, key_length):
    square = tf.sequence_mask(tf.range(1, key_length + 1), key_length)
    return square[-query_length:]


def masked_softmax(scores, mask=None):
    if mask is None:
        mask = tf.fill(tf.shape(scores), True)
    weights = tf.nn.softmax(tf.where(mask, tf.cast(scores, tf.float32), -np.inf))
    return tf.cast(tf.where(mask, weights, 0.0), scores.dtype)


def scaled_dot_product_attention(query, key, value, mask=None):
    key = tf.linalg.matrix_transpose(key)
    scores = tf.linalg.matmul(query, key) * query.shape[-1] ** -0.5
    weights = masked_softmax(scores, mask)
    return weights @ value, weights
