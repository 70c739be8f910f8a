"""`coursekit check`: the verdict on a submission."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    units: Annotated[
        list[str] | None,
        typer.Argument(metavar="[UNIT]...", help="Units to check, as ex02_lstm, ex02 or 2. [all]"),
    ] = None,
    submission: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder with the files to check. [exercises/]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Fixes the inputs of the checks.")] = 0,
    isolation: Annotated[
        str,
        typer.Option(
            metavar="LEVEL",
            help="strict: refuse to run with fewer walls; basic: none but limits and a watchdog. "
            "[the best this machine offers: coursekit doctor]",
        ),
    ] = "best",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check your units: what is right, and which mistake explains what is wrong.

    Exits with 0 when everything passed, 1 when some check did not, 2 when nothing could be checked.
    """
    from coursekit.course.workspace import find_course
    from coursekit.errors import UserError
    from coursekit.grading.scoreboard import Scoreboard
    from coursekit.grading.session import grade

    if isolation not in ("best", "strict", "basic"):
        raise UserError(f"--isolation is strict or basic. Received: {isolation}")
    course = find_course()
    folder = submission or course.exercises
    board = Scoreboard(live=not as_json)
    try:
        with board:
            report = grade(
                folder,
                units or (),
                course=course,
                seed=seed,
                on_result=board.add,
                isolation=isolation,  # type: ignore[arg-type]
            )
    except KeyboardInterrupt:
        raise UserError("interrupted; nothing was changed. Run it again to check.", 130) from None
    if as_json:
        print(report.to_json())
    else:
        board.show(report)
    raise typer.Exit(0 if report.passed else 1)
