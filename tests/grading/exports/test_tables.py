"""Canvas, Moodle and plain CSV: documented columns, the right points beside the right student, no formulas."""

import csv
import io
import os

import pytest

from coursekit.errors import UserError
from coursekit.grading.exports import canvas, moodle
from coursekit.grading.exports.canvas import fill_canvas, write_canvas
from coursekit.grading.exports.csv_tables import BOM, harmless
from coursekit.grading.exports.exported import only_units
from coursekit.grading.exports.moodle import fill_moodle, write_moodle
from coursekit.grading.exports.plain_csv import write_csv
from tests.grading.exports.sample_class import UNITS, sample_class

GRADEBOOK = """\
Student,ID,SIS User ID,SIS Login ID,Section,ex02 LSTM (501),Essay (502),Whole course (503),Final Score
,,,,,Manual Posting,,,
    Points Possible,,,,,10.00,20.00,40.00,(read only)
"Zero, Student",1000,S0,zero@school,One,,17,,80
"One, Student",1001,S1,one@school,One,EX,,,10
"Two, =cmd()",1002,S2,two@school,"One and Two",3.00,-,,
"Stranger, A",7777,S7,stranger@school,Two,,12,,
"Student, Test",8888,,x,One,,,,
"""
WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (submission),\
Last modified (grade),Feedback comments
Participant 1000,Student Zero,zero@school,Submitted for grading,,40.00,Yes,"Friday, 1 May 2026, 1:00 PM",-,
Participant 1001,Student One,one@school,Submitted for grading,12.00,40.00,No,-,"Friday, 1 May 2026, 1:00 PM",kept
Participant 1002,=cmd(),two@school,Submitted for grading,3.00,40.00,Yes,-,-,old
Participant 7777,A Stranger,s@school,No submission,,40.00,Yes,-,-,
"""


def rows_of(path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


@pytest.fixture
def gradebook(tmp_path):
    path = tmp_path / "gradebook.csv"
    path.write_text(GRADEBOOK, encoding="utf-8")
    return path


@pytest.fixture
def worksheet(tmp_path):
    path = tmp_path / "worksheet.csv"
    path.write_text(WORKSHEET, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1",
        "=",
        "-x",
        "\x00=1",
    ],
)
def test_what_could_be_a_formula_is_text(text):
    safe = harmless(text)
    assert safe.startswith("'") and safe.replace("'", "") == text


def test_a_formula_behind_another_separator_is_text_too():
    assert harmless("x;=1+1") == "x;'=1+1"
    assert harmless("Doe, -x;@a\t +2") == "Doe, -x;'@a\t '+2"
    assert harmless("Doe, -x;@a", ";") == "Doe, '-x;@a"


@pytest.mark.parametrize("text", ["", "-", "7", "-7.5", "+3", "12,5", "80%", "Ada", "a=b", "'=1"])
def test_numbers_and_plain_text_stay(text):
    assert harmless(text) == text


def test_no_cell_of_any_table_is_a_formula(tmp_path):
    results = sample_class(lms="canvas")
    for one in results.students:
        one.lms_id = "=1+1" if one.student.endswith("5") else one.lms_id
    write_csv(results, tmp_path / "a.csv")
    write_canvas(results, tmp_path / "b.csv", section="@here")
    for one in results.students:
        one.lms, one.lms_id = "moodle", str(int(one.student[-3:]) + 1)
    write_moodle(results, tmp_path / "c.csv")
    for name in "abc":
        rows = rows_of(tmp_path / f"{name}.csv")
        assert len(rows) >= 25
        for row in rows:
            assert len(row) == len(rows[0])
            for cell in row:
                assert cell == "-" or not cell.strip().startswith(("=", "+", "-", "@"))
                assert not any(mark in cell for mark in "\x00\x1b\u202e\r\n")


def test_the_plain_table_holds_all_points_and_opens_in_excel(tmp_path):
    results = sample_class()
    done = write_csv(results, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes().startswith(BOM.encode())
    header, *rows = rows_of(tmp_path / "a.csv")
    assert header == [
        "student",
        "name",
        "lms",
        "lms_id",
        "late",
        *UNITS,
        "points",
        "max_points",
        "flags",
    ]
    assert done.students == len(rows) == 24
    for row, one in zip(rows, results.students, strict=True):
        assert row[0] == one.student
        assert [int(p) for p in row[5:11]] == [
            *(u.points for u in one.units),
            one.points,
            one.max_points,
        ]


def test_a_canvas_file_from_what_is_known(tmp_path):
    results = sample_class(lms="canvas")
    done = write_canvas(results, tmp_path / "c.csv")
    header, possible, *rows = rows_of(tmp_path / "c.csv")
    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert header[6] == "ex02_lstm: Long short-term memory"
    assert possible[0].strip() == "Points Possible" and possible[5:] == ["10"] * 4
    assert [row[1] for row in rows] == [one.lms_id for one in results.students]
    assert [int(row[6]) for row in rows] == [one.units[1].points for one in results.students]
    assert done.warnings == []
    write_canvas(results, tmp_path / "d.csv", assignment="Exercises (12)")
    header, possible, *rows = rows_of(tmp_path / "d.csv")
    assert header[5:] == ["Exercises (12)"] and possible[5:] == ["40"]
    assert [int(row[5]) for row in rows] == [one.points for one in results.students]


def test_a_gradebook_is_filled_in_and_nothing_else_changes(tmp_path, gradebook):
    results = sample_class(3, lms="canvas")
    to = tmp_path / "filled.csv"
    done = fill_canvas(results, gradebook, to)
    before, after = rows_of(gradebook), rows_of(to)
    lstm = [one.units[1].points for one in results.students]
    changed = {
        (r, c): (old, new)
        for r, (one, two) in enumerate(zip(before, after, strict=True))
        for c, (old, new) in enumerate(zip(one, two, strict=True))
        if old != new
    }
    expected = {(3, 5): ("", str(lstm[0]))}
    if lstm[2] != 3:
        expected[5, 5] = ("3.00", str(lstm[2]))
    assert changed == expected
    assert done.not_in_results == ["Stranger, A", "Student, Test"]
    assert done.not_in_file == []
    assert done.kept == ["One, Student: excused from ex02 LSTM (501)"]
    assert done.replaced == [f"Two, =cmd(): 3.00 to {lstm[2]} in ex02 LSTM (501)"]
    assert any("ex01_recurrence, ex03_gru, ex07_attention" in one for one in done.warnings)
    assert not to.read_bytes().startswith(BOM.encode())


def test_all_points_go_to_the_assignment_that_is_named(tmp_path, gradebook):
    results = sample_class(4, lms="canvas")
    for name in ("Whole course", "503", "Whole course (503)"):
        done = fill_canvas(results, gradebook, tmp_path / "f.csv", assignment=name)
        rows = rows_of(tmp_path / "f.csv")
        assert [row[7] for row in rows[3:6]] == [str(one.points) for one in results.students[:3]]
        assert done.not_in_file == ["student003"]
        assert done.warnings == []


def test_points_are_not_scaled_and_it_is_said(tmp_path, gradebook):
    done = fill_canvas(sample_class(3, lms="canvas"), gradebook, tmp_path / "f.csv", "Essay")
    assert "20.00 points possible in Canvas, the checks have 40" in done.warnings[0]
    assert rows_of(tmp_path / "f.csv")[3][6] == "40"


@pytest.mark.parametrize(
    ("assignment", "words"),
    [("Nothing", "is no assignment"), ("Final Score", "is no assignment")],
)
def test_a_column_that_is_not_there_is_refused(tmp_path, gradebook, assignment, words):
    with pytest.raises(UserError, match=words):
        fill_canvas(sample_class(3, lms="canvas"), gradebook, tmp_path / "f.csv", assignment)
    assert not (tmp_path / "f.csv").exists()


def test_a_gradebook_of_other_assignments_is_refused(tmp_path, gradebook):
    results = only_units(sample_class(3, lms="canvas"), ["ex07"])
    with pytest.raises(UserError, match="called like a unit"):
        fill_canvas(results, gradebook, tmp_path / "f.csv")


def test_two_assignments_of_a_unit_are_refused(tmp_path, gradebook):
    gradebook.write_text(GRADEBOOK.replace("Essay (502)", "EX02 again (502)"), encoding="utf-8")
    with pytest.raises(UserError, match="fits several assignments"):
        fill_canvas(sample_class(3, lms="canvas"), gradebook, tmp_path / "f.csv")


def test_matches_that_are_not_clear_are_refused(tmp_path, gradebook):
    results = sample_class(3, lms="canvas")
    results.students[2].lms_id = "1000"
    with pytest.raises(
        UserError, match="student000 and student002 both fit the row 'Zero, Student'"
    ):
        fill_canvas(results, gradebook, tmp_path / "f.csv")
    gradebook.write_text(GRADEBOOK.replace(",1002,", ",1000,"), encoding="utf-8")
    with pytest.raises(UserError, match="student000 fits 2 rows"):
        fill_canvas(sample_class(1, lms="canvas"), gradebook, tmp_path / "f.csv")
    assert not (tmp_path / "f.csv").exists()


def test_a_name_alone_is_believed_only_when_asked_to(tmp_path, gradebook):
    results = sample_class(2)
    results.students[0].name, results.students[1].name = "student ZERO", "One, Student"
    with pytest.raises(UserError, match="No student of the results is in"):
        fill_canvas(results, gradebook, tmp_path / "f.csv", "503")
    fill_canvas(results, gradebook, tmp_path / "f.csv", "503", by_name=True)
    rows = rows_of(tmp_path / "f.csv")
    assert [rows[3][7], rows[4][7]] == [str(one.points) for one in results.students]
    results.students[1].name = "Student Zero"
    with pytest.raises(UserError, match="both fit the row"):
        fill_canvas(results, gradebook, tmp_path / "f.csv", "503", by_name=True)


def test_a_login_is_as_good_as_a_number(tmp_path, gradebook):
    results = sample_class(2)
    results.students[0].student, results.students[1].student = "zero@school", "s1"
    done = fill_canvas(results, gradebook, tmp_path / "f.csv", "503")
    assert done.students == 2


def test_a_semicolon_file_with_bom_keeps_its_form(tmp_path):
    path = tmp_path / "g.csv"
    path.write_bytes(BOM.encode() + b"Student;ID;Section;Total (1)\r\nA;1000;x;\r\n")
    fill_canvas(sample_class(1, lms="canvas"), path, tmp_path / "f.csv", "1")
    assert (
        tmp_path / "f.csv"
    ).read_bytes() == BOM.encode() + b"Student;ID;Section;Total (1)\r\nA;1000;x;40\r\n"


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"Student,ID\n\xff\xfe", b'Student,ID\n"open']
)
def test_what_is_no_gradebook_is_refused_in_a_line(tmp_path, content):
    path = tmp_path / "g.csv"
    path.write_bytes(content)
    with pytest.raises(UserError) as told:
        fill_canvas(sample_class(1, lms="canvas"), path, tmp_path / "f.csv", "1")
    assert "\n" not in str(told.value)


def test_a_moodle_worksheet_from_what_is_known(tmp_path):
    results = sample_class(lms="moodle")
    results.students[3].lms_id = ""
    done = write_moodle(results, tmp_path / "m.csv")
    header, *rows = rows_of(tmp_path / "m.csv")
    assert header == moodle.HEADER
    assert rows[0][0] == "Participant 1000" and rows[0][4:7] == ["40", "40", "Yes"]
    assert done.not_in_file == ["student003"] and done.students == len(rows) == 23
    with pytest.raises(UserError, match="Give --worksheet"):
        write_moodle(sample_class(), tmp_path / "n.csv")


def test_a_worksheet_is_filled_in_and_nothing_else_changes(tmp_path, worksheet):
    results = sample_class(4, lms="moodle")
    done = fill_moodle(results, worksheet, tmp_path / "f.csv")
    before, after = rows_of(worksheet), rows_of(tmp_path / "f.csv")
    assert after[0] == before[0] and after[4] == before[4]
    assert after[2] == before[2]  # the grade cannot be changed
    assert after[1][4] == "40" and after[1][9].startswith("40 of 40 points: ex01_recurrence 10/10")
    two = results.students[2]
    assert after[3][4] == str(two.points) and "Fix this first" in after[3][9]
    assert after[3][1] == "'=cmd()"
    for row, old in zip(after[1:], before[1:], strict=True):
        assert [*row[2:4], *row[5:9]] == [*old[2:4], *old[5:9]]
    assert done.students == 2
    assert done.not_in_results == ["A Stranger"] and done.not_in_file == ["student003"]
    assert done.kept == ["Student One: the grade cannot be changed"]
    assert done.replaced == [f"=cmd(): 3.00 to {two.points}"] and done.warnings == []


def test_moodles_maximum_is_compared(tmp_path, worksheet):
    results = only_units(sample_class(3, lms="moodle"), ["ex02"])
    done = fill_moodle(results, worksheet, tmp_path / "f.csv")
    assert "counts 40.00 points in Moodle, the checks 10" in done.warnings[0]


def test_a_comment_holds_nothing_that_a_submission_said(tmp_path):
    for one in sample_class().students:
        told = moodle.comment(one)
        assert "<" not in told and "OWNED" not in told and "HYPERLINK" not in told


def test_units_are_chosen_and_points_added_up_anew():
    results = only_units(sample_class(), ["ex02", "ex07_attention"])
    assert results.units == ["ex02_lstm", "ex07_attention"]
    for one in results.students:
        assert [u.unit for u in one.units] == results.units
        assert one.points == sum(u.points for u in one.units) and one.max_points == 20
    with pytest.raises(UserError, match="hold no unit 'ex05_objective'"):
        only_units(sample_class(), ["ex05"])


def test_an_interrupted_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UserError, match="No space left"):
        write_csv(sample_class(2), path)
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_an_assignment_is_read_as_canvas_writes_it():
    assert canvas._means("ex02 LSTM", "ex02_lstm") and canvas._means("EX02_LSTM: x", "ex02_lstm")
    assert canvas._means("Long short-term memory", "ex02_lstm")
    assert not canvas._means("ex020", "ex02_lstm") and not canvas._means("text02", "ex02_lstm")
