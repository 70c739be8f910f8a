"""The phrasebook as a corpus: distinct, deterministic, split by source, one target a source."""

import os
import re
import subprocess
import sys
from collections import Counter
from random import Random

import pytest

from coursekit.text.normalisation import join_words, split_words, tidy
from coursekit.text.phrasebook import (
    SHORT_ENGLISH_WORDS,
    SHORT_FRENCH_WORDS,
    compounds,
    phrasebook_pairs,
    phrasebook_splits,
)
from coursekit.text.sentence_pairs import word_count
from coursekit.text.splits import sentence_key

DRAW = "from coursekit.text.phrasebook import phrasebook_pairs; print(hash('x'), phrasebook_pairs(300, 3))"


@pytest.fixture(scope="module")
def pairs():
    return phrasebook_pairs(4000)


@pytest.fixture(scope="module")
def other_seeds():
    return [phrasebook_pairs(4000, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def splits():
    return phrasebook_splits(seed=1, train=5000, validation=300, test=300, long=300)


def test_sources_are_distinct_even_without_punctuation(pairs):
    assert len({sentence_key(pair.source) for pair in pairs}) == len(pairs) == 4000


def test_seed_decides_and_longer_lists_begin_with_shorter_ones(pairs):
    assert phrasebook_pairs(500) == pairs[:500]
    assert phrasebook_pairs(50, seed=1) != pairs[:50]


def test_equal_in_every_process():
    """Nothing depends on the order of a set or on hash randomisation."""
    outputs = []
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run(
            [sys.executable, "-c", DRAW],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(run.stdout.split(" ", 1))
    assert outputs[0][0] != outputs[1][0]
    assert outputs[0][1] == outputs[1][1]


def test_one_source_has_one_target(pairs, other_seeds):
    """Across seeds too, so that a sentence is never taught two ways."""
    targets = dict(pairs)
    for drawn in other_seeds:
        for source, target in drawn:
            assert targets.setdefault(source, target) == target


@pytest.mark.slow
def test_one_source_has_one_target_among_very_many():
    targets = {}
    for seed in range(3):
        for source, target in phrasebook_pairs(20_000, seed):
            assert targets.setdefault(source, target) == target
    assert len(targets) > 50_000


def test_sentences_are_well_formed(pairs, splits):
    for source, target in [*pairs, *splits["long"]]:
        assert source[0].isupper() and target[0].isupper()
        assert source[-1] in ".?" and target[-1] == source[-1]
        assert (target[-2] == " ") == (target[-1] == "?")
        assert "  " not in source + target
        assert tidy(source) == source and tidy(target) == target
        assert join_words(split_words(target), "?") == target


@pytest.mark.parametrize(
    "impossible",
    [" le a", " je a", " ne a", " que i", " de e", " de le ", " de les ", " à le ", " à les ",
     " si il", " du un", " ma a", " sa é", " ce a", " beau a", " -", "''", " de des ", " de du "],
)  # fmt: skip
def test_french_has_no_unelided_or_uncontracted_words(pairs, impossible):
    # "avant de le vendre": there le is a pronoun, and stays.
    texts = [target for _, target in pairs if "avant de" not in target]
    assert [text for text in texts if impossible in f" {text}".lower()] == []


def test_split_sizes_and_lengths(splits):
    assert {name: len(part) for name, part in splits.items()} == {
        "train": 5000, "validation": 300, "test": 300, "long": 300,
    }  # fmt: skip
    longest = [max(map(word_count, side)) for side in zip(*splits["train"], strict=True)]
    assert longest[0] <= SHORT_ENGLISH_WORDS and longest[1] <= SHORT_FRENCH_WORDS
    for source, target in splits["long"]:
        assert word_count(source) > longest[0] and word_count(target) > longest[1]


def test_no_source_in_two_splits(splits):
    keys = [{sentence_key(pair.source) for pair in part} for part in splits.values()]
    assert sum(map(len, keys)) == len(set().union(*keys))


def test_training_shows_the_words_of_the_other_splits(splits):
    for side in (0, 1):
        known = {word for pair in splits["train"] for word in split_words(pair[side].lower())}
        for name in ("validation", "test", "long"):
            words = [word for pair in splits[name] for word in split_words(pair[side].lower())]
            assert sum(word not in known for word in words) < 0.015 * len(words), (name, side)


def test_every_kind_of_compound_is_drawn():
    rng = Random(0)
    for half in compounds.HALVES:
        english, french = half(rng)
        assert word_count(english) > 3 and word_count(french) > 3


def test_the_grammar_is_far_from_exhausted(pairs, other_seeds):
    """Of what another seed draws, hardly anything was drawn before."""
    known = {pair.source for pair in pairs}
    for drawn in other_seeds:
        assert sum(pair.source in known for pair in drawn) < 0.1 * len(drawn)


def test_negative_count_is_refused():
    with pytest.raises(ValueError, match="Received: -1"):
        phrasebook_pairs(-1)


def test_french_words_are_real(pairs, fra_eng):
    """Every frequent form also occurs in real French."""
    known = set(re.findall(r"\w+", " ".join(target for _, target in fra_eng).lower()))
    counts = Counter(re.findall(r"\w+", " ".join(target for _, target in pairs).lower()))
    names = {"paul", "julie", "emma", "louis", "nicolas", "antoine", "sophie", "olivier", "alice"}
    unknown = {word for word, count in counts.items() if count >= 25} - known - names
    assert unknown <= {"boulanger", "boulangers", "hibou", "neveux", "nièces", "carotte", "cerise"}
