"""Named mistakes: wrong versions of a solution, and how a student's answers are matched to them."""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
import numpy as np

from coursekit.errors import UserError
from coursekit.grading import expect
from coursekit.grading.answer_key import Transcript
from coursekit.grading.protocol import BFloat16, Failure, ProtocolError, Reply, decode


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """Text of the solution, found exactly once, and what stands there instead."""

    find: str
    replace: str


class Mistake(msgspec.Struct, forbid_unknown_fields=True):
    """A wrong version of a solution with the sentence a student should read."""

    name: str
    sentence: str
    edits: list[Edit]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    mistake: list[Mistake] = []


def read_mistakes(path: Path) -> list[Mistake]:
    """The mistakes of a unit; none if the file is missing (students' copies have none)."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    try:
        return msgspec.convert(tomllib.loads(text), _File).mistake
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UserError(f"{path}: {error}") from error


def apply_edits(solution: str, mistake: Mistake) -> str:
    """The solution with the mistake in it; each `find` must occur exactly once."""
    text = solution
    for edit in mistake.edits:
        count = text.count(edit.find)
        if count != 1:
            raise UserError(
                f"mistake {mistake.name!r}: its text to find occurs {count} times, not once: "
                f"{edit.find!r}"
            )
        text = text.replace(edit.find, edit.replace)
    return text


def same_answers(one: list[bytes], other: list[bytes]) -> bool:
    """Whether two transcripts of a check answer alike, values within tolerance."""
    return len(one) == len(other) and all(map(_same_reply, one, other))


def candidates(
    failed: Mapping[str, list[bytes]], known: Mapping[str, Mapping[str, Transcript]]
) -> dict[str, list[str]]:
    """For each failed check, the mistakes that fail it with the answers the student gave."""
    return {
        check: [
            name
            for name, transcript in known.get(check, {}).items()
            if transcript.failed and same_answers(replies, transcript.replies)
        ]
        for check, replies in failed.items()
    }


def name_mistakes(
    matches: Mapping[str, list[str]],
    passed: Collection[str],
    known: Mapping[str, Mapping[str, Transcript]],
) -> dict[str, str]:
    """The mistake to name for each failed check, among its candidates.

    Evidence against a mistake is a check the student passed and the mistake fails; evidence for it is each
    failed check that it explains. Equal evidence leaves the order of the file.
    """
    explains = Counter(name for names in matches.values() for name in names)
    against = Counter(
        name for check in passed for name, fared in known.get(check, {}).items() if fared.failed
    )
    return {
        check: min(names, key=lambda name: (against[name], -explains[name]))
        for check, names in matches.items()
        if names
    }


def _same_reply(one: bytes, other: bytes) -> bool:
    if one == other:
        return True
    try:
        first, second = decode(one, Reply), decode(other, Reply)
    except ProtocolError:
        return False
    if (first.failure is None) != (second.failure is None):
        return False
    if first.failure is not None and second.failure is not None:
        return _raised(first.failure) == _raised(second.failure)
    return first.mutated == second.mutated and _same_value(first.value, second.value)


def _raised(failure: Failure) -> tuple[str, str]:
    """What was raised, without the numbers and quoted names that differ from one text to another."""
    return failure.kind, re.sub(r"[\d'`\"]+|\{\{.*?\}\}", "", failure.message)


def _same_value(one: object, other: object) -> bool:
    if isinstance(one, BFloat16) and isinstance(other, BFloat16):
        one, other = one.values, other.values
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        half = one.dtype == np.float16
        tolerance = {"rtol": 1e-2, "atol": 1e-3} if half else {"rtol": 1e-4, "atol": 1e-5}
        return bool(np.allclose(one, other, equal_nan=True, **tolerance))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same_value, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same_value(one[k], other[k]) for k in one)
    if isinstance(other, bool | int | float | str) or other is None:
        try:
            expect.close(one, other, "")
        except expect.CheckFailed:
            return False
        return True
    return type(one) is type(other) and one == other
