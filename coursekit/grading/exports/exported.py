"""What an export did, and what of the class it could not place: told in the terminal and as JSON."""

from collections.abc import Collection

import msgspec
from rich.console import Console
from rich.text import Text

from coursekit.course.syllabus import find_unit
from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults, StudentResult
from coursekit.grading.exports.plain_text import one_line

SHOWN = 20


class Exported(msgspec.Struct):
    """One export. Students are named by their short names, rows of a file as the file names them."""

    format: str
    path: str
    students: int  # whose points were written
    not_in_file: list[str] = []  # students of the results for whom the file has no row
    not_in_results: list[
        str
    ] = []  # rows of the file for which there is no result; left as they were
    kept: list[str] = []  # rows left as they were on purpose: excused, or locked
    replaced: list[str] = []  # rows that had other points before
    warnings: list[str] = []

    def show(self, console: Console) -> None:
        """Everything, the lists shortened."""
        for words, names in (
            ("in the results, but not in the file", self.not_in_file),
            ("in the file, but not in the results (left as they were)", self.not_in_results),
            ("left as they were: excused or locked", self.kept),
            ("had other points before", self.replaced),
        ):
            if names:
                console.print(Text(f"{len(names)} {words}:", style="bold"))
                for name in names[:SHOWN]:
                    console.print(Text(f"  {one_line(name)}"))
                if len(names) > SHOWN:
                    console.print(Text(f"  and {len(names) - SHOWN} more", style="dim"))
        for warning in self.warnings:
            console.print(Text(f"! {warning}", style="yellow"))
        whose = f": {self.students} students" if self.students else ""
        console.print(Text(f"Wrote {self.path}{whose}."))


def only_units(results: ClassResults, names: Collection[str]) -> ClassResults:
    """The results of these units alone, points added up anew; all of them if no name is given.

    Raises:
        UserError: if the results hold no such unit.
    """
    if not names:
        return results
    chosen = {name if name in results.units else find_unit(name).name for name in names}
    for name in sorted(chosen - set(results.units)):
        raise UserError(
            f"These results hold no unit {name!r}. They hold: {', '.join(results.units)}."
        )
    return msgspec.structs.replace(
        results,
        units=[name for name in results.units if name in chosen],
        students=[_only(student, chosen) for student in results.students],
    )


def _only(student: StudentResult, chosen: set[str]) -> StudentResult:
    units = [unit for unit in student.units if unit.unit in chosen]
    return msgspec.structs.replace(
        student,
        units=units,
        points=sum(unit.points for unit in units),
        max_points=sum(unit.max_points for unit in units),
    )
