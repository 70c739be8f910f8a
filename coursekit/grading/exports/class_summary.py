"""The class report in a few lines of a terminal."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults, StudentResult
from coursekit.grading.exports.class_figures import ClassFigures, fix_first
from coursekit.grading.exports.plain_text import one_line

SHOWN = 5


def find_student(results: ClassResults, asked: str) -> StudentResult:
    """The student of this short name, or the only one of this LMS id or name.

    Raises:
        UserError: if there is none, or several.
    """
    for student in results.students:
        if student.student == asked:
            return student
    found = [s for s in results.students if asked and asked in (s.lms_id, s.name)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(student.student for student in found[:10])
        raise UserError(f"Several students are called {asked!r}. Give one of: {names}.")
    known = ", ".join(student.student for student in results.students[:10])
    more = ", ..." if len(results.students) > 10 else ""
    raise UserError(f"No student {asked!r} in these results. There are: {known}{more}")


def show_class(figures: ClassFigures, page: Path, console: Console) -> None:
    """Points, who needs help first, the mistakes most make, what a person should look at."""
    points = figures.points
    console.print(
        f"[bold]{figures.students} students[/bold], median {points.median:g} of {points.max_points} points"
        f"[dim]  (isolation {figures.isolation}, course {figures.course[:12]})[/dim]"
    )
    if figures.help_first:
        console.print("Need help first:", style="bold")
        for one in figures.help_first[:SHOWN]:
            begin = one_line(f"{one.unit}: {one.title}") if one.check else ""
            console.print(Text(f"  {one.student}  {one.points}/{one.max_points}  {begin}"))
        _and_more(len(figures.help_first), console)
    if figures.mistakes:
        console.print("Most common mistakes:", style="bold")
        for made in figures.mistakes[:SHOWN]:
            console.print(Text(f"  {made.count} x  {made.unit}  {one_line(made.sentence)}"))
        _and_more(len(figures.mistakes), console)
    if figures.flags:
        console.print("For a person to look at:", style="bold")
        for flag in figures.flags[:SHOWN]:
            console.print(Text(f"  {flag.student}: {one_line(flag.text)}"))
        _and_more(len(figures.flags), console)
    console.print(Text(f"Wrote {page} and {figures.students} feedback pages."))


def show_student(student: StudentResult, page: Path, console: Console) -> None:
    """Points by unit, and what to fix first."""
    console.print(
        Text(f"{one_line(student.name) or student.student}  {student.points}/{student.max_points}")
    )
    for unit in student.units:
        console.print(Text(f"  {unit.unit}  {unit.points}/{unit.max_points}"))
    begin = fix_first(student.units)
    if begin is not None:
        console.print(Text(f"Fix this first: {one_line(begin[1].title)} ({begin[0].unit})"))
    console.print(Text(f"Wrote {page}"))


def _and_more(count: int, console: Console) -> None:
    if count > SHOWN:
        console.print(f"  and {count - SHOWN} more", style="dim")
