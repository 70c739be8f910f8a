"""Subwords, encoded by KerasHub."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.text.normalisation import split_words
from coursekit.text.phrasebook import phrasebook_pairs
from coursekit.text.tokenizers import (
    START,
    STOP,
    UNKNOWN,
    WordPieceTokenizer,
    load_tokenizer,
)

TRAIN = """
import json, sys
from coursekit.text.word_piece_tokenizer import WordPieceTokenizer
print(json.dumps(WordPieceTokenizer.train(json.load(sys.stdin), 300).vocabulary))
"""


@pytest.fixture(scope="module")
def texts():
    return [pair.target for pair in phrasebook_pairs(1500)]


@pytest.fixture(scope="module")
def tokenizer(texts):
    return WordPieceTokenizer.train(texts, vocabulary_size=500)


def test_vocabulary_begins_with_the_special_tokens(tokenizer):
    assert tokenizer.vocabulary[:4] == ["[PAD]", "[START]", "[STOP]", "[UNK]"]
    assert tokenizer.vocabulary_size == len(tokenizer.vocabulary) == 500


def test_sentences_come_back(tokenizer, texts):
    ids = tokenizer.encode(texts)
    assert tokenizer.decode(ids) == texts
    assert tokenizer.unknown_rate(texts) == 0
    assert all(UNKNOWN < i < 500 for row in ids for i in row)


def test_no_word_is_unknown_but_an_unseen_character_is(tokenizer):
    [ids] = tokenizer.encode(["chatons"])
    assert UNKNOWN not in ids and tokenizer.decode([ids]) == ["chatons"]
    assert UNKNOWN in tokenizer.encode(["語"])[0]


def test_ids_are_those_of_keras_hub(tokenizer, texts):
    """Encoding each distinct word once gives what KerasHub gives for the whole sentence."""
    keras_hub = tokenizer.keras_hub_tokenizer
    rows = keras_hub.tokenize([split_words(text) for text in texts[:200]])
    assert [list(map(int, row)) for row in rows] == tokenizer.encode(texts[:200])


def test_decode_stops_and_skips(tokenizer):
    [ids] = tokenizer.encode(["Il dort."])
    assert tokenizer.decode([[START, *ids, STOP, 7, 0]]) == ["Il dort."]
    with pytest.raises(ValueError, match="another tokenizer"):
        tokenizer.decode([[500]])


def test_a_suffix_may_come_first():
    tokenizer = WordPieceTokenizer(["##ons", "chat"])
    assert tokenizer.decode([[4, 5, 4]]) == ["ons chatons"]


def test_equal_in_every_process(texts):
    """Ties between merges do not break by the order of a hash map."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", TRAIN],
            input=json.dumps(texts[:400]),
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(outputs) == 1


def test_lower_and_case(texts):
    lowered = WordPieceTokenizer.train(texts, 300, lower=True)
    assert lowered.decode(lowered.encode(["ELLE DORT."])) == ["elle dort."]


def test_save_and_load(tmp_path, tokenizer, texts):
    loaded = load_tokenizer(tokenizer.save(tmp_path / "pieces.json"))
    assert isinstance(loaded, WordPieceTokenizer)
    assert loaded.get_config() == tokenizer.get_config()
    assert loaded.encode(texts[:50]) == tokenizer.encode(texts[:50])


def test_sizes_that_cannot_be():
    with pytest.raises(ValueError, match="vocabulary_size=4"):
        WordPieceTokenizer.train(["a"], vocabulary_size=4)
    with pytest.raises(ValueError, match="twice"):
        WordPieceTokenizer(["a", "a"])
    with pytest.raises(TypeError, match="list of texts"):
        WordPieceTokenizer(["a"]).encode("a")


def test_small_vocabulary_keeps_the_frequent_characters():
    tokenizer = WordPieceTokenizer.train(["aaa aaa ab"], vocabulary_size=6)
    assert tokenizer.vocabulary[4:] == ["##a", "a"]
    assert tokenizer.encode(["aa ab"]) == [[5, 4, UNKNOWN]]


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abcdeé' -?.", max_size=30))
def test_any_text_of_known_characters_has_no_unknown(text):
    tokenizer = _letters()
    [ids] = tokenizer.encode([text])
    assert UNKNOWN not in ids
    assert tokenizer.decode([ids])[0].replace(" ", "") == text.replace(" ", "")


def _letters(cache=[]):  # noqa: B006 - one tokenizer for all examples
    if not cache:
        letters = "abcdeé'-?."
        cache.append(WordPieceTokenizer([*letters, *(f"##{letter}" for letter in letters)]))
    return cache[0]
