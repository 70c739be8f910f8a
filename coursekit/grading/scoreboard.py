"""The report as a student reads it in the terminal."""

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from coursekit.course.syllabus import find_unit
from coursekit.grading.verdicts import CheckResult, Report, UnitResult

_SIGNS = {"passed": ("✓", "green"), "blocked": ("·", "dim"), "grader-fault": ("?", "yellow")}


class Scoreboard:
    """Shows what is being checked, then the verdicts, worst news with what to do about it."""

    def __init__(self, live: bool = True, console: Console | None = None):
        self.console = console or Console(highlight=False, soft_wrap=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            console=self.console,
            transient=True,
            disable=not live or not self.console.is_terminal,
        )
        self._task = self._progress.add_task("starting TensorFlow")
        self._done = 0

    def __enter__(self) -> "Scoreboard":
        self._progress.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._progress.stop()

    def add(self, unit: str, result: CheckResult) -> None:
        """A verdict has come in."""
        self._done += 1
        self._progress.update(
            self._task, description=f"{unit}: {escape(result.title)} ({self._done} checked)"
        )

    def show(self, report: Report) -> None:
        """Prints everything: units, checks, and what to fix first."""
        for unit in report.units:
            self._show_unit(unit)
        self.console.print(
            f"[bold]{report.points} of {report.max_points} points[/bold]"
            f"[dim]  (seed {report.seed}, isolation {report.isolation})[/dim]"
        )
        first = next(
            (
                (unit, check)
                for unit in report.units
                for check in unit.checks
                if check.verdict not in ("passed", "blocked")
            ),
            None,
        )
        if first is not None:
            unit, check = first
            self.console.print(f"Fix this first: {escape(check.title)}", style="bold")
            self.console.print(f"Stuck? coursekit hint {unit.unit}", style="dim")

    def _show_unit(self, unit: UnitResult) -> None:
        title = find_unit(unit.unit).title
        self.console.print(
            f"\n[bold]{unit.unit}[/bold]  {escape(title)}  {unit.points}/{unit.max_points}"
        )
        messages = [check.message for check in unit.checks]
        if len(set(messages)) == 1 and not unit.passed:  # one reason for all: say it once
            self.console.print(f"  [red]✗[/red] all checks: {unit.checks[0].verdict}")
            self.console.print(Padding(Text(messages[0]), (0, 0, 0, 4)))
        else:
            for check in unit.checks:
                self._show_check(check)
        if unit.output.strip():
            self.console.print("  your code printed:", style="dim")
            lines = unit.output.strip().splitlines()[-10:]
            self.console.print(Padding(Text("\n".join(lines), style="dim"), (0, 0, 0, 4)))

    def _show_check(self, check: CheckResult) -> None:
        sign, style = _SIGNS.get(check.verdict, ("✗", "red"))
        points = f"{check.points}/{check.max_points}"
        verdict = (
            "" if check.verdict in ("passed", "failed") else f" [{style}]{check.verdict}[/{style}]"
        )
        self.console.print(
            f"  [{style}]{sign}[/{style}] {escape(check.title)}  [dim]{points}[/dim]{verdict}"
        )
        if check.verdict not in ("passed", "blocked") and check.message:
            self.console.print(Padding(Text(check.message), (0, 0, 0, 4)))
