"""Inside Gradescope's container: grades the submission in <root>/submission, writes <root>/results/results.json.

    python -m coursekit.grading.exports.autograder_run /autograder

The walls are the best that the container allows; which ones stood is told in the results.
"""

import sys
import time
import traceback
from pathlib import Path

import msgspec

from coursekit.errors import UserError
from coursekit.grading.exports.gradescope import as_json, failed_results, gradescope_results
from coursekit.grading.exports.whole_files import write_whole


class Settings(msgspec.Struct):
    """What the zip was made for."""

    units: list[str]
    points: int

    def as_dict(self) -> dict[str, object]:
        return msgspec.structs.asdict(self)


class _User(msgspec.Struct):
    name: str = ""
    email: str = ""


class _Metadata(msgspec.Struct):
    """What Gradescope says of the submission; more is there than is read."""

    id: int | str = ""
    users: list[_User] = []


def run(root: Path) -> dict[str, object]:
    """Grades the submission and returns what Gradescope is to read. Every failure becomes a sentence and no points."""
    points = 0
    try:
        settings = msgspec.json.decode((root / "source/settings.json").read_bytes(), type=Settings)
        points = settings.points
        return _graded(root, settings)
    except UserError as error:
        return failed_results(f"This submission could not be graded: {error}", points)
    except Exception as error:
        traceback.print_exc()  # to the output that only instructors see
        return failed_results(
            f"The grader itself failed ({type(error).__name__}). This is not a verdict on your code. "
            "Please tell your teacher.",
            points,
        )


def prepare(root: Path) -> None:
    """While the image is built: what all named mistakes answer, so that no student waits for it."""
    from coursekit.course.syllabus import find_unit
    from coursekit.course.workspace import Course
    from coursekit.grading.checks_of import checks_of
    from coursekit.grading.unit_run import Source, UnitRun
    from coursekit.grading.workers import Zygote

    settings = msgspec.json.decode((root / "source/settings.json").read_bytes(), type=Settings)
    course = Course(root / "source/course")
    with Zygote() as zygote:
        for name in settings.units:
            checks = checks_of(course.checks(name))
            solution = Source.read(course.solutions / f"{name}.py")
            run = UnitRun(zygote, course, find_unit(name), solution, 0, checks)
            known = run.mistake_matrix()
            run.finish()
            print(f"{name}: {max(map(len, known.values()), default=0)} mistakes known", flush=True)


def _graded(root: Path, settings: Settings) -> dict[str, object]:
    from coursekit.grading.exports.one_submission import grade_one

    started = time.monotonic()
    metadata = _metadata(root / "submission_metadata.json")
    results = grade_one(
        root / "submission", root / "source/course", settings.units, root / "source/secret_seed"
    )
    student = results.students[0]
    student.name = ", ".join(user.name for user in metadata.users)
    student.lms, student.lms_id = "gradescope", str(metadata.id)
    return gradescope_results(
        student,
        isolation=results.isolation,
        isolation_reason=results.isolation_reason,
        course=results.course,
        seconds=time.monotonic() - started,
    )


def _metadata(path: Path) -> _Metadata:
    """Of the submission; nothing in it is needed, so nothing in it can go wrong."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Metadata)
    except (OSError, msgspec.MsgspecError):
        return _Metadata()


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--prepare"]:
        prepare(Path(arguments[1]))
        return 0
    root = Path(arguments[0] if arguments else "/autograder")
    write_whole(root / "results" / "results.json", as_json(run(root)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
