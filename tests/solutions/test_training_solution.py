"""The solution of unit 11 against Keras' own schedule, clipping and loss, and against NumPy."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.grading.worker.toys import NextTokenModel
from coursekit.training.learning_rate import warmup_cosine

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex11_training.py"


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex11_training", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def a_model(seed, sharpness=1.0):
    keras.utils.set_random_seed(seed)
    model = NextTokenModel(7, 5)
    model.build()
    model.sharpness.assign(sharpness)
    return model


def a_batch(seed, batch=4, length=6):
    rng = np.random.default_rng(seed)
    token_ids = rng.integers(0, 7, (batch, length)).astype(np.int32)
    mask = np.arange(length) < rng.integers(2, length + 1, (batch, 1))
    return tf.constant(token_ids), tf.constant(mask)


@pytest.mark.parametrize("warmup_steps", [1, 10])
def test_the_schedule_is_that_of_keras(module, warmup_steps):
    peak, total_steps, floor = 0.4, 50, 0.1
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        total_steps - warmup_steps,
        alpha=floor / peak,
        warmup_target=peak,
        warmup_steps=warmup_steps,
    )
    for step in (0, 1, 5, 9, 10, 11, 30, 49, 50, 70):
        received = module.warmup_cosine(step, peak, warmup_steps, total_steps, floor)
        np.testing.assert_allclose(received, schedule(step), rtol=1e-5, atol=1e-7)
        own = warmup_cosine(step, peak, warmup_steps, total_steps, floor)
        np.testing.assert_allclose(received, own, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("sharpness", [0.1, 30.0])
def test_a_step_is_that_of_keras(module, sharpness):
    """Keras clips in the optimizer and weights the loss itself."""
    model, other = a_model(1, sharpness), a_model(1, sharpness)
    loss_of = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    optimizer = keras.optimizers.Adam(0.1)
    keras_optimizer = keras.optimizers.Adam(0.1, global_clipnorm=module.CLIP_NORM)
    for seed in range(3):
        token_ids, mask = a_batch(seed)
        loss, norm = module.train_step(model, optimizer, token_ids, mask)
        with tf.GradientTape() as tape:
            logits = other(token_ids[:, :-1], padding_mask=mask[:, :-1], training=True)
            expected = loss_of(token_ids[:, 1:], logits, tf.cast(mask[:, 1:], tf.float32))
        gradients = tape.gradient(expected, other.trainable_weights)
        keras_optimizer.apply(gradients, other.trainable_weights)
        np.testing.assert_allclose(loss, expected, rtol=1e-5)
        np.testing.assert_allclose(norm, tf.linalg.global_norm(gradients), rtol=1e-5)
        assert (norm > module.CLIP_NORM) == (sharpness > 1)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)


def test_evaluation_is_that_of_all_tokens_at_once(module):
    model = a_model(2, 3.0)
    batches = [a_batch(1, 4, 6), a_batch(2, 1, 3), a_batch(3, 2, 9)]
    received = module.evaluate(model, (batch for batch in batches))
    losses, hits = [], []
    for token_ids, mask in batches:
        logits = model(token_ids[:, :-1], padding_mask=mask[:, :-1]).numpy().astype(np.float64)
        probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        for row, place in np.argwhere(mask[:, 1:].numpy()):
            label = int(token_ids[row, place + 1])
            losses.append(-np.log(probabilities[row, place, label]))
            hits.append(logits[row, place].argmax() == label)
    expected = {"loss": np.mean(losses), "perplexity": np.exp(np.mean(losses))}
    expected["accuracy"] = np.mean(hits)
    assert received == pytest.approx(expected, rel=1e-5)


def test_a_batch_is_learnt_by_heart(module):
    model, optimizer = a_model(3), keras.optimizers.Adam(0.05)
    token_ids = tf.constant([[1, 2, 3, 4, 5], [2, 4, 6, 0, 0]])  # no two rows begin alike
    mask = tf.constant([[True] * 5, [True] * 3 + [False] * 2])
    step = tf.function(lambda: module.train_step(model, optimizer, token_ids, mask))
    losses = [float(step()[0]) for _ in range(150)]
    assert abs(losses[0] - np.log(7)) < 1
    assert losses[-1] < 0.05
