"""`coursekit hint`: help in three steps."""

from typing import Annotated

import typer


def hint(
    unit: Annotated[str, typer.Argument(help="The unit, as ex02_lstm, ex02 or 2.")],
    function: Annotated[
        str | None, typer.Argument(help="A function or class of the unit. [all]")
    ] = None,
    step: Annotated[
        int, typer.Option(min=1, max=3, help="1 is a nudge, 3 is nearly the answer.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """A hint for a unit: a nudge first, more with --step 2 and --step 3."""
    import json

    from rich.console import Console

    from coursekit.course.hints import hints_for
    from coursekit.course.syllabus import find_unit

    found = find_unit(unit)
    hints = hints_for(found.name, function)
    if as_json:
        steps = [{"function": h.function, "step": step, "hint": h.steps[step - 1]} for h in hints]
        print(json.dumps({"unit": found.name, "hints": steps}))
        return
    console = Console(highlight=False)
    console.print(f"[bold]{found.name}[/bold]  {found.title}, hint {step} of 3\n")
    for one in hints:
        console.print(f"[cyan]{one.function}[/cyan]")
        console.print(f"  {one.steps[step - 1]}\n", markup=False)
    if step < 3:
        name = f" {function}" if function else ""
        console.print(f"More: coursekit hint {found.name}{name} --step {step + 1}", style="dim")
