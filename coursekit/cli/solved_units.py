"""Which of a student's units take part in a training run, and why the others do not."""

from pathlib import Path

from rich.console import Console
from rich.table import Table


def solved_units(folder: Path, units: list[str], seed: int, console: Console) -> set[str]:
    """Judges units and shows whose code will be used; returns those that passed all checks."""
    from coursekit.course.workspace import find_course
    from coursekit.grading.session import grade

    report = grade(folder, units, course=find_course(), seed=seed, naming=False)
    table = Table(box=None, padding=(0, 2, 0, 2))
    for heading in ("unit", "layer", "why"):
        table.add_column(heading)
    solved = set()
    for unit in report.units:
        if unit.passed:
            solved.add(unit.unit)
        table.add_row(unit.unit, "yours" if unit.passed else "reference", _reason(unit))
    console.print(table)
    return solved


def _reason(unit) -> str:
    score = f"{unit.points} of {unit.max_points} points"
    failed = [check for check in unit.checks if check.verdict != "passed"]
    if not failed:
        return score
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{score}: {failed[0].name} {failed[0].verdict}{more}"
