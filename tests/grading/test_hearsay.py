"""What a child says is kept within bounds before anybody reads or stores it."""

import pytest

from coursekit.grading import handle, judging
from coursekit.grading.handle import MODULE, Party
from coursekit.grading.judging import MAX_MESSAGE, Check, judge
from coursekit.grading.mistakes import same_answers
from coursekit.grading.protocol import Failure, Reply, Request, encode


class Said:
    """A party that gives one reply to everything."""

    replies: list = []

    def __init__(self, reply):
        self._reply = reply

    def begin(self, *_arguments):
        pass

    def ask(self, _request):
        return Party._take(party_without_worker(), encode(self._reply))


def party_without_worker():
    party = Party(None, None, "")  # type: ignore[arg-type]
    party.replies = []
    return party


def check(student):
    student.anything()


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[31mred",
        "two\nlines\r\x00\x08",
        "\u202eright to left\u2066",
        "\ufffe\x9b2J",
        "x" * 10**6,
    ],
)
def test_messages_are_one_printable_line_of_limited_length(text):
    one = Check("test_one", "One", 1, 1.0, (), check)
    for reply in (
        Reply(failure=Failure("ValueError", text)),
        Reply(failure=Failure(text, "message")),
        Reply(failure=Failure("ValueError", "message", 3, text)),
        Reply(mutated=[text]),
    ):
        message = judge(one, Said(reply), Said(Reply()), "ex02_lstm", 0).message
        assert message.isprintable()
        assert len(message) <= MAX_MESSAGE


def test_other_writing_stays_as_it_is():
    assert (
        judging._tellable("Größe: 3 × 4, \N{GREEK SMALL LETTER ALPHA}, 数") == "Größe: 3 × 4, α, 数"
    )


def test_of_many_large_answers_only_digests_are_kept(monkeypatch):
    monkeypatch.setattr(handle, "KEPT_BYTES", 1000)
    kept = []
    for last in ("a", "a", "b"):
        party = party_without_worker()
        for text in ("x" * 600, "y" * 600, last * 600):
            party._take(encode(Reply(text)))
        assert sum(map(len, party.replies)) < 1000
        kept.append(party.replies)
    assert same_answers(kept[0], kept[1])
    assert not same_answers(kept[0], kept[2])


def test_a_new_check_starts_with_room_for_answers():
    party = party_without_worker()
    party._recorded = type("Recorded", (), {"begin": lambda *_: None})()
    party._kept = 2**40
    party.begin("test_one", 0, 1.0)
    body = encode(Request("call", MODULE))
    party._keep(body)
    assert party.replies == [body]
