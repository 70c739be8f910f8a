"""A plain table, students x units, for any spreadsheet."""

from pathlib import Path

from coursekit.grading.class_results import ClassResults
from coursekit.grading.exports.csv_tables import Table, cell_text, write_table
from coursekit.grading.exports.exported import Exported

_BEFORE = ["student", "name", "lms", "lms_id", "late"]
_AFTER = ["points", "max_points", "flags"]


def write_csv(results: ClassResults, path: Path) -> Exported:
    """One row a student: who, the points of each unit, the sum, how many flags. A unit not graded is empty.

    Raises:
        UserError: if the file cannot be written.
    """
    rows = []
    for student in results.students:
        points = {unit.unit: str(unit.points) for unit in student.units}
        rows.append(
            [
                student.student,
                cell_text(student.name),
                student.lms,
                cell_text(student.lms_id),
                "yes" if student.late else "no",
                *(points.get(unit, "") for unit in results.units),
                str(student.points),
                str(student.max_points),
                str(len(student.flags)),
            ]
        )
    write_table(path, Table([*_BEFORE, *results.units, *_AFTER], rows))
    return Exported("csv", str(path), len(rows))
