"""Buckets and batches."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.text.buckets import Bucket, assign, choose_buckets, next_larger
from coursekit.text.pipeline import BucketedBatches
from coursekit.text.sentence_pairs import keep_short
from coursekit.text.tokenizers import PAD, START, STOP, WordTokenizer


def corpus(count=1000, seed=0):
    """Sources and targets of unequal lengths; the first source id names the pair."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 16, count)
    sources = [[10 + i, *rng.integers(4, 9, n - 1)] for i, n in enumerate(lengths)]
    targets = [list(rng.integers(4, 9, max(1, n + rng.integers(-3, 4)))) for n in lengths]
    return sources, targets


@pytest.fixture(scope="module")
def batches():
    return BucketedBatches(*corpus(), batch_size=32, seed=5)


def rows_of(batch):
    return [
        ([i for i in source if i != PAD], [i for i in target if i != PAD])
        for source, target in zip(
            batch["source_ids"].tolist(), batch["target_ids"].tolist(), strict=True
        )
    ]


def test_every_pair_once_an_epoch(batches):
    sources, targets = corpus()
    expected = {s[0]: (s, [START, *t, STOP]) for s, t in zip(sources, targets, strict=True)}
    for epoch in (0, 1):
        seen = [row for batch in batches.arrays(epoch) for row in rows_of(batch)]
        assert len(seen) == 1000
        assert {row[0][0]: row for row in seen} == expected


def test_dtype_padding_and_shapes(batches):
    shapes = Counter()
    for batch in batches.arrays(0):
        source_ids, target_ids = batch["source_ids"], batch["target_ids"]
        assert source_ids.dtype == target_ids.dtype == np.int32
        for ids in (source_ids, target_ids):
            real = ids != PAD
            assert real[:, 0].all()
            assert (np.diff(real.astype(int), axis=1) <= 0).all(), "padding is on the right"
        shapes[(len(source_ids), source_ids.shape[1], target_ids.shape[1])] += 1
    assert sorted(shapes) == batches.shapes
    assert len(shapes) <= 9


def test_all_batches_but_one_are_full(batches):
    sizes = Counter(len(batch["source_ids"]) for batch in batches.arrays(0))
    assert sizes[32] == sum(sizes.values()) - 1 and 1000 % 32 in sizes


def test_shapes_and_steps_are_the_same_in_every_epoch(batches):
    def shapes(epoch):
        return Counter(
            (len(batch["source_ids"]), *batch["source_ids"].shape, *batch["target_ids"].shape)
            for batch in batches.arrays(epoch)
        )

    assert shapes(0) == shapes(1) == shapes(7)
    assert batches.steps_per_epoch == sum(shapes(0).values())


def test_order_depends_on_seed_and_epoch_only(batches):
    again = BucketedBatches(*corpus(), batch_size=32, seed=5)
    other = BucketedBatches(*corpus(), batch_size=32, seed=6)

    def order(source, epoch):
        return [plan.rows.tolist() for plan in source.plan(epoch)]

    assert order(batches, 3) == order(again, 3)
    assert order(batches, 3) != order(batches, 4)
    assert order(batches, 3) != order(other, 3)


def test_resumes_where_it_stopped(batches):
    whole = list(batches.arrays(2))
    rest = list(batches.arrays(2, start_step=11))
    assert len(rest) == len(whole) - 11
    for one, other in zip(whole[11:], rest, strict=True):
        assert np.array_equal(one["source_ids"], other["source_ids"])
        assert np.array_equal(one["target_ids"], other["target_ids"])


def test_without_shuffling_pairs_come_in_order():
    batches = BucketedBatches(*corpus(), batch_size=32, shuffle=False)
    plans = batches.plan(0)
    assert [p.rows.tolist() for p in plans] == [p.rows.tolist() for p in batches.plan(5)]
    for plan in plans:
        assert (np.diff(plan.rows) > 0).all()


def test_token_budget():
    batches = BucketedBatches(*corpus(), tokens_per_batch=400)
    for plan in batches.plan(0):
        assert len(plan.rows) * plan.bucket.tokens <= 400
    full = [batches.batch_sizes[i] * bucket.tokens for i, bucket in enumerate(batches.buckets)]
    assert min(full) > 300
    tiny = BucketedBatches(*corpus(20), tokens_per_batch=1)
    assert all(len(plan.rows) == 1 for plan in tiny.plan(0))


def test_padding_efficiency_is_what_the_batches_show(batches):
    real = padded = 0
    for batch in batches.arrays(0):
        for ids in batch.values():
            real += int((ids != PAD).sum())
            padded += ids.size
    assert batches.padding_efficiency == pytest.approx(real / padded)
    one = BucketedBatches(*corpus(), batch_size=32, num_buckets=1)
    assert one.padding_efficiency < 0.6 < batches.padding_efficiency


def test_tf_data_gives_the_same_batches(batches):
    dataset = batches.dataset(epoch=1, start_step=3)
    assert int(dataset.cardinality()) == batches.steps_per_epoch - 3
    for from_tf, array in zip(dataset, batches.arrays(1, 3), strict=True):
        assert set(from_tf) == {"source_ids", "target_ids"}
        for name, ids in array.items():
            assert from_tf[name].dtype.name == "int32"
            assert np.array_equal(from_tf[name].numpy(), ids)


def test_a_step_compiles_once_for_each_shape(batches):
    import tensorflow as tf

    traces = []

    @tf.function
    def step(source_ids, target_ids):
        traces.append(source_ids.shape)
        return tf.reduce_sum(source_ids) + tf.reduce_sum(target_ids)

    for epoch in (0, 1):
        for batch in batches.dataset(epoch):
            step(batch["source_ids"], batch["target_ids"])
    assert len(traces) <= len(batches.shapes)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([], []), {}, "Received: 0 and 0"),
        (([[5]], [[5], [6]]), {}, "Received: 1 and 2"),
        (([[5], []], [[5], [6]]), {}, "empty row 1"),
        (([[5]], [[5]]), {"batch_size": 0}, "batch_size=0"),
        (([[5]], [[5]]), {"tokens_per_batch": 0}, "tokens_per_batch=0"),
        (([[5]], [[5]]), {"num_buckets": 0}, "num_buckets=0"),
    ],
)
def test_refusals(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        BucketedBatches(*arguments, **options)


def test_an_empty_target_is_start_and_stop():
    [batch] = BucketedBatches([[5]], [[]]).arrays(0)
    assert batch["target_ids"].tolist() == [[START, STOP]]


def test_buckets_follow_both_lengths():
    """Long sources with short targets get a shape of their own."""
    sources = np.repeat([4, 20], 500)
    targets = np.repeat([20, 4], 500)
    buckets = choose_buckets(sources, targets, num_buckets=3)
    assert Bucket(4, 20) in buckets and Bucket(20, 4) in buckets
    assert set(assign(sources, targets, buckets)) == {
        buckets.index((4, 20)),
        buckets.index((20, 4)),
    }


def test_next_larger_bucket_holds_the_smaller():
    buckets = [Bucket(3, 3), Bucket(2, 6), Bucket(4, 5), Bucket(6, 6)]
    assert next_larger(buckets) == [2, 3, 3, None]


def test_too_long_for_all_buckets():
    with pytest.raises(ValueError, match="longer than the largest"):
        assign([9], [2], [Bucket(5, 5)])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(2, 300)), min_size=1, max_size=60),
    st.integers(1, 9),
)
def test_buckets_hold_everything_and_more_of_them_never_cost_more(lengths, num_buckets):
    sources, targets = np.array(lengths).T
    costs = []
    for number in (1, num_buckets):
        buckets = choose_buckets(sources, targets, number)
        assert len(buckets) <= number and len(set(buckets)) == len(buckets)
        chosen = [buckets[i] for i in assign(sources, targets, buckets)]
        assert all(b.source_length >= s and b.target_length >= t
                   for b, s, t in zip(chosen, sources, targets, strict=True))  # fmt: skip
        costs.append(sum(bucket.tokens for bucket in chosen))
    assert costs[1] <= costs[0]


def test_efficiency_on_real_pairs(fra_eng):
    short = keep_short(fra_eng[::20], 10)
    encoded = []
    for side in (0, 1):
        texts = [pair[side] for pair in short]
        encoded.append(WordTokenizer.train(texts).encode(texts))
    batches = BucketedBatches(*encoded, batch_size=128)
    assert len(batches.shapes) <= 9
    assert batches.padding_efficiency > 0.85
