"""The solution of unit 10: equal to the model of the library, and trainable as a Keras model."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest

from coursekit.models import DecoderTransformer

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex10_transformer.py"
V, CONTEXT, LAYERS, HEADS, D = 11, 6, 2, 2, 8
MASK = np.array([[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [1, 1, 1, 0, 0]], dtype=bool)


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex10_transformer", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.parametrize("positions", ["learned", "sinusoidal"])
def test_the_model_is_the_librarys(module, positions):
    rng = np.random.default_rng(0)
    model = module.DecoderTransformer(V, CONTEXT, LAYERS, HEADS, D, positions=positions)
    right = DecoderTransformer(V, CONTEXT, LAYERS, HEADS, D, positions=positions)
    for one in (model, right):
        one.build((None, None))
    ends = [weight.path.split("/", 1)[1].replace("/embeddings", "") for weight in model.weights]
    values = {
        end: rng.normal(size=weight.shape, scale=0.5).astype(np.float32)
        for end, weight in zip(ends, model.weights, strict=True)
    }
    model.set_weights([values[end] for end in ends])
    for weight in right.weights:
        weight.assign(values.pop(weight.path.split("/", 1)[1]))
    assert not values
    token_ids = rng.integers(0, V, size=(3, 5))
    np.testing.assert_allclose(model(token_ids), right(token_ids), rtol=1e-4, atol=1e-4)
    received = keras.ops.convert_to_numpy(model(token_ids, padding_mask=MASK))[MASK]
    expected = keras.ops.convert_to_numpy(right(token_ids, padding_mask=MASK))[MASK]
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)


def test_unknown_positions_are_refused(module):
    with pytest.raises(ValueError, match="positions='rotary'"):
        module.DecoderTransformer(V, CONTEXT, LAYERS, HEADS, D, positions="rotary")


def test_fit(module):
    keras.utils.set_random_seed(0)
    token_ids = np.random.default_rng(0).integers(0, V, size=(4, CONTEXT + 1))
    model = module.DecoderTransformer(V, CONTEXT, LAYERS, HEADS, 16, dropout=0.1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss=loss)
    found = model.fit(token_ids[:, :-1], token_ids[:, 1:], epochs=30, verbose=0).history["loss"]
    assert abs(found[0] - np.log(V)) < 0.3
    assert found[-1] < 0.6 * found[0]
