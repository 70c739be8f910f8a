"""Reads files of sentence pairs: one pair a line, tab-separated, plain, gzipped or zipped.

Two or three columns: source, target and, in files from Tatoeba, an attribution that is left out.
A line that cannot be used is skipped, counted and reported with its number; a file that cannot be
used is refused with one line that says what it looks like and what to do.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from coursekit.text.unpacked_file import (
    MAX_UNPACKED_BYTES,
    FileKind,
    TextFileError,
    checked_chunks,
    conversion_advice,
    likely_encoding,
    open_unpacked,
    refusing_unreadable,
)

__all__ = ["TextFileError", "keep_short", "read_sentence_pairs", "word_count"]

_MAX_LINE_BYTES = 1 << 20
_REPORTED_BAD_LINES = 5
_PAIRS_FILE = FileKind("pairs file", "the file of sentence pairs", "'source<TAB>target' text")


class SentencePair(NamedTuple):
    """A sentence and its translation."""

    source: str
    target: str


class BadLine(NamedTuple):
    """A line that was skipped, and why."""

    number: int
    reason: str


@dataclass
class BadLines:
    """How many lines were skipped, and the first few of them."""

    count: int = 0
    first: list[BadLine] = field(default_factory=list)

    def add(self, number: int, reason: str) -> None:
        self.count += 1
        if len(self.first) < _REPORTED_BAD_LINES:
            self.first.append(BadLine(number, reason))

    def __len__(self) -> int:
        return self.count

    def __str__(self) -> str:
        if not self.count:
            return "no line skipped"
        lines = "; ".join(f"line {number}: {reason}" for number, reason in self.first)
        more = "; ..." if self.count > len(self.first) else ""
        return f"{self.count} line{'s' * (self.count > 1)} skipped ({lines}{more})"


class PairsFile(NamedTuple):
    """What a file of sentence pairs held."""

    pairs: list[SentencePair]
    bad_lines: BadLines


def read_sentence_pairs(path, max_bytes: int = MAX_UNPACKED_BYTES) -> PairsFile:
    """Reads tab-separated sentence pairs.

    Args:
        path: a text file, a `.gz`, or a `.zip` with one text file (besides `_about.txt`).
        max_bytes: a file that unpacks to more than this is refused.

    Returns:
        `PairsFile(pairs, bad_lines)`, the text in Unicode's composed form (NFC), in file order.

    Raises:
        TextFileError: there is no such file, or it is a directory, binary, in another encoding,
            empty, damaged, too large, or no line of it holds a pair.
    """
    path = Path(path)
    pairs: list[SentencePair] = []
    bad_lines = BadLines()
    encoding = _EncodingEvidence()
    one_column = 0
    total = 0
    with refusing_unreadable(path, _PAIRS_FILE), open_unpacked(path, max_bytes) as stream:
        for number, line in _lines(stream, path, max_bytes):
            if not line.strip():
                continue
            total += 1
            text = encoding.decode(line)
            if text is None:
                bad_lines.add(number, "not valid UTF-8")
                continue
            columns = [unicodedata.normalize("NFC", column).strip() for column in text.split("\t")]
            if "\0" in text:
                bad_lines.add(number, "holds a NUL byte")
            elif len(columns) not in (2, 3):
                one_column += len(columns) == 1
                plural = "s" * (len(columns) > 1)
                bad_lines.add(number, f"{len(columns)} column{plural} instead of 2 or 3")
            elif not (columns[0] and columns[1]):
                bad_lines.add(number, f"the {'target' if columns[0] else 'source'} is empty")
            else:
                pairs.append(SentencePair(columns[0], columns[1]))
    if not total:
        raise TextFileError(f"{path} is empty: a pairs file holds 'source<TAB>target' lines.")
    encoding.refuse_if_wrong(path, total)
    if not pairs and one_column == total:
        raise TextFileError(
            f"{path} has one column in all its {total} lines: each line must hold a source and a "
            "target sentence with a tab between them."
        )
    if not pairs:
        raise TextFileError(f"{path} holds no sentence pair: {bad_lines}.")
    return PairsFile(pairs, bad_lines)


def word_count(text: str) -> int:
    """Returns the number of words between spaces; a lone mark is no word.

    >>> word_count("Où vas-tu ?")
    2
    """
    return sum(any(map(str.isalnum, word)) for word in text.split())


def keep_short(pairs: Iterable[SentencePair], max_words: int) -> list[SentencePair]:
    """Returns the pairs of which neither side is longer than `max_words` words."""
    return [pair for pair in pairs if max(map(word_count, pair)) <= max_words]


class _EncodingEvidence:
    """Decodes lines and remembers what speaks for another encoding than UTF-8."""

    def __init__(self):
        self.with_accents = self.invalid = self.windows_bytes = 0

    def decode(self, line: bytes) -> str | None:
        self.with_accents += not line.isascii()
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError:
            self.invalid += 1
            self.windows_bytes += any(0x80 <= byte < 0xA0 for byte in line)
            return None

    def refuse_if_wrong(self, path: Path, total: int) -> None:
        # A few damaged lines are bad lines; a wrong encoding spoils most lines with accents.
        if self.invalid * 2 < self.with_accents or self.invalid * 20 < total or not self.invalid:
            return
        name = likely_encoding(self.windows_bytes > 0)
        raise TextFileError(
            f"{path} is not UTF-8: {self.invalid} of its {total} lines cannot be read, and it "
            f"looks like {name}. {conversion_advice(name)}"
        )


def _lines(stream, path: Path, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yields numbered lines, never holding more than a chunk and a line of the file."""
    number, rest = 0, b""
    for chunk in checked_chunks(stream, path, _PAIRS_FILE, max_bytes):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            yield number, line
        if len(rest) > _MAX_LINE_BYTES:
            raise TextFileError(
                f"{path} has a line of more than {_MAX_LINE_BYTES / (1 << 20):.0f} MiB (line "
                f"{number + 1}): it does not look like a file with one sentence pair a line."
            )
    if rest:
        yield number + 1, rest
