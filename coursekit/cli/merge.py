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
    """Join the parts of a class that were graded with --shard."""
    import json

    from coursekit.grading.class_runs.shards import merge as join

    results = join(parts, out)
    if as_json:
        print(json.dumps({"results": str(out / "results.json"), "students": len(results.students)}))
    else:
        print(f"{len(results.students)} students joined into {out / 'report.html'}")
