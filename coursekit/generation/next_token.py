"""The distribution of the next token, before a search chooses from it."""

import numpy as np
import tensorflow as tf


def allowed_logits(logits, forbidden_ids=()):
    """Returns (B, V) logits in float32 with minus infinity at the forbidden ids."""
    logits = tf.cast(logits, tf.float32)
    if not len(forbidden_ids):
        return logits
    return logits + _penalties(logits.shape[-1], forbidden_ids)


def allowed_log_probabilities(logits, forbidden_ids=()):
    """Returns (B, V) log-probabilities of the model, minus infinity at the forbidden ids.

    The others keep the probability the model gives them, so that the sum over a sequence is its
    log-likelihood under the model.
    """
    log_probabilities = tf.nn.log_softmax(tf.cast(logits, tf.float32))
    if not len(forbidden_ids):
        return log_probabilities
    return log_probabilities + _penalties(logits.shape[-1], forbidden_ids)


def _penalties(vocabulary_size, forbidden_ids):
    penalties = np.zeros(vocabulary_size, "float32")
    penalties[list(forbidden_ids)] = -np.inf
    return tf.constant(penalties)
