"""Reads a whole class's submissions from what an instructor points at."""

from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import msgspec

from coursekit.course.syllabus import units as syllabus_units
from coursekit.errors import UserError
from coursekit.grading.submissions.entry import Entry, Unreadable
from coursekit.grading.submissions.layout import HandIn, Top, hand_ins, student_of_file
from coursekit.grading.submissions.names import (
    shown,
    unique_names,
)
from coursekit.grading.submissions.pointed_at import tops_at
from coursekit.grading.submissions.submission import Submission
from coursekit.grading.submissions.unit_files import unit_files

_LOOKED_FOR = (
    "one folder, .zip, .py or .ipynb per student, a bulk download of Canvas, Moodle or Gradescope, "
    "or files named like ex02_lstm.py"
)


class _Read(NamedTuple):
    submission: Submission  # without its short name
    label: str
    identity: str
    when: tuple[float, int, str]


class ClassHandIn(msgspec.Struct, frozen=True):
    """All submissions of a class, by `student`, and what belongs to none of them."""

    submissions: list[Submission]
    notes: list[str] = []


def read_submissions(path: Path, units: Collection[str] | None = None) -> list[Submission]:
    """The submissions in a folder or zip, sorted by `student`; see `read_class`."""
    return read_class(path, units).submissions


def read_class(path: Path, units: Collection[str] | None = None) -> ClassHandIn:
    """The submissions in a folder or zip, and notes on what belongs to none.

    Nothing is run and nothing written. What is wrong with one hand-in is told in its `refused`, `notes` and `problem`,
    and changes no other one.

    Args:
        path: a folder or zip of a class, or of one student; or one student's file.
        units: names of the units to look for; those of the syllabus unless given.

    Raises:
        UserError: there is nothing at `path`, it cannot be read, or nothing in it looks like a submission.
    """
    path = Path(path)
    units = [unit.name for unit in syllabus_units()] if units is None else list(units)
    notes: list[str] = []
    with ExitStack() as stack:
        try:
            tops = tops_at(path, units, stack)
        except FileNotFoundError:
            raise UserError(f"There is no {path}. Give the folder or zip of submissions.") from None
        except Unreadable as error:
            raise UserError(f"{path} {error}.") from error
        except (OSError, ValueError, RuntimeError) as error:  # a loop of links, a name with NUL
            reason = f"cannot be read ({getattr(error, 'strerror', None) or error})"
            raise UserError(f"{path} {reason}.") from error
        if not tops:
            raise UserError(f"{path} is empty. It should hold {_LOOKED_FOR}.")
        single = _single(path, tops, units)
        found = [single] if single else hand_ins(tops, units, notes)
        read = _latest([each for hand_in in found for each in _read_safely(hand_in, units)])
    if not any(_has_something(each.submission) for each in read):
        raise UserError(
            f"Nothing in {path} looks like a submission. Looked for {_LOOKED_FOR}; the units are {', '.join(units)}."
        )
    names = unique_names([(each.label, each.identity) for each in read])
    named = [
        msgspec.structs.replace(each.submission, student=name)
        for each, name in zip(read, names, strict=True)
    ]
    return ClassHandIn(sorted(named, key=lambda submission: submission.student), notes)


def _single(path: Path, tops: list[Top], units: Collection[str]) -> HandIn | None:
    """The hand-in, if what was pointed at is one student's: units' files directly in it, and nobody else's."""
    direct = False
    for top in tops:
        stem, _, suffix = top.name.rpartition(".")
        if top.is_folder:
            continue
        if suffix.lower() == "zip":
            return None
        if suffix.lower() in ("py", "ipynb"):
            who, unit = student_of_file(stem, units)
            if who and unit and not stem.lower().startswith(unit[:4].lower()):
                return None
            direct = direct or (bool(unit) and not who)
    if not direct or any(top.is_folder and _holds_units(top, units) for top in tops):
        return None
    name = path.resolve().name
    label = name if path.is_dir() else name.rpartition(".")[0] or name
    ordered = sorted(tops, key=lambda top: (top.name, top.is_folder))
    files = [(top, "" if top.is_folder else top.name, 0) for top in ordered]
    return HandIn(label, label, tops=files)


def _holds_units(top: Top, units: Collection[str]) -> bool:
    try:
        entries = top.load()
    except Unreadable:
        return False
    names = [entry.name.rpartition(".") for entry in entries if not entry.problem]
    return any(
        suffix.lower() == "zip"
        or (suffix.lower() in ("py", "ipynb") and student_of_file(stem, units)[1])
        for stem, _, suffix in names
    )


def _read_safely(hand_in: HandIn, units: Collection[str]) -> list[_Read]:
    """As `_read`; a fault of our own costs the one who met it, and not the class."""
    try:
        return _read(hand_in, units)
    except Exception as error:
        problem = f"It could not be read, by a fault of coursekit's ({type(error).__name__})."
        submission = Submission(
            student="",
            name=shown(hand_in.name, 200),
            lms=hand_in.lms,
            lms_id=hand_in.lms_id,
            late=hand_in.late,
            notes=[problem],
            problem=problem,
        )
        return [_Read(submission, hand_in.label, hand_in.identity, _when(hand_in))]


def _read(hand_in: HandIn, units: Collection[str]) -> list[_Read]:
    """Everything of one hand-in; several submissions where several students handed in together."""
    entries: list[Entry] = []
    notes = list(hand_in.notes)
    for top, file, order in hand_in.tops:
        try:
            for entry in top.load():
                parts = (*entry.parts[:-1], file) if file else entry.parts
                entries.append(entry._replace(parts=parts, order=order))
        except Unreadable as error:
            notes.append(f"Not read: {shown(top.name)} {error}.")
    found = unit_files(entries, units)
    notes += found.notes
    problem = ""
    if not found.files and not found.refused:
        problem = next((note for note in notes if note.startswith("Not read: ")), "")
        if not problem:
            notes.append(f"No unit's file was found: looked for {', '.join(units)}, each as .py.")
    base = Submission(
        student="",
        files=found.files,
        refused=found.refused,
        notes=notes,
        name=shown(hand_in.name, 200),
        lms=hand_in.lms,
        lms_id=hand_in.lms_id,
        late=hand_in.late,
        problem=problem.removeprefix("Not read: "),
    )
    if not hand_in.submitters:
        return [_Read(base, hand_in.label, hand_in.identity, _when(hand_in))]
    result = []
    for submitter in hand_in.submitters:
        others = [shown(other.name) for other in hand_in.submitters if other is not submitter]
        together = [f"Handed in together with {', '.join(others)}."] if others else []
        own = msgspec.structs.replace(
            base,
            name=shown(submitter.name, 200),
            lms_id=shown(submitter.sid or submitter.email, 200) or hand_in.lms_id,
            notes=[*together, *notes],
        )
        identity = "\0".join((own.lms, own.lms_id, own.name))
        result.append(_Read(own, submitter.sid or hand_in.label, identity, _when(hand_in)))
    return result


def _when(hand_in: HandIn) -> tuple[float, int, str]:
    """Later attempts compare higher."""
    return hand_in.created_at, int(hand_in.label) if hand_in.label.isdecimal() else 0, hand_in.label


def _latest(found: list[_Read]) -> list[_Read]:
    """One submission for each identity: the latest, which tells of the others."""
    by_identity: dict[str, list[_Read]] = {}
    for each in found:
        by_identity.setdefault(each.identity, []).append(each)
    result = []
    for attempts in by_identity.values():
        *earlier, last = sorted(attempts, key=lambda each: each.when)
        notes = [
            f"An earlier submission of the same student, {shown(each.when[2])}, is set aside."
            for each in earlier
        ]
        kept = msgspec.structs.replace(last.submission, notes=[*notes, *last.submission.notes])
        result.append(last._replace(submission=kept))
    return result


def _has_something(submission: Submission) -> bool:
    return bool(submission.files or submission.refused or submission.problem or submission.lms)
