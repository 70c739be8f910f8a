"""The page for instructors says the limits that hold."""

import re
from pathlib import Path

import pytest

from coursekit.grading.submissions import limits

PAGE = Path(__file__).resolve().parents[3] / "docs" / "submissions.md"
ROWS = {
    "text of one unit": limits.MAX_SOURCE,
    "a notebook, outputs included": limits.MAX_NOTEBOOK,
    "cells of a notebook": limits.MAX_CELLS,
    "notebooks of one hand-in": limits.MAX_NOTEBOOKS,
    "code cells of these notebooks, together": limits.MAX_CODE,
    "all that is read of one hand-in, unpacked": limits.MAX_READ,
    "zips of one student inside of an outer zip, together": limits.MAX_INNER_ZIP,
    "entries of a student's zips, or files of a student's folder": limits.MAX_FILES,
    "entries of a class's zip": limits.CLASS_ARCHIVE.entries,
    "folders within folders of one hand-in": limits.MAX_DEPTH,
    "bytes of a name": limits.MAX_NAME,
    "bytes of a path": limits.MAX_PATH,
    "size of an entry to its packed size": limits.MAX_RATIO,
    "Gradescope's metadata": limits.MAX_METADATA,
    "notes of one hand-in": limits.MAX_NOTES,
}


@pytest.mark.parametrize("name", ROWS)
def test_the_page_says_the_limits(name):
    (said,) = re.findall(rf"^\| {re.escape(name)} \| (.+) \|$", PAGE.read_text("utf-8"), re.M)
    number, _, unit = said.replace(",", "").partition(" ")
    assert int(number) * {"": 1, "MiB": 2**20}[unit] == ROWS[name]
