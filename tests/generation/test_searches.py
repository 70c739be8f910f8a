"""Greedy and beam search, on a small random model whose every sequence can be counted."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from coursekit.generation.beam_search import beam_search
from coursekit.generation.greedy_search import greedy_search

PAD, START, STOP = 0, 1, 2
VOCABULARY = 6


@pytest.fixture
def table():
    """Logits of the next token for each (row, token before): a first-order model for each row."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(3, VOCABULARY, VOCABULARY)).astype("float32") * 2


def chain(table, width=1):
    """A step whose state is the row's number, so that a wrong reordering shows."""
    state = {"row": tf.repeat(tf.range(len(table)), width)}

    def step(token_ids, state):
        return tf.gather_nd(table, tf.stack([state["row"], token_ids], axis=-1)), state

    return step, tf.fill([len(table)], START), state


def log_likelihood(table, row, tokens):
    total, before = 0.0, START
    for token in tokens:
        logits = table[row, before].astype("float64")
        total += logits[token] - np.log(np.exp(logits).sum())
        before = token
        if token == STOP:
            break
    return total


def written(tokens):
    """The tokens up to and with STOP."""
    tokens = list(tokens)
    return tokens[: tokens.index(STOP) + 1] if STOP in tokens else tokens


def test_greedy_takes_the_likeliest_and_pads_after_stop(table):
    step, first, state = chain(table)
    ids = greedy_search(step, first, state, 8, STOP, PAD).numpy()
    assert ids.shape == (3, 8)
    for row, tokens in enumerate(ids):
        before = START
        for position, token in enumerate(tokens):
            if STOP in tokens[:position]:
                assert token == PAD
            else:
                assert token == table[row, before].argmax()
            before = token


def test_forbidden_tokens_are_never_written(table):
    table[:, :, 4] = 50.0
    step, first, state = chain(table)
    assert (greedy_search(step, first, state, 5, STOP, PAD).numpy()[:, 0] == 4).all()
    for ids in (
        greedy_search(step, first, state, 5, STOP, PAD, forbidden_ids=(4, PAD)),
        beam_search(*chain(table, 3), 3, 5, STOP, PAD, forbidden_ids=(4, PAD))[0],
    ):
        assert not (ids.numpy() == 4).any()


def test_greedy_stops_when_all_have_stopped():
    calls = tf.Variable(0)
    table = np.full((2, VOCABULARY, VOCABULARY), -5.0, "float32")
    table[0, START, STOP] = table[1, START, 3] = table[1, 3, STOP] = 5.0

    def counting(token_ids, state):
        calls.assign_add(1)
        return step(token_ids, state)

    step, first, state = chain(table)
    ids = greedy_search(counting, first, state, 30, STOP, PAD).numpy()
    assert calls.numpy() == 2
    assert ids[:, :2].tolist() == [[STOP, PAD], [3, STOP]]
    assert (ids[:, 2:] == PAD).all()


def test_one_beam_is_greedy(table):
    greedy = greedy_search(*chain(table), 7, STOP, PAD).numpy()
    for penalty in (0.0, 1.0):
        ids, _ = beam_search(*chain(table), 1, 7, STOP, PAD, length_penalty=penalty)
        assert (ids.numpy()[:, 0] == greedy).all()


@pytest.mark.parametrize("penalty", [0.0, 0.7])
def test_likelihoods_are_those_of_the_sequences(table, penalty):
    ids, totals = beam_search(*chain(table, 4), 4, 6, STOP, PAD, length_penalty=penalty)
    for row in range(3):
        assert len({tuple(tokens) for tokens in ids.numpy()[row]}) == 4
        for tokens, total in zip(ids.numpy()[row], totals.numpy()[row], strict=True):
            kept = written(tokens)
            assert (np.array(tokens)[len(kept) :] == PAD).all()
            assert total == pytest.approx(log_likelihood(table, row, kept), abs=1e-4)


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_a_wide_beam_finds_the_best_of_all_sequences(table, penalty):
    length = 4
    ids, _ = beam_search(
        *chain(table, 300), 300, length, STOP, PAD, forbidden_ids=(PAD,), length_penalty=penalty
    )
    allowed = [token for token in range(VOCABULARY) if token != PAD]
    for row in range(3):
        every = {tuple(written(t)) for t in itertools.product(allowed, repeat=length)}
        best = max(
            every,
            key=lambda t: log_likelihood(table, row, t) / ((5 + len(t)) / 6) ** penalty,
        )
        assert tuple(written(ids.numpy()[row, 0])) == best


def test_a_length_penalty_prefers_longer_sequences():
    probabilities = np.full((1, VOCABULARY, VOCABULARY), 1e-6)
    probabilities[0, START, [STOP, 3]] = 0.55, 0.45
    probabilities[0, 3, 3], probabilities[0, 3, STOP] = 0.01, 0.98
    table = np.log(probabilities).astype("float32")
    short, _ = beam_search(*chain(table, 3), 3, 6, STOP, PAD)
    long, _ = beam_search(*chain(table, 3), 3, 6, STOP, PAD, length_penalty=2.0)
    assert written(short.numpy()[0, 0]) == [STOP]
    assert written(long.numpy()[0, 0]) == [3, STOP]


def test_finished_beams_are_frozen_and_end_the_search():
    """After the first step all beams are finished: the model is not asked again."""
    calls = tf.Variable(0)
    table = np.full((1, VOCABULARY, VOCABULARY), 0.0, "float32")
    table[0, 3:, STOP] = 60.0
    table[0, START, :3] = -60.0

    def counting(token_ids, state):
        calls.assign_add(1)
        return step(token_ids, state)

    step, first, state = chain(table, 3)
    ids, totals = beam_search(counting, first, state, 3, 20, STOP, PAD)
    assert calls.numpy() == 2
    assert sorted(ids.numpy()[0, :, 0]) == [3, 4, 5]
    assert (ids.numpy()[0, :, 1] == STOP).all()
    assert (ids.numpy()[0, :, 2:] == PAD).all()
    assert totals.numpy()[0] == pytest.approx(np.full(3, np.log(1 / 3)), abs=1e-4)


def test_searches_compile_once_for_all_shapes(table):
    traces = []

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32)],
        autograph=False,
    )
    def search(rows, max_length):
        traces.append(1)

        def step(token_ids, state):
            return tf.gather_nd(table, tf.stack([state, token_ids], axis=-1)), state

        first = tf.fill(tf.shape(rows), START)
        greedy = greedy_search(step, first, rows, max_length, STOP, PAD)
        beams, _ = beam_search(step, first, tf.repeat(rows, 2), 2, max_length, STOP, PAD)
        return greedy, beams

    for rows, length in (([0], 3), ([0, 1, 2], 5), ([2, 1], 9)):
        greedy, beams = search(tf.constant(rows), tf.constant(length))
        assert greedy.shape == (len(rows), length)
        assert beams.shape == (len(rows), 2, length)
    assert len(traces) == 1
