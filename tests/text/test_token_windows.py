"""Batches gathered in the graph: the right tokens, the same for the same number, all places."""

import doctest

import numpy as np
import pytest
import tensorflow as tf

from coursekit.text import token_windows
from coursekit.text.token_windows import RandomRows, RandomWindows, gather_rows, windows_in_order


def test_examples_run():
    results = doctest.testmod(token_windows)
    assert results.attempted
    assert not results.failed


def test_windows_are_pieces_of_the_text():
    windows = RandomWindows(np.arange(100, 130), sequence_length=4, batch_size=6, seed=3)
    batch = tf.function(windows.batch, autograph=False)
    seen = np.concatenate([batch(tf.constant(i))[0].numpy() for i in range(50)])
    assert (np.diff(seen, axis=1) == 1).all()
    assert seen.min() == 100
    assert seen.max() == 129
    assert set(seen[:, 0]) == set(range(100, 126))
    again, _ = windows.batch(7)
    assert (batch(tf.constant(7))[0].numpy() == again.numpy()).all()
    other = RandomWindows(np.arange(100, 130), sequence_length=4, batch_size=6, seed=4)
    assert (other.batch(7)[0].numpy() != again.numpy()).any()
    assert (windows.batch(8)[0].numpy() != again.numpy()).any()


def test_a_text_of_one_window():
    windows = RandomWindows(np.arange(5), sequence_length=4, batch_size=2, seed=0)
    assert windows.batch(0)[0].numpy().tolist() == [[0, 1, 2, 3, 4]] * 2


def rows():
    lengths = np.arange(2, 42)
    starts = np.concatenate([[0], lengths.cumsum()[:-1]])
    ids = np.concatenate([np.full(n, n) for n in lengths])
    return ids, starts, lengths, lengths // 2


def test_rows_are_padded_and_only_answers_count():
    ids, starts, lengths, answers = rows()
    token_ids, counts = gather_rows(ids, *(part[[0, 3]] for part in (starts, lengths, answers)))
    assert token_ids.numpy().tolist() == [[2, 2, 0, 0, 0], [5, 5, 5, 5, 5]]
    assert counts.numpy().astype(int).tolist() == [[0, 1, 0, 0, 0], [0, 0, 1, 1, 1]]


def test_rows_come_from_neighbours_and_all_come():
    batches = RandomRows(rows(), batch_size=2, seed=1)
    batch = tf.function(batches.batch, autograph=False)
    seen = set()
    for i in range(150):
        token_ids, counts = (part.numpy() for part in batch(tf.constant(i)))
        drawn = token_ids[:, 0]
        assert token_ids.shape[1] == drawn.max()
        assert abs(int(drawn[0]) - int(drawn[1])) < 16
        assert (counts.sum(axis=1) == drawn - drawn // 2).all()
        seen.update(drawn.tolist())
    assert seen == set(range(2, 42))


@pytest.mark.parametrize("size", [2, 5, 6, 31, 32, 33])
def test_every_token_is_a_label_once(size):
    ids = np.arange(1, size + 1)
    labels = []
    for token_ids, counts in windows_in_order(ids, sequence_length=5, batch_size=2):
        assert token_ids.shape == counts.shape
        assert (np.diff(token_ids, axis=1)[counts[:, 1:]] == 1).all()
        labels += token_ids[:, 1:][counts[:, 1:]].tolist()
    assert labels == ids[1:].tolist()


def test_of_a_long_text_windows_at_even_distances():
    batches = list(windows_in_order(np.arange(10_000), 10, 8, most_tokens=500))
    starts = np.concatenate([ids[:, 0] for ids, _ in batches])
    assert len(starts) == 50
    assert starts[0] == 0
    assert starts[-1] == 9990
    assert np.ptp(np.diff(starts)) <= 10
