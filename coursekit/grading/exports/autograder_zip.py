"""Gradescope's autograder zip: all that a container needs to grade one submission as `coursekit grade` would."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from coursekit.course.syllabus import Unit, find_unit, units
from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.exports.autograder_run import Settings
from coursekit.grading.exports.exported import Exported
from coursekit.grading.exports.gradescope import as_json, failed_results
from coursekit.grading.exports.pages import TEMPLATES
from coursekit.grading.exports.whole_files import write_whole

LEAST_SECRET = 32  # bytes
MINUTES = 9.5  # Gradescope ends a run after ten, unless its settings say otherwise
MEMORY = (
    "Gradescope's default container has 768 MB, too little for TensorFlow: choose at least 4 GB of memory and 1 CPU "
    "under Settings, Autograder, Container Specifications."
)
SECRET = (
    "The zip holds the solutions and the secret seed: give it to nobody but Gradescope, and keep it, so that a later "
    "regrade meets the same inputs."
)
OUTCOMES = {
    "ended": "The grader was ended from outside before it was done, most likely because the container has too little "
    "memory. This is not a verdict on your code. Please tell your teacher: the container needs at least 4 GB.",
    "timeout": "Grading took longer than {minutes:g} minutes and was ended, so there are no points yet. Look for an "
    "endless loop in your code with `coursekit check`; if it is quick there, please tell your teacher.",
    "crashed": "The grader itself failed. This is not a verdict on your code. Please tell your teacher.",
    "not_built": "The grader is not installed: its image was not built to the end. Please tell your teacher, who finds "
    "the reason in the output of the build.",
}
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same content makes the same zip
_PACKAGE = ("setup.py", "pyproject.toml", "README.md", "LICENSE")


class _File(NamedTuple):
    name: str
    content: bytes
    executable: bool = False


def write_autograder(
    course: Course,
    path: Path,
    unit_names: Sequence[str] = (),
    seed_file: Path | None = None,
    minutes: float = MINUTES,
) -> Exported:
    """Writes the zip.

    Args:
        course: the checkout to take checks, solutions and mistakes from.
        path: the zip to write.
        unit_names: the units that the assignment asks for; all unless said.
        seed_file: the secret that inputs follow from; a new one unless said.
        minutes: after how long grading is ended and said to have taken too long.

    Raises:
        UserError: if the course is not whole, the secret too short, or the package cannot be built.
    """
    if not 0 < minutes <= 40:
        raise UserError(
            f"--minutes is between 0 and 40, as Gradescope allows. Received: {minutes:g}"
        )
    named = {find_unit(name).name for name in unit_names}
    chosen = [unit for unit in units() if not named or unit.name in named]
    points = sum(unit.points for unit in chosen)
    settings = Settings([unit.name for unit in chosen], points)
    files = [
        _File("setup.sh", (TEMPLATES / "setup.sh").read_bytes(), True),
        _File("run_autograder", (TEMPLATES / "run_autograder").read_bytes(), True),
        _File("settings.json", as_json(settings.as_dict())),
        _File("time_limit", f"{round(60 * minutes)}\n".encode()),
        _File("secret_seed", _secret(seed_file)),
        *_outcomes(minutes, points),
        *_course_files(course, chosen),
        *_package_files(course),
    ]
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            info = zipfile.ZipInfo(file.name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if file.executable else 0o100644) << 16
            archive.writestr(info, file.content)
    write_whole(path, content.getvalue())
    os.chmod(path, 0o600)
    return Exported("gradescope-autograder", str(path), 0, warnings=[MEMORY, SECRET])


def _secret(seed_file: Path | None) -> bytes:
    if seed_file is None:
        return secrets.token_hex(32).encode() + b"\n"
    try:
        content = seed_file.read_bytes()
    except OSError as error:
        raise UserError(f"{seed_file} cannot be read: {error.strerror}.") from error
    if len(content.strip()) < LEAST_SECRET:
        raise UserError(
            f"{seed_file} holds less than {LEAST_SECRET} bytes: too short for a secret."
        )
    return content


def _outcomes(minutes: float, points: int) -> list[_File]:
    return [
        _File(
            f"outcomes/{name}.json",
            as_json(failed_results(sentence.format(minutes=minutes), points)),
        )
        for name, sentence in OUTCOMES.items()
    ]


def _course_files(course: Course, chosen: Sequence[Unit]) -> list[_File]:
    """What grading these units reads of a course."""
    files = []
    for unit in chosen:
        needed = [
            course.exercises / f"{unit.name}.py",
            course.solutions / f"{unit.name}.py",
            course.checks(unit.name),
        ]
        for path in [*needed, course.mistakes(unit.name)]:
            if path.is_file():
                name = path.relative_to(course.root).as_posix()
                files.append(_File(f"course/{name}", path.read_bytes()))
            elif path in needed:
                raise UserError(f"{path} is missing: an autograder needs a whole course.")
    return files


def _package_files(course: Course) -> list[_File]:
    """The wheel of this coursekit and the versions it is used with."""
    root = Path(__file__).resolve().parents[3]
    source = root if (root / "setup.py").is_file() else course.root
    for path in (source / "setup.py", source / "coursekit", source / "constraints.txt"):
        if not path.exists():
            raise UserError(
                f"{path} is missing: run this in a checkout of coursekit, to build its wheel."
            )
    with tempfile.TemporaryDirectory(prefix="coursekit-wheel-") as folder:
        tree, wheels = Path(folder, "tree"), Path(folder, "wheels")
        tree.mkdir()
        for name in _PACKAGE:
            if (source / name).is_file():
                shutil.copy(source / name, tree)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source / "coursekit", tree / "coursekit", ignore=ignored)
        built = subprocess.run(
            [
                *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"),
                *("--no-build-isolation", "--wheel-dir", str(wheels), str(tree)),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},
        )
        found = sorted(wheels.glob("coursekit-*.whl"))
        if built.returncode or len(found) != 1:
            last = (built.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise UserError(f"The wheel of coursekit could not be built: {last}")
        return [
            _File(f"wheels/{found[0].name}", found[0].read_bytes()),
            _File("constraints.txt", (source / "constraints.txt").read_bytes()),
        ]
