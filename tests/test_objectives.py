"""Losses as sums and counts, sampled candidates, perplexity."""

import math

import numpy as np
import pytest
import tensorflow as tf

from coursekit.objectives import (
    candidates_of_batch,
    perplexity,
    sequence_log_likelihood,
    shift_labels,
    teacher_forcing_pair,
    token_accuracy,
    token_cross_entropy,
)


def test_labels_are_shifted_and_weighted_by_their_own_mask():
    target = np.array([[1, 7, 8, 2, 0], [1, 9, 2, 0, 0]])
    inputs, labels, weight = shift_labels(target, target != 0)
    assert inputs.tolist() == [[1, 7, 8, 2], [1, 9, 2, 0]]
    assert labels.tolist() == [[7, 8, 2, 0], [9, 2, 0, 0]]
    assert weight.numpy().tolist() == [[1, 1, 1, 0], [1, 1, 0, 0]]


def test_the_shift_of_a_translator_is_the_same_function():
    assert teacher_forcing_pair is shift_labels


def test_without_a_mask_all_labels_count():
    inputs, labels, weight = shift_labels(tf.constant([[5, 6, 7]]))
    assert inputs.numpy().tolist() == [[5, 6]]
    assert labels.numpy().tolist() == [[6, 7]]
    assert weight.numpy().tolist() == [[1, 1]]
    assert weight.dtype == tf.float32


def test_padding_counts_for_nothing_whatever_stands_there():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 4, 9)).astype("float32") * 5
    labels = rng.integers(0, 9, (2, 4))
    weight = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], "float32")
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -sum(log_probabilities[b, t, labels[b, t]] for b, t in np.argwhere(weight))
    loss, count = token_cross_entropy(logits, labels, weight)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(count) == 4
    logits[0, 3], logits[1, 1:] = np.inf, 1e30
    assert float(token_cross_entropy(logits, labels, weight)[0]) == pytest.approx(float(loss))


def test_sums_add_up_over_batches():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(6, 5, 7)).astype("float32"), rng.integers(0, 7, (6, 5))
    weight = (rng.random((6, 5)) < 0.6).astype("float32")
    whole = token_cross_entropy(logits, labels, weight)
    parts = [token_cross_entropy(logits[s], labels[s], weight[s]) for s in (slice(2), slice(2, 6))]
    for i in range(2):
        assert sum(float(part[i]) for part in parts) == pytest.approx(float(whole[i]), rel=1e-5)


def test_is_stable_for_large_logits():
    logits = tf.constant([[[1e4, -1e4, 0.0]]])
    assert float(token_cross_entropy(logits, [[0]], [[1.0]])[0]) == 0
    assert float(token_cross_entropy(logits, [[1]], [[1.0]])[0]) == pytest.approx(2e4)


def test_label_smoothing_mixes_in_the_uniform_distribution():
    rng = np.random.default_rng(2)
    logits = rng.normal(size=(1, 1, 6)).astype("float32")
    log_probabilities = (logits - np.log(np.exp(logits).sum()))[0, 0]
    expected = -0.9 * log_probabilities[4] - 0.1 * log_probabilities.mean()
    received = token_cross_entropy(logits, [[4]], [[1.0]], label_smoothing=0.1)[0]
    assert float(received) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("num_sampled", [1, 30, 1000])
def test_candidates_hold_every_label_once(num_sampled):
    labels = tf.constant([[5, 9, 5], [2, 0, 0]])
    ids, places, log_weights = candidates_of_batch(labels, 200, num_sampled, [0, 1])
    assert len(set(ids.numpy().tolist())) == len(ids)
    assert (ids.numpy()[places.numpy()] == labels.numpy()).all()
    present = np.isin(ids.numpy(), [0, 2, 5, 9])
    assert (log_weights.numpy()[present] == 0).all()
    assert present.sum() == 4
    stood_for = np.exp(log_weights.numpy()[~present]).sum()
    assert stood_for == pytest.approx(196, rel=1e-4) or not (~present).any()


def test_sampled_loss_estimates_the_whole_one():
    rng = np.random.default_rng(4)
    size = 300
    logits = rng.normal(size=(4, 6, size)).astype("float32")
    labels = tf.constant(rng.integers(0, size, (4, 6)))
    weight = np.ones((4, 6), "float32")
    whole = float(token_cross_entropy(logits, labels, weight)[0])
    estimates = []
    for i in range(40):
        ids, places, log_weights = candidates_of_batch(labels, size, 100, [3, i])
        chosen = tf.gather(logits, ids, axis=-1) + log_weights
        estimates.append(float(token_cross_entropy(chosen, places, weight)[0]))
    assert len(set(estimates)) > 30  # another draw for another seed
    assert np.mean(estimates) == pytest.approx(whole, rel=0.01)
    ids, places, log_weights = candidates_of_batch(labels, size, size, [3, 0])
    chosen = tf.gather(logits, ids, axis=-1) + log_weights
    assert float(token_cross_entropy(chosen, places, weight)[0]) == pytest.approx(whole, rel=1e-5)


def test_perplexity_of_guessing_is_the_vocabulary():
    assert perplexity(30 * math.log(50), 30) == pytest.approx(50)
    assert perplexity(1e9, 1) == math.inf


def test_likelihood_of_a_sequence_is_the_product_of_its_tokens():
    rng = np.random.default_rng(5)
    logits = rng.normal(size=(3, 4, 6)).astype("float32") * 3
    labels = rng.integers(0, 6, (3, 4))
    weight = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], "float32")
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    expected = [
        sum(np.log(probabilities[b, t, labels[b, t]]) for t in range(4) if weight[b, t])
        for b in range(3)
    ]
    received = sequence_log_likelihood(logits, labels, weight)
    np.testing.assert_allclose(received, expected, rtol=1e-5)
    assert float(received[2]) == 0
    loss, _ = token_cross_entropy(logits, labels, weight)
    assert float(tf.reduce_sum(received)) == pytest.approx(-float(loss), rel=1e-5)
    logits[1, 2:] = np.inf
    np.testing.assert_allclose(
        sequence_log_likelihood(logits.astype("float32"), labels, weight), expected, rtol=1e-5
    )


def test_accuracy_counts_tokens():
    logits = tf.one_hot([[1, 2, 0], [2, 2, 2]], 3)
    right, count = token_accuracy(logits, [[1, 0, 0], [2, 2, 1]], [[1, 1, 0], [1, 1, 1]])
    assert (float(right), float(count)) == (3, 5)
