"""Splits by source sentence."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.text.sentence_pairs import SentencePair
from coursekit.text.splits import group_by_source, sentence_key, split_by_source

PAIRS = [SentencePair(f"Sentence {i // 3}.", f"Phrase {i}.") for i in range(3000)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I'm home!", "i’m  home."),
        ("Go.", "Go!"),
        ("Really?!", "really"),
        ("The end - or not", "The end, or not."),
        ("STRASSE", "straße"),
    ],
)
def test_equal_keys(one, other):
    assert sentence_key(one) == sentence_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Go on.", "Goon."), ("été", "ete"), ("?", "!"), ("1.5", "15")]
)
def test_different_keys(one, other):
    assert sentence_key(one) != sentence_key(other)


def test_no_source_in_two_splits_and_nothing_lost():
    splits = split_by_source(PAIRS, {"validation": 0.1, "test": 0.2})
    keys = [{sentence_key(source) for source, _ in part} for part in splits.values()]
    assert sum(map(len, keys)) == len(set().union(*keys)) == 1000
    assert sorted(pair for part in splits.values() for pair in part) == sorted(PAIRS)
    assert 60 < len(keys[1]) < 140 and 150 < len(keys[2]) < 250


def test_case_and_punctuation_do_not_leak():
    pairs = [
        SentencePair(form.format(i), "x")
        for i in range(500)
        for form in ("It's {}.", "it’s {} !", "IT'S {}")
    ]
    splits = split_by_source(pairs, {"test": 0.5})
    train, test = ({sentence_key(s) for s, _ in splits[name]} for name in ("train", "test"))
    assert train and test and not train & test
    assert len(splits["test"]) == 3 * len(test)


def test_counts_are_exact():
    splits = split_by_source(PAIRS, {"validation": 7, "test": 20})
    assert len({source for source, _ in splits["validation"]}) == 7
    assert len({source for source, _ in splits["test"]}) == 20
    mixed = split_by_source(PAIRS, {"validation": 20, "test": 0.5})
    assert len({source for source, _ in mixed["validation"]}) == 20


def test_order_and_growth_of_the_file_do_not_matter():
    small = split_by_source(PAIRS[:1500], {"test": 0.1})
    large = split_by_source(list(reversed(PAIRS)), {"test": 0.1})
    assert set(small["test"]) <= set(large["test"])
    assert set(small["train"]) <= set(large["train"])


def test_seed_changes_the_split():
    assert split_by_source(PAIRS) == split_by_source(PAIRS)
    assert split_by_source(PAIRS, seed=1)["test"] != split_by_source(PAIRS)["test"]


@pytest.mark.parametrize(
    "held_out", [{"test": 1.0}, {"a": 0.6, "b": 0.5}, {"test": -1}, {"test": 1000}, {"test": 5000}]
)
def test_sizes_that_cannot_be(held_out):
    with pytest.raises(ValueError, match="Received"):
        split_by_source(PAIRS, held_out)


def test_grouping_keeps_order_and_drops_repetitions():
    pairs = [("Go.", "Va !"), ("Hi.", "Salut."), ("Go.", "Allez !"), ("Go.", "Va !")]
    assert group_by_source(SentencePair(*pair) for pair in pairs) == [
        ("Go.", ["Va !", "Allez !"]),
        ("Hi.", ["Salut."]),
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=6), st.just("x")), min_size=2, max_size=8), st.integers()
)
def test_any_text_is_split_cleanly(rows, seed):
    pairs = [SentencePair(*row) for row in rows]
    splits = split_by_source(pairs, {"test": 0.3}, seed)
    train, test = ({sentence_key(s) for s, _ in splits[name]} for name in ("train", "test"))
    assert not train & test
    assert len(splits["train"]) + len(splits["test"]) == len(pairs)


def test_random_split_would_leak(fra_eng):
    """The reason for this module: of lines drawn at random, almost half are sources seen before."""
    fra_eng = fra_eng[:40_000]
    train, held_out = fra_eng[::2], fra_eng[1::50]
    known = {sentence_key(source) for source, _ in train}
    leaked = sum(sentence_key(source) in known for source, _ in held_out) / len(held_out)
    splits = split_by_source(fra_eng, {"test": 0.02})
    train_keys = {sentence_key(source) for source, _ in splits["train"]}
    assert leaked > 0.3
    assert not any(sentence_key(source) in train_keys for source, _ in splits["test"])
