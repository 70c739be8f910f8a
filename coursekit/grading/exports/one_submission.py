"""Grades a single submission as `coursekit grade` would: a class of one, under the secret seed."""

import contextlib
import os
import shutil
import traceback
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults
from coursekit.grading.class_runs.grade_class import Order, grade_class
from coursekit.grading.doctor import examine
from coursekit.grading.submissions.reading import read_submissions
from coursekit.grading.workers import Asked

MOST_JOBS = 2  # a container's memory is small, and says nothing of how many processors are its own


def grade_one(
    submission: Path, course: Path, units: Sequence[str], seed_file: Path
) -> ClassResults:
    """The results of the one student whose files are in `submission`, at the level that this machine offers.

    Raises:
        UserError: if nothing in it can be graded.
    """
    with TemporaryDirectory(prefix="coursekit-one-") as folder:
        hand_in = Path(folder, "class")
        # In a folder of their own, so that folders inside are not taken for several students.
        with contextlib.suppress(shutil.Error):  # pipes and the like stay behind
            shutil.copytree(submission, hand_in / "submission", symlinks=True)
        _require_a_unit(hand_in, units)
        order = Order(
            hand_in,
            Path(folder, "results"),
            units,
            seed_file,
            jobs=min(MOST_JOBS, os.cpu_count() or 1),
            isolation=_level(),
        )
        return grade_class(order, Course(course))


def _level() -> Asked:
    """What this machine offers; walls that cannot even be tried are none."""
    try:
        return "strict" if examine().strict else "basic"
    except Exception:
        traceback.print_exc()  # to the output that only instructors see
        return "basic"


def _require_a_unit(hand_in: Path, units: Sequence[str]) -> None:
    wanted = ", ".join(f"{unit}.py" for unit in units)
    try:
        (read,) = read_submissions(hand_in, units)
    except (UserError, OSError, ValueError):
        raise UserError(f"no file of this assignment was handed in. Wanted: {wanted}.") from None
    if not read.files and not read.refused:
        told = " ".join(read.notes)
        raise UserError(f"no file of this assignment was handed in. Wanted: {wanted}. {told}")
