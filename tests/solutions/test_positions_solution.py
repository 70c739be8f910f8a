"""The solution of unit 6 against KerasHub's layers, NumPy in float64, and the library's layers."""

import importlib.util
from pathlib import Path

import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from coursekit import layers

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex06_positions.py"
_SPEC = importlib.util.spec_from_file_location("ex06_positions", SOLUTION)
unit = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(unit)


@pytest.mark.parametrize(("length", "width", "wavelength"), [(7, 6, 10000), (5, 3, 50), (4, 1, 9)])
def test_the_encoding_is_that_of_numpy_and_of_the_library(length, width, wavelength):
    expected = np.zeros((length, width))
    for position in range(length):
        for column in range(width):
            angle = position / wavelength ** (column // 2 * 2 / width)
            expected[position, column] = np.cos(angle) if column % 2 else np.sin(angle)
    received = unit.sinusoidal_encoding(length, width, wavelength)
    np.testing.assert_allclose(received, expected, atol=1e-6)
    ours = layers.sinusoidal_encoding(length, width, wavelength)
    np.testing.assert_allclose(received, ours, atol=1e-6)


def test_the_sinusoidal_layer_is_keras_hubs_added_to_the_inputs():
    inputs = tf.constant(np.random.default_rng(0).normal(size=(2, 5, 8)).astype("float32"))
    received = unit.SinusoidalPositionEncoding()(inputs, start_index=3)
    peer = keras_hub.layers.SinePositionEncoding()
    np.testing.assert_allclose(received - inputs, peer(inputs, start_index=3), atol=1e-5)
    ours = layers.SinusoidalPositionEncoding()(inputs, start_index=3)
    np.testing.assert_allclose(received, ours, atol=1e-6)


def test_the_learned_layer_is_keras_hubs_added_to_the_inputs():
    rng = np.random.default_rng(1)
    inputs = tf.constant(rng.normal(size=(2, 4, 6)).astype("float32"))
    table = rng.normal(size=(9, 6)).astype("float32")
    received, peer = unit.LearnedPositionEmbedding(9), keras_hub.layers.PositionEmbedding(9)
    ours = layers.LearnedPositionEmbedding(9)
    for layer in (received, peer, ours):
        layer.build(inputs.shape)
        layer.set_weights([table])
    expected = peer(inputs, start_index=2)
    np.testing.assert_allclose(received(inputs, start_index=2) - inputs, expected, atol=1e-6)
    np.testing.assert_allclose(ours(inputs, start_index=2) - inputs, expected, atol=1e-6)
