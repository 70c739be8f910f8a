"""TensorFlow throughout: xlogy, sparse_softmax_cross_entropy_with_logits, divide_no_nan."""

import tensorflow as tf


def shift_labels(token_ids, padding_mask):
    inputs, labels = token_ids[..., :-1], token_ids[..., 1:]
    return inputs, labels, tf.cast(padding_mask[..., 1:], tf.float32)


def cross_entropy(true_probs, pred_probs):
    return tf.reduce_sum(-tf.math.xlogy(true_probs, pred_probs), -1)


def next_token_loss(logits, labels, sample_weight):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32))
    return tf.math.divide_no_nan(
        tf.reduce_sum(losses * sample_weight), tf.reduce_sum(sample_weight)
    )


def sequence_log_likelihood(logits, labels, sample_weight):
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, tf.cast(logits, tf.float32))
    return -tf.reduce_sum(losses * sample_weight, axis=-1)


def perplexity(logits, labels, sample_weight):
    return tf.math.exp(next_token_loss(logits, labels, sample_weight))
