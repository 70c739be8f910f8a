"""What a model is trained for: labels, and cross-entropy per real token.

A loss is returned as a sum and a count, because only sums add up: batches of different length,
devices and epochs are combined as (sum of sums) / (sum of counts), never as a mean of means.

Legend: B batch, T target length, V vocabulary, C candidates.
"""

import math

import tensorflow as tf


def shift_labels(token_ids, padding_mask=None):
    """What a model reads, what it should answer, and which answers count.

        token_ids      START  w1    w2    STOP  PAD
        inputs         START  w1    w2    STOP
        labels         w1     w2    STOP  PAD
        sample_weight  1      1     1     0

    This is the one place where labels are shifted, for language models and translators alike: a
    model's logits at position t answer `labels[:, t]` and are not shifted again.

    Args:
        token_ids: (B, T + 1).
        padding_mask: Boolean (B, T + 1), True for a token that counts as a label. None: all do.

    Returns:
        `(inputs, labels, sample_weight)`, each (B, T); the weights are float32. They are the mask
        of the labels, not of the inputs: after STOP the input is real, its label is not.
    """
    labels = token_ids[:, 1:]
    if padding_mask is None:
        return token_ids[:, :-1], labels, tf.ones_like(labels, tf.float32)
    return token_ids[:, :-1], labels, tf.cast(padding_mask[:, 1:], tf.float32)


# The name the same shift has for a translator, whose decoder reads the true translation.
teacher_forcing_pair = shift_labels


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


def token_accuracy(logits, labels, sample_weight):
    """How many of the tokens that count are the likeliest one of their logits.

    Args:
        logits: (B, T, V).
        labels: (B, T) ids.
        sample_weight: (B, T).

    Returns:
        `(right, count)`, two float32 scalars.
    """
    sample_weight = tf.cast(sample_weight, tf.float32)
    answers = tf.argmax(logits, axis=-1, output_type=tf.int32)
    right = tf.where(answers == tf.cast(labels, tf.int32), sample_weight, 0.0)
    return tf.reduce_sum(right), tf.reduce_sum(sample_weight)


def sequence_log_likelihood(logits, labels, sample_weight):
    """The log-probability of each whole sequence: by the chain rule, a sum over its tokens.

    The equation, computed in float32:

        log P(labels[b]) = sum over t of sample_weight[b, t] * log_softmax(logits[b, t])[labels[b, t]]

    Args:
        logits: (B, T, V).
        labels: (B, T) ids.
        sample_weight: (B, T).

    Returns:
        float32 (B,).
    """
    sample_weight = tf.cast(sample_weight, tf.float32)
    logits = tf.cast(logits, tf.float32)
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)  # (B, T)
    return -tf.reduce_sum(tf.where(sample_weight > 0, sample_weight * nll, 0.0), axis=-1)


def perplexity(loss_sum, count) -> float:
    """exp of the mean loss per token; infinite where that is too large for a float.

    >>> round(perplexity(2 * math.log(10), 2), 6)
    10.0
    """
    mean = float(loss_sum) / max(float(count), 1.0)
    return math.exp(mean) if mean < 700 else math.inf
