"""Texts of units: encodings, sizes, names of copies."""

import codecs
import time

import pytest

from coursekit.grading.submissions.names import without_copy_number
from coursekit.grading.submissions.reading import read_submissions
from tests.grading.submissions.conftest import CODE, notebook

UNIT = "ex02_lstm.py"
ACCENTED = "# é 李\nanswer = 1\n"

READ = {
    "UTF-8": ACCENTED.encode(),
    "UTF-8 with a mark": codecs.BOM_UTF8 + ACCENTED.encode(),
    "Notepad's Unicode": ACCENTED.encode("utf-16"),
    "UTF-16, big end first": codecs.BOM_UTF16_BE + ACCENTED.encode("utf-16-be"),
    "Windows' lines": ACCENTED.replace("\n", "\r\n").encode(),
    "old Mac's lines": ACCENTED.replace("\n", "\r").encode(),
}

REFUSED = {
    "Latin-1": (b"a = 1\n# \xe9\n", "is not valid UTF-8 (line 2)"),
    "UTF-16 without a mark": (CODE.encode("utf-16-le"), "NUL characters"),
    "half of UTF-16": (ACCENTED.encode("utf-16") + b"x", "is not valid UTF-16"),
    "UTF-32": (ACCENTED.encode("utf-32"), "UTF-32"),
    "NUL": (b"a = 1\0\n", "NUL characters"),
    "too large": (b"#" * (2**20 + 1), "has 1,048,577 bytes; the limit is 1,048,576"),
    "too large once it is UTF-8": (("李" * 400_000).encode("utf-16"), "the limit is 1,048,576"),
    "declared UTF-7": (b"# coding: utf-7\n# +AAo-import os\n", "declares the encoding utf-7"),
    "declared on line 2": (b"#!/usr/bin/python\n# vim: set fileencoding=rot13 :\n", "rot13"),
    "declared Latin-1": ("# -*- coding: latin-1 -*-\n# é\n".encode(), "latin-1"),
}


@pytest.mark.parametrize("case", READ)
def test_a_text_is_the_same_however_it_was_saved(case, tree):
    (one,) = read_submissions(tree({UNIT: READ[case]}))
    assert one.files == {"ex02_lstm": ACCENTED}
    assert not one.notes


@pytest.mark.parametrize("case", REFUSED)
def test_other_texts_are_refused(case, tree):
    content, message = REFUSED[case]
    (one,) = read_submissions(tree({UNIT: content, "ex03_gru.py": CODE}))
    assert message in one.refused["ex02_lstm"]
    assert one.refused["ex02_lstm"].startswith("ex02_lstm.py ")
    assert one.files == {"ex03_gru": CODE}


@pytest.mark.parametrize("declared", ["utf-8", "UTF8", "utf_8", "utf-8-unix", "ascii", "latin-1"])
def test_declarations_that_change_nothing_are_read(declared, tree):
    (one,) = read_submissions(tree({UNIT: f"# -*- coding: {declared} -*-\na = 1\n"}))
    assert list(one.files) == ["ex02_lstm"]


COPIES = {
    "ex02_lstm": ("ex02_lstm", ()),
    "ex02_lstm (1)": ("ex02_lstm", (1,)),
    "ex02_lstm(12)": ("ex02_lstm", (12,)),
    "ex02_lstm-3": ("ex02_lstm", (3,)),
    "ex02_lstm-3 (1)": ("ex02_lstm", (3, 1)),
    "ex02_lstm-0a1b2c3d-1111-2222-3333-444455556666": ("ex02_lstm", (8,)),
    "ex02_lstm - Copy": ("ex02_lstm - Copy", ()),
    "ex02_lstm_2": ("ex02_lstm_2", ()),
    "(1)": ("(1)", ()),
}


@pytest.mark.parametrize("stem", COPIES)
def test_numbers_of_copies(stem):
    assert without_copy_number(stem) == COPIES[stem]


FILES = [
    (["ex02_lstm (1).py"], "ex02_lstm (1).py"),
    (["ex02_lstm-2.py"], "ex02_lstm-2.py"),
    (["EX02_LSTM.PY"], "EX02_LSTM.PY"),
    (
        ["ex02_lstm.py", "ex02_lstm (1).py", "ex02_lstm (10).py", "ex02_lstm (9).py"],
        "ex02_lstm (10).py",
    ),
    (["ex02_lstm-1.py", "ex02_lstm-2.py"], "ex02_lstm-2.py"),
    (["hw/ex02_lstm.py", "hw/ex02_lstm-1.py"], "hw/ex02_lstm-1.py"),
    (["ex02_lstm (1).py", "ex02_lstm-1.py"], None),
    (["ex02_lstm.py", "hw/ex02_lstm (1).py"], None),
    (["ex02_lstm.py", "EX02_LSTM.py"], None),
    (["ex02_lstm.py", "EX02_LSTM-1.py"], None),
    (["a-1/ex02_lstm.py", "a-2/ex02_lstm.py"], None),
]


@pytest.mark.parametrize("names, chosen", FILES)
def test_which_of_several_files_is_judged(names, chosen, tree):
    (one,) = read_submissions(tree({f"ada/{name}": f"# {name}\n" for name in names}))
    if chosen is None:
        assert one.files == {}
        assert all(name in one.refused["ex02_lstm"] for name in names)
        return
    assert one.files == {"ex02_lstm": f"# {chosen}\n"}
    aside = [note for note in one.notes if "set aside" in note]
    assert len(aside) == len(names) - 1
    assert all(any(note.startswith(name) for note in aside) for name in names if name != chosen)


def test_a_file_of_another_case_is_taken_with_a_note(tree):
    (one,) = read_submissions(tree({"ada/EX02_LSTM.py": CODE}))
    assert one.files == {"ex02_lstm": CODE}
    assert one.notes == ["EX02_LSTM.py is taken for ex02_lstm.py."]


def test_names_in_sentences_are_of_one_line_and_short(tree):
    (one,) = read_submissions(
        tree(
            {"ada/ex02_lstm.py": CODE, f"ada/{'x' * 200}.ipynb": "{", "ada/\u202ea\u2028b.bin": ""}
        )
    )
    assert all(len(note) < 250 and note.isprintable() for note in one.notes)


def test_notes_have_a_limit(tree):
    many = {f"ada/{n}.ipynb": notebook("1") for n in range(49)}
    (one,) = read_submissions(tree({**many, "ada/ex02_lstm.py": CODE}))
    assert len(one.notes) == 40 and one.notes[-1] == "10 more notes are left out."


def test_hostile_texts_take_no_time(tree):
    line = 200_000
    sources = [
        "(" * line,
        "'" * line,
        "\\" * line,
        " " * line,
        "a " * line,
        "'''" + "\\'" * line,
        "x" * line + "?",
        "\n" * line,
        "!\n" * line,
    ]
    cells = ["# coursekit: ex02_lstm", *(source[: line * 2] for source in sources)]
    start = time.monotonic()
    (one,) = read_submissions(
        tree({"ada/ex02_lstm.ipynb": notebook(*cells), "ada/ex03_gru.py": "# coding" * 100_000})
    )
    assert time.monotonic() - start < 5
    assert list(one.files) == ["ex02_lstm", "ex03_gru"]
