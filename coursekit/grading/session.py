"""Grades a submission from Python: the checks pytest collects, judged directly, units side by side."""

import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from coursekit.course.syllabus import find_unit, units
from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.checks_of import checks_of
from coursekit.grading.unit_run import Source, UnitRun
from coursekit.grading.verdicts import CheckResult, Report, UnitResult
from coursekit.grading.workers import Asked, Zygote, require_supported_platform

MAX_LANES = 4  # for the checks of one unit; every further one costs its start


def grade(
    submission: Path,
    unit_names: Sequence[str] = (),
    *,
    course: Course,
    seed: int = 0,
    zygote: Zygote | None = None,
    on_result: Callable[[str, CheckResult], None] | None = None,
    naming: bool = True,
    isolation: Asked = "best",
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
        isolation: the level to reach, if a zygote is started here; "best" is what the machine offers.

    Raises:
        UserError: if the folder, a unit or its checks do not exist, nothing was collected, or the
            level of isolation cannot be had.
    """
    require_supported_platform()
    if not submission.is_dir():
        raise UserError(f"{submission} is not a folder. Give the folder that holds your files.")
    chosen = [find_unit(name) for name in unit_names] or list(units())
    for unit in chosen:
        if not course.checks(unit.name).is_file():
            raise UserError(f"{course.checks(unit.name)} is missing; the course is incomplete.")
    with contextlib.ExitStack() as stack:
        if zygote is None:
            zygote = stack.enter_context(Zygote(isolation))
        warm = zygote
        collected = {unit.name: checks_of(course.checks(unit.name)) for unit in chosen}
        stopped = False

        def judge_unit(unit) -> UnitResult:
            checks = collected[unit.name]
            source = Source.read(submission.resolve() / f"{unit.name}.py")
            run = UnitRun(warm, course, unit, source, seed, checks, naming=naming, lanes=lanes)

            def tell(result: CheckResult) -> None:
                if on_result is not None:
                    on_result(unit.name, result)

            run.judge_all(tell, lambda: stopped)
            return run.finish()

        lanes = max(1, min(MAX_LANES, (os.cpu_count() or 1) // len(chosen)))
        with ThreadPoolExecutor(min(len(chosen), os.cpu_count() or 1)) as threads:
            try:
                results = list(threads.map(judge_unit, chosen))
            except BaseException:  # Ctrl-C above all: end the workers rather than wait for them
                stopped = True
                warm.close()
                raise
        return Report.of(results, seed, warm.isolation())
