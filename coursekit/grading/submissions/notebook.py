"""The text of units in a Jupyter notebook. Nothing of it is run, its outputs are not looked at."""

import re
from typing import NamedTuple

import msgspec

from coursekit.grading.submissions.entry import Unreadable, check_size
from coursekit.grading.submissions.limits import MAX_CELLS, MAX_CODE, MAX_NOTEBOOK

_MARK = re.compile(r"#[ \t]*coursekit:[ \t]*([\w.-]{1,80})[ \t]*")
_CELL_MAGIC = re.compile(r"[ \t]*%%(\w*)")
_MAGIC = re.compile(r"[%!?]|[\w.]+\?{1,2}$|[\w., \t]+=[ \t]*[%!]")  # of a line without margins
_OF_PYTHON = frozenset(["time", "timeit", "capture", "prun"])  # cell magics around ordinary code
_TOKEN = re.compile(r"'''|\"\"\"|'(?:\\.|[^'\\])*'?|\"(?:\\.|[^\"\\])*\"?|#.*|[()\[\]{}]|\\$")
_CLOSING = {mark: re.compile(rf"(?:\\.|(?!{mark})[^\\]|\\$)*{mark}") for mark in ("'''", '"""')}


class _Cell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    nbformat: int
    cells: list[_Cell] = []


class NotebookText(NamedTuple):
    """The text of each unit by its marked cells; of all code cells; lines that were commented out, of each."""

    marked: dict[str, str]
    everything: str
    commented: dict[str, int]  # unit, or "" for all cells
    size: int  # of all code cells, in characters


def notebook_text(content: bytes, code_limit: int = MAX_CODE) -> NotebookText:
    """Reads a notebook of format 4; raises `Unreadable` if it is none or too large.

    `code_limit` is how many characters its code cells may have together.
    """
    check_size(len(content), MAX_NOTEBOOK)
    try:
        notebook = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_Notebook)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable("is not a Jupyter notebook of format 4: save it again") from error
    if notebook.nbformat != 4:
        raise Unreadable(f"is a notebook of format {notebook.nbformat}: save it in format 4")
    if len(notebook.cells) > MAX_CELLS:
        raise Unreadable(f"has {len(notebook.cells):,} cells; the limit is {MAX_CELLS:,}")
    sources = [
        cell.source if isinstance(cell.source, str) else "".join(cell.source)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    size = sum(map(len, sources))
    if size > code_limit:
        raise Unreadable(
            f"has {size:,} characters of code; the limit for a hand-in's notebooks is {MAX_CODE:,}"
        )
    everything: list[str] = []
    marked: dict[str, list[str]] = {}
    commented: dict[str, int] = {"": 0}
    for source in sources:
        text, count = without_magics(source)
        everything.append(text)
        commented[""] += count
        mark = _MARK.fullmatch(source.lstrip("\ufeff \t\r\n").split("\n", 1)[0].rstrip("\r"))
        if mark:
            unit = mark[1].removesuffix(".py")
            marked.setdefault(unit, []).append(text)
            commented[unit] = commented.get(unit, 0) + count
    joined = {unit: "\n\n".join(cells) + "\n" for unit, cells in marked.items()}
    return NotebookText(joined, "\n\n".join(everything) + "\n", commented, size)


def without_magics(source: str) -> tuple[str, int]:
    """The cell with IPython's commands commented out, and how many lines those were.

    Only where a statement begins: `%` also continues an expression, and a text may begin with anything.
    """
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    magic = _CELL_MAGIC.match(next((line for line in lines if line.strip()), ""))
    if magic and magic[1] not in _OF_PYTHON:
        return "\n".join(f"# {line}" for line in lines), len(lines)
    result, count = [], 0
    quote, depth, continues, command = "", 0, False, False
    for line in lines:
        begins = not quote and depth == 0 and not continues
        if command or (begins and _MAGIC.match(line.strip())):
            indent = line[: len(line) - len(line.lstrip(" \t"))]
            # A block must not lose its only statement.
            result.append(f"{indent}{'pass  ' if indent and not command else ''}# {line.lstrip()}")
            command = line.rstrip().endswith("\\")
            count += 1
            continue
        result.append(line)
        quote, depth, continues = _after(line, quote, depth)
    return "\n".join(result), count


def _after(line: str, quote: str, depth: int) -> tuple[str, int, bool]:
    """Whether a text, brackets or a statement go on after this line."""
    place = 0
    while True:
        if quote:
            closed = _CLOSING[quote].match(line, place)
            if not closed:
                return quote, depth, False
            quote, place = "", closed.end()
        token = _TOKEN.search(line, place)
        if not token:
            return "", depth, False
        found, place = token[0], token.end()
        if found in _CLOSING:
            quote = found
        elif found in ("(", "[", "{"):
            depth += 1
        elif found in (")", "]", "}"):
            depth = max(0, depth - 1)
        elif found == "\\":
            return "", depth, True
