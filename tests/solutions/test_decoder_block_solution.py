"""The solution of unit 9: equal to the layers and to the equations written in NumPy."""

import importlib.util
import math
from pathlib import Path

import keras
import numpy as np
import pytest

from coursekit.layers import DecoderBlock, FeedForward

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex09_decoder_block.py"
D, HEADS, F = 8, 2, 12
MASK = np.array([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 0, 0]], dtype=bool)


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex09_decoder_block", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def with_random_weights(rng, *layers):
    """Builds the layers and gives all of them the same weights, norms and biases too."""
    for layer in layers:
        layer.build((None, None, D))
    weights = [rng.normal(size=w.shape, scale=0.5).astype(np.float32) for w in layers[0].weights]
    for layer in layers:
        layer.set_weights(weights)
    return weights


def test_feed_forward_is_the_equation(module):
    rng = np.random.default_rng(0)
    layer, right = module.FeedForward(F), FeedForward(F)
    kernel_in, bias_in, kernel_out, bias_out = with_random_weights(rng, layer, right)
    inputs = rng.normal(size=(3, 5, D)).astype(np.float32)
    between = inputs @ kernel_in + bias_in
    normal = np.vectorize(lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2))))
    expected = (between * normal(between)) @ kernel_out + bias_out
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer(inputs), right(inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("normalize_first", [True, False])
def test_block_is_the_layer(module, normalize_first):
    rng = np.random.default_rng(1)
    block = module.DecoderBlock(HEADS, F, normalize_first=normalize_first)
    right = DecoderBlock(HEADS, F, normalize_first=normalize_first)
    with_random_weights(rng, block, right)
    inputs = rng.normal(size=(3, 5, D)).astype(np.float32)
    np.testing.assert_allclose(block(inputs), right(inputs), rtol=1e-4, atol=1e-5)
    received = keras.ops.convert_to_numpy(block(inputs, padding_mask=MASK))[MASK]
    expected = keras.ops.convert_to_numpy(right(inputs, padding_mask=MASK))[MASK]
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-5)


def test_two_blocks_in_a_row(module):
    rng = np.random.default_rng(2)
    blocks = [module.DecoderBlock(HEADS, F) for _ in range(2)]
    for block in blocks:
        with_random_weights(rng, block)
    inputs = rng.normal(size=(3, 5, D)).astype(np.float32)
    expected = blocks[1](blocks[0](inputs, padding_mask=MASK), padding_mask=MASK)
    np.testing.assert_allclose(module.run_blocks(blocks, inputs, MASK), expected, atol=1e-5)
    np.testing.assert_array_equal(module.run_blocks([], inputs), inputs)
