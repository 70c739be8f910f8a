"""The solution of unit 7 against Keras' attention and against plain loops."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex07_attention.py"


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex07_attention", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def draw(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def close(one, other, atol=1e-5):
    one, other = ops.convert_to_numpy(one), ops.convert_to_numpy(other)
    assert one.shape == other.shape
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=atol)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_equals_keras_attention(module, masked):
    query, key, value = draw(2, 3, 4, 6), draw(2, 3, 5, 6), draw(2, 3, 5, 6)
    mask = module.causal_mask(4, 5) if masked else None
    output, _ = module.scaled_dot_product_attention(query, key, value, mask)
    heads_inside = [np.swapaxes(array, 1, 2) for array in (query, key, value)]
    broadcast = None if mask is None else ops.broadcast_to(mask, (2, 3, 4, 5))
    expected = ops.dot_product_attention(*heads_inside, mask=broadcast)
    close(output, np.swapaxes(expected, 1, 2))


def test_weights_equal_those_of_keras_layer(module):
    query, value = draw(2, 4, 6), draw(2, 4, 6)
    layer = keras.layers.Attention(use_scale=False)
    expected = layer([query / 6**0.5, value], use_causal_mask=True, return_attention_scores=True)
    received = module.scaled_dot_product_attention(query, value, value, module.causal_mask(4, 4))
    for one, other in zip(received, expected, strict=True):
        close(one, other)


def test_masked_softmax_equals_loops(module):
    scores = 3 * draw(3, 4, 5)
    mask = np.random.default_rng(1).random((3, 4, 5)) < 0.5
    mask[1, 2] = False
    expected = np.zeros_like(scores)
    for row in np.ndindex(3, 4):
        total = sum(np.exp(s) for s, keep in zip(scores[row], mask[row], strict=True) if keep)
        for place in range(5):
            if mask[row][place]:
                expected[row][place] = np.exp(scores[row][place]) / total
    close(module.masked_softmax(scores, mask), expected)


@pytest.mark.parametrize(("queries", "keys"), [(4, 4), (2, 5), (1, 3), (1, 1)])
def test_causal_mask_equals_loops(module, queries, keys):
    expected = [[j - (keys - queries) <= i for j in range(keys)] for i in range(queries)]
    received = ops.convert_to_numpy(module.causal_mask(queries, keys))
    assert received.dtype == bool
    assert received.tolist() == expected


def test_half_precision_has_a_finite_answer(module):
    scores = np.array([[1e4, -1e4, 0], [5, 5, 5]], dtype="float16")
    mask = np.array([[True, True, False], [False, False, False]])
    weights = module.masked_softmax(scores, mask)
    assert weights.dtype == "float16"
    close(weights, np.array([[1, 0, 0], [0, 0, 0]], dtype="float16"))
