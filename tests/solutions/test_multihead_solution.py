"""The solution of unit 8 against Keras' multi-head attention and against the reference layer."""

import importlib.util
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from coursekit import layers

SOLUTION = Path(__file__).parents[2] / "solutions" / "ex08_multihead.py"
B, T, D, N, H = 4, 5, 6, 3, 4
PADDED = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 0, 1, 0]], dtype=bool)


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("solution_ex08_multihead", SOLUTION)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def draw(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def weights_of(use_bias=True):
    """Query, key, value and output: a kernel each, followed by its bias."""
    rng = np.random.default_rng(3)
    weights = []
    for rows, columns in [(D, N * H)] * 3 + [(N * H, D)]:
        weights.append(rng.normal(size=(rows, columns)).astype("float32"))
        if use_bias:
            weights.append(rng.normal(size=columns).astype("float32"))
    return weights


def built(layer, weights):
    layer.build((None, None, D))
    layer.set_weights(weights)
    return layer


def keras_layer(weights, use_bias=True):
    """Keras keeps an axis for the heads in every weight; the numbers lie in the same order."""
    layer = keras.layers.MultiHeadAttention(N, H, use_bias=use_bias)
    layer.build((None, T, D), (None, T, D))
    shapes = [weight.shape for weight in layer.weights]
    layer.set_weights([w.reshape(s) for w, s in zip(weights, shapes, strict=True)])
    return layer


def close(one, other):
    one, other = ops.convert_to_numpy(one), ops.convert_to_numpy(other)
    assert one.shape == other.shape
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("padding_mask", [None, PADDED])
def test_the_layer_equals_keras_layer(module, padding_mask, causal, use_bias):
    inputs, weights = draw(B, T, D), weights_of(use_bias)
    layer = built(module.MaskedMultiHeadAttention(N, H, use_bias=use_bias), weights)
    mask = None if padding_mask is None else np.repeat(padding_mask[:, None], T, axis=1)
    expected, expected_scores = keras_layer(weights, use_bias)(
        inputs, inputs, attention_mask=mask, use_causal_mask=causal, return_attention_scores=True
    )
    outputs, scores = layer(
        inputs,
        padding_mask=padding_mask,
        use_causal_mask=causal,
        return_attention_scores=True,
    )
    close(outputs, expected)
    close(scores, expected_scores)
    close(layer(inputs, padding_mask=padding_mask, use_causal_mask=causal), expected)


@pytest.mark.parametrize("use_bias", [True, False])
def test_the_layer_equals_the_reference_layer(module, use_bias):
    inputs, weights = draw(B, T, D), weights_of(use_bias)
    mask = PADDED[:, ::-1]
    layer = built(module.MaskedMultiHeadAttention(N, H, use_bias=use_bias), weights)
    fused = layers.MaskedMultiHeadAttention(N, H, use_bias=use_bias)
    fused.build((None, None, D))
    step = 2 if use_bias else 1
    fused.kernel.assign(np.concatenate(weights[: 3 * step : step], axis=1))
    fused.output_kernel.assign(weights[3 * step])
    if use_bias:
        fused.bias.assign(np.concatenate(weights[1:6:2]))
        fused.output_bias.assign(weights[7])
    close(layer(inputs, padding_mask=mask), fused(inputs, padding_mask=mask))


def test_split_and_merge_undo_each_other(module):
    x = draw(B, T, N * H)
    heads = ops.convert_to_numpy(module.split_heads(x, N))
    assert heads.shape == (B, N, T, H)
    for head in range(N):
        np.testing.assert_array_equal(heads[:, head], x[:, :, head * H : (head + 1) * H])
    np.testing.assert_array_equal(module.merge_heads(heads), x)


def test_it_trains_inside_a_model(module):
    layer = module.MaskedMultiHeadAttention(N, H, dropout=0.1)
    model = keras.Sequential([keras.Input((None, D)), layer, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    before = layer.get_weights()
    model.fit(draw(8, T, D), draw(8, T, 1), epochs=1, verbose=0)
    changed = [(a != b).any() for a, b in zip(before, layer.get_weights(), strict=True)]
    del changed[3]  # the softmax does not notice the keys' bias, so its gradient is zero
    assert all(changed)


def test_training_drops_and_inference_does_not(module):
    layer = built(module.MaskedMultiHeadAttention(N, H, dropout=0.5), weights_of())
    inputs = draw(B, T, D)
    close(layer(inputs), layer(inputs, training=False))
    assert not np.allclose(layer(inputs, training=True), layer(inputs))
