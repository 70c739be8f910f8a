"""Finds the units' files among all that a student handed in, and says what became of the rest."""

from collections.abc import Collection
from contextlib import ExitStack
from typing import NamedTuple

from coursekit.grading.submissions.archive import entries_of
from coursekit.grading.submissions.entry import Entry, Unreadable, check_size
from coursekit.grading.submissions.ignored import ignored_note, why_ignored
from coursekit.grading.submissions.limits import (
    MAX_CODE,
    MAX_INNER_ZIP,
    MAX_NOTEBOOK,
    MAX_NOTEBOOKS,
    MAX_NOTES,
    MAX_READ,
    MAX_SOURCE,
    STUDENT_ARCHIVE,
)
from coursekit.grading.submissions.names import same_name_key, shown, without_copy_number
from coursekit.grading.submissions.notebook import notebook_text
from coursekit.grading.submissions.text import checked_text, text_of


class UnitFiles(NamedTuple):
    """What is judged, what cannot be, and what the instructor should know; texts of one hand-in."""

    files: dict[str, str]
    refused: dict[str, str]
    notes: list[str]


class _Candidate(NamedTuple):
    entry: Entry
    text: str | None  # None: not read yet
    problem: str
    note: str = ""

    @property
    def place(self) -> tuple[str, ...]:
        """Equal for the copies of one file."""
        return tuple(
            _base(part)
            if index == len(self.entry.parts) - 1 or part.lower().endswith(".zip")
            else part
            for index, part in enumerate(self.entry.parts)
        )

    @property
    def rank(self) -> tuple:
        """Higher for the later copy."""
        return (
            self.entry.order,
            *(without_copy_number(_stem(part))[1] for part in self.entry.parts),
        )


class _Budget:
    """How much of one hand-in may still be unpacked."""

    def __init__(self) -> None:
        self.left = MAX_READ
        self.code = MAX_CODE  # of notebooks

    def read(self, entry: Entry, limit: int) -> bytes:
        if entry.problem:
            raise Unreadable(entry.problem)
        check_size(entry.size, limit)
        if entry.size > self.left:
            raise Unreadable(
                f"is not read: with it the hand-in has more than {MAX_READ:,} bytes to look at"
            )
        content = entry.read(limit)
        self.left -= len(content)
        return content


def unit_files(entries: list[Entry], units: Collection[str]) -> UnitFiles:
    """The text of each unit in a hand-in. Never raises for what a student did."""
    with ExitStack() as stack:
        return _unit_files(entries, units, stack)


def _unit_files(entries: list[Entry], units: Collection[str], stack: ExitStack) -> UnitFiles:
    notes: list[str] = []
    entries = _unpacked(entries, notes, stack)
    by_key = {same_name_key(unit): unit for unit in units}
    candidates: dict[str, list[_Candidate]] = {}
    budget, notebooks = _Budget(), 0
    ignored: dict[str, list[str]] = {}
    for entry in entries:
        suffix = entry.name.rpartition(".")[2].lower()
        unit = by_key.get(same_name_key(_base(entry.name).rpartition(".")[0]))
        if unit and suffix == "py":
            candidates.setdefault(unit, []).append(_Candidate(entry, None, entry.problem))
        elif suffix == "ipynb":
            notebooks += 1
            if notebooks > MAX_NOTEBOOKS:
                ignored.setdefault(f"notebooks after the first {MAX_NOTEBOOKS}", []).append(
                    entry.path
                )
                continue
            for found, candidate in _of_notebook(entry, unit, by_key, budget, notes):
                candidates.setdefault(found, []).append(candidate)
        elif entry.problem:
            notes.append(f"Not read: {shown(entry.path)} {entry.problem}.")
        else:
            ignored.setdefault(why_ignored(entry.name), []).append(entry.path)
    files: dict[str, str] = {}
    refused: dict[str, str] = {}
    for unit in sorted(candidates):
        try:
            files[unit] = _decide(unit, candidates[unit], budget, notes)
        except Unreadable as error:
            refused[unit] = str(error)
    for reason in sorted(ignored):
        notes.append(ignored_note(reason, ignored[reason]))
    if len(notes) > MAX_NOTES:
        notes[MAX_NOTES - 1 :] = [f"{len(notes) - MAX_NOTES + 1} more notes are left out."]
    return UnitFiles(files, refused, notes)


def _unpacked(entries: list[Entry], notes: list[str], stack: ExitStack) -> list[Entry]:
    """The entries by path, with those inside of zips in place of the zips, one level deep."""
    result: list[Entry] = []
    memory, left = MAX_INNER_ZIP, STUDENT_ARCHIVE.entries
    for entry in sorted(entries, key=lambda entry: (entry.parts, entry.order)):
        if not entry.name.lower().endswith(".zip") or entry.problem:
            result.append(entry)
            continue
        try:
            if entry.packed:
                check_size(entry.size, memory)
                memory -= entry.size
            file = stack.enter_context(entry.open())
            inside = entries_of(file, STUDENT_ARCHIVE._replace(entries=left))
        except Unreadable as error:
            notes.append(f"Not read: {shown(entry.path)} {error}.")
            continue
        left -= len(inside)
        result += [
            inner._replace(parts=(*entry.parts, *inner.parts), order=entry.order)
            for inner in inside
        ]
    return result


def _of_notebook(
    entry: Entry, unit: str | None, by_key: dict[str, str], budget: _Budget, notes: list[str]
) -> list[tuple[str, _Candidate]]:
    """The units that a notebook holds."""
    try:
        found = notebook_text(budget.read(entry, MAX_NOTEBOOK), budget.code)
        budget.code -= found.size
    except Unreadable as error:
        if unit:
            return [(unit, _Candidate(entry, None, str(error)))]
        notes.append(f"Not read: {shown(entry.path)} {error}.")
        return []
    result = []
    for mark in sorted(found.marked):
        marked = by_key.get(same_name_key(mark))
        if marked is None:
            notes.append(
                f"Ignored: cells of {shown(entry.path)} marked {shown(mark)}, which is no unit."
            )
            continue
        note = _commented_note(entry, found.commented[mark])
        result.append((marked, _Candidate(entry, found.marked[mark], "", note)))
    if not found.marked and unit:
        note = f"{shown(entry.path)} has no marked cell: all its code cells are taken for {unit}. "
        note += _commented_note(entry, found.commented[""])
        result.append((unit, _Candidate(entry, found.everything, "", note.strip())))
    elif not found.marked:
        notes.append(
            f"Ignored: {shown(entry.path)} has no cell that begins with `# coursekit: ` and the name of a unit."
        )
    return result


def _commented_note(entry: Entry, count: int) -> str:
    if not count:
        return ""
    return f"{count} lines of {shown(entry.path)} are IPython commands and were commented out."


def _decide(unit: str, candidates: list[_Candidate], budget: _Budget, notes: list[str]) -> str:
    """The text of a unit; raises `Unreadable` with a whole sentence if it cannot be told or read."""
    best = max(candidate.rank for candidate in candidates)
    latest = [candidate for candidate in candidates if candidate.rank == best]
    if len({candidate.place for candidate in candidates}) > 1 or len(latest) > 1:
        names = ", ".join(shown(candidate.entry.path) for candidate in candidates[:4])
        more = f" and {len(candidates) - 4} more" if len(candidates) > 4 else ""
        raise Unreadable(
            f"It cannot be told which file is meant for {unit}: {names}{more}. Hand in one of them only."
        )
    chosen = latest[0]
    name = shown(chosen.entry.path)
    for other in candidates:
        if other is not chosen:
            notes.append(f"{shown(other.entry.path)} is set aside for the later {name}.")
    if chosen.problem:
        raise Unreadable(f"{name} {chosen.problem}.")
    try:
        known = chosen.text
        text = (
            text_of(budget.read(chosen.entry, MAX_SOURCE)) if known is None else checked_text(known)
        )
    except Unreadable as error:
        raise Unreadable(f"{name} {error}.") from error
    if chosen.note:
        notes.append(chosen.note)
    stem = without_copy_number(_stem(chosen.entry.name))[0]
    if stem != unit and chosen.entry.name.lower().endswith(".py"):
        notes.append(f"{name} is taken for {unit}.py.")
    return text


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _base(name: str) -> str:
    """The name without the number of a copy."""
    stem, dot, suffix = name.rpartition(".")
    return f"{without_copy_number(stem)[0]}{dot}{suffix}" if dot else name
