"""LSTM, GRU in both forms and SimpleRNN: everything a layer must do, and equality with Keras."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit import layers
from tests.layers import layer_checks as checks

KINDS = {
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {}),
    "gru_reset_before": ("GRU", {"reset_after": False}),
    "simple": ("SimpleRNN", {}),
}
WEIGHTS = {
    "lstm": {"kernel": (4, 20), "recurrent_kernel": (5, 20), "bias": (20,)},
    "gru": {"kernel": (4, 15), "recurrent_kernel": (5, 15), "bias": (2, 15)},
    "gru_reset_before": {"kernel": (4, 15), "recurrent_kernel": (5, 15), "bias": (15,)},
    "simple": {"kernel": (4, 5), "recurrent_kernel": (5, 5), "bias": (5,)},
}
# Padding on the right, on the left, in the middle, none, everywhere.
MASK = np.array(
    [[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 1, 0, 0, 1], [1] * 6, [0] * 6], dtype=bool
)
ALL = {"return_sequences": True, "return_state": True}


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.fixture
def inputs(rng):
    return checks.draw(rng, 5, 6, 4)


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def quick_for(*kinds):
    """For what takes seconds: the quick set does it for these kinds, the slow set for all."""
    rest = [pytest.param(kind, marks=pytest.mark.slow) for kind in KINDS if kind not in kinds]
    return pytest.mark.parametrize("kind", [*kinds, *rest])


with_and_without_mask = pytest.mark.parametrize(
    "mask", [pytest.param(None, marks=pytest.mark.slow), MASK], ids=["all", "mask"]
)


def ours(kind, **arguments):
    name, form = KINDS[kind]
    return getattr(layers, name)(5, **form, **arguments)


def keras_own(kind, **arguments):
    name, form = KINDS[kind]
    return getattr(keras.layers, name)(5, **form, **arguments)


def test_weights_are_those_of_keras(kind, inputs):
    layer, usual = ours(kind), keras_own(kind)
    layer.build(inputs.shape)
    usual.build(inputs.shape)
    checks.check_weights(layer, WEIGHTS[kind])
    assert [weight.path.split("/")[1:] for weight in layer.weights] == [
        weight.path.split("/")[1:] for weight in usual.weights
    ]


def test_initial_weights_are_those_of_keras(kind, inputs):
    both = []
    for make in (ours, keras_own):
        keras.utils.set_random_seed(3)
        layer = make(kind)
        layer.build(inputs.shape)
        both.append(layer.get_weights())
    checks.assert_close(*both)


def test_config(kind):
    checks.check_config(ours(kind))
    layer = ours(
        kind,
        **ALL,
        go_backwards=True,
        dropout=0.1,
        recurrent_dropout=0.2,
        seed=4,
        use_bias=False,
        activation="relu",
        kernel_initializer=keras.initializers.HeNormal(seed=2),
        recurrent_regularizer="l2",
        activity_regularizer=keras.regularizers.L1(0.5),
        bias_constraint="max_norm",
        use_cudnn=False,
        name="mine",
        dtype="mixed_bfloat16",
        trainable=False,
    )
    checks.check_config(layer)
    config = layer.get_config()
    assert config["dropout"] == 0.1
    assert config["activity_regularizer"]["config"] == {"l1": 0.5}
    assert type(layer).from_config(config).compute_dtype == "bfloat16"


def test_saved_and_loaded(kind, inputs, rng, tmp_path):
    layer = checks.with_random_weights(ours(kind, **ALL, go_backwards=True), inputs, rng)
    checks.check_saved(layer, inputs, tmp_path / "model.keras")


def test_a_weights_file_moves_between_keras_and_ours(kind, inputs, rng, tmp_path):
    model = keras.Sequential([checks.with_random_weights(keras_own(kind), inputs, rng)])
    expected = model(inputs)
    model.save_weights(tmp_path / "model.weights.h5")
    twin = keras.Sequential([ours(kind)])
    twin.build(inputs.shape)
    twin.load_weights(tmp_path / "model.weights.h5")
    checks.assert_close([twin(inputs)], [expected])


@quick_for("lstm")
@with_and_without_mask
def test_same_everywhere(kind, inputs, rng, mask):
    layer = checks.with_random_weights(ours(kind, **ALL), inputs, rng)
    if mask is not None:  # made from the inputs, as a constant would fix their size
        inputs = np.where(mask[..., None], inputs, 0).astype("float32")
        layer = keras.Sequential([keras.layers.Masking(), layer])
    checks.check_same_everywhere(layer, inputs)


@quick_for("lstm")
def test_one_fit_step(kind, inputs, rng):
    layer = checks.with_random_weights(ours(kind, **ALL), inputs, rng)
    checks.check_fit_step(layer, inputs)


@quick_for("lstm", "gru")
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(kind, inputs, rng, policy):
    make = functools.partial(ours, kind, **ALL)
    checks.check_precision(make, policy, inputs, rng, mask=MASK)


def test_masked_steps_do_not_matter(kind, inputs, rng):
    layer = checks.with_random_weights(ours(kind, **ALL), inputs, rng)
    checks.check_masked_steps_do_not_matter(layer, inputs, MASK, rng)
    outputs, *states = layer(inputs, mask=MASK)
    assert not np.any(outputs[4])  # the fully masked row
    assert not any(np.any(state[4]) for state in states)
    np.testing.assert_array_equal(outputs[0, 4:], [outputs[0, 3]] * 2)  # the output repeats
    assert not np.any(outputs[1, :2])  # and is zero before the first step


def test_passes_the_mask_on(kind, inputs):
    assert ours(kind).supports_masking
    whole, last = ours(kind, return_sequences=True), ours(kind)
    np.testing.assert_array_equal(whole.compute_mask(inputs, MASK), MASK)
    assert last.compute_mask(inputs, MASK) is None


def test_causal(kind, inputs, rng):
    layer = checks.with_random_weights(ours(kind, return_sequences=True), inputs, rng)
    checks.check_causal(layer, inputs, rng)


def test_step_by_step_equals_whole(kind, inputs, rng):
    layer = checks.with_random_weights(ours(kind, **ALL), inputs, rng)
    outputs, *last_states = layer(inputs)
    states = layer.cell.get_initial_state(batch_size=5)
    for step in range(6):
        output, states = layer.cell(inputs[:, step], states)
        checks.assert_close([output], [outputs[:, step]])
    checks.assert_close(states, last_states)


def test_halves_joined_by_the_state_equal_the_whole(kind, inputs, rng):
    layer = checks.with_random_weights(ours(kind, **ALL), inputs, rng)
    outputs, *last_states = layer(inputs)
    first, *states = layer(inputs[:, :2])
    second, *states = layer(inputs[:, 2:], initial_state=states)
    checks.assert_close([np.concatenate([first, second], axis=1)], [outputs])
    checks.assert_close(states, last_states)


@pytest.mark.parametrize(
    ("arguments", "mask"),
    [
        ({"return_sequences": True}, None),
        ({"return_sequences": True}, MASK),
        ({"return_sequences": False}, MASK),
        ({"return_sequences": True, "go_backwards": True}, MASK),
        pytest.param({"return_sequences": False}, None, marks=pytest.mark.slow),
        pytest.param({"go_backwards": True}, None, marks=pytest.mark.slow),
        pytest.param({"go_backwards": True}, MASK, marks=pytest.mark.slow),
    ],
    ids=[
        "all",
        "mask",
        "last-mask",
        "backwards-mask",
        "last",
        "backwards-last",
        "backwards-last-mask",
    ],
)
def test_equals_keras(kind, inputs, rng, arguments, mask):
    layer = checks.with_random_weights(ours(kind, **arguments, return_state=True), inputs, rng)
    usual = keras_own(kind, **arguments, return_state=True)
    states = [tf.constant(checks.draw(rng, 5, 5)) for _ in layer.state_size]
    checks.check_same_result(layer, usual, inputs, mask=mask, initial_state=states)


@pytest.mark.parametrize(
    "arguments",
    [
        {"use_bias": False, "activation": "relu"},
        {"zero_output_for_mask": True, "activation": None},
        {"unroll": True, "stateful": True},
    ],
    ids=str,
)
def test_equals_keras_with_other_arguments(kind, inputs, rng, arguments):
    layer = checks.with_random_weights(ours(kind, **ALL, **arguments), inputs, rng, scale=0.3)
    usual = keras_own(kind, **ALL, **arguments)
    checks.check_same_result(layer, usual, inputs, mask=MASK)


@pytest.mark.parametrize("rates", [(0.4, 0.0), (0.3, 0.4)], ids=str)
def test_dropout_draws_what_keras_draws(kind, inputs, rng, rates):
    arguments = {"dropout": rates[0], "recurrent_dropout": rates[1], "seed": 7}
    layer = checks.with_random_weights(ours(kind, **ALL, **arguments), inputs, rng)
    usual = keras_own(kind, **ALL, **arguments)
    checks.check_same_result(layer, usual, inputs, training=True, mask=MASK)
    checks.assert_close(layer(inputs, training=False), ours_without_dropout(kind, layer)(inputs))


def ours_without_dropout(kind, layer):
    twin = ours(kind, **ALL)
    twin.build((None, None, 4))
    twin.set_weights(layer.get_weights())
    return twin


def test_dropout_keeps_the_mean_and_changes_from_call_to_call(kind, rng):
    inputs = np.ones((1, 1, 64), "float32")
    layer = checks.with_random_weights(ours(kind, dropout=0.5, seed=1), inputs, rng)
    shares = [
        np.asarray(layer.input_gates(tf.ones((1, 200, 64)), training)[0])[0]
        for training in (True, False)
    ]
    layer.cell.reset_dropout_mask()
    kernel_norm = np.sqrt(np.square(layer.cell.kernel.numpy()).sum(axis=0)).max()
    error = np.abs(shares[0].mean(axis=0) - shares[1].mean(axis=0)).max()
    assert error < 5 * kernel_norm / np.sqrt(200)
    first, second = (np.asarray(layer(inputs, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 0


@quick_for("lstm", "gru")
@pytest.mark.parametrize("return_sequences", [False, True])
@with_and_without_mask
def test_bidirectional(kind, inputs, rng, return_sequences, mask):
    arguments = {"return_sequences": return_sequences, "return_state": True}
    layer = keras.layers.Bidirectional(ours(kind, **arguments))
    checks.with_random_weights(layer, inputs, rng)
    assert isinstance(layer.backward_layer, getattr(layers, KINDS[kind][0]))
    usual = keras.layers.Bidirectional(keras_own(kind, **arguments))
    checks.check_same_result(layer, usual, inputs, mask=mask)


@quick_for("gru")
def test_stacked_model_saved_with_its_mask(kind, rng, tmp_path):
    model = keras.Sequential(
        [
            keras.layers.Embedding(9, 4, mask_zero=True),
            keras.layers.Bidirectional(ours(kind, return_sequences=True)),
            ours(kind, return_sequences=True),
            ours(kind),
        ]
    )
    token_ids = np.array([[3, 1, 4, 0, 0], [5, 2, 0, 0, 0]])
    expected = model(token_ids)
    np.testing.assert_allclose(model(token_ids[:, :3]), expected, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    checks.assert_close([again(token_ids)], [expected])


def test_stateful_goes_on_where_it_stopped(kind, inputs, rng):
    layer = checks.with_random_weights(ours(kind, **ALL, stateful=True), inputs, rng)
    whole = ours_without_dropout(kind, layer)(inputs)[0]
    parts = [layer(inputs[:, :2])[0], layer(inputs[:, 2:])[0]]
    checks.assert_close([np.concatenate(parts, axis=1)], [whole])
    layer.reset_state()
    checks.assert_close([layer(inputs[:, :2])[0]], [parts[0]])


@quick_for("gru_reset_before")
def test_learns_by_heart(kind, rng):
    inputs = checks.draw(rng, 8, 5, 3)
    targets = checks.draw(rng, 8, 2)
    name, form = KINDS[kind]
    checks.check_overfits(getattr(layers, name)(16, **form), inputs, targets)


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        ({"units": 0}, "Received: units=0"),
        ({"units": 2.5}, "Received: units=2.5"),
        ({"units": 3, "dropout": 1.5}, "Received: dropout=1.5"),
        ({"units": 3, "recurrent_dropout": -1}, "Received: recurrent_dropout=-1"),
        ({"units": 3, "use_cudnn": "yes"}, "Received: use_cudnn=yes"),
    ],
    ids=str,
)
def test_wrong_arguments(kind, arguments, end):
    name, form = KINDS[kind]
    with pytest.raises(ValueError) as error:
        getattr(layers, name)(**arguments, **form)
    assert str(error.value).endswith(end)
