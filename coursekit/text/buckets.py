"""Chooses the few padded shapes that a corpus of sentence pairs is batched in.

A batch is padded to its bucket's (source length, target length). Few buckets mean few shapes to
compile; well-chosen ones mean little padding.
"""

from typing import NamedTuple

import numpy as np

_CANDIDATES_PER_SIDE = 40


class Bucket(NamedTuple):
    """A padded shape: pairs no longer than this on either side fit into it."""

    source_length: int
    target_length: int

    @property
    def tokens(self) -> int:
        return self.source_length + self.target_length

    def holds(self, other: "Bucket") -> bool:
        return self.source_length >= other.source_length and (
            self.target_length >= other.target_length
        )


def choose_buckets(source_lengths, target_lengths, num_buckets: int = 8) -> list[Bucket]:
    """Chooses at most `num_buckets` shapes with as few padded tokens as possible.

    Both lengths count: a bucket is a point in the plane of source and target length, a pair goes
    to the cheapest bucket above and to the right of it, and the points are placed greedily, then
    moved one at a time while that saves tokens. The largest lengths are always a bucket, so that
    every pair fits.

    Args:
        source_lengths: (n,) ints.
        target_lengths: (n,) ints.
        num_buckets: int.

    Returns:
        The buckets, those with the fewest tokens first.
    """
    source_lengths, target_lengths = np.asarray(source_lengths), np.asarray(target_lengths)
    if num_buckets < 1 or not len(source_lengths):
        raise ValueError(
            "Buckets need at least one pair and one bucket. Received: "
            f"{len(source_lengths)} pairs, num_buckets={num_buckets}"
        )
    sources, targets = _grid(source_lengths), _grid(target_lengths)
    cells, counts = np.unique(
        np.stack(
            [
                sources[np.searchsorted(sources, source_lengths)],
                targets[np.searchsorted(targets, target_lengths)],
            ],
            axis=1,
        ),
        axis=0,
        return_counts=True,
    )  # (C, 2), (C,)
    candidates = np.array([(s, t) for s in sources for t in targets])  # (K, 2)
    fits = (candidates[:, None, :] >= cells[None, :, :]).all(axis=-1)  # (K, C)
    # Padded tokens of each cell in each bucket it fits into; the last candidate holds everything.
    costs = np.where(fits, candidates.sum(axis=1)[:, None], candidates[-1].sum())  # (K, C)

    def cheapest_with(chosen):
        """The candidate that, beside `chosen`, leaves the fewest padded tokens."""
        beside = costs[chosen].min(axis=0)  # (C,)
        totals = np.minimum(costs, beside) @ counts  # (K,)
        best = int(totals.argmin())
        return best, totals[best]

    chosen = [len(candidates) - 1]
    total = costs[-1] @ counts
    while len(chosen) < num_buckets:
        best, best_total = cheapest_with(chosen)
        if best_total >= total:
            break
        chosen.append(best)
        total = best_total
    improved = True
    while improved:
        improved = False
        for i in range(1, len(chosen)):
            best, best_total = cheapest_with(chosen[:i] + chosen[i + 1 :])
            if best_total < total:
                chosen[i], total, improved = best, best_total, True
    return sorted((Bucket(*map(int, candidates[k])) for k in chosen), key=_by_tokens)


def assign(source_lengths, target_lengths, buckets: list[Bucket]) -> np.ndarray:
    """Returns the index of the cheapest bucket that each pair fits into."""
    lengths = np.stack([source_lengths, target_lengths], axis=1)  # (n, 2)
    assigned = np.full(len(lengths), -1)
    for i in reversed(range(len(buckets))):
        assigned[(lengths <= buckets[i]).all(axis=1)] = i
    if (assigned < 0).any():
        raise ValueError("A pair is longer than the largest bucket.")
    return assigned


def next_larger(buckets: list[Bucket]) -> list[int | None]:
    """Returns, for each bucket, the cheapest other one that holds all its pairs."""
    return [
        next((j for j in range(i + 1, len(buckets)) if buckets[j].holds(bucket)), None)
        for i, bucket in enumerate(buckets)
    ]


def _grid(lengths: np.ndarray) -> np.ndarray:
    """The lengths that occur, thinned to quantiles where there are many; the largest included."""
    values = np.unique(lengths)
    if len(values) > _CANDIDATES_PER_SIDE:
        shares = np.linspace(0, 1, _CANDIDATES_PER_SIDE + 1)[1:]
        quantiles = np.quantile(lengths, shares, method="higher")
        spread = np.quantile(values, shares, method="higher")  # the tail, which quantiles skip
        values = np.unique(np.concatenate([quantiles, spread]))
    return values


def _by_tokens(bucket: Bucket) -> tuple[int, Bucket]:
    return bucket.tokens, bucket
