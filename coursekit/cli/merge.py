"""`coursekit merge`: one class from the results of its parts."""

from pathlib import Path
from typing import Annotated

import typer


def merge(
    parts: Annotated[
        list[Path], typer.Argument(metavar="PART...", help="Folders that grade --shard wrote.")
    ],
    out: Annotated[Path, typer.Option(metavar="RESULTS", help="Folder for the joined results.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Join the parts of a class that were graded with --shard.

    Exits with 1 when some checks of a part could not be judged for reasons of ours, 2 when nothing was joined.
    """
    import json
    import sys

    from coursekit.grading.class_runs.shards import merge as join

    results = join(parts, out)
    if as_json:
        print(json.dumps({"results": str(out / "results.json"), "students": len(results.students)}))
    else:
        print(f"{len(results.students)} students joined into {out / 'report.html'}")
    faults = sum(
        check.verdict == "grader-fault"
        for student in results.students
        for unit in student.units
        for check in unit.checks
    )
    if faults:
        print(
            f"coursekit: {faults} checks could not be judged for reasons of ours; run the parts again with --resume.",
            file=sys.stderr,
        )
        raise typer.Exit(1)
