"""The solution of unit 3 against Keras' GRU, in both reset forms."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex03_gru.py"


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex03_gru", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def draw(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def weights_of(reset_after):
    return [draw(6, 9), draw(3, 9), draw(2, 9) if reset_after else draw(9)]


@pytest.mark.parametrize("reset_after", [True, False])
def test_the_cell_equals_keras_cell(module, reset_after):
    inputs, state = draw(4, 6), draw(4, 3)
    cells = [make(3, reset_after=reset_after) for make in (module.GRUCell, keras.layers.GRUCell)]
    for cell in cells:
        cell.build((None, 6))
        cell.set_weights(weights_of(reset_after))
    (output, states), (expected, _) = (cell(inputs, [state]) for cell in cells)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(output, states[0])


@pytest.mark.parametrize("reset_after", [True, False])
def test_a_fresh_cell_starts_as_keras_does(module, reset_after):
    cells = [make(3, reset_after=reset_after) for make in (module.GRUCell, keras.layers.GRUCell)]
    for cell in cells:
        cell.build((None, 6))
    shapes = [[weight.shape for weight in cell.weights] for cell in cells]
    assert shapes[0] == shapes[1]
    np.testing.assert_array_equal(cells[0].get_weights()[2], cells[1].get_weights()[2])


def test_the_cell_works_inside_keras(module):
    cell = module.GRUCell(3)
    layer = keras.layers.RNN(cell, return_sequences=True)
    model = keras.Sequential([keras.Input((None, 6)), layer, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = cell.get_weights()
    model.fit(draw(8, 5, 6), draw(8, 5, 1), epochs=1, verbose=0)
    assert all((a != b).any() for a, b in zip(before, cell.get_weights(), strict=True))
    expected = keras.layers.GRU(3, return_sequences=True)
    expected.build((None, None, 6))
    expected.set_weights(cell.get_weights())
    inputs = draw(4, 5, 6)
    np.testing.assert_allclose(layer(inputs), expected(inputs), rtol=1e-4, atol=1e-5)
