"""Tokenizers of characters, bytes and byte pairs: what goes in comes out, and nothing is lost."""

import subprocess
import sys

import numpy as np
import pytest

from coursekit.text.tokenizers import (
    BytePairTokenizer,
    ByteTokenizer,
    CharacterTokenizer,
    UnknownCharacters,
    load_tokenizer,
)

TEXT = "Où vas-tu ?\n\n  Le chat 🐈 dort.\tIl dort ; [STOP] [PAD] e\u0301 \u00a0fin\n" * 30


@pytest.fixture(
    scope="module",
    params=[CharacterTokenizer, ByteTokenizer, BytePairTokenizer],
    ids=lambda k: k.kind,
)
def tokenizer(request):
    return request.param.train([TEXT])


def test_texts_come_back(tokenizer):
    assert tokenizer.decode(tokenizer.encode([TEXT, "", "Il\n"])) == [TEXT, "", "Il\n"]
    ids = tokenizer.ids(TEXT)
    assert ids.dtype == np.int32
    assert ids.tolist() == tokenizer.encode([TEXT])[0]
    assert 4 <= ids.min() <= ids.max() < tokenizer.vocabulary_size
    assert tokenizer.ids("").shape == (0,)


def test_decoding_leaves_out_padding_and_ends_at_stop(tokenizer):
    ids = tokenizer.encode(["chat"])[0]
    assert tokenizer.decode([[1, *ids, 2, *ids, 0]]) == ["chat"]
    with pytest.raises(ValueError, match="another tokenizer"):
        tokenizer.decode([[tokenizer.vocabulary_size]])


def test_one_string_is_no_list_of_texts(tokenizer):
    with pytest.raises(TypeError, match="list of texts"):
        tokenizer.encode("chat")


def test_saved_and_loaded_it_is_the_same(tokenizer, tmp_path):
    loaded = load_tokenizer(tokenizer.save(tmp_path / "tokenizer.json"))
    assert type(loaded) is type(tokenizer)
    assert loaded.get_config() == tokenizer.get_config()
    assert loaded.encode([TEXT]) == tokenizer.encode([TEXT])


def test_characters_in_the_order_of_unicode():
    tokenizer = CharacterTokenizer.train(["ba", "é🐈a"])
    assert tokenizer.vocabulary[4:] == ["a", "b", "é", "🐈"]
    assert tokenizer.decode([[4, 3, 5]]) == ["a\ufffdb"]
    assert CharacterTokenizer("").encode([""]) == [[]]
    with pytest.raises(ValueError, match="stands twice"):
        CharacterTokenizer("aba")


@pytest.mark.parametrize("text", ["azb", "a☃", "a\U0010ffff"])
def test_unknown_characters_are_named(text):
    tokenizer = CharacterTokenizer.train(["ab"])
    unknown = tokenizer.unknown_characters(text * 2)
    assert unknown == [character for character in text if character not in "ab"]
    with pytest.raises(UnknownCharacters) as refused:
        tokenizer.encode([text])
    assert repr(unknown[0]) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_bytes_and_pairs_know_everything():
    for tokenizer in (ByteTokenizer(), BytePairTokenizer.train(["abc"])):
        assert tokenizer.unknown_characters("☃🐈") == []
        assert tokenizer.decode(tokenizer.encode(["☃ 🐈\0"])) == ["☃ 🐈\0"]
    assert ByteTokenizer().decode([[0xC3 + 4]]) == ["\ufffd"]


def test_byte_pairs_are_shorter_than_bytes_and_special_tokens_are_text():
    tokenizer = BytePairTokenizer.train([TEXT], vocabulary_size=320)
    assert 270 < tokenizer.vocabulary_size <= 320
    assert len(tokenizer.ids(TEXT)) < len(ByteTokenizer().ids(TEXT)) / 1.5
    assert 2 not in tokenizer.encode(["[STOP]"])[0]
    with pytest.raises(ValueError, match="at least 260"):
        BytePairTokenizer.train([TEXT], vocabulary_size=259)


def test_long_texts_are_cut_where_no_token_crosses():
    text = ("abc  def\n\n  ghi\njkl mno \n" * 8000)[:150_000]
    tokenizer = BytePairTokenizer.train([text], vocabulary_size=300)
    assert tokenizer.ids(text).tolist() == tokenizer.encode([text])[0]


def test_byte_pairs_are_the_same_in_every_process():
    code = (
        "from coursekit.text.tokenizers import BytePairTokenizer as B;"
        "print(B.train(['abab baba caca acac bcbc cbcb ' * 9], vocabulary_size=275).merges)"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(3)
    }
    assert len(printed) == 1
