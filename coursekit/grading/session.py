"""Grades a submission from Python: the same checks, through pytest, with a report as the result."""

import contextlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from coursekit.course.syllabus import find_unit, units
from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading import plugin
from coursekit.grading.verdicts import CheckResult, Report
from coursekit.grading.workers import Zygote, require_supported_platform


def grade(
    submission: Path,
    unit_names: Sequence[str] = (),
    *,
    course: Course,
    seed: int = 0,
    zygote: Zygote | None = None,
    on_result: Callable[[str, CheckResult], None] | None = None,
    naming: bool = True,
) -> Report:
    """Judges the named units (all, unless said) of the files in `submission`.

    Args:
        submission: the folder with the student's files.
        unit_names: units of the syllabus.
        course: where the checks lie.
        seed: fixes the inputs of the checks.
        zygote: a warm zygote to use; without one, one is started and ended here.
        on_result: called with the unit's name and each verdict as soon as it is known.
        naming: whether failed checks are compared with the named mistakes.

    Raises:
        UserError: if the folder, a unit or its checks do not exist, or nothing was collected.
    """
    require_supported_platform()
    if not submission.is_dir():
        raise UserError(f"{submission} is not a folder. Give the folder that holds your files.")
    chosen = [find_unit(name).name for name in unit_names] or [unit.name for unit in units()]
    files = [course.checks(name) for name in chosen]
    for file in files:
        if not file.is_file():
            raise UserError(f"The checks {file} are missing; the course is incomplete.")
    with contextlib.ExitStack() as stack:
        if zygote is None:
            zygote = stack.enter_context(Zygote())
        grading = plugin.Grading(submission.resolve(), seed, zygote)
        grading.on_result = on_result
        grading.naming = naming
        said = io.StringIO()
        with _quiet_pytest(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = pytest.main(
                [*map(str, files), *plugin.QUIET_OPTIONS, f"--rootdir={course.root}"],
                plugins=[_Starter(grading), plugin],
            )
    if status == pytest.ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        lines = said.getvalue().strip().splitlines() or ["pytest gave no reason"]
        raise UserError(f"The checks could not be run: {lines[-1]}")
    return grading.report()


class _Starter:
    """Gives the grading to the plugin before it makes its own."""

    def __init__(self, grading: plugin.Grading):
        self._grading = grading

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        plugin.use_grading(config, self._grading)


@contextlib.contextmanager
def _quiet_pytest():
    """Keeps plugins that happen to be installed out of the grading."""
    before = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = before
