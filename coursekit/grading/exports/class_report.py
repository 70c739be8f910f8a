"""The class report and the feedback pages: static files to open, print and hand on."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from markupsafe import Markup, escape

from coursekit.grading.class_results import CheckTime, ClassResults, StudentResult
from coursekit.grading.exports.class_figures import ClassFigures, fix_first, share, unit_title
from coursekit.grading.exports.pages import render
from coursekit.grading.exports.plain_text import one_line
from coursekit.grading.exports.whole_files import file_name_of, write_whole
from coursekit.grading.verdicts import UnitResult

REPORT = "report.html"
FEEDBACK = "feedback"
MOST_ROWS = 2000  # of each table: a browser sorts that many at once
LEVELS = (
    ("l0", "○", "none"),
    ("l1", "◔", "less than half"),
    ("l2", "◑", "half or more"),
    ("l3", "◕", "four fifths or more"),
    ("l4", "●", "all"),
)
_SIGNS = {name: sign for name, sign, _ in LEVELS}


def write_report(results: ClassResults, times: list[CheckTime], folder: Path) -> Path:
    """Writes report.html and feedback/<student>.html into the folder; returns the report's path.

    Raises:
        UserError: if a student's short name is no safe file name, or a file cannot be written.
    """
    for student in results.students:
        file_name_of(student.student)
    for student in results.students:
        write_feedback(student, folder)
    return write_whole(folder / REPORT, report_page(results, ClassFigures.of(results, times)))


def write_feedback(student: StudentResult, folder: Path) -> Path:
    """Writes the page of one student.

    Raises:
        UserError: as `write_report`.
    """
    path = folder / FEEDBACK / f"{file_name_of(student.student)}.html"
    return write_whole(path, feedback_page(student))


def report_page(results: ClassResults, figures: ClassFigures) -> str:
    """The class report as HTML."""
    names = _names(results.students)
    return render(
        "report.html.j2",
        "report.js",
        figures=figures,
        names=names,
        levels=LEVELS,
        columns=list(_columns(results)),
        rows=[
            {
                "id": one.student,
                "name": names[one.student],
                "flagged": bool(one.flags),
                "cells": _cells(one, results.units),
            }
            for one in results.students[:MOST_ROWS]
        ],
        most_rows=MOST_ROWS,
        **_histogram(figures.points.spread),
    )


def feedback_page(student: StudentResult) -> str:
    """What one student reads, as HTML; it holds nothing of anybody else."""
    begin = fix_first(student.units)
    return render(
        "feedback.html.j2",
        student=student,
        name=_name(student),
        first={"unit": begin[0], "check": begin[1]} if begin else None,
        units=[_unit(unit) for unit in student.units],
    )


def _unit(unit: UnitResult) -> dict[str, object]:
    messages = {check.message for check in unit.checks}
    same = len(messages) == 1 and len(unit.checks) > 1 and not unit.passed
    return {
        "unit": unit.unit,
        "title": unit_title(unit.unit),
        "points": unit.points,
        "max_points": unit.max_points,
        "sign": _SIGNS[level(unit.points, unit.max_points)],
        "passed": sum(check.verdict == "passed" for check in unit.checks),
        "checks": unit.checks,
        "one_reason": messages.pop() if same else "",
        "output": unit.output,
    }


def level(points: int, max_points: int) -> str:
    """Which part was reached, in five steps; `LEVELS` says what they are called."""
    part = share(points, max_points)
    if part >= 1:
        return "l4"
    if part >= 0.8:
        return "l3"
    if part >= 0.5:
        return "l2"
    return "l1" if part > 0 else "l0"


def _name(student: StudentResult) -> str:
    return one_line(student.name, 60) or student.student


def _names(students: list[StudentResult]) -> dict[str, str]:
    """How the report calls each student; those of one name are told apart by their short name."""
    names = {student.student: _name(student) for student in students}
    seen = Counter(names.values())
    return {short: f"{name} ({short})" if seen[name] > 1 else name for short, name in names.items()}


def _columns(results: ClassResults) -> Iterable[dict[str, object]]:
    for unit in results.units:
        found = [u.max_points for s in results.students for u in s.units if u.unit == unit]
        yield {
            "title": unit_title(unit) or unit,
            "short": unit.split("_")[0],
            "max_points": max(found, default=0),
        }


def _cells(student: StudentResult, units: list[str]) -> Markup:
    """The cells of one row, in few bytes: a class of hundreds has thousands of them."""
    by_unit = {unit.unit: unit for unit in student.units}
    cells = [_cell(student.points, student.max_points, " all")]
    for name in units:
        unit = by_unit.get(name)
        if unit is None:
            cells.append('<td class="none">–</td>')
        else:
            cells.append(_cell(unit.points, unit.max_points))
    return Markup("".join(cells))


def _cell(points: int, max_points: int, more: str = "") -> str:
    found = level(points, max_points)
    sign = f'<i aria-hidden="true">{_SIGNS[found]}</i>'
    return f'<td class="{found}{more}" data-key="{int(points)}">{sign}{escape(points)}</td>'


def _histogram(spread: list[int]) -> dict[str, object]:
    highest = max([*spread, 1])
    bars = []
    for number, count in enumerate(spread):
        height = round(130 * count / highest, 1)
        words = "100 %" if number == 10 else f"{10 * number}–{10 * number + 9} %"
        bars.append(
            {
                "x": 8 + 33 * number,
                "y": round(158 - height, 1),
                "height": height,
                "count": count,
                "label": 10 * number,
                "words": words,
            }
        )
    told = ", ".join(f"{bar['count']} at {bar['words']}" for bar in bars if bar["count"])
    return {"bars": bars, "spread_words": f"Students: {told or 'none'}."}
