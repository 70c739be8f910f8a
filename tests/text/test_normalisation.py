"""Cleaning text, cutting it into words and joining them again."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.text.normalisation import (
    join_words,
    lower_and_space,
    spaced_marks,
    split_words,
    tidy,
)

FRENCH = "?!;:«»"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Qu’est-ce\u202f?", "Qu'est-ce ?"),
        ("Va\xa0!", "Va !"),
        ("  a \t b\n", "a b"),
        ("e\u0301te\u0301", "été"),
        ("a\u200bb\ufeff", "ab"),
        ("plain", "plain"),
    ],
)
def test_tidy(raw, clean):
    assert tidy(raw) == clean
    assert tidy(clean) == clean


@pytest.mark.parametrize(
    ("raw", "spaced"),
    [
        ("Go.", "go ."),
        ("He's calm.", "he's calm ."),
        ("Ça alors\u202f!", "ça alors !"),
        ("Well, who?", "well , who ?"),
        ("Hi!", "hi !"),
    ],
)
def test_lower_and_space(raw, spaced):
    assert lower_and_space(raw) == spaced


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't know.", "I|do|n't|know|."),
        ("Tom's here, isn't he?", "Tom|'s|here|,|is|n't|he|?"),
        ("We've lost; they'll win!", "We|'ve|lost|;|they|'ll|win|!"),
        ("It's 10:30 a.m.", "It|'s|10:30|a.m."),
        ("The U.S. won 1,000.5 euros.", "The|U.S.|won|1,000.5|euros|."),
        ("At five o'clock", "At|five|o'clock"),
        ("L'homme n'a qu'une sœur.", "L'|homme|n'|a|qu'|une|sœur|."),
        ("Qu'est-ce qu'il y a ?", "Qu'|est|-ce|qu'|il|y|a|?"),
        ("Où va-t-elle aujourd'hui ?", "Où|va|-t-elle|aujourd'hui|?"),
        ("Peut-être là-bas.", "Peut-être|là-bas|."),
        ("Donnez-le-moi !", "Donnez|-le|-moi|!"),
        ("Quelqu'un jusqu'ici", "Quelqu'|un|jusqu'|ici"),
        ("« Oui », dit-il...", "«|Oui|»|,|dit|-il|..."),
        ("C'est-à-dire ?!", "C'|est-à-dire|?!"),
    ],
)
def test_split_and_join(text, words):
    assert split_words(text) == words.split("|")
    spaced = FRENCH if " ?" in text or " !" in text or "«" in text else ""
    assert join_words(words.split("|"), spaced) == text


@pytest.mark.parametrize(
    "text",
    [
        'He said "hello" and left.',
        'He asked: "Who?"',
        "Call me (tomorrow).",
        "Rock 'em now!",
        "Half of it costs $5 [or so].",
        "Dogs' tails",
    ],
)
def test_english_marks_come_back(text):
    assert join_words(split_words(text)) == text


def test_spaced_marks_are_counted():
    assert spaced_marks(["Où ?", "Va !", "« Oui »", "Ah: non"]) == "!?«»"
    assert spaced_marks(["Where?", "Go!", "No: never"]) == ""
    assert spaced_marks(["a ?", "b?", "c ?"]) == "?"


_WORDS = st.sampled_from(
    [
        "le",
        "chat",
        "l'homme",
        "qu'elle",
        "n'est-ce",
        "aujourd'hui",
        "a-t-il",
        "été",
        "10:30",
        "d'eau",
    ]
)
_ENDS = st.sampled_from([".", " ?", " !", ",", " ;", "..."])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(_WORDS, st.one_of(st.just(""), _ENDS)), min_size=1, max_size=12))
def test_french_sentences_come_back(pieces):
    text = " ".join(word + end for word, end in pieces)
    assert join_words(split_words(text), FRENCH) == text


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_loses_nothing_but_spaces(text):
    text = tidy(text)
    words = split_words(text)
    assert "".join(words) == text.replace(" ", "")
    assert all(words)
    assert join_words(words, FRENCH).replace(" ", "") == text.replace(" ", "")


def test_real_sentences_come_back(fra_eng):
    for side, spaced in ((0, ""), (1, FRENCH)):
        texts = [tidy(pair[side]) for pair in fra_eng[::17]]
        changed = sum(join_words(split_words(text), spaced) != text for text in texts)
        assert changed < 0.01 * len(texts)
