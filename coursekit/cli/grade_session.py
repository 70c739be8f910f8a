"""A class run in the terminal: progress while it goes, a table at its end."""

import signal
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

from coursekit.course.workspace import find_course
from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults
from coursekit.grading.class_runs.class_run import Stage
from coursekit.grading.class_runs.grade_class import Order, grade_class

_SHOWN = 40  # students in the table; all of them are in the report
_WORDS = {"judging": "judging checks", "explaining": "explaining what failed"}


class _RateAndRest(ProgressColumn):
    """How many a minute since the start, and how long the rest takes at that rate."""

    def render(self, task: Task) -> Text:
        done = task.completed - task.fields["known"]
        if not done or not task.elapsed or task.total is None:
            return Text("")
        rate = done / task.elapsed
        rest = timedelta(seconds=round((task.total - task.completed) / rate))
        return Text(f"{60 * rate:.0f}/min, {rest} left", style="dim")


def run(order: Order, as_json: bool) -> int:
    """Grades, shows, and returns the exit status."""
    signal.signal(signal.SIGTERM, _as_if_interrupted)
    console = Console(highlight=False, stderr=as_json)
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _RateAndRest(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    tasks: dict[Stage, object] = {}

    def show(stage: Stage, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = progress.add_task(_WORDS[stage], total=total, known=done)
        progress.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

    try:
        with progress:
            results = grade_class(
                order, find_course(), show, lambda text: progress.console.print(escape(text))
            )
    except (KeyboardInterrupt, InterruptedError):
        raise UserError(
            f"stopped. What is known is kept in {order.out}; go on with --resume.", 130
        ) from None
    faults = _faults(results)
    if as_json:
        print(msgspec.json.encode(_summary(results, order.out)).decode())
    else:
        _show(results, order.out, console)
    if faults:
        print(
            f"coursekit: {faults} checks could not be judged for reasons of ours; run again with --resume.",
            file=sys.stderr,
        )
    return 1 if faults else 0


def _as_if_interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def _faults(results: ClassResults) -> int:
    return sum(
        check.verdict == "grader-fault"
        for student in results.students
        for unit in student.units
        for check in unit.checks
    )


def _summary(results: ClassResults, out: Path) -> dict[str, object]:
    return {
        "results": str(out / "results.json"),
        "report": str(out / "report.html"),
        "isolation": results.isolation,
        "isolation_reason": results.isolation_reason,
        "units": results.units,
        "students": [
            {
                "student": student.student,
                "points": student.points,
                "max_points": student.max_points,
                "flags": len(student.flags),
                "notes": len(student.notes),
            }
            for student in results.students
        ],
        "grader_faults": _faults(results),
    }


def _show(results: ClassResults, out: Path, console: Console) -> None:
    table = Table(
        "student", *(unit.split("_")[0] for unit in results.units), "points", "", box=None
    )
    for student in results.students[:_SHOWN]:
        signs = (["flagged"] if student.flags else []) + (["notes"] if student.notes else [])
        table.add_row(
            escape(student.student),
            *(str(unit.points) for unit in student.units),
            f"[bold]{student.points}[/bold]/{student.max_points}",
            f"[yellow]{', '.join(signs)}[/yellow]",
        )
    console.print(table)
    if len(results.students) > _SHOWN:
        console.print(f"... and {len(results.students) - _SHOWN} more", style="dim")
    mistakes = Counter(
        (unit.unit, check.mistake)
        for student in results.students
        for unit in student.units
        for check in unit.checks
        if check.mistake
    )
    for (unit, mistake), count in mistakes.most_common(3):
        console.print(f"  {unit}: {mistake} explains {count} failed checks", style="dim")
    console.print(f"Isolation {results.isolation}. Report: {escape(str(out / 'report.html'))}")
