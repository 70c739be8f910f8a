"""The cross-entropy of one-hot labels, and the largest logit subtracted by hand."""

from keras import ops


def shift_labels(token_ids, padding_mask):
    return token_ids[:, :-1], token_ids[:, 1:], ops.cast(padding_mask, "float32")[:, 1:]


def cross_entropy(true_probs, pred_probs):
    terms = ops.where(true_probs == 0, 0.0, true_probs * ops.log(pred_probs))
    return ops.negative(ops.sum(terms, -1))


def log_softmax(logits):
    logits = ops.cast(logits, "float32")
    logits = logits - ops.max(logits, axis=-1, keepdims=True)
    return logits - ops.log(ops.sum(ops.exp(logits), axis=-1, keepdims=True))


def by_token(logits, labels):
    return ops.sum(log_softmax(logits) * ops.one_hot(labels, logits.shape[-1]), axis=-1)


def next_token_loss(logits, labels, sample_weight):
    total = ops.sum(by_token(logits, labels) * sample_weight)
    return -total / (ops.sum(sample_weight) + 1e-9)


def sequence_log_likelihood(logits, labels, sample_weight):
    return ops.einsum("bt,bt->b", by_token(logits, labels), sample_weight)


def perplexity(logits, labels, sample_weight):
    return ops.power(2.718281828459045, next_token_loss(logits, labels, sample_weight))
