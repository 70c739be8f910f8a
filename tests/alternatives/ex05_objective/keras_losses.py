"""Keras' own sparse cross-entropy for tokens; slices with explicit lengths."""

import keras
from keras import ops


def shift_labels(token_ids, padding_mask):
    length = token_ids.shape[1]
    if length is None:
        length = ops.shape(token_ids)[1]
    weight = ops.where(padding_mask[:, 1:length], 1.0, 0.0)
    return [token_ids[:, 0 : length - 1], token_ids[:, 1:length], ops.cast(weight, "float32")]


def cross_entropy(true_probs, pred_probs):
    logs = ops.log(ops.clip(pred_probs, 1e-7, 1.0))
    return -ops.einsum("...v,...v->...", true_probs, logs)


def token_losses(logits, labels):
    return keras.losses.sparse_categorical_crossentropy(
        labels, ops.cast(logits, "float32"), from_logits=True
    )


def next_token_loss(logits, labels, sample_weight):
    losses = token_losses(logits, labels) * sample_weight
    count = ops.sum(sample_weight)
    return ops.where(count > 0, ops.sum(losses) / ops.where(count > 0, count, 1.0), 0.0)


def sequence_log_likelihood(logits, labels, sample_weight):
    return ops.sum(-token_losses(logits, labels) * sample_weight, axis=1)


def perplexity(logits, labels, sample_weight):
    return ops.exp(next_token_loss(logits, labels, sample_weight))
