"""Opens what the instructor points at: a folder, a zip, one file."""

import os
import re
import stat
from collections.abc import Collection
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from coursekit.grading.submissions.archive import entries_of
from coursekit.grading.submissions.entry import Entry, Unreadable
from coursekit.grading.submissions.folder import entries_below, entry_of_file, list_folder
from coursekit.grading.submissions.layout import METADATA, Top, student_of_file
from coursekit.grading.submissions.limits import CLASS_ARCHIVE
from coursekit.grading.submissions.names import is_junk, is_junk_folder, problem_of_name

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")
_EXPORT = re.compile(r"assignment_[0-9]+_export")


def tops_at(path: Path, units: Collection[str], stack: ExitStack) -> list[Top]:
    """Everything directly in a folder or zip, or the one file; raises `OSError` and `Unreadable`.

    A zip stays open as long as the stack.
    """
    path = path.resolve()  # the instructor may point through a link; nobody else may
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        tops = _tops_of_folder(path, status)
        if len(tops) == 1 and tops[0].is_folder and _EXPORT.fullmatch(tops[0].name):
            inner = path / tops[0].name
            return _tops_of_folder(inner, inner.lstat())
        return tops
    entry = entry_of_file(path, (path.name,), status, is_own=True)
    if entry.problem:
        raise Unreadable(entry.problem)
    if path.suffix.lower() != ".zip":
        return [Top(path.name, False, lambda: [entry])]
    return _tops_of_zip(entries_of(stack.enter_context(entry.open()), CLASS_ARCHIVE), units)


def _tops_of_folder(folder: Path, expected: os.stat_result) -> list[Top]:
    tops = []
    for name, status in list_folder(folder, expected):
        place = folder / name
        if stat.S_ISDIR(status.st_mode) and not problem_of_name(name):
            if not is_junk_folder(name):
                tops.append(Top(name, True, partial(entries_below, place, status)))
        elif not is_junk((name,)):
            entry = entry_of_file(place, (name,), status)
            tops.append(_top_of_file(name, entry))
    return tops


def _top_of_file(name: str, entry: Entry) -> Top:
    # A link or what else cannot be followed stands for a student's folder if it is named like one.
    return Top(name, bool(entry.problem) and not _SUFFIX.search(name), lambda: [entry])


def _tops_of_zip(entries: list[Entry], units: Collection[str]) -> list[Top]:
    folders: dict[str, list[Entry]] = {}
    tops = []
    for entry in entries:
        first, *rest = entry.parts
        if rest:
            folders.setdefault(first, []).append(entry._replace(parts=tuple(rest)))
        else:
            tops.append(_top_of_file(first, entry))
    for name, inside in folders.items():
        tops.append(Top(name, True, lambda inside=inside: inside))  # type: ignore[misc]
    if len(tops) == 1 and folders:
        # A zip of a class often has one folder around all others. One student's has the files in it.
        (inside,) = folders.values()
        deeper = _tops_of_zip(inside, units)
        if any(top.name == METADATA for top in deeper) or _is_class(deeper, units):
            return deeper
    return tops


def _is_class(tops: list[Top], units: Collection[str]) -> bool:
    """Whether there are several students' hand-ins, and no unit's file that would be nobody's."""
    count = 0
    for top in tops:
        stem, _, suffix = top.name.rpartition(".")
        if top.is_folder or suffix.lower() == "zip":
            count += 1
        elif suffix.lower() in ("py", "ipynb"):
            who, _ = student_of_file(stem, units)
            if not who:
                return False
            count += 1
    return count > 1
