"""`coursekit report` and `coursekit export` as a user meets them."""

import csv
import json
import subprocess
import sys

import pytest
from lxml import etree
from typer.testing import CliRunner

from coursekit.cli.main import app
from coursekit.errors import UserError
from coursekit.grading.class_results import RESULTS, write_times
from tests.grading.exports.sample_class import sample_class, sample_times


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    found = sample_class(lms="canvas", hostile=False)
    (folder / RESULTS).write_bytes(found.to_json())
    write_times(folder, sample_times(found))
    return folder


def call(*arguments) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_report_writes_pages_and_tells_figures(results):
    told = json.loads(call("report", results, "--json"))
    assert told["report"] == str(results / "report.html") and told["students"] == 24
    assert len(list((results / "feedback").iterdir())) == 24
    assert {
        "points",
        "verdicts",
        "mistakes",
        "checks",
        "slowest",
        "help_first",
        "flags",
        "notes",
    } <= set(told)
    words = call("report", results)
    assert "24 students" in words and "Need help first" in words


def test_report_of_one_student_is_found_by_name_or_number(results):
    for asked in ("student005", "1005", "Student No 5"):
        told = json.loads(call("report", results, "--student", asked, "--json"))
        assert told["result"]["student"] == "student005"
    assert [page.name for page in (results / "feedback").iterdir()] == ["student005.html"]
    assert not (results / "report.html").exists()
    with pytest.raises(UserError, match="No student 'nobody'"):
        call("report", results, "--student", "nobody")


def test_a_name_of_several_is_refused(results):
    found = sample_class(4, hostile=False)
    found.students[0].name = found.students[1].name = "Ada"
    (results / RESULTS).write_bytes(found.to_json())
    with pytest.raises(UserError, match="Several students are called 'Ada'"):
        call("report", results, "--student", "Ada")


@pytest.mark.parametrize("form", ["junit", "gradescope", "canvas", "csv"])
def test_each_form_is_written_and_told_as_json(results, tmp_path, form):
    to = tmp_path / "out"
    told = json.loads(call("export", form, results, "--to", to, "--json"))
    assert told["format"] == form and told["students"] == 24 and told["path"] == str(to)
    assert set(told) == {
        *("format", "path", "students", "not_in_file", "not_in_results", "kept", "replaced"),
        "warnings",
    }
    if form == "junit":
        assert etree.parse(to).getroot().get("tests") == "384"
    elif form == "gradescope":
        assert len(list(to.iterdir())) == 24
    else:
        with to.open(encoding="utf-8-sig", newline="") as file:
            assert len(list(csv.reader(file))) == (26 if form == "canvas" else 25)


def test_a_gradebook_given_is_filled_in(results, tmp_path):
    gradebook = tmp_path / "gradebook.csv"
    gradebook.write_text("Student,ID,Section,All of it (9)\nA,1000,x,\nB,9,x,\n", encoding="utf-8")
    to = tmp_path / "filled.csv"
    words = call(
        *("export", "canvas", results, "--gradebook", gradebook, "--to", to),
        *("--assignment", "All of it", "--unit", "ex02"),
    )
    assert to.read_text("utf-8") == "Student,ID,Section,All of it (9)\nA,1000,x,10\nB,9,x,\n"
    assert "23 in the results, but not in the file" in words and "and 3 more" in words
    assert "1 in the file, but not in the results" in words


def test_what_cannot_work_is_refused_in_a_line(results, tmp_path):
    for arguments, words in (
        (["export", "csv", tmp_path, "--to", tmp_path / "x"], "holds no results.json"),
        (["export", "moodle", results, "--to", tmp_path / "x"], "Give --worksheet"),
        (["export", "csv", results, "--to", tmp_path / "x", "--unit", "ex99"], "no unit 'ex99'"),
        (
            ["export", "gradescope", results, "--to", tmp_path / "x", "--visibility", "x"],
            "is one of",
        ),
        (["export", "csv", results, "--to", results], "cannot be written"),
    ):
        with pytest.raises(UserError, match=words) as told:
            call(*arguments)
        assert "\n" not in str(told.value)
    assert not (tmp_path / "x").exists()


def test_help_needs_no_library_of_reports():
    code = (
        "import sys, coursekit.cli.main;"
        "print([n for n in ('jinja2', 'msgspec', 'numpy', 'coursekit.grading') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
