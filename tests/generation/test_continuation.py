"""Text as it comes: nothing half, nothing after a stop, and the same in pieces as in one."""

import numpy as np
import pytest

from coursekit.errors import UserError
from coursekit.generation.continuation import continue_texts
from coursekit.generation.sampling import GREEDY, Sampling
from coursekit.generation.text_generation import TextGenerator
from coursekit.generation.text_stream import TextStream
from coursekit.text.tokenizers import STOP, BytePairTokenizer, ByteTokenizer, CharacterTokenizer
from tests.generation.small_models import NextIs, OneHead

TEXT = "naïve — 日本語, ab\U0001f600 end"


@pytest.fixture(scope="module")
def tokenizers():
    return [
        ByteTokenizer(),
        BytePairTokenizer.train([TEXT, "the end of the end"], 280),
        CharacterTokenizer.train([TEXT]),
    ]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_pieces_add_up_to_the_text(tokenizers, size):
    for tokenizer in tokenizers:
        ids = tokenizer.ids(TEXT).tolist()
        stream = TextStream(tokenizer)
        pieces = [stream.feed(ids[i : i + size]) for i in range(0, len(ids), size)]
        assert not any("\ufffd" in piece for piece in pieces)
        assert "".join([*pieces, stream.finish()]) == TEXT == stream.text


def test_bytes_that_are_no_characters_are_shown_at_last():
    tokenizer = ByteTokenizer()
    ids = [*tokenizer.ids("a"), 0xE6 + 4, 0x97 + 4]  # two thirds of a character
    stream = TextStream(tokenizer)
    assert [stream.feed([i]) for i in ids] == ["a", "", ""]
    assert stream.finish() == "\ufffd"
    stream = TextStream(tokenizer)
    assert "".join([stream.feed([i]) for i in [*ids, *tokenizer.ids("bc")]]) == "a\ufffdbc"
    stream = TextStream(tokenizer)
    rubbish = [0xFF + 4] * 3
    assert "".join(map(stream.feed, ([i] for i in rubbish))) + stream.finish() == "\ufffd" * 3


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        (["end"], TEXT.removesuffix("end")),
        (["eno", "endless"], TEXT),
        (["\u65e5\u672c", "本"], "naïve — "),
        (["a"], "n"),
        (["n"], ""),
        ([", a", "b"], "naïve — 日本語"),
    ],
)
def test_a_stop_text_ends_it_and_is_not_shown(tokenizers, size, stops, expected):
    for tokenizer in tokenizers:
        ids = tokenizer.ids(TEXT).tolist()
        stream = TextStream(tokenizer, stops)
        shown = ""
        for i in range(0, len(ids), size):
            shown += stream.feed(ids[i : i + size])
            assert expected.startswith(shown)
        assert shown + stream.finish() == stream.text == expected
        assert stream.stopped == (expected != TEXT)


def spelling(tokenizer, text):
    """A model that writes `text`, each of its characters once, and then STOP."""
    ids = [*tokenizer.ids(text).tolist(), STOP]
    successors = np.full(tokenizer.vocabulary_size, STOP)
    successors[ids[:-1]] = ids[1:]
    return TextGenerator(NextIs(successors))


def test_texts_in_and_out():
    tokenizer = CharacterTokenizer.train(["abcdefgh"])
    generator = spelling(tokenizer, "abcdefgh")
    shown = []
    first, second = continue_texts(generator, tokenizer, ["ab", "ef"], 20, show=shown.append)
    assert (first.text, first.tokens, first.ended_by) == ("cdefgh", 7, "stop")
    assert (second.text, second.tokens, second.ended_by) == ("gh", 3, "stop")
    assert "".join(shown) == "cdefgh"
    first, second = continue_texts(generator, tokenizer, ["ab", "ef"], 3, stops=["h"])
    assert (first.text, first.tokens, first.ended_by) == ("cde", 3, "length")
    assert (second.text, second.ended_by) == ("g", "stop")
    (whole,) = continue_texts(generator, tokenizer, ["g"])
    assert whole.text == "h"


def test_a_window_when_asked():
    tokenizer = CharacterTokenizer.train(["abcdefghi"])
    model = OneHead(sequence_length=8)
    model.build()
    generator = TextGenerator(model, use_cache=True, forbidden_ids=(0, 1, 2, 3))
    (room,) = continue_texts(generator, tokenizer, ["abc"])
    assert (room.tokens, room.ended_by) == (5, "length")
    (longer,) = continue_texts(generator, tokenizer, ["abcabcabcabc"], 30, overflow="window")
    assert len(longer.text) == longer.tokens == 30
    with pytest.raises(UserError, match="longer than the context"):
        continue_texts(generator, tokenizer, ["abcabcabcabc"])
    with pytest.raises(UserError, match="fills the context"):
        continue_texts(generator, tokenizer, ["abcabcab"])


@pytest.mark.parametrize("sampling", [GREEDY, Sampling()], ids=str)
def test_shown_in_pieces_it_is_the_same_text(sampling):
    tokenizer = CharacterTokenizer.train(["abcdefghi"])
    model = OneHead(sequence_length=70)
    model.build()
    generator = TextGenerator(model, use_cache=True, forbidden_ids=(0, 1, 3))
    shown = []
    whole = continue_texts(generator, tokenizer, ["abc", "d"], 50, sampling)
    assert whole == continue_texts(
        generator, tokenizer, ["abc", "d"], 50, sampling, show=shown.append
    )
    assert "".join(shown) == whole[0].text


@pytest.mark.parametrize(
    ("prompt", "options", "said"),
    [
        ("", {}, "prompt is empty"),
        ("abz", {}, "never seen 'z'"),
        ("a", {"stops": [""]}, "stop text"),
        ("a", {"max_new_tokens": -2}, "max_new_tokens=-2"),
    ],
)
def test_what_cannot_be_continued(prompt, options, said):
    tokenizer = CharacterTokenizer.train(["abc"])
    with pytest.raises(UserError, match=said):
        continue_texts(spelling(tokenizer, "abc"), tokenizer, [prompt], **options)
