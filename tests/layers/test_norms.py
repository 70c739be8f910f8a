"""Norms, and gradients that are written out: equal to Keras' and to derived ones."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.layers.layer_norm import LayerNorm
from coursekit.layers.rms_norm import RMSNorm
from coursekit.layers.written_gradients import affine, gelu
from tests.layers import layer_checks as checks

KINDS = {
    "layer": (LayerNorm, keras.layers.LayerNormalization),
    "rms": (RMSNorm, keras.layers.RMSNormalization),
}


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.fixture
def inputs(rng):
    return checks.draw(rng, 3, 4, 6)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.mark.parametrize("scale", [1e-3, 1.0, 100.0])
@pytest.mark.parametrize("shape", [(5, 6), (2, 3, 6), (2, 3, 2, 6)])
def test_equals_keras(kind, rng, shape, scale):
    ours, usual = KINDS[kind]
    inputs = checks.draw(rng, *shape, scale=scale)
    layer = checks.with_random_weights(ours(1e-4), inputs, rng)
    other = usual(epsilon=1e-4)
    other.build(shape)
    assert [w.name for w in other.weights] == [w.name for w in layer.weights]
    other.set_weights(layer.get_weights())
    x = tf.constant(inputs)
    received, expected = checks.evaluate(layer, x), checks.evaluate(other, x)
    checks.assert_close(received, expected, rtol=1e-4, atol=1e-4 / min(scale, 1))


def test_as_a_layer(kind, inputs, rng, tmp_path):
    make = KINDS[kind][0]
    layer = checks.with_random_weights(make(), inputs, rng)
    checks.check_config(make(0.1, name="mine"))
    checks.check_saved(layer, inputs, tmp_path / "model.keras")
    checks.check_same_everywhere(layer, inputs)
    checks.check_fit_step(layer, inputs)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(kind, inputs, rng, policy):
    checks.check_precision(functools.partial(KINDS[kind][0], 1e-3), policy, inputs, rng)


def test_keras_mask_passes_through(kind):
    embedded = keras.layers.Embedding(7, 4, mask_zero=True)(tf.constant([[1, 2, 0]]))
    mask = KINDS[kind][0]()(embedded)._keras_mask
    np.testing.assert_array_equal(mask, [[True, True, False]])


def test_gelu_near_and_far(rng):
    x = tf.constant([-1e4, -30.0, -6.0, -1.0, -1e-3, 0.0, 1e-3, 1.0, 6.0, 30.0, 1e4])
    both = []
    for function in (gelu, lambda x: tf.nn.gelu(x, approximate=False)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        both.append([y, tape.gradient(y, x)])
    checks.assert_close(*both, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("use_bias", [True, False])
def test_affine_can_be_differentiated_twice(rng, use_bias):
    inputs, kernel = (tf.constant(checks.draw(rng, *shape)) for shape in ((4, 3), (3, 5)))
    bias = tf.constant(checks.draw(rng, 5)) if use_bias else None
    parts = [inputs, kernel, *([bias] if use_bias else [])]

    def plain(inputs, kernel, bias=None):
        return inputs @ kernel + (0.0 if bias is None else bias)

    both = []
    for function in (affine, plain):
        with tf.GradientTape() as outer:
            outer.watch(parts)
            with tf.GradientTape() as inner:
                inner.watch(parts)
                loss = tf.reduce_sum(tf.sin(gelu(function(*parts))))
            first = inner.gradient(loss, parts)
            again = tf.add_n([tf.reduce_sum(tf.square(g)) for g in first])
        both.append([loss, *first, *outer.gradient(again, parts)])
    checks.assert_close(*both, rtol=1e-4, atol=1e-4)


def test_gradients_of_a_bias_in_halves_do_not_stop_growing():
    """4,096 rows of ones: a running sum in float16 stays at 2,048."""
    inputs, kernel = tf.ones((4096, 1), tf.float16), tf.ones((1, 2), tf.float16)
    bias = tf.zeros(2, tf.float16)
    with tf.GradientTape() as tape:
        tape.watch(bias)
        outputs = affine(inputs, kernel, bias)
    np.testing.assert_array_equal(tape.gradient(outputs, bias), [4096, 4096])
