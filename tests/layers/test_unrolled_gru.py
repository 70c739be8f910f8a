"""UnrolledGRU computes what keras.layers.GRU computes, with the same weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.layers.unrolled_gru import UnrolledGRU

MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0]], dtype=bool)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def weights(rng):
    shapes = ((3, 15), (5, 15), (2, 15))
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def with_weights(layer, weights):
    layer.build((None, None, 3))
    layer.set_weights(weights)
    return layer


@pytest.mark.parametrize("mask", [None, MASK], ids=["no_mask", "mask"])
@pytest.mark.parametrize("given_state", [False, True])
def test_equals_keras(rng, weights, mask, given_state):
    inputs = rng.normal(size=(4, 4, 3)).astype("float32")
    state = rng.normal(size=(4, 5)).astype("float32") if given_state else None
    usual = with_weights(keras.layers.GRU(5, return_sequences=True, return_state=True), weights)
    layer = with_weights(UnrolledGRU(5), weights)
    outputs, last = layer(inputs, initial_state=state, padding_mask=mask)
    expected, expected_last = usual(inputs, initial_state=state, mask=mask)
    np.testing.assert_allclose(last, expected_last, rtol=1e-5, atol=1e-5)
    real = np.ones((4, 4), bool) if mask is None else mask  # Keras shows zeros in leading padding
    received = outputs.numpy()[real]
    np.testing.assert_allclose(received, expected.numpy()[real], rtol=1e-5, atol=1e-5)


def test_step_by_step_equals_whole(rng, weights):
    inputs = rng.normal(size=(2, 4, 3)).astype("float32")
    layer = with_weights(UnrolledGRU(5), weights)
    whole, last = layer(inputs)
    state, steps = None, []
    for step in range(4):
        output, state = layer(inputs[:, step : step + 1], initial_state=state)
        steps.append(output)
    np.testing.assert_allclose(np.concatenate(steps, axis=1), whole, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state, last, rtol=1e-5, atol=1e-6)


def test_in_a_graph_with_an_unknown_batch(rng, weights):
    inputs = rng.normal(size=(2, 4, 3)).astype("float32")
    layer = with_weights(UnrolledGRU(5), weights)
    spec = tf.TensorSpec((None, 4, 3), "float32")
    traced = tf.function(layer, input_signature=[spec])
    for received, expected in zip(traced(inputs), layer(inputs), strict=True):
        np.testing.assert_allclose(received, expected, rtol=1e-5, atol=1e-6)


def test_a_gradient_reaches_every_weight(rng, weights):
    layer = with_weights(UnrolledGRU(5), weights)
    inputs = rng.normal(size=(4, 4, 3)).astype("float32")
    with tf.GradientTape() as tape:
        outputs, _ = layer(inputs, padding_mask=MASK)
        total = tf.reduce_sum(outputs**2)
    gradients = tape.gradient(total, [weight.value for weight in layer.trainable_weights])
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


def test_mixed_precision(rng, weights):
    layer = with_weights(UnrolledGRU(5, dtype="mixed_float16"), weights)
    outputs, state = layer(rng.normal(size=(2, 4, 3)).astype("float32"))
    assert outputs.dtype == state.dtype == tf.float16
    assert all(weight.dtype == "float32" for weight in layer.weights)


def test_config_round_trip():
    layer = UnrolledGRU.from_config(UnrolledGRU(5, name="reader").get_config())
    assert (layer.units, layer.name) == (5, "reader")
