"""Reads a plain text: UTF-8, plain, gzipped or zipped."""

import unicodedata
from pathlib import Path

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

_TEXT_FILE = FileKind("text file", "the text file", "plain text")


def read_text(path, max_bytes: int = MAX_UNPACKED_BYTES) -> str:
    """Returns the text of a file, in Unicode's composed form (NFC), lines ended by newlines.

    Args:
        path: a text file, a `.gz`, or a `.zip` with one text file.
        max_bytes: a file that unpacks to more than this is refused.

    Raises:
        TextFileError: there is no such file, or it is a directory, binary, in another encoding,
            empty, damaged or too large.
    """
    path = Path(path)
    with refusing_unreadable(path, _TEXT_FILE), open_unpacked(path, max_bytes) as stream:
        content = b"".join(checked_chunks(stream, path, _TEXT_FILE, max_bytes))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        name = likely_encoding(any(0x80 <= byte < 0xA0 for byte in content))
        raise TextFileError(
            f"{path} is not UTF-8: line {line} cannot be read, and it looks like {name}. "
            f"{conversion_advice(name)}"
        ) from error
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise TextFileError(f"{path} is empty: a text file holds the text to learn from.")
    return text
