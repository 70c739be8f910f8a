"""`coursekit demo`: the whole story in a few minutes."""

from typing import Annotated

import typer


def demo(
    seconds: Annotated[
        float, typer.Option(min=5, help="How long the translator trains.", metavar="SECONDS")
    ] = 60,
) -> None:
    """Grade right and wrong answers, train a translator, translate: about three minutes."""
    from coursekit.demo import run_demo

    raise typer.Exit(run_demo(seconds))
