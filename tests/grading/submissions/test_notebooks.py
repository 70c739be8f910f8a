"""Notebooks: which cells are judged, and that IPython's commands never run."""

import ast

import pytest

from coursekit.grading.submissions import unit_files
from coursekit.grading.submissions.notebook import without_magics
from coursekit.grading.submissions.reading import read_submissions
from tests.grading.submissions.conftest import CODE, notebook

MARK = "# coursekit: ex02_lstm"


def one_of(tree, files):
    (one,) = read_submissions(tree({f"ada/{name}": content for name, content in files.items()}))
    return one


def test_marked_cells_are_joined_in_order(tree):
    text = notebook(
        "import numpy",
        f"{MARK}\nfirst = 1",
        {"cell_type": "markdown", "metadata": {}, "source": f"{MARK}\nno code"},
        "# coursekit: ex03_gru\nother = 2",
        {
            "cell_type": "code",
            "source": [f"{MARK}.py\n", "second = 3\n", "third = 4"],
            "outputs": [],
        },
    )
    one = one_of(tree, {"lab.ipynb": text})
    assert one.files == {
        "ex02_lstm": f"{MARK}\nfirst = 1\n\n{MARK}.py\nsecond = 3\nthird = 4\n",
        "ex03_gru": "# coursekit: ex03_gru\nother = 2\n",
    }
    assert one.notes == []


@pytest.mark.parametrize(
    "mark",
    [
        "#coursekit:ex02_lstm",
        "#  coursekit:  ex02_lstm  ",
        "\n\n# coursekit: ex02_lstm\r",
        "# coursekit: EX02_LSTM",
    ],
)
def test_marks_are_understood(mark, tree):
    assert "ex02_lstm" in one_of(tree, {"lab.ipynb": notebook(f"{mark}\na = 1")}).files


@pytest.mark.parametrize(
    "mark", ["a = 1\n# coursekit: ex02_lstm", "# coursekit ex02_lstm", "# see coursekit: ex02_lstm"]
)
def test_what_is_no_mark(mark, tree):
    one = one_of(tree, {"lab.ipynb": notebook(mark), "ex03_gru.py": CODE})
    assert list(one.files) == ["ex03_gru"]
    assert "has no cell that begins with" in one.notes[0]


def test_marks_of_no_unit_are_noted(tree):
    one = one_of(tree, {"lab.ipynb": notebook("# coursekit: ex99_none\nx = 1", f"{MARK}\na = 1")})
    assert list(one.files) == ["ex02_lstm"]
    assert one.notes == ["Ignored: cells of lab.ipynb marked ex99_none, which is no unit."]


def test_a_notebook_named_after_its_unit_needs_no_marks(tree):
    one = one_of(tree, {"ex02_lstm.ipynb": notebook("a = 1", "!pip install x", "b = 2")})
    assert one.files == {"ex02_lstm": "a = 1\n\n# !pip install x\n\nb = 2\n"}
    assert one.notes == [
        "ex02_lstm.ipynb has no marked cell: all its code cells are taken for ex02_lstm. "
        "1 lines of ex02_lstm.ipynb are IPython commands and were commented out."
    ]


def test_of_a_notebook_with_marks_only_they_count_whatever_its_name(tree):
    one = one_of(tree, {"ex02_lstm.ipynb": notebook("# coursekit: ex03_gru\ng = 1", "a = 1")})
    assert one.files == {"ex03_gru": "# coursekit: ex03_gru\ng = 1\n"}


AMBIGUOUS = {
    "a file and a notebook": {"ex02_lstm.py": CODE, "ex02_lstm.ipynb": notebook("a")},
    "a file and marked cells": {"ex02_lstm.py": CODE, "lab.ipynb": notebook(MARK)},
    "two notebooks": {"one.ipynb": notebook(MARK), "two.ipynb": notebook(MARK)},
    "a later notebook": {"ex02_lstm.py": CODE, "ex02_lstm-1.ipynb": notebook("a")},
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_two_answers_to_one_unit_are_refused(case, tree):
    one = one_of(tree, AMBIGUOUS[case])
    assert not one.files
    assert "cannot be told which file is meant" in one.refused["ex02_lstm"]


def test_the_later_copy_of_a_notebook_counts(tree):
    files = {"lab.ipynb": notebook(f"{MARK}\n1"), "lab (1).ipynb": notebook(f"{MARK}\n2")}
    one = one_of(tree, files | {"lab-7.ipynb": notebook("# coursekit: ex03_gru\n3")})
    assert one.files["ex02_lstm"] == f"{MARK}\n2\n" and "ex03_gru" in one.files
    assert one.notes == ["lab.ipynb is set aside for the later lab (1).ipynb."]


BROKEN = {
    "no JSON": ("{", "is not a Jupyter notebook"),
    "a list": ("[]", "is not a Jupyter notebook"),
    "another format": (notebook(MARK, nbformat=3), "format 3"),
    "cells of another kind": ('{"nbformat": 4, "cells": [1]}', "is not a Jupyter notebook"),
    "source of another kind": (
        notebook({"cell_type": "code", "source": {"a": 1}}),
        "is not a Jupyter",
    ),
    "deep": (
        '{"nbformat": 4, "metadata": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "is not a Jupyter",
    ),
    "not UTF-8": (
        b'{"nbformat": 4, "cells": [{"cell_type": "\xff"}]}',
        "is not a Jupyter notebook",
    ),
    "half a character": (
        '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800"}]}',
        "is not",
    ),
    "many cells": (notebook(*["a"] * 5001), "5,001 cells"),
    "a long cell": (notebook("#" * (2**20 + 1)), "the limit is 1,048,576"),
    "much code": (notebook(*["#" * 2**20] * 5), "5,242,880 characters of code"),
    "long together": (notebook(*["#" * 600_000] * 2), "the limit is 1,048,576"),
    "NUL": (notebook("a\0b"), "NUL"),
    "large": (notebook("a", x="#" * 2**24), "the limit is 16,777,216"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_notebook_refuses_the_unit_it_is_named_after(case, tree):
    content, message = BROKEN[case]
    one = one_of(tree, {"ex02_lstm.ipynb": content, "ex03_gru.py": CODE})
    assert message in one.refused["ex02_lstm"]
    assert list(one.files) == ["ex03_gru"]


def test_a_broken_notebook_of_no_unit_is_noted(tree):
    one = one_of(tree, {"lab.ipynb": "{", "ex03_gru.py": CODE})
    assert list(one.files) == ["ex03_gru"] and not one.refused
    assert one.notes == [
        "Not read: lab.ipynb is not a Jupyter notebook of format 4: save it again."
    ]


def test_all_notebooks_of_a_student_share_a_limit_of_code(tree, monkeypatch):
    monkeypatch.setattr(unit_files, "MAX_CODE", 100)
    one = one_of(tree, {"a.ipynb": notebook(f"{MARK}\n{'#' * 60}"), "b.ipynb": notebook("#" * 60)})
    assert list(one.files) == ["ex02_lstm"]
    assert one.notes[0].startswith("Not read: b.ipynb has 60 characters of code")


MAGICS = {
    "%matplotlib inline\na = 1": "# %matplotlib inline\na = 1",
    "!rm -rf /\na = 1": "# !rm -rf /\na = 1",
    "  !ls": "  pass  # !ls",
    "if x:\n    !ls\nelse:\n    %cd ..\n": "if x:\n    pass  # !ls\nelse:\n    pass  # %cd ..\n",
    "?print\nprint?\nkeras.layers.LSTM??": "# ?print\n# print?\n# keras.layers.LSTM??",
    "files = !ls\nt = %timeit -o f()": "# files = !ls\n# t = %timeit -o f()",
    "!echo a \\\n  b\nc = 1": "# !echo a \\\n  # b\nc = 1",
    "%%bash\nrm -rf /": "# %%bash\n# rm -rf /",
    "\n%%writefile x.py\na = 1": "# \n# %%writefile x.py\n# a = 1",
    "%%time\na = 1": "# %%time\na = 1",
    "'''\nclosed'''\n!ls": "'''\nclosed'''\n# !ls",
    "a = 'it''s' # '''\n!ls": "a = 'it''s' # '''\n# !ls",
    "a = f(')')\n!ls": "a = f(')')\n# !ls",
    'a = "\\"("\n!ls': 'a = "\\"("\n# !ls',
}
UNCHANGED = [
    "a = (b\n     % c)",
    "a = b \\\n    % c",
    "a = [\n    1,\n    # (\n    b\n    % c]",
    '"""\n%time is no command here\n!nor this\nIs it?\n"""',
    "'''\n\\'''\n!ls\n'''",
    "x = '''a'''  '''\n% b\n'''",
    "a %= 2\nb = c != d\ne = 7 % 2",
    "# what is this?\nx = 1  # is it?",
    "print('really?')",
    "f = lambda: {\n    'a':\n    '%s' % x}",
]


@pytest.mark.parametrize("source", MAGICS)
def test_commands_of_ipython_are_commented_out(source):
    assert without_magics(source)[0] == MAGICS[source]
    ast.parse(
        MAGICS[source].replace("  pass", "if 1:\n  pass", 1)
        if source == "  !ls"
        else MAGICS[source]
    )


@pytest.mark.parametrize("source", UNCHANGED)
def test_python_is_left_alone(source):
    ast.parse(source)
    assert without_magics(source) == (source, 0)
