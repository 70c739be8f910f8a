"""Tables as comma-separated files: read as an LMS or a spreadsheet wrote them, written so that no cell is a formula.

New files begin with a byte order mark: without it Excel takes UTF-8 for the machine's own code page, and every
name with an accent is wrong. Canvas and Moodle read files with it. A file that is filled in keeps its own form.
"""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

from coursekit.errors import UserError
from coursekit.grading.exports.plain_text import showable
from coursekit.grading.exports.whole_files import write_whole

BOM = "\ufeff"
MAX_BYTES = 50_000_000
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)\s*%?\s*")
_SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_FORMULA = re.compile(rf"[\s\x00-\x20]*{_SIGNS}")
# Where a spreadsheet set to another separator than the file's begins a new cell, quotes or not.
_INNER_FORMULA = {
    delimiter: re.compile(rf"([{others}\t\r\n][\s\x00-\x20]*)(?={_SIGNS})")
    for delimiter, others in ((",", ";"), (";", ","), ("\t", ",;"))
}


class Table(NamedTuple):
    """A header and rows, with how the file was written."""

    header: list[str]
    rows: list[list[str]]
    delimiter: str = ","
    bom: bool = True
    line_end: str = "\r\n"

    def column(self, name: str) -> int | None:
        """The place of a column; `None` if there is none."""
        return self.header.index(name) if name in self.header else None


def harmless(cell: object, delimiter: str = ",") -> str:
    """A cell that no spreadsheet runs: numbers stay, text that could be a formula gets an apostrophe in front."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return f"{cell:g}" if isinstance(cell, float) else str(cell)
    text = str(cell)
    if _NUMBER.fullmatch(text) or text.strip() in ("", "-"):  # Moodle's dash for "none"
        return text
    begins = text[0] in "\t\r\n" or _FORMULA.match(text)
    return ("'" if begins else "") + _INNER_FORMULA[delimiter].sub(r"\1'", text)


def read_table(path: Path, *needed: str) -> Table:
    """Reads a file that holds at least the needed columns.

    Raises:
        UserError: if it cannot be read, is no UTF-8, or lacks a column.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} has more than {MAX_BYTES // 10**6} MB: is it the right file?")
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not in UTF-8. Export it from the LMS again.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    bom = text.startswith(BOM)
    text = text.removeprefix(BOM)
    line_end = "\r\n" if "\r\n" in text else "\n"
    for delimiter in (",", ";", "\t"):
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        except csv.Error:
            continue
        if rows and all(name in rows[0] for name in needed):
            return Table(rows[0], rows[1:], delimiter, bom, line_end)
    raise UserError(
        f"{path} does not have the columns {', '.join(needed)}. Give the file as the LMS exported it, "
        "with the LMS set to English."
    )


def write_table(path: Path, table: Table) -> Path:
    """Writes the file in one piece. Every cell below the header is made harmless.

    Raises:
        UserError: if it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=table.delimiter, lineterminator=table.line_end)
    writer.writerow(table.header)
    for row in table.rows:
        writer.writerow([harmless(cell, table.delimiter) for cell in row])
    return write_whole(path, (BOM if table.bom else "") + text.getvalue())


def cell_text(text: str, limit: int = 300) -> str:
    """Untrusted text for one cell: one line, no control characters."""
    return " ".join(showable(text, limit).split())
