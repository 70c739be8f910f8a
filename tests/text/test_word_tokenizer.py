"""The vocabulary of words."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.text.sentence_pairs import TextFileError
from coursekit.text.tokenizers import PAD, START, STOP, UNKNOWN, WordTokenizer, load_tokenizer

TEXTS = ["L'homme dort.", "Il dort ici !", "Où est-il ?", "Elle dort."]


@pytest.fixture
def tokenizer():
    return WordTokenizer.train(TEXTS)


def test_special_ids():
    assert (PAD, START, STOP, UNKNOWN) == (0, 1, 2, 3)
    assert WordTokenizer.train([]).vocabulary == ["[PAD]", "[START]", "[STOP]", "[UNK]"]


def test_most_frequent_first_then_alphabetical(tokenizer):
    assert tokenizer.vocabulary[4:6] == ["dort", "."]
    assert tokenizer.vocabulary[6:] == sorted(tokenizer.vocabulary[6:])
    assert WordTokenizer.train(reversed(TEXTS)).vocabulary == tokenizer.vocabulary


def test_encode_adds_no_special_ids(tokenizer):
    [ids] = tokenizer.encode(["Il dort."])
    assert [tokenizer.vocabulary[i] for i in ids] == ["Il", "dort", "."]


def test_decode_spaces_as_the_language_does(tokenizer):
    assert tokenizer.spaced == "!?"
    assert tokenizer.decode(tokenizer.encode(TEXTS)) == TEXTS


def test_decode_stops_at_stop_and_skips_pad_and_start(tokenizer):
    [ids] = tokenizer.encode(["Il dort."])
    rows = np.array([[START, *ids, STOP, ids[0], ids[0], PAD]])
    assert tokenizer.decode(rows) == ["Il dort."]
    assert tokenizer.decode([[PAD, *ids, UNKNOWN]]) == ["Il dort. [UNK]"]
    assert tokenizer.decode([[], [STOP]]) == ["", ""]


@pytest.mark.parametrize("token_id", [-1, 10_000])
def test_ids_of_another_tokenizer_are_refused(tokenizer, token_id):
    with pytest.raises(ValueError, match="come from another tokenizer"):
        tokenizer.decode([[token_id]])


def test_rare_words_and_limited_size():
    texts = ["a a a b b c", "d"]
    assert WordTokenizer.train(texts, min_frequency=2).vocabulary[4:] == ["a", "b"]
    limited = WordTokenizer.train(texts, vocabulary_size=5)
    assert limited.vocabulary_size == 5 and limited.vocabulary[4:] == ["a"]
    assert limited.encode(["a b"]) == [[4, UNKNOWN]]
    with pytest.raises(ValueError, match="vocabulary_size=3"):
        WordTokenizer.train(texts, vocabulary_size=3)


def test_unknown_rate():
    tokenizer = WordTokenizer.train(["a b"])
    assert tokenizer.unknown_rate(["a b c d"]) == 0.5
    assert tokenizer.unknown_rate([]) == 0.0


def test_case_and_accents_are_kept_unless_lowered():
    kept, lowered = (WordTokenizer.train(["Été été"], lower=lower) for lower in (False, True))
    assert kept.vocabulary[4:] == ["Été", "été"]
    assert lowered.vocabulary[4:] == ["été"]
    assert lowered.encode(["ÉTÉ"]) == [[4]]


def test_text_is_tidied_first(tokenizer):
    assert tokenizer.encode(["Où  est-il\u202f?"]) == tokenizer.encode(["Où est-il ?"])
    assert tokenizer.encode(["L’homme"]) == tokenizer.encode(["L'homme"])


def test_split_at_spaces_only():
    tokenizer = WordTokenizer.train(["i'm home ."], split="spaces")
    assert tokenizer.vocabulary[4:] == [".", "home", "i'm"]
    assert tokenizer.decode(tokenizer.encode(["i'm home ."])) == ["i'm home ."]
    with pytest.raises(ValueError, match="split='letters'"):
        WordTokenizer([], split="letters")


def test_special_tokens_in_text_are_only_text():
    tokenizer = WordTokenizer.train(["a [PAD] b"], split="spaces")
    [ids] = tokenizer.encode(["[PAD] [STOP]"])
    assert ids[0] > UNKNOWN and ids[1] == UNKNOWN


def test_one_string_is_refused(tokenizer):
    with pytest.raises(TypeError, match="list of texts"):
        tokenizer.encode("Il dort.")


def test_save_and_load(tmp_path, tokenizer):
    path = tokenizer.save(tmp_path / "french.json")
    loaded = load_tokenizer(path)
    assert isinstance(loaded, WordTokenizer)
    assert loaded.get_config() == tokenizer.get_config()
    assert loaded.encode(TEXTS) == tokenizer.encode(TEXTS)
    assert [file.name for file in tmp_path.iterdir()] == ["french.json"]
    assert "Où" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[1]", "not json", '{"format": 1, "kind": "letters"}',
     '{"format": 1, "kind": "words", "words": ["a", "a"]}', '{"format": 2, "kind": "words"}'],
)  # fmt: skip
def test_what_is_no_tokenizer_is_refused(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(TextFileError, match="is not a tokenizer saved by coursekit"):
        load_tokenizer(path)


def test_missing_tokenizer_is_refused(tmp_path):
    with pytest.raises(TextFileError, match="cannot be read"):
        load_tokenizer(tmp_path / "none.json")


def test_file_is_plain_json(tmp_path, tokenizer):
    content = json.loads(tokenizer.save(tmp_path / "t.json").read_text(encoding="utf-8"))
    assert content["kind"] == "words" and content["words"][0] == "dort"


_SENTENCE = st.lists(
    st.sampled_from(["l'eau", "Tom's", "don't", "a-t-il", "déjà", "go", "3.5"]), min_size=1
).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(_SENTENCE, min_size=1, max_size=5))
def test_known_sentences_come_back(texts):
    tokenizer = WordTokenizer.train(texts)
    ids = tokenizer.encode(texts)
    assert tokenizer.decode(ids) == texts
    assert max(map(max, ids)) < tokenizer.vocabulary_size and min(map(min, ids)) > UNKNOWN


def test_real_corpus(fra_eng):
    texts = [pair.target for pair in fra_eng[::10]]
    tokenizer = WordTokenizer.train(texts, min_frequency=2)
    assert tokenizer.unknown_rate(texts) < 0.05
    assert set("?!") <= set(tokenizer.spaced)
