"""The solution of unit 5 against Keras' losses, NumPy in float64, and the library's objective."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit import objectives

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex05_objective.py"
_SPEC = importlib.util.spec_from_file_location("ex05_objective", SOLUTION)
unit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(unit)


@pytest.fixture
def answers():
    rng = np.random.default_rng(5)
    weight = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]], "float32")
    logits = rng.normal(scale=3, size=(3, 4, 6)).astype("float32")
    return tf.constant(logits), tf.constant(rng.integers(0, 6, (3, 4))), tf.constant(weight)


def test_the_loss_is_keras_mean_by_sample_weight(answers):
    logits, labels, weight = answers
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    np.testing.assert_allclose(
        unit.next_token_loss(*answers), loss(labels, logits, weight), rtol=1e-6
    )


def test_everything_agrees_with_numpy_in_double_precision(answers):
    logits, labels, weight = (np.asarray(x, "float64") for x in answers)
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities = exponentials / exponentials.sum(-1, keepdims=True)
    chosen = np.log(np.take_along_axis(probabilities, labels.astype(int)[..., None], -1)[..., 0])
    likelihood = (weight * chosen).sum(1)
    loss = -likelihood.sum() / weight.sum()
    np.testing.assert_allclose(unit.sequence_log_likelihood(*answers), likelihood, rtol=1e-5)
    np.testing.assert_allclose(unit.next_token_loss(*answers), loss, rtol=1e-5)
    np.testing.assert_allclose(unit.perplexity(*answers), np.exp(loss), rtol=1e-5)
    true = np.eye(6)[labels.astype(int)]
    terms = unit.cross_entropy(
        tf.constant(true, tf.float32), tf.constant(probabilities, tf.float32)
    )
    np.testing.assert_allclose(terms, -chosen, rtol=1e-4)


def test_the_library_has_the_same_objective(answers):
    ids = tf.constant([[3, 4, 5, 1], [2, 6, 0, 0]])
    mask = ids != 0
    for one, other in zip(
        unit.shift_labels(ids, mask), objectives.shift_labels(ids, mask), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    loss, count = objectives.token_cross_entropy(*answers)
    np.testing.assert_allclose(unit.next_token_loss(*answers), loss / count, rtol=1e-6)
    np.testing.assert_allclose(unit.perplexity(*answers), objectives.perplexity(loss, count))
    np.testing.assert_allclose(
        unit.sequence_log_likelihood(*answers),
        objectives.sequence_log_likelihood(*answers),
        rtol=1e-5,
    )
