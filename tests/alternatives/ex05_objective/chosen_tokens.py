"""Picks the tokens that count first, and asks for an empty batch explicitly."""

import tensorflow as tf


def shift_labels(token_ids, padding_mask):
    inputs = tf.gather(token_ids, tf.range(tf.shape(token_ids)[1] - 1), axis=1)
    labels = tf.gather(token_ids, tf.range(1, tf.shape(token_ids)[1]), axis=1)
    return inputs, labels, tf.where(padding_mask[:, 1:], 1.0, 0.0)


def cross_entropy(true_probs, pred_probs):
    possible = true_probs > 0
    logs = tf.math.log(tf.where(possible, pred_probs, tf.ones_like(pred_probs)))
    return tf.reduce_sum(tf.where(possible, -true_probs * logs, tf.zeros_like(logs)), axis=-1)


def log_probabilities(logits, labels):
    logs = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    return tf.gather(logs, labels, batch_dims=len(labels.shape))


def next_token_loss(logits, labels, sample_weight):
    counts = tf.cast(sample_weight, tf.bool)
    chosen = log_probabilities(tf.boolean_mask(logits, counts), tf.boolean_mask(labels, counts))
    return tf.cond(
        tf.size(chosen) > 0, lambda: -tf.reduce_mean(chosen), lambda: tf.constant(0.0)
    )


def sequence_log_likelihood(logits, labels, sample_weight):
    logs = log_probabilities(logits, labels)
    return tf.reduce_sum(tf.where(sample_weight > 0, logs, 0.0), 1)


def perplexity(logits, labels, sample_weight):
    return 1 / tf.exp(-next_token_loss(logits, labels, sample_weight))
