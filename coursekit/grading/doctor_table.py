"""What `coursekit doctor` found, as a person reads it."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from coursekit.grading.doctor import Examination
from coursekit.grading.isolation import REQUIRED


def show(examination: Examination, console: Console | None = None) -> None:
    """Prints the level, the walls, and what could be done that should not be."""
    console = console or Console(highlight=False)
    table = Table("", "wall", "keeps student code from", "", box=None, pad_edge=False)
    for name, wall in examination.walls.items():
        needed = name in (*REQUIRED, "watchdog")
        sign = (
            "[green]✓[/green]"
            if wall["stands"]
            else "[red]✗[/red]"
            if needed
            else "[yellow]-[/yellow]"
        )
        detail = wall["detail"] if wall["stands"] else f"missing: {wall['detail']}"
        table.add_row(sign, name, wall["holds_back"], escape(detail))
    console.print(table)
    count = len(examination.attempts)
    refused = sum(attempt.refused for attempt in examination.attempts)
    console.print(f"\n{refused} of {count} attempts to get past a wall were refused.")
    for attempt in examination.attempts:
        if not attempt.refused:
            console.print(
                f"  [red]✗[/red] {attempt.wall}: {attempt.attempt}: {escape(attempt.result)}"
            )
    if examination.strict:
        console.print("Isolation: [bold]strict[/bold]. A class can be graded here.")
    else:
        console.print(
            f"Isolation: [bold]basic[/bold], for want of {escape(examination.isolation_reason)}.\n"
            "Checking your own work is fine. To grade a class here all the same, say --isolation basic."
        )
    versions = ", ".join(f"{name} {text}" for name, text in examination.versions.items())
    machine = ", ".join(f"{name} {value}" for name, value in examination.machine.items())
    console.print(f"{escape(versions)}\n{escape(machine)}", style="dim")
