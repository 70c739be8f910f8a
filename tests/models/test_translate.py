"""Writing translations: greedy and beam search through the whole translator."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from coursekit.models.translator import NEVER_WRITTEN
from coursekit.text.special_tokens import PAD, START, STOP
from tests.models.test_translator import KINDS, SOURCE
from tests.models.test_translator import make as make_any


@functools.cache
def make(cell, attention):
    """A translator whose rows stop at different steps."""
    translator = make_any.__wrapped__(cell, attention)
    bias = translator.decoder.output_bias
    bias.assign(bias + 3.0 * np.eye(bias.shape[0])[STOP])
    return translator


def logits_of(translator, ids):
    """Of each step of what was written, by teacher forcing."""
    inputs = np.concatenate([np.full_like(ids[:, :1], START), ids[:, :-1]], axis=1)
    return translator(SOURCE, inputs).numpy()  # (B, T, V)


def log_likelihoods(translator, ids):
    """Of the tokens of each row up to STOP."""
    log_probabilities = tf.nn.log_softmax(logits_of(translator, ids)).numpy()
    chosen = np.take_along_axis(log_probabilities, ids[:, :, None], axis=-1)[:, :, 0]
    counts = (ids == STOP).cumsum(axis=1) - (ids == STOP) == 0
    return (chosen * counts).sum(axis=1)


@pytest.mark.parametrize(("cell", "attention"), KINDS)
def test_greedy_is_the_likeliest_token_of_each_step(cell, attention):
    translator = make(cell, attention)
    ids = translator.translate(SOURCE, max_length=9)
    assert ids.shape == (3, 9)
    logits = logits_of(translator, ids)
    logits[:, :, list(NEVER_WRITTEN)] = -np.inf
    stopped = (ids == STOP).cumsum(axis=1) - (ids == STOP) > 0
    assert (ids == np.where(stopped, PAD, logits.argmax(axis=-1))).all()


def test_one_beam_is_greedy_and_its_score_the_likelihood():
    translator = make("gru", True)
    greedy = translator.translate(SOURCE, max_length=8)
    ids, scores = translator.translate(SOURCE, max_length=8, return_scores=True)
    assert (ids == greedy).all()
    np.testing.assert_allclose(scores, log_likelihoods(translator, ids), atol=1e-4)


@pytest.mark.parametrize(("cell", "attention"), [("lstm", True), ("gru", False)])
def test_scores_of_a_beam_are_likelihoods_and_no_worse_than_greedy(cell, attention):
    translator = make(cell, attention)
    greedy = log_likelihoods(translator, translator.translate(SOURCE, max_length=8))
    ids, scores = translator.translate(
        SOURCE, max_length=8, beam_width=6, length_penalty=0.0, return_scores=True
    )
    np.testing.assert_allclose(scores, log_likelihoods(translator, ids), atol=1e-4)
    assert (scores >= greedy - 1e-4).all()


def test_a_sentence_is_translated_alike_in_any_company():
    translator = make("gru", True)
    together = translator.translate(SOURCE, max_length=8, beam_width=3)
    for row, expected in zip(SOURCE, together, strict=True):
        assert (
            translator.translate(
                row[None, : 1 + np.flatnonzero(row).max()], max_length=8, beam_width=3
            )[0]
            == expected
        ).all()


@pytest.mark.parametrize("beam_width", [1, 3])
def test_compiled_once_for_all_batches(beam_width):
    translator = make_any.__wrapped__()
    traces = []
    encode = translator.encode
    translator.encode = lambda *args, **kwargs: traces.append(1) or encode(*args, **kwargs)
    for rows, width, length in ((1, 2, 5), (3, 4, 5), (2, 3, 9)):
        ids = translator.translate(SOURCE[:rows, :width], max_length=length, beam_width=beam_width)
        assert ids.shape == (rows, length)
    assert len(traces) == 1


def test_never_writes_what_is_no_word():
    translator = make_any.__wrapped__()
    bias = translator.decoder.output_bias
    bias.assign(bias + 50.0 * np.eye(bias.shape[0])[list(NEVER_WRITTEN)].sum(axis=0))
    ids = translator.translate(SOURCE, max_length=4)
    before_stop = (ids == STOP).cumsum(axis=1) == 0
    assert not np.isin(ids[before_stop], NEVER_WRITTEN).any()


def test_wrong_widths_are_named():
    with pytest.raises(ValueError, match="beam_width=0"):
        make("gru", True).translate(SOURCE, beam_width=0)
