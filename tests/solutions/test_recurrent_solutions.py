"""The solutions of units 1 and 2 against Keras' layers and the reference layers."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

from coursekit import layers

SOLUTIONS = Path(__file__).parents[2] / "solutions"
RIGHT_PADDED = np.array([[step < length for step in range(5)] for length in (5, 2, 1, 4)])
PADDED_ANYWHERE = np.array(
    [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 1, 1, 0, 0]], dtype=bool
)


def solution(name):
    spec = importlib.util.spec_from_file_location(f"solution_{name}", SOLUTIONS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def draw(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def close(one, other):
    one, other = keras.ops.convert_to_numpy(one), keras.ops.convert_to_numpy(other)
    assert one.shape == other.shape
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mask", [None, RIGHT_PADDED, PADDED_ANYWHERE])
@pytest.mark.parametrize("make", [keras.layers.SimpleRNN, layers.SimpleRNN])
def test_run_rnn_equals_the_layers(make, mask):
    inputs, state = draw(4, 5, 6), draw(4, 3)
    weights = [draw(6, 3), draw(3, 3), draw(3)]
    layer = make(3, return_sequences=True, return_state=True)
    layer.build(inputs.shape)
    layer.set_weights(weights)
    expected, expected_state = layer(inputs, mask=mask, initial_state=state)
    outputs, last_state = solution("ex01_recurrence").run_rnn(inputs, state, *weights, mask)
    close(last_state, expected_state)
    # Keras shows zeros, not the initial state, before the first real step of a row
    started = np.ones((4, 5), bool) if mask is None else np.logical_or.accumulate(mask, axis=1)
    close(np.where(started[..., None], outputs, 0), np.where(started[..., None], expected, 0))


@pytest.mark.parametrize("mask", [None, RIGHT_PADDED, PADDED_ANYWHERE])
@pytest.mark.parametrize("make", [keras.layers.LSTM, layers.LSTM])
def test_run_lstm_equals_the_layers(make, mask):
    inputs, weights = draw(4, 5, 6), [draw(6, 12), draw(3, 12), draw(12)]
    layer = make(3, return_sequences=True, return_state=True)
    layer.build(inputs.shape)
    layer.set_weights(weights)
    module = solution("ex02_lstm")
    cell = module.LSTMCell(3)
    cell.build((None, 6))
    cell.set_weights(weights)
    outputs, states = module.run_lstm(cell, inputs, mask)
    for one, other in zip((outputs, *states), layer(inputs, mask=mask), strict=True):
        close(one, other)


def test_the_cell_works_inside_keras():
    module = solution("ex02_lstm")
    cell = module.LSTMCell(3)
    layer = keras.layers.RNN(cell, return_sequences=True)
    model = keras.Sequential([keras.Input((None, 6)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = cell.get_weights()
    model.fit(draw(8, 5, 6), draw(8, 5, 1), epochs=1, verbose=0)
    assert all((a != b).any() for a, b in zip(before, cell.get_weights(), strict=True))
    close(layer(draw(4, 5, 6)), module.run_lstm(cell, draw(4, 5, 6))[0])


def test_a_fresh_cell_starts_as_keras_does():
    cell, expected = solution("ex02_lstm").LSTMCell(3), keras.layers.LSTMCell(3)
    for one in (cell, expected):
        one.build((None, 6))
    close(cell.bias, expected.bias)
    assert [w.shape for w in cell.weights] == [w.shape for w in expected.weights]


def test_gradients_fade_with_distance():
    module = solution("ex01_recurrence")
    weights = draw(4, 3), draw(6, 3), 0.3 * draw(3, 3), draw(3)
    norms = keras.ops.convert_to_numpy(module.gradient_by_step(draw(4, 12, 6), *weights))
    assert norms.shape == (12,)
    assert norms[0] < 1e-3 * norms[-1]
