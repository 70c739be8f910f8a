"""Shows a run on the terminal: one line that moves, and what is worth keeping above it."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

_SECONDS_BETWEEN_LINES = 10.0


class TrainingDisplay:
    """Context manager and listener of a run.

    On a terminal a progress bar moves; in a file or a pipe a line is written now and then.

    Args:
        console: where to.
        first: what is going on before the first step.
    """

    def __init__(self, console: Console, first: str = "preparing"):
        self.console = console
        self._bar = Progress(
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:3.0f}%  {task.description}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(first, total=1.0)
        self._last_line = time.monotonic()

    def __enter__(self):
        if self.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_):
        self._bar.stop()

    def note(self, text: str) -> None:
        self.console.print(f"  {text}", style="dim", markup=False)

    def step(self, report) -> None:
        line = (
            f"epoch {report.epoch + 1}  step {report.step:,}  loss {report.loss:.3f}  "
            f"{report.tokens_per_second:,.0f} tokens/s  {_clock(report.remaining_seconds)} left"
        )
        self._bar.update(self._task, completed=report.progress, description=line)
        now = time.monotonic()
        if not self.console.is_terminal and now - self._last_line > _SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.console.print(f"  {report.progress:4.0%}  {line}", markup=False)

    def evaluation(self, step: int, evaluation) -> None:
        self.console.print(f"  step {step:,}: {evaluation.headline}", markup=False)
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 4))
        for row in evaluation.shown:
            table.add_row(*map(_plain, row))
        self.console.print(table)


def _plain(text: str):
    from rich.text import Text

    return Text(text)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}:{seconds:02d}"
