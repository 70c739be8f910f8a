"""One file of a hand-in, in a folder or in a zip: its place, and how it is read if it is needed at all."""

from collections.abc import Callable
from typing import BinaryIO, NamedTuple

Reader = Callable[[int], bytes]


class Unreadable(Exception):
    """Something of a hand-in that is not read. The text completes a sentence that begins with its name."""


class Entry(NamedTuple):
    """A file that has been seen, not opened.

    `read(limit)` gives its bytes and raises `Unreadable` if there are more. `problem` says why it must not be
    read; the other two are not called then. Of the files of one name, that with the higher `order` came later.
    """

    parts: tuple[str, ...]
    size: int
    read: Reader
    open: Callable[[], BinaryIO]
    problem: str = ""
    order: int = 0
    packed: bool = False  # opening it unpacks it into memory

    @property
    def path(self) -> str:
        return "/".join(self.parts)

    @property
    def name(self) -> str:
        return self.parts[-1]


def unreadable(parts: tuple[str, ...], problem: str) -> Entry:
    """An entry that is only ever named."""

    def refuse(*_: object) -> BinaryIO:
        raise Unreadable(problem)

    return Entry(parts, 0, refuse, refuse, problem)  # type: ignore[arg-type]


def check_size(size: int, limit: int) -> None:
    if size > limit:
        raise Unreadable(f"has {size:,} bytes; the limit is {limit:,}")
