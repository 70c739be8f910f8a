"""Batches of a corpus of ids, gathered inside the graph: Python has no part in a step.

Legend: B batch, T context, N tokens of the corpus, R rows.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from coursekit.text.special_tokens import PAD

_POOL = 8  # batches of neighbours in length from which one batch is drawn


class RandomWindows:
    """Windows of T + 1 tokens at random places of a text.

    Args:
        ids: int32 (N,), more than T.
        sequence_length: int, T.
        batch_size: int, B.
        seed: int.

    Example:

    >>> windows = RandomWindows(np.arange(50), sequence_length=3, batch_size=2, seed=0)
    >>> token_ids, counts = windows.batch(7)
    >>> token_ids.shape, counts
    (TensorShape([2, 4]), None)
    """

    def __init__(self, ids: np.ndarray, sequence_length: int, batch_size: int, seed: int):
        import tensorflow as tf

        self.ids = tf.constant(ids, tf.int32)
        self.columns = tf.range(sequence_length + 1)
        self.batch_size, self.seed = batch_size, seed % 2**31

    def batch(self, number) -> tuple[Any, None]:
        """Returns the batch of a number: `(token_ids (B, T + 1), None)`, all tokens count."""
        import tensorflow as tf

        last = tf.size(self.ids) - tf.size(self.columns)
        starts = tf.random.stateless_uniform(
            [self.batch_size], [self.seed, number], 0, last + 1, tf.int32
        )
        return tf.gather(self.ids, starts[:, None] + self.columns), None


class RandomRows:
    """Rows of different length, drawn among neighbours in length, so that little is padding.

    Args:
        rows: `ids` (N,), and for each row `starts`, `lengths` and `answers` (R,), shortest first.
        batch_size: int, B.
        seed: int.
    """

    def __init__(self, rows, batch_size: int, seed: int):
        import tensorflow as tf

        self.ids, self.starts, self.lengths, self.answers = (
            tf.constant(part, tf.int32) for part in rows
        )
        self.batch_size, self.seed = batch_size, seed % 2**31

    def batch(self, number) -> tuple[Any, Any]:
        """Returns the batch of a number: `(token_ids (B, W), counts (B, W))`.

        W is the longest row of the batch; `counts` is True where a token counts as a label.
        """
        import tensorflow as tf

        total = tf.size(self.starts)
        pool = tf.minimum(_POOL * self.batch_size, total)
        first_seed, rows_seed = tf.unstack(tf.random.split([self.seed, number]))
        # Half a pool may lie beyond either end, so that the ends are not drawn less often.
        first = tf.random.stateless_uniform(
            [], first_seed, -(pool // 2), total - pool // 2, tf.int32
        )
        chosen = tf.random.stateless_uniform([self.batch_size], rows_seed, 0, pool, tf.int32)
        chosen = tf.clip_by_value(first + chosen, 0, total - 1)
        parts = self.starts, self.lengths, self.answers
        return gather_rows(self.ids, *(tf.gather(part, chosen) for part in parts))


def gather_rows(ids, starts, lengths, answers) -> tuple[Any, Any]:
    """Returns rows of a flat corpus as `(token_ids (B, W), counts (B, W))`, padded with PAD."""
    import tensorflow as tf

    columns = tf.range(tf.reduce_max(lengths))
    real = columns < lengths[:, None]  # (B, W)
    places = tf.where(real, starts[:, None] + columns, 0)
    token_ids = tf.where(real, tf.gather(ids, places), PAD)
    return token_ids, real & (columns >= answers[:, None])


def windows_in_order(
    ids: np.ndarray, sequence_length: int, batch_size: int, most_tokens: int | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields a text in windows, each token a label once: `(token_ids (B, T + 1), counts)`.

    Args:
        ids: int32 (N,), at least 2.
        sequence_length: int, T.
        batch_size: int. The last batch may be smaller.
        most_tokens: int. Of a longer text windows at even distances are taken, about so many tokens.

    >>> [(ids, counts)] = windows_in_order(np.arange(6), sequence_length=3, batch_size=2)
    >>> ids.tolist(), counts[:, 1:].tolist()
    ([[0, 1, 2, 3], [3, 4, 5, 0]], [[True, True, True], [True, True, False]])
    """
    starts = np.arange(0, len(ids) - 1, sequence_length)
    if most_tokens is not None and len(starts) * sequence_length > most_tokens:
        kept = max(1, most_tokens // sequence_length)
        starts = starts[np.linspace(0, len(starts) - 1, kept).astype(int)]
    columns = np.arange(sequence_length + 1)
    for first in range(0, len(starts), batch_size):
        places = starts[first : first + batch_size, None] + columns
        real = places < len(ids)
        yield np.where(real, ids[np.minimum(places, len(ids) - 1)], PAD).astype(np.int32), real
