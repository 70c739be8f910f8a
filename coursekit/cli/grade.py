"""`coursekit grade`: a whole class."""

from pathlib import Path
from typing import Annotated

import typer


def grade(
    submissions: Annotated[
        Path,
        typer.Argument(
            metavar="SUBMISSIONS",
            help="A folder or zip of submissions, or what Canvas, Moodle or Gradescope gives to download.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="RESULTS", help="Folder for journal and results.")],
    units: Annotated[
        list[str] | None, typer.Option("--unit", metavar="UNIT", help="Grade this unit. [all]")
    ] = None,
    seed_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The secret; made if it is not there. [in RESULTS]"),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Submissions at a time. [as many as cores]")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an earlier run; grade what is new.")
    ] = False,
    regrade: Annotated[
        list[str] | None,
        typer.Option(
            metavar="UNIT|STUDENT", help="Judge these again, though their verdicts are known."
        ),
    ] = None,
    isolation: Annotated[
        str, typer.Option(metavar="LEVEL", help="basic: grade with fewer walls than a class needs.")
    ] = "strict",
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Grade part I of N; join them with merge.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="A Dask scheduler, as tcp://host:8786."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Grade a class: every unit of every submission, safely, into a folder of results.

    Killed at any moment, it goes on with --resume and ends with the same results. Exits with 0 when all was graded,
    1 when some checks could not be for reasons of ours, 2 when nothing could be graded, 130 after Ctrl-C.
    """
    from coursekit.cli.grade_session import run
    from coursekit.errors import UserError
    from coursekit.grading.class_runs.grade_class import Order
    from coursekit.grading.class_runs.shards import Shard

    if isolation not in ("strict", "basic"):
        raise UserError(f"--isolation is strict or basic. Received: {isolation}")
    order = Order(
        submissions,
        out,
        units or (),
        seed_file,
        jobs,
        resume,
        regrade or (),
        isolation,  # type: ignore[arg-type]
        Shard.parse(shard) if shard else None,
        cluster,
    )
    raise typer.Exit(run(order, as_json))
