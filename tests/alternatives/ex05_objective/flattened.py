"""Rows of tokens in one long list; the loss from the sequences' likelihoods."""

import tensorflow as tf
from keras import ops


def shift_labels(token_ids, padding_mask):
    shifted = ops.roll(token_ids, -1, axis=1)
    weight = ops.cast(ops.roll(padding_mask, -1, axis=1), "float32")
    return token_ids[:, :-1], shifted[:, :-1], weight[:, :-1]


def cross_entropy(true_probs, pred_probs):
    logs = tf.math.multiply_no_nan(tf.math.log(pred_probs), true_probs)
    return -tf.reduce_sum(logs, axis=-1)


def sequence_log_likelihood(logits, labels, sample_weight):
    vocabulary_size = logits.shape[-1]
    flat = ops.reshape(ops.cast(logits, "float32"), (-1, vocabulary_size))
    rows = ops.arange(ops.shape(flat)[0])
    places = tf.stack([rows, tf.cast(tf.reshape(labels, [-1]), tf.int32)], axis=1)
    logs = tf.gather_nd(flat, places) - tf.reduce_logsumexp(flat, axis=-1)
    return tf.reduce_sum(tf.reshape(logs, tf.shape(labels)) * sample_weight, axis=1)


def next_token_loss(logits, labels, sample_weight):
    total = -tf.reduce_sum(sequence_log_likelihood(logits, labels, sample_weight))
    return total / tf.maximum(tf.reduce_sum(sample_weight), 1e-6)


def perplexity(logits, labels, sample_weight):
    return ops.exp(next_token_loss(logits, labels, sample_weight))
