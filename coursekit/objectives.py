"""What a model is trained for: labels, and cross-entropy per real token.

A loss is returned as a sum and a count, because only sums add up: batches of different length,
devices and epochs are combined as (sum of sums) / (sum of counts), never as a mean of means.

Legend: B batch, T target length, V vocabulary, C candidates.
"""

import math

import tensorflow as tf


def teacher_forcing_pair(target_ids, padding_mask):
    """What a decoder reads, what it should answer, and which answers count.

        target_ids          START  w1    w2    STOP  PAD
        decoder_input_ids   START  w1    w2    STOP
        labels              w1     w2    STOP  PAD
        sample_weight       1      1     1     0

    Args:
        target_ids: (B, T + 1).
        padding_mask: Boolean (B, T + 1), True for a real token.

    Returns:
        `(decoder_input_ids, labels, sample_weight)`, each (B, T); the weights are float32. They are
        the mask of the labels, not of the inputs: after STOP the input is real, its label is not.
    """
    return target_ids[:, :-1], target_ids[:, 1:], tf.cast(padding_mask[:, 1:], tf.float32)


def token_cross_entropy(logits, labels, sample_weight, label_smoothing=0.0):
    """Cross-entropy of next-token logits, summed over the tokens that count.

    The equation, computed in float32 and stable for logits of any size:

        nll[b, t] = logsumexp(logits[b, t]) - logits[b, t, labels[b, t]]
        loss = sum(sample_weight * nll), count = sum(sample_weight)

    Args:
        logits: (B, T, V).
        labels: (B, T) ids.
        sample_weight: (B, T).
        label_smoothing: float. This share of each target goes to all tokens alike.

    Returns:
        `(loss, count)`, two float32 scalars.
    """
    logits = tf.cast(logits, tf.float32)
    sample_weight = tf.cast(sample_weight, tf.float32)
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)  # (B, T)
    if label_smoothing:
        uniform = tf.reduce_logsumexp(logits, axis=-1) - tf.reduce_mean(logits, axis=-1)
        nll = (1 - label_smoothing) * nll + label_smoothing * uniform
    # `where`, not a product: a padded step may have any logits, also infinite ones.
    nll = tf.where(sample_weight > 0, sample_weight * nll, 0.0)
    return tf.reduce_sum(nll), tf.reduce_sum(sample_weight)


def candidates_of_batch(labels, vocabulary_size, num_sampled, seed):
    """Chooses the tokens that stand for the vocabulary in the softmax of one batch.

    Most of a translator's arithmetic is the product with its output table, for words that are not
    in the batch. Sampled, the sum over the vocabulary is estimated: the tokens that are labels
    somewhere in the batch are all in it, the others are represented by `num_sampled` tokens drawn
    without preference, each with the weight of those it stands for (`log_weights`).

        logits over candidates + log_weights -> softmax: an estimate of the softmax over V

    Args:
        labels: (B, T) ids.
        vocabulary_size: int, V.
        num_sampled: int, at least 1. How many tokens to draw; those that are labels anyway fall out.
        seed: (2,) int32 tensor. Another one for each batch.

    Returns:
        `(candidate_ids (C,), candidate_labels (B, T), log_weights (C,))`: the labels as places
        among the candidates.

    Reference: Jean et al., "On using very large target vocabulary for neural machine translation",
    2015.
    """
    present, places = tf.unique(tf.reshape(labels, [-1]))
    is_present = tf.scatter_nd(present[:, None], tf.ones_like(present), [vocabulary_size]) > 0
    shuffled = tf.random.experimental.stateless_shuffle(tf.range(vocabulary_size), seed)
    drawn = shuffled[:num_sampled]
    absent = tf.boolean_mask(drawn, ~tf.gather(is_present, drawn))
    stands_for = (vocabulary_size - tf.size(present)) / tf.maximum(tf.size(absent), 1)
    log_weight = tf.math.log(tf.cast(tf.maximum(stands_for, 1.0), tf.float32))
    log_weights = tf.concat(
        [tf.zeros_like(present, tf.float32), tf.fill([tf.size(absent)], log_weight)], axis=0
    )
    candidate_ids = tf.concat([tf.cast(present, absent.dtype), absent], axis=0)
    return candidate_ids, tf.reshape(places, tf.shape(labels)), log_weights


def perplexity(loss_sum, count) -> float:
    """exp of the mean loss per token; infinite where that is too large for a float.

    >>> round(perplexity(2 * math.log(10), 2), 6)
    10.0
    """
    mean = float(loss_sum) / max(float(count), 1.0)
    return math.exp(mean) if mean < 700 else math.inf
