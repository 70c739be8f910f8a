"""The solution of unit 12 against plain NumPy, one row, one token, one query at a time."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.grading.worker.toys import NextTokenModel

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex12_generation.py"


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex12_generation", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def one_row(values, is_enough):
    """Keeps the most probable tokens, one by one, until it is enough."""
    kept = np.zeros_like(values)
    for count, token in enumerate(sorted(range(len(values)), key=lambda v: (-values[v], v))):
        if is_enough(count, kept.sum()):
            break
        kept[token] = values[token]
    return kept / kept.sum()


@pytest.mark.parametrize("ties", [False, True])
def test_top_k_and_top_p_row_by_row(module, rng, ties):
    rows = rng.dirichlet(np.ones(7), 30).astype(np.float32)
    if ties:
        rows = np.tile(np.array([[2, 1, 2, 1, 1, 1, 0]], np.float32) / 8, (1, 1))
    for k in (1, 2, 5, 7, 9):
        expected = [one_row(row, lambda count, _, k=k: count == k) for row in rows]
        if not ties or k < 7:
            np.testing.assert_allclose(module.keep_top_k(rows, k), expected, rtol=1e-5)
    for p in (0.01, 0.25, 0.5, 0.75, 0.9):
        expected = [one_row(row, lambda _, total, p=p: total >= p) for row in rows]
        np.testing.assert_allclose(module.keep_top_p(rows, p), expected, rtol=1e-5)


def test_temperature(module, rng):
    logits = rng.normal(size=(3, 5)).astype(np.float32)
    for temperature in (0.3, 1.0, 2.0):
        weights = np.exp(logits / temperature)
        received = module.next_token_probabilities(logits, temperature)
        np.testing.assert_allclose(received, weights / weights.sum(-1, keepdims=True), rtol=1e-5)


def test_a_batch_of_prompts_reads_like_each_prompt_alone(module, rng):
    keras.utils.set_random_seed(1)
    model = NextTokenModel(9, 8)
    model.build()
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) for w in model.weights])
    lengths, stop_id = [4, 1, 2, 3, 2], 5
    prompt_ids = rng.integers(1, 9, (5, 4)).astype(np.int32)
    mask = np.arange(4) < np.array(lengths)[:, None]
    received = module.generate(model, prompt_ids, mask, 10, stop_id).numpy()
    for row, length in enumerate(lengths):
        tokens = prompt_ids[row, :length].tolist()
        while len(tokens) < 10:
            tokens.append(int(np.argmax(model(np.array([tokens]))[0, -1])))
            if tokens[-1] == stop_id:
                break
        assert received[row].tolist() == tokens + [module.PAD] * (10 - len(tokens))


def test_steps_with_a_cache_are_causal_attention_of_the_whole(module, rng):
    query, key, value = (rng.normal(size=(2, 3, 7, n)).astype(np.float32) for n in (4, 4, 6))
    step = tf.function(module.attend_with_cache)
    cache = tf.zeros((2, 3, 9, 4)), tf.zeros((2, 3, 9, 6))
    outputs, index = [], 0
    for length in (3, 1, 1, 2):
        part = slice(index, index + length)
        new = query[:, :, part], key[:, :, part], value[:, :, part]
        output, cache = step(*new, cache, tf.constant(index))
        outputs.append(output)
        index += length
    layer_form = [np.swapaxes(array, 1, 2) for array in (query, key, value)]  # (B, T, N, H)
    expected = keras.ops.dot_product_attention(*layer_form, is_causal=True)
    received = np.swapaxes(np.concatenate(outputs, axis=2), 1, 2)
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(cache[0][:, :, :7], key)
    assert not cache[1][:, :, 7:].numpy().any()
