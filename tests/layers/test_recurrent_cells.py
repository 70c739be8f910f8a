"""LSTMCell, GRUCell in both forms and SimpleRNNCell, alone and inside keras.layers.RNN."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit import layers
from tests.layers import layer_checks as checks
from tests.layers.test_recurrent_layers import ALL, with_and_without_mask

KINDS = {
    "lstm": ("LSTMCell", {}),
    "gru": ("GRUCell", {}),
    "gru_reset_before": ("GRUCell", {"reset_after": False}),
    "simple": ("SimpleRNNCell", {}),
}


@pytest.fixture
def rng():
    return np.random.default_rng(12)


@pytest.fixture
def inputs(rng):
    return checks.draw(rng, 5, 6, 4)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def ours(kind, **arguments):
    name, form = KINDS[kind]
    return getattr(layers, name)(5, **form, **arguments)


def keras_own(kind, **arguments):
    name, form = KINDS[kind]
    return getattr(keras.layers, name)(5, **form, **arguments)


def test_config(kind):
    checks.check_config(ours(kind))
    checks.check_config(ours(kind, dropout=0.2, seed=3, use_bias=False, dtype="mixed_float16"))


@pytest.mark.parametrize("arguments", [{}, {"use_bias": False}], ids=str)
def test_one_step_equals_keras(kind, inputs, rng, arguments):
    cell = checks.with_random_weights(ours(kind, **arguments), inputs[:, 0], rng)
    states = [tf.constant(checks.draw(rng, 5, 5)) for _ in cell.get_initial_state(5)]
    checks.check_same_result(cell, keras_own(kind, **arguments), inputs[:, 0], states=states)


def test_a_bare_state_gives_a_bare_state(rng):
    for kind in ("gru", "simple"):
        cell, state = ours(kind), tf.constant(checks.draw(rng, 2, 5))
        output, new_state = cell(tf.ones((2, 4)), state)
        assert isinstance(new_state, tf.Tensor)
        checks.assert_close([output], [new_state])


@with_and_without_mask
def test_inside_keras_rnn_equals_the_layer(kind, inputs, rng, mask):
    loop = keras.layers.RNN(ours(kind), **ALL)
    checks.with_random_weights(loop, inputs, rng)
    layer = getattr(layers, KINDS[kind][0].removesuffix("Cell"))(5, **KINDS[kind][1], **ALL)
    checks.check_same_result(loop, layer, inputs, mask=mask)


def test_stacked_cells_equal_keras(kind, inputs, rng):
    stack = keras.layers.RNN([ours(kind), ours(kind, dropout=0.3, seed=1)])
    checks.with_random_weights(stack, inputs, rng)
    usual = keras.layers.RNN([keras_own(kind), keras_own(kind, dropout=0.3, seed=1)])
    checks.check_same_result(stack, usual, inputs)


def test_dropout_draws_what_keras_draws(kind, inputs, rng):
    arguments = {"dropout": 0.3, "recurrent_dropout": 0.4, "seed": 5}
    loop = keras.layers.RNN(ours(kind, **arguments), return_sequences=True)
    checks.with_random_weights(loop, inputs, rng)
    usual = keras.layers.RNN(keras_own(kind, **arguments), return_sequences=True)
    checks.check_same_result(loop, usual, inputs, training=True)


def test_saved_and_loaded_inside_keras_rnn(kind, inputs, rng, tmp_path):
    loop = checks.with_random_weights(keras.layers.RNN(ours(kind)), inputs, rng)
    checks.check_saved(loop, inputs, tmp_path / "model.keras")


def test_wrong_units(kind):
    with pytest.raises(ValueError, match=r"Received: units=-1$"):
        name, form = KINDS[kind]
        getattr(layers, name)(-1, **form)
