"""`coursekit generate`: text from a trained language model."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def generate(
    prompt: Annotated[
        str | None,
        typer.Argument(
            metavar="[PROMPT]",
            help="What the text begins with. [standard input, less its last line end]",
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the run. [the latest in runs/]"),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", help="The most tokens to write. [what the context has room for]"),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(metavar="T", help="Below 1: rather the likely tokens. [0.8]"),
    ] = None,
    top_k: Annotated[
        int | None,
        typer.Option(metavar="K", help="Draw from the K likeliest tokens only."),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(metavar="P", help="Draw from the likeliest tokens that make up P."),
    ] = None,
    greedy: Annotated[
        bool, typer.Option("--greedy", help="Always take the likeliest token.")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed writes the same text.")] = 0,
    samples: Annotated[
        int,
        typer.Option(metavar="N", help="Texts to write, with the seeds N, N + 1, ..."),
    ] = 1,
    stop: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="End before this text; may be given several times."),
    ] = None,
    window: Annotated[
        bool,
        typer.Option(
            "--window",
            help="Write beyond the context: when it is full, its older half is forgotten.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write on from a prompt with a trained language model."""
    from coursekit.cli.generation_session import Wishes, generate_and_show
    from coursekit.errors import UserError

    if prompt is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise UserError('Name a prompt: coursekit generate "Once upon a time".')
        prompt = sys.stdin.read().removesuffix("\n")
    wishes = Wishes(
        max_tokens, temperature, top_k, top_p, greedy, seed, samples, tuple(stop or ()), window
    )
    generate_and_show(prompt, run, wishes, as_json)
