"""A phrasebook: English sentences with their French translation, drawn from a grammar.

The words are few and the constructions many, so that a small translator trained on it for a
minute has something to get right: gender and number of determiners, adjectives and participles,
elision and contraction, negation, questions, tenses, the place of pronouns. Which French
construction answers which English one is decided once: one English sentence has one translation.
"you" is the polite vous; I, you and we are grammatically masculine, as is "they" unless it takes
up women named before.
"""

import re
from random import Random

from coursekit.text.phrasebook import compounds, questions, statements
from coursekit.text.phrasebook.actors import weighted
from coursekit.text.phrasebook.nouns import NAMES
from coursekit.text.phrasebook.writing import Pair
from coursekit.text.sentence_pairs import SentencePair, word_count
from coursekit.text.splits import split_by_source

# The sentences of the main splits are no longer than this, those of `long` are longer.
SHORT_ENGLISH_WORDS = 10
SHORT_FRENCH_WORDS = 12

_EVERY_NOT = re.compile(r"\b[Ee]very \w+ .*(?:n't|\bnot|\bnever|\bno longer)\b")
_KINDS = {
    statements.statement: 34,
    statements.modal: 6,
    statements.human_state: 4,
    statements.state: 4,
    statements.whereabouts: 4,
    statements.compared: 3,
    statements.order: 6,
    statements.there_is: 4,
    statements.presentation: 3,
    statements.age: 1,
    statements.price: 1,
    statements.timetable: 1,
    statements.weather: 0.1,
    questions.yes_no: 8,
    questions.who: 2,
    questions.whom: 1,
    questions.what: 2,
    questions.where: 2,
    questions.when: 2,
    questions.why: 2,
    questions.how_many: 2,
    questions.where_is: 1,
    questions.how_old: 0.5,
    questions.how_much: 0.5,
    compounds.compound: 14,
}


def phrasebook_pairs(count: int = 40_000, seed: int = 0) -> list[SentencePair]:
    """Draws distinct sentence pairs of at most ten English words.

    Args:
        count: how many; no English sentence comes twice.
        seed: int. The same seed gives the same list, on every machine; the first pairs of a
            longer list are the shorter list.
    """
    return _distinct(_short, count, Random(seed), set())


def phrasebook_splits(
    seed: int = 0,
    train: int = 40_000,
    validation: int = 1_000,
    test: int = 1_000,
    long: int = 1_000,
) -> dict[str, list[SentencePair]]:
    """Draws pairs and splits them by their English sentence.

    Args:
        seed: int.
        train: number of pairs, as are `validation`, `test` and `long`.

    Returns:
        dict with "train", "validation", "test", whose sentences have at most ten English and
        twelve French words, and "long", whose sentences have more on both sides: the same words
        and constructions, joined to sentences longer than any in training.
    """
    pairs = phrasebook_pairs(train + validation + test, seed)
    splits = split_by_source(pairs, {"validation": validation, "test": test}, seed)
    return splits | {"long": _distinct(_long, long, Random(f"long {seed}"), set())}


def _short(rng: Random) -> Pair | None:
    english, french = pair = weighted(rng, _KINDS)(rng)
    short = word_count(english) <= SHORT_ENGLISH_WORDS and word_count(french) <= SHORT_FRENCH_WORDS
    return pair if short and not _awkward(english) else None


def _long(rng: Random) -> Pair | None:
    english, french = pair = compounds.long_sentence(rng)
    long = word_count(english) > SHORT_ENGLISH_WORDS and word_count(french) > SHORT_FRENCH_WORDS
    return pair if long and not _awkward(english) else None


def _awkward(english: str) -> bool:
    """Whether a name comes again where one would say she, or `every` stands with a negation."""
    if _EVERY_NOT.search(english):
        return True
    return any(english.count(name) > 1 for name, _ in NAMES)


def _distinct(draw, count: int, rng: Random, seen: set[str]) -> list[SentencePair]:
    if count < 0:
        raise ValueError(f"A number of pairs is at least 0. Received: {count}")
    pairs: list[SentencePair] = []
    attempts = 0
    while len(pairs) < count:
        attempts += 1
        if attempts > 1000 + 50 * count:
            raise ValueError(f"The phrasebook has fewer than {count} sentences to draw easily.")
        drawn = draw(rng)
        if drawn and drawn[0] not in seen:
            seen.add(drawn[0])
            pairs.append(SentencePair(*drawn))
    return pairs
