"""From bytes to the text of a unit."""

import codecs
import re

from coursekit.grading.submissions.entry import Unreadable, check_size
from coursekit.grading.submissions.limits import MAX_SOURCE

_UTF32 = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DECLARED = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)")
_LIKE_ASCII = ("latin-1", "latin1", "iso-8859-1", "iso-8859-15", "cp1252", "windows-1252")
_SAVE = "save it again as UTF-8"


def text_of(content: bytes) -> str:
    """The text of a Python file, line ends as `\\n`; raises `Unreadable` if it is none.

    UTF-8, with or without a byte order mark, and UTF-16 with one, as Windows' Notepad writes it.
    """
    check_size(len(content), MAX_SOURCE)
    if content.startswith(_UTF32):
        raise Unreadable(f"is in UTF-32: {_SAVE}")
    encoding = "utf-16" if content.startswith(_UTF16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        where = f" (line {line})" if encoding == "utf-8-sig" else ""
        raise Unreadable(
            f"is not valid {encoding[:6].rstrip('-').upper()}{where}: {_SAVE}"
        ) from error
    return checked_text(text)


def checked_text(text: str) -> str:
    """The text with line ends as `\\n`; raises `Unreadable` for what Python would read as another text."""
    if "\0" in text:
        raise Unreadable(f"holds NUL characters: {_SAVE}")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    check_size(len(text.encode()), MAX_SOURCE)
    for line in text.split("\n", 2)[:2]:
        if (declared := _DECLARED.match(line)) and not _is_utf8(declared[1], text):
            raise Unreadable(
                f"declares the encoding {declared[1][:40]}: remove that line, it is read as UTF-8"
            )
    return text


def _is_utf8(encoding: str, text: str) -> bool:
    """Whether Python, which obeys the declaration, would read the same text."""
    name = encoding.lower().replace("_", "-")
    return (
        name in ("utf8", "utf-8", "ascii", "us-ascii")
        or name.startswith("utf-8-")
        or (name in _LIKE_ASCII and text.isascii())
    )
