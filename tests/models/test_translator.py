"""The translator: what the decoder reads, what padding may do, what it writes."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.models import Translator
from coursekit.models.recurrence_cell import RecurrenceCell
from coursekit.objectives import token_cross_entropy

V_SOURCE, V = 19, 23
SOURCE = np.array([[5, 6, 7, 8], [9, 10, 4, 0], [11, 0, 0, 0]], "int32")
INPUTS = np.array([[1, 7, 8, 9, 5], [1, 9, 4, 2, 0], [1, 4, 4, 5, 6]], "int32")

KINDS = [("gru", False), ("gru", True), ("lstm", True), ("rnn", False)]


@functools.cache
def make(cell="gru", attention=False, seed=0, **kwargs):
    """A built translator with random weights and biases, shared by tests that leave it alone."""
    keras.utils.set_random_seed(seed)
    settings = {"embedding_dim": 8, "units": 12, **kwargs}
    translator = Translator(V_SOURCE, V, cell=cell, attention=attention, **settings)
    translator.build()
    rng = np.random.default_rng(seed)
    for weight in translator.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * 0.5)
    return translator


@pytest.mark.parametrize(("cell", "attention"), KINDS)
def test_padding_of_the_source_changes_nothing(cell, attention):
    translator = make(cell, attention)
    logits = translator(SOURCE, INPUTS).numpy()
    assert logits.shape == (*INPUTS.shape, V)
    assert logits.dtype == np.float32
    wider = np.pad(SOURCE, [(0, 0), (0, 3)])
    np.testing.assert_allclose(translator(wider, INPUTS), logits, atol=1e-5)
    alone = translator(SOURCE[2:, :1], INPUTS[2:])
    np.testing.assert_allclose(alone[0], logits[2], atol=1e-5)
    mask = SOURCE != 0
    junk = np.where(mask, SOURCE, 17)
    np.testing.assert_allclose(translator(junk, INPUTS, padding_mask=mask), logits, atol=1e-5)
    assert np.abs(translator(junk, INPUTS).numpy() - logits).max() > 1e-3


@pytest.mark.parametrize("attention", [False, True])
def test_the_decoder_is_causal(attention):
    translator = make("gru", attention)
    logits = translator(SOURCE, INPUTS).numpy()
    changed = INPUTS.copy()
    changed[:, 3:] = 15
    received = translator(SOURCE, changed).numpy()
    np.testing.assert_allclose(received[:, :3], logits[:, :3], atol=1e-6)
    assert np.abs(received[:, 3] - logits[:, 3]).max() > 1e-3


def test_attention_reaches_what_a_fixed_context_has_forgotten():
    """The gradient of the logits with respect to the memory is there with attention only."""
    for attention in (False, True):
        translator = make("gru", attention)
        memory, states, mask = translator.encode(tf.constant(SOURCE))
        assert memory.shape == ((3, 4, 12) if attention else (3, 1, 12))
        with tf.GradientTape() as tape:
            tape.watch(memory)
            logits = translator.decoder(INPUTS, memory, states, memory_mask=mask)
        gradient = tape.gradient(logits, memory).numpy()
        touched = np.abs(gradient).sum(axis=-1) > 0
        assert (touched == (SOURCE != 0)).all() if attention else touched.all()


@pytest.mark.parametrize(("cell", "attention"), KINDS)
def test_forced_step_by_step_is_the_single_pass(cell, attention):
    translator = make(cell, attention)
    at_once = translator(SOURCE, INPUTS)
    always = translator(SOURCE, INPUTS, teacher_forcing=tf.constant(1.0))
    np.testing.assert_allclose(always, at_once, atol=1e-5)
    assert (translator(SOURCE, INPUTS, teacher_forcing=1.0).numpy() == at_once.numpy()).all()


@pytest.mark.parametrize("attention", [False, True])
def test_without_teacher_forcing_it_reads_its_own_tokens(attention):
    translator = make("gru", attention)
    free = translator(SOURCE, INPUTS, teacher_forcing=False).numpy()
    read = np.concatenate([INPUTS[:, :1], free.argmax(axis=-1)[:, :-1]], axis=1)
    np.testing.assert_allclose(translator(SOURCE, read), free, atol=1e-5)
    other = np.concatenate([INPUTS[:, :1], 0 * INPUTS[:, 1:] + 3], axis=1)
    np.testing.assert_allclose(translator(SOURCE, other, teacher_forcing=0.0), free, atol=1e-6)


def test_scheduled_sampling_draws_for_each_row_and_step():
    translator = make.__wrapped__()
    rows, steps = 30, 4
    source = np.repeat(SOURCE[:1], rows, axis=0)
    never_chosen = 4
    bias = translator.decoder.output_bias
    bias.assign(bias - 50.0 * np.eye(V)[never_chosen])  # the true token and the own one differ
    inputs = np.full((rows, steps), never_chosen, "int32")
    inputs[:, 0] = 1
    forced = np.stack(
        [
            _which_were_forced(
                translator, source, inputs, translator(source, inputs, teacher_forcing=0.5).numpy()
            )
            for _ in range(2)
        ]
    )  # (2, rows, steps - 1)
    assert 0.35 < forced.mean() < 0.65
    assert len({tuple(row) for row in forced[0]}) > 5  # rows draw for themselves
    assert len({tuple(column) for column in forced[0].T}) == steps - 1  # so do steps
    assert (forced[0] != forced[1]).any()  # and calls


def _which_were_forced(translator, source, inputs, logits):
    """Finds, for each row and step, whether the true token or the own one was read."""
    read, forced = inputs[:, :1], []
    for step in range(1, inputs.shape[1]):
        options = inputs[:, step], logits[:, step - 1].argmax(axis=-1).astype("int32")
        errors = []
        for option in options:
            tried = translator(source, np.concatenate([read, option[:, None]], axis=1))
            errors.append(np.abs(tried.numpy()[:, -1] - logits[:, step]).max(axis=-1))
        assert (np.minimum(*errors) < 1e-4).all()
        assert (np.maximum(*errors) > 1e-4).all()
        is_true = errors[0] < errors[1]
        forced.append(is_true)
        read = np.concatenate([read, np.where(is_true, *options)[:, None]], axis=1)
    return np.stack(forced, axis=1)


@pytest.mark.parametrize(("attention", "teacher_forcing"), [(True, True), (False, 0.5)])
def test_gradients_reach_every_weight(attention, teacher_forcing):
    translator = make(attention=attention, num_layers=2, dropout=0.2)

    with tf.GradientTape() as tape:
        logits = translator(SOURCE, INPUTS, teacher_forcing=teacher_forcing, training=True)
        loss, _ = token_cross_entropy(logits, INPUTS, np.ones(INPUTS.shape, "float32"))
    gradients = tape.gradient(loss, translator.trainable_variables)
    for variable, gradient in zip(translator.trainable_variables, gradients, strict=True):
        assert gradient is not None, variable.path
        dense = tf.convert_to_tensor(gradient).numpy()
        assert np.isfinite(dense).all(), variable.path
        assert np.abs(dense).max() > 0, variable.path


def test_dropout_acts_in_training_only():
    translator = make(dropout=0.5)
    still = translator(SOURCE, INPUTS).numpy()
    assert (translator(SOURCE, INPUTS, training=False).numpy() == still).all()
    dropped = [translator(SOURCE, INPUTS, training=True).numpy() for _ in range(2)]
    assert np.abs(dropped[0] - still).max() > 1e-3
    assert np.abs(dropped[0] - dropped[1]).max() > 1e-3


def test_logits_of_candidates_are_columns_of_all_logits():
    translator = make("gru", True)
    ids = tf.constant([3, 20, 7])
    received = translator(SOURCE, INPUTS, candidate_ids=ids)
    expected = translator(SOURCE, INPUTS).numpy()[:, :, ids.numpy()]
    np.testing.assert_allclose(received, expected, atol=1e-5)
    free = translator(SOURCE, INPUTS, teacher_forcing=False, candidate_ids=ids)
    assert free.shape == (*INPUTS.shape, 3)


def test_first_loss_is_that_of_guessing():
    keras.utils.set_random_seed(0)
    translator = Translator(V_SOURCE, 500, embedding_dim=64, units=64)
    logits = translator(SOURCE, INPUTS)
    loss, count = token_cross_entropy(logits, INPUTS, np.ones(INPUTS.shape, "float32"))
    assert float(loss / count) == pytest.approx(np.log(500), abs=0.5)


@pytest.mark.parametrize(
    ("attention", "policy"), [(False, "mixed_float16"), (True, "mixed_bfloat16")]
)
def test_mixed_precision(attention, policy):
    translator = make(attention=attention, dtype=policy)
    logits = translator(SOURCE, INPUTS)
    assert logits.dtype == tf.float32
    assert np.isfinite(logits.numpy()).all()
    exact = make("gru", attention)(SOURCE, INPUTS)
    np.testing.assert_allclose(logits, exact, atol=0.3)
    assert translator.translate(SOURCE, max_length=3).shape == (3, 3)


@pytest.mark.parametrize(
    ("cell", "attention", "bidirectional"),
    [("lstm", True, True), ("gru", False, False), ("rnn", False, True)],
)
def test_saved_and_loaded(tmp_path, cell, attention, bidirectional):
    translator = make(cell, attention, bidirectional=bidirectional, dropout=0.1)
    translator.save(tmp_path / "translator.keras")
    again = keras.saving.load_model(tmp_path / "translator.keras")
    assert again.get_config() == translator.get_config()
    assert (again(SOURCE, INPUTS).numpy() == translator(SOURCE, INPUTS).numpy()).all()


@pytest.mark.parametrize(
    ("cell", "make_cell"),
    [
        ("gru", keras.layers.GRUCell),
        ("lstm", keras.layers.LSTMCell),
        (
            "rnn",
            lambda units: RecurrenceCell(
                units,
                lambda x, s, kernel, recurrent, bias: tf.tanh(x @ kernel + s @ recurrent + bias),
            ),
        ),
    ],
)
def test_another_cell_can_stand_in(cell, make_cell):
    reference = make(cell, attention=True)
    other = make.__wrapped__(make_cell, attention=True, seed=1)
    other.set_weights(reference.get_weights())
    np.testing.assert_allclose(other(SOURCE, INPUTS), reference(SOURCE, INPUTS), atol=1e-5)
    states = [reference.encode(tf.constant(SOURCE))[1] for _ in range(2)]
    received, _ = other.decoder.step(tf.constant([1, 2, 3]), states[0], *memory_of(other))
    expected, _ = reference.decoder.step(tf.constant([1, 2, 3]), states[1], *memory_of(reference))
    np.testing.assert_allclose(received, expected, atol=1e-5)


def memory_of(translator):
    memory, _, mask = translator.encode(tf.constant(SOURCE))
    return memory, mask


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"cell": "elman"}, "elman"),
        ({"units": 7}, "7"),
    ],
)
def test_wrong_arguments_are_named(arguments, word):
    with pytest.raises(ValueError, match=f"Received: .*{word}"):
        Translator(V_SOURCE, V, **{"embedding_dim": 8, "units": 12, **arguments})
