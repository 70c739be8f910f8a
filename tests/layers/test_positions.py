"""Positions: sinusoidal, learned, rotary."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit import layers
from coursekit.layers import LearnedPositionEmbedding, RotaryEmbedding, SinusoidalPositionEncoding
from tests.layers import layer_checks as checks

KINDS = {
    "sinusoidal": functools.partial(SinusoidalPositionEncoding, 50.0),
    "learned": functools.partial(LearnedPositionEmbedding, 9),
    "rotary": functools.partial(RotaryEmbedding, 50.0),
    "rotary_interleaved": functools.partial(RotaryEmbedding, 50.0, interleaved=True),
}
ADDED = ["sinusoidal", "learned"]
ROTARY = ["rotary", "rotary_interleaved"]


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def inputs(rng):
    return checks.draw(rng, 2, 5, 6)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def ready(kind, inputs, rng):
    return checks.with_random_weights(KINDS[kind](), inputs, rng)


@pytest.mark.parametrize("hidden_dim", [1, 2, 5, 8])
def test_sinusoidal_encoding(hidden_dim):
    expected = np.zeros((300, hidden_dim))
    for t in range(300):
        for i in range(hidden_dim):
            angle = (t + 7) / 1000 ** (2 * (i // 2) / hidden_dim)
            expected[t, i] = np.cos(angle) if i % 2 else np.sin(angle)
    received = layers.sinusoidal_encoding(300, hidden_dim, 1000, start_index=7)
    np.testing.assert_allclose(received, expected, atol=1e-4)  # float32's angles up to 300
    assert received.dtype == tf.float32


def test_sinusoidal_layer_adds_the_encoding(inputs):
    outputs = SinusoidalPositionEncoding(70)(inputs, start_index=2)
    checks.assert_close(
        [outputs - inputs], [layers.sinusoidal_encoding(5, 6, 70, 2)[None] + 0 * inputs]
    )


def test_positions_far_away_differ_in_bfloat16():
    layer = SinusoidalPositionEncoding(dtype="bfloat16")
    far = np.asarray(layer(tf.zeros((1, 512, 8), tf.bfloat16)), "float32")[0]
    near = np.asarray(layers.sinusoidal_encoding(512, 8))
    assert np.abs(far - near).max() < 5e-3


def test_learned_layer_adds_rows_of_its_table(inputs, rng):
    layer = ready("learned", inputs, rng)
    checks.check_weights(layer, {"position_embeddings": (9, 6)})
    expected = inputs + layer.position_embeddings.numpy()[3:8]
    checks.assert_close([layer(inputs, start_index=3)], [expected])
    checks.assert_close([layer(inputs, start_index=tf.constant(3))], [expected])


@pytest.mark.parametrize("interleaved", [False, True])
def test_rotary_turns_pairs_as_complex_numbers(rng, interleaved):
    inputs = checks.draw(rng, 2, 3, 5, 6)  # (B, N, T, H)
    pairs = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(3), slice(3, None))
    angle = (np.arange(5)[:, None] + 4) / 50 ** (2 * np.arange(3) / 6)
    turned = (inputs[..., pairs[0]] + 1j * inputs[..., pairs[1]]) * np.exp(1j * angle)
    outputs = np.asarray(RotaryEmbedding(50, interleaved)(inputs, start_index=4))
    np.testing.assert_allclose(outputs[..., pairs[0]], turned.real, atol=1e-5)
    np.testing.assert_allclose(outputs[..., pairs[1]], turned.imag, atol=1e-5)


@pytest.mark.parametrize("kind", ROTARY)
def test_rotary_products_depend_on_the_distance_only(kind, rng):
    layer = KINDS[kind]()
    query, key = (np.tile(checks.draw(rng, 1, 1, 8), (1, 6, 1)) for _ in range(2))
    scores = np.asarray(layer(query)[0] @ tf.transpose(layer(key)[0]))
    for distance in range(-5, 6):
        diagonal = np.diagonal(scores, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], atol=1e-5)
    assert np.ptp(scores) > 0.1
    norms = np.linalg.norm(layer(query), axis=-1)
    np.testing.assert_allclose(norms, np.linalg.norm(query, axis=-1), rtol=1e-5)


@pytest.mark.parametrize("start", [3, tf.constant(3)], ids=["number", "tensor"])
def test_from_a_later_start_as_in_the_whole(kind, rng, inputs, start):
    layer = ready(kind, inputs, rng)
    whole = layer(inputs)
    checks.assert_close([layer(inputs[:, 3:], start_index=start)], [whole[:, 3:]])


def test_config(kind):
    checks.check_config(KINDS[kind](name="mine", dtype="mixed_bfloat16"))


def test_saved_and_loaded(kind, inputs, rng, tmp_path):
    checks.check_saved(ready(kind, inputs, rng), inputs, tmp_path / "model.keras")


def test_same_everywhere(kind, inputs, rng):
    checks.check_same_everywhere(ready(kind, inputs, rng), inputs, start_index=2)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", ADDED)
def test_mixed_precision(kind, inputs, rng, policy):
    checks.check_precision(KINDS[kind], policy, inputs, rng)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("kind", ROTARY)
def test_rotary_in_mixed_precision(kind, inputs, policy):
    exact, narrow = KINDS[kind]()(inputs), KINDS[kind](dtype=policy)(inputs)
    assert narrow.dtype == policy.removeprefix("mixed_")
    assert np.abs(np.asarray(narrow, "float32") - exact).max() < 5e-2


def test_learned_positions_all_learn(inputs, rng):
    inputs = checks.draw(rng, 2, 9, 6)
    checks.check_fit_step(ready("learned", inputs, rng), inputs)


@pytest.mark.parametrize("kind", ADDED)
def test_keras_mask_passes_through(kind):
    layer = KINDS[kind]()
    embedded = keras.layers.Embedding(7, 4, mask_zero=True)(tf.constant([[1, 2, 0]]))
    np.testing.assert_array_equal(layer(embedded)._keras_mask, [[True, True, False]])


@pytest.mark.parametrize(
    ("make", "end"),
    [
        (lambda: SinusoidalPositionEncoding(0), "Received: max_wavelength=0"),
        (lambda: RotaryEmbedding(-1), "Received: max_wavelength=-1"),
        (lambda: LearnedPositionEmbedding(0), "Received: sequence_length=0"),
        (lambda: LearnedPositionEmbedding(2.5), "Received: sequence_length=2.5"),
        (lambda: RotaryEmbedding()(tf.ones((1, 2, 3))), "Received: key_dim=3"),
        (
            lambda: LearnedPositionEmbedding(4)(tf.ones((1, 3, 2)), start_index=2),
            "Received: 3 steps from position 2",
        ),
    ],
)
def test_wrong_arguments(make, end):
    assert checks.answer_to(make).endswith(end)


@pytest.mark.parametrize("steps", [1, 2])
def test_positions_beyond_the_table_are_refused_inside_a_graph(steps):
    layer = LearnedPositionEmbedding(4)
    layer.build((None, None, 2))
    run = tf.function(lambda start: layer(tf.ones((1, steps, 2)), start_index=start))
    run(tf.constant(4 - steps))
    with pytest.raises(tf.errors.InvalidArgumentError):
        run(tf.constant(5 - steps))
