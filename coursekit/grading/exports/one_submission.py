"""Grades a single submission as a class of one."""

from collections.abc import Sequence
from pathlib import Path

from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults, StudentResult
from coursekit.grading.session import grade


def grade_one(
    submission: Path, course: Path, units: Sequence[str], seed_file: Path
) -> ClassResults:
    """The results of the one student whose files are in `submission`.

    Raises:
        UserError: if nothing in it can be graded.
    """
    if not any(submission.glob("*")):
        raise UserError("nothing was handed in.")
    report = grade(submission, units, course=Course(course))
    student = StudentResult("submission", report.units, report.points, report.max_points)
    return ClassResults([student], list(units), "", report.isolation, report.isolation_reason)
