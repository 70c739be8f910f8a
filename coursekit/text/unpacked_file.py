"""Opens a file a user named, plain, gzipped or zipped, or refuses it with one line.

A refusal says what the file looks like and what to do; what kind of file was wanted is told by a
`FileKind`.
"""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from coursekit.errors import UserError

MAX_UNPACKED_BYTES = 1 << 30
_CHUNK_BYTES = 1 << 20
_DAMAGED = (
    gzip.BadGzipFile,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
)


class FileKind(NamedTuple):
    """What a user is told that the file should have been."""

    name: str  # "pairs file"
    inside: str  # what to name inside a directory
    holds: str  # "'source<TAB>target' text"


class TextFileError(UserError, ValueError):
    """A file that cannot be used; the message is one line for the person who named it."""


class refusing_unreadable:
    """Turns what the system says about a path or an archive into one line for its owner."""

    def __init__(self, path: Path, kind: FileKind):
        self.path, self.kind = path, kind

    def __enter__(self):
        if not self.path.exists():
            raise TextFileError(
                f"{self.path} does not exist: check the path of the {self.kind.name}."
            )
        if self.path.is_dir():
            raise TextFileError(f"{self.path} is a directory: name {self.kind.inside} inside it.")
        if not self.path.is_file():
            raise TextFileError(f"{self.path} is not a regular file: a {self.kind.name} is text.")

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


def open_unpacked(path: Path, max_bytes: int) -> IO[bytes]:
    """Opens by content, so that a `.txt` which is a gzip works; a `.gz` must be one."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b" or (path.suffix == ".gz" and magic):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if magic[:2] == b"PK" or (path.suffix == ".zip" and magic):
        return _open_zip(path, max_bytes)
    return path.open("rb")


def checked_chunks(
    stream: IO[bytes], path: Path, kind: FileKind, max_bytes: int
) -> Iterator[bytes]:
    """Yields the file piece by piece; refuses what is binary, UTF-16 or too large."""
    received = 0
    while chunk := stream.read(_CHUNK_BYTES):
        if received == 0:
            chunk = _checked_start(chunk, path, kind)
        received += len(chunk)
        if received > max_bytes:
            raise _too_large(path, max_bytes)
        yield chunk


def likely_encoding(windows_bytes: bool) -> str:
    """The name of what a text in another encoding than UTF-8 most likely is."""
    return "WINDOWS-1252" if windows_bytes else "ISO-8859-1 (Latin-1)"


def conversion_advice(name: str) -> str:
    return f"Convert it first: iconv -f {name.split(maxsplit=1)[0]} -t UTF-8."


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


def _checked_start(chunk: bytes, path: Path, kind: FileKind) -> bytes:
    """Refuses what is no text by its first bytes, and drops UTF-8's byte order mark."""
    if chunk.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_like_utf16(chunk):
        raise TextFileError(
            f"{path} is not UTF-8 but looks like UTF-16. {conversion_advice('UTF-16')}"
        )
    controls = sum(chunk.count(byte) for byte in range(32) if byte not in (9, 10, 12, 13))
    if controls * 50 > len(chunk) or b"\0" in chunk[:1024]:
        raise TextFileError(f"{path} is a binary file: a {kind.name} holds {kind.holds}.")
    return chunk.removeprefix(b"\xef\xbb\xbf")


def _looks_like_utf16(chunk: bytes) -> bool:
    start = chunk[:512]
    half = max(1, len(start) // 2)
    zeros = start[0::2].count(0) / half, start[1::2].count(0) / half
    return max(zeros) > 0.4 and min(zeros) < 0.1
