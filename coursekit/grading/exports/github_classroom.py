"""GitHub Classroom: a workflow that checks each push, and the results of a unit as its reporter reads them.

The reporter takes of each runner a variable <RUNNER>_RESULTS: JSON in base64, with a score for each test. GitHub's own
command grader gives all points or none; our steps write the same form with the points of each check.
"""

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from coursekit.course.syllabus import find_unit, units
from coursekit.errors import UserError
from coursekit.grading.exports.exported import Exported
from coursekit.grading.exports.pages import TEMPLATES
from coursekit.grading.exports.plain_text import showable
from coursekit.grading.exports.whole_files import write_whole
from coursekit.grading.verdicts import Report, UnitResult

OWNER = "education"
INSTALL = "-c constraints.txt ."
MINUTES = 10
MESSAGE_KEPT = 1000  # characters; GitHub allows 1 MB for the outputs of a job
NOTE = (
    "A student can change the workflow and the checks in a repository of their own: take these points as feedback, and "
    "grade the class with `coursekit grade`."
)


def write_workflow(
    path: Path,
    unit_names: Sequence[str] = (),
    install: str = INSTALL,
    minutes: int = MINUTES,
    whole_units: bool = False,
    owner: str = OWNER,
) -> Exported:
    """Writes the workflow.

    Args:
        path: the file, .github/workflows/classroom.yml in the template repository.
        unit_names: the units of the assignment; all unless said.
        install: what pip installs coursekit from, with its options.
        minutes: how long the check of one unit may take.
        whole_units: points of a unit only if all of its checks pass, by GitHub's own command grader.
        owner: the GitHub account that GitHub's grader and reporter are taken from.

    Raises:
        UserError: if a unit does not exist, `install` is more than a line, `owner` is no account, or the file
            cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,39}", owner):
        raise UserError(f"--owner is a GitHub account, as classroom-resources. Received: {owner!r}")
    if not install.strip() or not install.isprintable():
        raise UserError(f"--install is one line of arguments for pip. Received: {install!r}")
    if not 1 <= minutes <= 360:
        raise UserError(f"--minutes is between 1 and 360. Received: {minutes}")
    named = {find_unit(name).name for name in unit_names}
    chosen = [unit for unit in units() if not named or unit.name in named]
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # YAML; every value is ours or the instructor's
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.get_template("classroom.yml.j2").render(
        units=[
            {
                "name": unit.name,
                "label": json.dumps(f"{unit.name}: {unit.title}"),
                "points": unit.points,
            }
            for unit in chosen
        ],
        install=install.strip(),
        minutes=minutes,
        job_minutes=min(360, 15 + minutes * len(chosen)),
        whole_units=whole_units,
        owner=owner,
    )
    write_whole(path, text)
    return Exported("github-classroom", str(path), 0, warnings=[NOTE])


def result_line(checked: Path, unit: str) -> str:
    """`result=...` of one unit, from what `coursekit check --json` printed: a line for $GITHUB_OUTPUT.

    Anything else in the file is an error of the run, told as such, with no points.
    """
    try:
        report = msgspec.json.decode(checked.read_bytes(), type=Report)
        found = next(one for one in report.units if one.unit == unit)
    except (OSError, msgspec.MsgspecError, StopIteration):
        content = _failed(unit)
    else:
        content = _result(found)
    packed = base64.b64encode(msgspec.json.encode(content)).decode()
    return f"result={packed}"


def _result(unit: UnitResult) -> dict[str, object]:
    return {
        "version": 1,
        "status": "pass" if unit.passed else "fail",
        "max_score": unit.max_points,
        "tests": [
            {
                "name": check.title or check.name,
                "status": "pass" if check.verdict == "passed" else "fail",
                "score": check.points,
                "message": _message(check.verdict, check.message),
                "test_code": f"coursekit check {unit.unit}",
                "filename": f"{unit.unit}.py",
                "line_no": 0,
                "duration": round(1000 * check.seconds),
            }
            for check in unit.checks
        ],
    }


def _failed(unit: str) -> dict[str, object]:
    return {
        "version": 1,
        "status": "error",
        "max_score": find_unit(unit).points,
        "tests": [
            {
                "name": unit,
                "status": "error",
                "score": 0,
                "message": "The check did not finish. Look at the output of this unit's step.",
                "test_code": f"coursekit check {unit}",
                "filename": f"{unit}.py",
                "line_no": 0,
                "duration": 0,
            }
        ],
    }


def _message(verdict: str, message: str) -> str:
    """What the reporter prints into GitHub's log, where a line that begins with :: would be a command."""
    if verdict == "passed":
        return ""
    return showable(message, MESSAGE_KEPT).replace("::", ": :")
