"""Files that are whole or not there, whatever interrupts the writing."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from coursekit.errors import UserError

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,200}")


def write_whole(path: Path, content: str | bytes | Iterable[bytes]) -> Path:
    """Writes a file, in one piece or in several, through a temporary one beside it: no reader ever sees a part.

    Raises:
        UserError: if the folder or the file cannot be written.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")
        with os.fdopen(handle, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
        os.chmod(name, 0o644)  # mkstemp's file is the owner's alone; a page is for others too
        os.replace(name, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            if name:
                os.unlink(name)
        if isinstance(error, OSError):
            raise UserError(f"{path} cannot be written: {error.strerror}.") from error
        raise
    return path


def file_name_of(student: str) -> str:
    """The student's short name, once it is sure that it stays inside its folder as a file's name.

    Raises:
        UserError: if it holds anything but letters, digits, `.`, `_` and `-`.
    """
    if not _SAFE.fullmatch(student) or student.startswith("."):
        raise UserError(
            f"results.json names a student {student!r}, which is no safe file name. "
            "Grade the class again with `coursekit grade`."
        )
    return student
