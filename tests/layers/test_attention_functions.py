"""Attention's pure functions against NumPy, and where they are easily wrong."""

import numpy as np
import pytest
import tensorflow as tf

from coursekit.layers import causal_mask, masked_softmax, scaled_dot_product_attention
from tests.layers.layer_checks import assert_close, draw


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def numpy_softmax(scores, mask):
    scores = np.where(mask, np.asarray(scores, "float64"), -np.inf)
    highest = np.where(mask.any(-1, keepdims=True), scores.max(-1, keepdims=True), 0.0)
    powers = np.exp(scores - highest)
    return powers / np.maximum(powers.sum(-1, keepdims=True), 1e-300)


@pytest.mark.parametrize(("queries", "keys"), [(1, 1), (4, 4), (2, 5), (1, 6), (5, 2)])
def test_causal_mask(queries, keys):
    expected = np.tri(queries, keys, keys - queries, dtype=bool)
    np.testing.assert_array_equal(causal_mask(queries, keys), expected)
    unknown = tf.function(causal_mask)
    np.testing.assert_array_equal(unknown(tf.constant(queries), tf.constant(keys)), expected)
    assert causal_mask(queries, keys).dtype == tf.bool


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_masked_softmax(rng, dtype):
    scores = tf.cast(draw(rng, 2, 3, 5, 7, scale=20.0), dtype)
    mask = rng.random((2, 1, 5, 7)) < 0.6
    mask[0, 0, 2] = False
    mask[1, 0, 3, 1:] = False
    weights = masked_softmax(scores, mask)
    assert weights.dtype == dtype
    whole = np.broadcast_to(mask, scores.shape)
    expected = numpy_softmax(np.asarray(scores, "float64"), whole)
    np.testing.assert_allclose(
        np.asarray(weights, "float64"), expected, atol=1e-6 if dtype == "float32" else 4e-3
    )
    assert not np.any(np.asarray(weights, "float64")[~whole])
    np.testing.assert_array_equal(weights[0, :, 2], np.zeros((3, 7)))


def test_masked_softmax_without_a_mask_is_softmax(rng):
    scores = draw(rng, 3, 4)
    assert_close([masked_softmax(scores)], [tf.nn.softmax(scores)])
    assert_close([masked_softmax(scores, np.ones((3, 4), bool))], [tf.nn.softmax(scores)])


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_rows_known_not_to_be_empty_have_the_same_weights(rng, dtype):
    scores = tf.cast(draw(rng, 3, 4, 6, scale=1e4), dtype)
    mask = np.tri(4, 6, dtype=bool)
    results = []
    for known in (True, False):
        with tf.GradientTape() as tape:
            tape.watch(scores)
            weights = masked_softmax(scores, mask, no_row_is_empty=known)
            loss = tf.reduce_sum(weights * tf.cast(tf.range(6), dtype))
        results.append([np.asarray(x, "float32") for x in (weights, tape.gradient(loss, scores))])
    assert_close(*results)
    assert not results[0][0][:, ~mask].any()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("size", [1.0, 1e4])
def test_gradient_of_masked_softmax(rng, dtype, size):
    scores = tf.cast(draw(rng, 4, 6, scale=size), dtype)
    mask = np.tri(4, 6, -1, dtype=bool)  # the first row is empty
    with tf.GradientTape() as tape:
        tape.watch(scores)
        weights = masked_softmax(scores, mask)
        loss = tf.reduce_sum(weights * tf.cast(tf.range(6), dtype))
    gradient = np.asarray(tape.gradient(loss, scores))
    assert np.isfinite(gradient).all()
    assert not gradient[~mask].any()
    w = np.asarray(weights, "float64")
    numbers = np.arange(6)
    expected = w * (numbers - (w * numbers).sum(-1, keepdims=True))
    np.testing.assert_allclose(gradient, expected, atol=1e-5 if dtype == "float32" else 1e-2)


@pytest.mark.parametrize("masked", [False, True])
def test_attention(rng, masked):
    query, key, value = draw(rng, 2, 3, 4, 6), draw(rng, 2, 3, 5, 6), draw(rng, 2, 3, 5, 7)
    mask = causal_mask(4, 5) if masked else None
    output, weights = scaled_dot_product_attention(query, key, value, mask)
    scores = np.einsum("bnth,bnsh->bnts", query, key) / np.sqrt(6)
    seen = np.tri(4, 5, 1, dtype=bool) if masked else np.ones((4, 5), bool)
    expected = numpy_softmax(scores, np.broadcast_to(seen, scores.shape))
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    np.testing.assert_allclose(output, np.einsum("bnts,bnsc->bntc", expected, value), atol=1e-5)


def test_attention_of_two_axes_and_of_none_seen(rng):
    query, key, value = draw(rng, 2, 4), draw(rng, 3, 4), draw(rng, 3, 5)
    mask = np.array([[True, False, True], [False] * 3])
    output, weights = scaled_dot_product_attention(query, key, value, mask)
    assert (output.shape, weights.shape) == ((2, 5), (2, 3))
    assert not np.any(output[1])
    assert weights[0, 1] == 0


def test_attention_in_float16_does_not_overflow():
    """The product of queries and keys goes beyond float16's 65,504 unless it is scaled first."""
    query = key = tf.fill((1, 2, 64), tf.constant(60.0, tf.float16))
    output, _ = scaled_dot_product_attention(query, key, tf.ones((1, 2, 3), tf.float16))
    assert output.dtype == tf.float16
    np.testing.assert_allclose(output, np.ones((1, 2, 3)), atol=1e-3)


def test_same_in_a_graph_of_unknown_sizes_and_under_xla(rng):
    query, key, value = (tf.constant(draw(rng, 2, 4, 6)) for _ in range(3))

    def run(query, key, value):
        with tf.GradientTape() as tape:
            tape.watch([query, key, value])
            mask = causal_mask(tf.shape(query)[1], tf.shape(key)[1])
            output, weights = scaled_dot_product_attention(query, key, value, mask)
        return [output, weights, *tape.gradient(output, [query, key, value])]

    expected = run(query, key, value)
    unknown = [tf.TensorSpec([None, None, 6])] * 3
    assert_close(tf.function(run, input_signature=unknown)(query, key, value), expected)
    assert_close(tf.function(run, jit_compile=True)(query, key, value), expected)
