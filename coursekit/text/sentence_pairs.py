"""Reads files of sentence pairs: one pair a line, tab-separated, plain, gzipped or zipped.

Two or three columns: source, target and, in files from Tatoeba, an attribution that is left out.
A line that cannot be used is skipped, counted and reported with its number; a file that cannot be
used is refused with one line that says what it looks like and what to do.
"""

import gzip
import lzma
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple, cast

from coursekit.errors import UserError

MAX_UNPACKED_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20
_MAX_LINE_BYTES = 1 << 20
_REPORTED_BAD_LINES = 5
_DAMAGED = (
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
)


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


class TextFileError(UserError, ValueError):
    """A file that cannot be used; the message is one line for the person who named it."""


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
    with _refusing_unreadable(path), _open(path, max_bytes) as stream:
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
        name = "WINDOWS-1252" if self.windows_bytes else "ISO-8859-1 (Latin-1)"
        raise TextFileError(
            f"{path} is not UTF-8: {self.invalid} of its {total} lines cannot be read, and it "
            f"looks like {name}. Convert it first: iconv -f {name.split(maxsplit=1)[0]} -t UTF-8."
        )


class _refusing_unreadable:
    """Turns what the system says about a path or an archive into one line for its owner."""

    def __init__(self, path: Path):
        self.path = path

    def __enter__(self):
        if not self.path.exists():
            raise TextFileError(f"{self.path} does not exist: check the path of the pairs file.")
        if self.path.is_dir():
            raise TextFileError(
                f"{self.path} is a directory: name the file of sentence pairs inside it."
            )
        if not self.path.is_file():
            raise TextFileError(f"{self.path} is not a regular file: a pairs file is text.")

    def __exit__(self, kind, error, traceback):
        if isinstance(error, TextFileError):
            return
        if isinstance(error, PermissionError):
            raise TextFileError(f"{self.path} cannot be read: permission denied.") from error
        if isinstance(error, _DAMAGED):
            raise TextFileError(
                f"{self.path} is damaged or not a {self.path.suffix} file ({error}): get it again."
            ) from error
        if isinstance(error, OSError):
            raise TextFileError(
                f"{self.path} cannot be read: {error.strerror or error}."
            ) from error


def _open(path: Path, max_bytes: int) -> IO[bytes]:
    """Opens by content, so that a `.txt` which is a gzip works; a `.gz` must be one."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b" or (path.suffix == ".gz" and magic):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if magic[:2] == b"PK" or (path.suffix == ".zip" and magic):
        return _open_zip(path, max_bytes)
    return path.open("rb")


def _open_zip(path: Path, max_bytes: int) -> IO[bytes]:
    archive = zipfile.ZipFile(path)
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir()
        and not member.filename.startswith("__MACOSX/")
        and Path(member.filename).name not in ("_about.txt", ".DS_Store")
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:4]) or "none"
        raise TextFileError(
            f"{path} must hold one text file besides _about.txt, received {len(members)} "
            f"({names}): unpack it and name the one to read."
        )
    if members[0].flag_bits & 1:
        raise TextFileError(f"{path} is encrypted: unpack it and name the text file.")
    if members[0].file_size > max_bytes:
        raise _too_large(path, max_bytes)
    return archive.open(members[0])


def _too_large(path: Path, max_bytes: int) -> TextFileError:
    return TextFileError(
        f"{path} unpacks to more than {max_bytes / (1 << 20):,.0f} MiB: cut it into smaller files."
    )


def _lines(stream: IO[bytes], path: Path, max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Yields numbered lines, never holding more than a chunk and a line of the file."""
    number, received, rest = 0, 0, b""
    while chunk := stream.read(_CHUNK_BYTES):
        if received == 0:
            chunk = _checked_start(chunk, path)
        received += len(chunk)
        if received > max_bytes:
            raise _too_large(path, max_bytes)
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


def _checked_start(chunk: bytes, path: Path) -> bytes:
    """Refuses what is no text by its first bytes, and drops UTF-8's byte order mark."""
    if chunk.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf16(chunk):
        raise TextFileError(
            f"{path} is not UTF-8 but looks like UTF-16. Convert it first: "
            "iconv -f UTF-16 -t UTF-8."
        )
    controls = sum(chunk.count(byte) for byte in range(32) if byte not in (9, 10, 12, 13))
    if controls * 50 > len(chunk) or b"\0" in chunk[:1024]:
        raise TextFileError(
            f"{path} is a binary file: a pairs file holds 'source<TAB>target' text."
        )
    return chunk.removeprefix(b"\xef\xbb\xbf")


def _looks_like_utf16(chunk: bytes) -> bool:
    start = chunk[:512]
    half = max(1, len(start) // 2)
    zeros = start[0::2].count(0) / half, start[1::2].count(0) / half
    return max(zeros) > 0.4 and min(zeros) < 0.1
