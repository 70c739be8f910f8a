"""The solution of unit 4 at work: the lecture's pair of inputs and labels, training, translating."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex04_translation.py"


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex04_translation", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_the_pair_of_the_docstring(module):
    target_ids = np.array([[module.START, 5, 6, module.STOP, module.PAD]])
    pair = module.teacher_forcing_pair(target_ids, target_ids != module.PAD)
    expected = ([[1, 5, 6, 2]], [[5, 6, 2, 0]], [[1, 1, 1, 0]])
    for received, right in zip(pair, expected, strict=True):
        np.testing.assert_array_equal(received, right)


def test_one_probability_serves_all_three_ways(module):
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(3)
    source_ids, inputs = rng.integers(1, 9, (5, 4)), rng.integers(1, 11, (5, 6))
    translator = module.Translator(9, 11, 3, 7)
    forced, free = (translator(source_ids, inputs, teacher_forcing=f) for f in (True, False))
    for probability, expected in ((1.0, forced), (0.0, free)):
        received = translator(source_ids, inputs, teacher_forcing=probability)
        np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-5)
    assert np.abs(forced - free).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("teacher_forcing", [True, 0.5])
def test_it_learns_to_turn_words_round(module, teacher_forcing):
    """Sources of one to three words; the target is the same words backwards."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 4, size=64)
    real = np.arange(3) < lengths[:, None]
    source_ids = np.where(real, rng.integers(3, 8, size=(64, 3)), module.PAD)
    target_ids = np.full((64, 5), module.PAD)
    target_ids[:, 0] = module.START
    for row, (words, length) in enumerate(zip(source_ids, lengths, strict=True)):
        target_ids[row, 1 : length + 2] = [*words[:length][::-1], module.STOP]
    pair = module.teacher_forcing_pair(target_ids, target_ids != module.PAD)

    translator = module.Translator(8, 8, 12, 32)
    translator.build((None, None))
    optimizer = keras.optimizers.Adam(0.01)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            logits = translator(source_ids, pair[0], real, teacher_forcing=teacher_forcing)
            loss = loss_of(pair[1], logits, sample_weight=pair[2])
        weights = translator.trainable_weights
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        optimizer.apply_gradients(zip(gradients, weights, strict=True))

    for _ in range(400):
        step()
    translations = translator.translate(source_ids, real, max_length=6)
    assert translations.shape[1] == 4
    right = np.all(translations == target_ids[:, 1:], axis=1)
    assert right.mean() > 0.9
