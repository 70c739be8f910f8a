"""Looks into a folder on disk without following anything out of it."""

import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from coursekit.grading.submissions.entry import Entry, Unreadable, check_size, unreadable
from coursekit.grading.submissions.limits import MAX_DEPTH, MAX_FILES, MAX_PATH
from coursekit.grading.submissions.names import is_junk, is_junk_folder, problem_of_name

# A FIFO that takes the place of a file after it was looked at must not block the one who opens it.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_CLOSED = "cannot be read: give yourself the permission to"


def entries_below(folder: Path, seen_as: os.stat_result) -> list[Entry]:
    """Every file of one hand-in, in any order; raises `Unreadable` if there are too many.

    Names of entries are relative to the folder. Links, devices and what else is no file come as entries with a problem.
    """
    found: list[Entry] = []
    waiting: list[tuple[Path, tuple[str, ...], os.stat_result]] = [(folder, (), seen_as)]
    seen = 0
    while waiting:
        current, above, expected = waiting.pop()
        try:
            listing = list(islice(list_folder(current, expected), MAX_FILES + 1))
        except OSError:
            found.append(unreadable(above or (folder.name,), _CLOSED))
            continue
        seen += len(listing)
        if seen > MAX_FILES:
            raise Unreadable(f"holds more than {MAX_FILES:,} files: hand in the units' files only")
        for name, status in listing:
            parts = (*above, name)
            if stat.S_ISDIR(status.st_mode) and not problem_of_name(name):
                if is_junk_folder(name):
                    continue
                if len(parts) > MAX_DEPTH:
                    found.append(unreadable(parts, f"is more than {MAX_DEPTH} folders deep"))
                else:
                    waiting.append((current / name, parts, status))
            elif not is_junk(parts):
                found.append(entry_of_file(current / name, parts, status))
    return found


def list_folder(folder: Path, expected: os.stat_result) -> Iterator[tuple[str, os.stat_result]]:
    """Names in a folder with what they are, links not followed.

    Raises `OSError` if it is closed, or is no longer the folder that was seen: a link may have taken its place.
    """
    if os.name == "nt":
        yield from _list(folder)
        return
    descriptor = os.open(folder, _FLAGS | os.O_DIRECTORY)
    try:
        if not os.path.samestat(os.fstat(descriptor), expected):
            raise NotADirectoryError(f"{folder} was replaced")
        yield from _list(descriptor)
    finally:
        os.close(descriptor)


def _list(folder: Path | int) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as items:
        for item in items:
            try:
                yield item.name, item.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # it went away while we looked


def entry_of_file(
    path: Path, parts: tuple[str, ...], status: os.stat_result, is_own: bool = False
) -> Entry:
    """An entry for what is not a folder; `is_own` if the instructor chose this very file."""
    problem = "" if is_own else problem_of_name(parts[-1])
    problem = problem or _problem_of_kind(status, is_own)
    if not problem and len(os.fsencode("/".join(parts))) > MAX_PATH:
        problem = f"has a path of more than {MAX_PATH:,} bytes: rename it"
    if problem:
        return unreadable(parts, problem)

    def open_file() -> BinaryIO:
        try:
            descriptor = os.open(path, _FLAGS)
        except OSError as error:
            raise Unreadable(_CLOSED) from error
        file = os.fdopen(descriptor, "rb")
        now = os.fstat(descriptor)
        same = os.name == "nt" or os.path.samestat(now, status)
        if _problem_of_kind(now, is_own) or not same:
            file.close()
            raise Unreadable("was replaced by something else while it was read")
        return file

    def read(limit: int) -> bytes:
        check_size(status.st_size, limit)
        with open_file() as file:
            try:
                content = file.read(limit + 1)
            except OSError as error:
                raise Unreadable(_CLOSED) from error
        check_size(len(content), limit)
        return content

    return Entry(parts, status.st_size, read, open_file)


def _problem_of_kind(status: os.stat_result, is_own: bool) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link: hand in the file itself"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder whose name cannot be used"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file (a FIFO, a socket or a device): hand in a file"
    if status.st_nlink > 1 and not is_own:
        return "is a hard link to another file: hand in a copy of its own"
    return ""
