"""Moodle: the offline grading worksheet of an assignment, by itself or filled into the downloaded one.

Moodle finds a student by the number at the end of the column Identifier, and takes a row only if nobody graded the
student since the time in `Last modified (grade)`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults, StudentResult
from coursekit.grading.exports.class_figures import fix_first
from coursekit.grading.exports.csv_tables import Table, cell_text, read_table, write_table
from coursekit.grading.exports.exported import Exported
from coursekit.grading.exports.row_matching import match_rows, same_name

HEADER = [
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
]
_NUMBER = re.compile(r"(\d+)\s*$")


def write_moodle(results: ClassResults, path: Path) -> Exported:
    """A worksheet from what is known. Students without a Moodle number cannot be in it and are listed.

    Raises:
        UserError: if no student has a Moodle number, or the file cannot be written.
    """
    known = [s for s in results.students if s.lms == "moodle" and s.lms_id.strip().isdecimal()]
    if results.students and not known:
        raise UserError(
            "No student of these results has a Moodle number. Give --worksheet with the grading worksheet that "
            "Moodle lets you download."
        )
    rows = [
        [
            f"Participant {student.lms_id.strip()}",
            cell_text(student.name) or student.student,
            "",
            "Submitted for grading",
            str(student.points),
            str(student.max_points),
            "Yes",
            "-",
            "-",
            comment(student),
        ]
        for student in known
    ]
    write_table(path, Table(HEADER, rows))
    numbered = {student.student for student in known}
    left = [s.student for s in results.students if s.student not in numbered]
    return Exported("moodle", str(path), len(rows), not_in_file=left)


def fill_moodle(
    results: ClassResults, worksheet: Path, path: Path, by_name: bool = False
) -> Exported:
    """The downloaded worksheet with grades and comments filled in; all else stays as it is.

    Args:
        results: the class.
        worksheet: the file that Moodle let download.
        path: the file to write.
        by_name: whether students are matched by full name or e-mail address too.

    Raises:
        UserError: if the file is no worksheet, a match is not clear, or nothing matches.
    """
    table = read_table(worksheet, "Identifier", "Grade", "Last modified (grade)")
    place_of = {name: table.column(name) for name in HEADER}
    grade, maximum = place_of["Grade"], place_of["Maximum Grade"]
    open_, comments = place_of["Grade can be changed"], place_of["Feedback comments"]
    assert grade is not None
    rows = [[*row, *[""] * (len(table.header) - len(row))] for row in table.rows if any(row)]
    matched = match_rows(
        results.students,
        rows,
        lambda student: _student_keys(student, by_name),
        lambda row: _row_keys(row, place_of, by_name),
        lambda row: _called(row, place_of),
    )
    if results.students and not matched:
        raise UserError(
            f"No student of the results is in {worksheet}. Is it this assignment's worksheet? "
            "If names are all there is, add --by-name."
        )
    done = Exported("moodle", str(path), 0)
    maxima = set()
    for place, row in enumerate(rows):
        student = matched.get(place)
        if student is None:
            done.not_in_results.append(_called(row, place_of))
            continue
        if open_ is not None and row[open_].strip().casefold() == "no":
            done.kept.append(f"{_called(row, place_of)}: the grade cannot be changed")
            continue
        before = row[grade].strip()
        if before not in ("", "-") and _number(before) != student.points:
            done.replaced.append(f"{_called(row, place_of)}: {before} to {student.points}")
        row[grade] = str(student.points)
        if maximum is not None and _number(row[maximum]) != student.max_points:
            maxima.add(row[maximum])
        if comments is not None:
            row[comments] = comment(student)
        done.students += 1
    if maxima:
        done.warnings.append(
            f"The assignment counts {', '.join(sorted(maxima))} points in Moodle, the checks "
            f"{max(s.max_points for s in results.students)}. Points are written as they are: change one of the two."
        )
    if comments is None:
        done.warnings.append(
            "The worksheet has no column Feedback comments: switch that feedback type on in Moodle to send comments."
        )
    placed = {student.student for student in matched.values()}
    done.not_in_file = [s.student for s in results.students if s.student not in placed]
    write_table(path, table._replace(rows=rows))
    return done


def comment(student: StudentResult) -> str:
    """What a student reads in Moodle: points and where to begin, in our own words only; Moodle takes it for HTML."""
    units = ", ".join(f"{unit.unit} {unit.points}/{unit.max_points}" for unit in student.units)
    begin = fix_first(student.units)
    told = f" Fix this first: {begin[1].title} ({begin[0].unit})." if begin else ""
    return f"{student.points} of {student.max_points} points: {units}.{told}".replace("<", "&lt;")


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _called(row: list[str], place_of: dict[str, int | None]) -> str:
    names = (place_of["Full name"], place_of["Identifier"])
    return next((row[place] for place in names if place is not None and row[place].strip()), "?")


def _student_keys(student: StudentResult, by_name: bool) -> Iterable[str]:
    if student.lms in ("moodle", "") and student.lms_id.strip().isdecimal():
        yield f"id {int(student.lms_id)}"
    if by_name:
        yield f"name {same_name(student.name or student.student)}"
        yield f"mail {student.student.casefold()}"


def _row_keys(row: list[str], place_of: dict[str, int | None], by_name: bool) -> Iterable[str]:
    identifier = place_of["Identifier"]
    assert identifier is not None
    number = _NUMBER.search(row[identifier])
    if number:
        yield f"id {int(number[1])}"
    if by_name:
        name, mail = place_of["Full name"], place_of["Email address"]
        if name is not None and row[name].strip():
            yield f"name {same_name(row[name])}"
        if mail is not None and row[mail].strip():
            yield f"mail {row[mail].split('@')[0].strip().casefold()}"
