"""Batches of encoded sentence pairs, padded to a few shapes, in an order that can be resumed."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from coursekit.text.buckets import Bucket, assign, choose_buckets, next_larger
from coursekit.text.special_tokens import PAD, START, STOP


class PlannedBatch(NamedTuple):
    """Which pairs stand in a batch, and the shape it is padded to."""

    bucket: Bucket
    rows: np.ndarray


class BucketedBatches:
    """Batches of `{"source_ids": (B, S), "target_ids": (B, T)}`, int32, padded with PAD.

    `target_ids` rows are START, the target, STOP; `source_ids` rows are the source as encoded. A
    mask is `ids != PAD`. Every pair occurs once an epoch. What does not fill a batch of its bucket
    moves to the next larger bucket, so that all batches but the last of the largest bucket are
    full, and an epoch shows at most `num_buckets + 1` shapes, the same in every epoch.

    The order is a function of `(seed, epoch)`: a run that stopped at a step goes on from there
    with `dataset(epoch, start_step)` without reading what came before.

    Args:
        source_ids: list of lists of ids, from a tokenizer's `encode`.
        target_ids: list of lists of ids, as many.
        batch_size: int. Pairs in a batch.
        tokens_per_batch: int. If given, a batch has as many pairs as fit into so many padded
            tokens (both sides together) instead of `batch_size`, so that batches cost the same.
        num_buckets: int. The most padded shapes.
        shuffle: if False, pairs come by bucket and then in the given order: for evaluation.
        seed: int.

    Example:

    >>> batches = BucketedBatches([[5, 6], [7]], [[8], [9, 10]], batch_size=2)
    >>> [batch] = batches.arrays(epoch=0)
    >>> sorted(batch["target_ids"].tolist())
    [[1, 8, 2, 0], [1, 9, 10, 2]]
    """

    def __init__(
        self,
        source_ids: Sequence[Sequence[int]],
        target_ids: Sequence[Sequence[int]],
        *,
        batch_size: int = 64,
        tokens_per_batch: int | None = None,
        num_buckets: int = 8,
        shuffle: bool = True,
        seed: int = 0,
    ):
        if len(source_ids) != len(target_ids) or not len(source_ids):
            raise ValueError(
                "`source_ids` and `target_ids` need the same number of rows, at least one. "
                f"Received: {len(source_ids)} and {len(target_ids)}"
            )
        if batch_size < 1 or (tokens_per_batch is not None and tokens_per_batch < 1):
            raise ValueError(
                "A batch needs at least one pair. Received: "
                f"batch_size={batch_size}, tokens_per_batch={tokens_per_batch}"
            )
        self._sources = _Rows(source_ids)
        self._targets = _Rows([[START, *row, STOP] for row in target_ids])
        empty = np.flatnonzero(self._sources.lengths == 0)
        if len(empty):
            raise ValueError(
                "A source without tokens would be a fully masked row. Received: empty row "
                f"{empty[0]} of `source_ids`"
            )
        self.shuffle = shuffle
        self.seed = seed
        lengths = self._sources.lengths, self._targets.lengths
        self.buckets = choose_buckets(*lengths, num_buckets)
        self.batch_sizes = [
            max(1, tokens_per_batch // bucket.tokens) if tokens_per_batch else batch_size
            for bucket in self.buckets
        ]
        self._bucket_of = assign(*lengths, self.buckets)
        self._next_larger = next_larger(self.buckets)
        self.steps_per_epoch = len(self.plan(0))

    def plan(self, epoch: int) -> list[PlannedBatch]:
        """Returns which pairs stand in each batch of an epoch, in order."""
        rng = np.random.default_rng([self.seed, epoch])
        waiting = [np.flatnonzero(self._bucket_of == i) for i in range(len(self.buckets))]
        batches: list[PlannedBatch] = []
        for i, (bucket, size) in enumerate(zip(self.buckets, self.batch_sizes, strict=True)):
            rows = rng.permutation(waiting[i]) if self.shuffle else np.sort(waiting[i])
            larger = self._next_larger[i]
            full = len(rows) if larger is None else len(rows) // size * size
            batches += [
                PlannedBatch(bucket, rows[start : min(start + size, full)])
                for start in range(0, full, size)
            ]
            if larger is not None:
                waiting[larger] = np.concatenate([waiting[larger], rows[full:]])
        if self.shuffle:
            batches = [batches[i] for i in rng.permutation(len(batches))]
        return batches

    def arrays(self, epoch: int, start_step: int = 0) -> Iterator[dict[str, np.ndarray]]:
        """Yields the batches of an epoch as NumPy arrays, from `start_step` on."""
        for planned in self.plan(epoch)[start_step:]:
            yield self.padded(planned)

    def padded(self, planned: PlannedBatch) -> dict[str, np.ndarray]:
        """Returns the arrays of one batch."""
        return {
            "source_ids": self._sources.padded(planned.rows, planned.bucket.source_length),
            "target_ids": self._targets.padded(planned.rows, planned.bucket.target_length),
        }

    def dataset(self, epoch: int, start_step: int = 0):
        """Returns a `tf.data.Dataset` of an epoch's batches, from `start_step` on, prefetched."""
        import tensorflow as tf

        ids = tf.TensorSpec((None, None), tf.int32)
        return (
            tf.data.Dataset.from_generator(
                lambda: self.arrays(epoch, start_step),
                output_signature={"source_ids": ids, "target_ids": ids},
            )
            .apply(tf.data.experimental.assert_cardinality(self.steps_per_epoch - start_step))
            .prefetch(4)
        )

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """The distinct (B, S, T) of an epoch's batches."""
        return sorted({(len(rows), *bucket) for bucket, rows in self.plan(0)})

    @property
    def padding_efficiency(self) -> float:
        """The share of real tokens among all tokens of an epoch's batches, both sides together."""
        real = self._sources.lengths.sum() + self._targets.lengths.sum()
        padded = sum(len(rows) * bucket.tokens for bucket, rows in self.plan(0))
        return float(real / padded)


class _Rows:
    """Rows of unequal length in one flat array, from which padded batches are gathered at once."""

    def __init__(self, rows: Sequence[Sequence[int]]):
        self.lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        self.starts = np.concatenate([[0], self.lengths.cumsum()[:-1]])
        self.flat = np.fromiter(
            (token_id for row in rows for token_id in row), np.int32, int(self.lengths.sum())
        )

    def padded(self, rows: np.ndarray, width: int) -> np.ndarray:
        columns = np.arange(width)
        real = columns < self.lengths[rows, None]  # (B, width)
        positions = np.where(real, self.starts[rows, None] + columns, 0)
        return np.where(real, self.flat[positions], np.int32(PAD))
