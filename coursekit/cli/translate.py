"""`coursekit translate`: sentences through a trained translator."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def translate(
    sentences: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SENTENCE]...", help="What to translate. [lines of standard input]"
        ),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the run. [the latest in runs/]")
    ] = None,
    beam: Annotated[int, typer.Option(min=1, max=64, help="Beams of the search; 1: greedy.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Translate sentences with a trained model."""
    from coursekit.cli.translation_session import translate_and_show
    from coursekit.errors import UserError

    if not sentences:
        if sys.stdin is None or sys.stdin.isatty():
            raise UserError('Name a sentence: coursekit translate "a sentence".')
        sentences = [line for line in map(str.strip, sys.stdin) if line]
        if not sentences:
            raise UserError("Standard input holds no sentence.")
    translate_and_show(sentences, run, beam, as_json)
