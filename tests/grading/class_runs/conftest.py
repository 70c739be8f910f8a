"""A small class for the toy unit, and a function that grades it in this process."""

import re

import pytest

from coursekit.course.workspace import Course
from coursekit.grading.class_runs.class_run import ClassRun
from coursekit.grading.class_runs.journal import JOURNAL, Journal
from coursekit.grading.class_runs.seeds import Secret
from coursekit.grading.class_runs.unit_grader import UnitGrader
from coursekit.grading.submissions.submission import Submission

from ..conftest import CHECKS, MISTAKES, SOLUTION, UNIT

SECRET = Secret(b"a secret of these tests, sixteen bytes and more")
RIGHT = "    return inputs * ops.tanh(factor)\n"


def text(body: str, head: str = "") -> str:
    """The toy solution with another body of `scale`."""
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return head + SOLUTION.replace(RIGHT, lines)


CLASS = {
    "right": SOLUTION,
    "copy": SOLUTION,
    "mistake": text("return inputs * factor"),
    "wrong": text("return inputs * ops.sin(factor)"),
    "syntax": "x = = 1",
    "exit": text("import os\nos._exit(0)"),
    "loop": text("while True:\n    pass"),
    "kill": text("import os\nos.kill(os.getppid(), 9)\nreturn inputs"),
}


def submissions_of(class_: dict[str, str]) -> list[Submission]:
    return [Submission(name, {UNIT: source}) for name, source in sorted(class_.items())]


def canonical(results) -> bytes:
    return results.to_json()


@pytest.fixture(scope="session")
def toy_course(tmp_path_factory) -> Course:
    """As the toy course of all grading, but it loses patience sooner."""
    root = tmp_path_factory.mktemp("quick-course")
    for name, words in {
        f"solutions/{UNIT}.py": SOLUTION,
        f"exercises/{UNIT}.py": "",
        f"tests/autograder/test_{UNIT}.py": re.sub(r"time_limit\(\d\)", "time_limit(2)", CHECKS),
        f"tests/mistakes/{UNIT}.toml": MISTAKES,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(words)
    return Course(root)


@pytest.fixture
def grade_class_of(toy_course, zygote, tmp_path):
    """Grades a class (name -> source) into a journal of the test; returns the results."""

    def grade(class_, jobs=2, journal=None, forget=(), on_progress=lambda *_: None, warm=None):
        warm = warm or zygote
        path = tmp_path / (journal or JOURNAL)
        opened = Journal(path)
        try:
            opened.belongs_to(SECRET.fingerprint())
            run = ClassRun(
                submissions_of(class_),
                [UNIT],
                toy_course,
                UnitGrader(warm, toy_course, SECRET),
                opened,
                warm.isolation(),
                jobs,
                on_progress,
            )
            run.forget(forget)
            results = run.run()
            grade.times = run.times()
            return results
        finally:
            opened.close()

    return grade


def of(results, student: str):
    """The toy unit of one student."""
    return next(s for s in results.students if s.student == student).units[0]
