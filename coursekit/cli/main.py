"""The command line: `coursekit COMMAND`. Commands import what they need when they run."""

import sys
from typing import Annotated

import typer

from coursekit import __version__
from coursekit.cli.author import app as author
from coursekit.cli.check import check
from coursekit.cli.demo import demo
from coursekit.cli.doctor import doctor
from coursekit.cli.export import app as export
from coursekit.cli.generate import generate
from coursekit.cli.grade import grade
from coursekit.cli.hint import hint
from coursekit.cli.merge import merge
from coursekit.cli.report import report
from coursekit.cli.train import app as train
from coursekit.cli.translate import translate
from coursekit.errors import UserError

app = typer.Typer(
    help="A Keras course on sequence models that grades itself.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help answers in half the time
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(check)
app.command()(hint)
app.command()(grade)
app.command()(merge)
app.command()(report)
app.add_typer(export, name="export")
app.add_typer(train, name="train")
app.command()(translate)
app.command()(generate)
app.command()(demo)
app.command()(doctor)
app.add_typer(author, name="author")


def _show_version(asked: bool) -> None:
    if asked:
        print(f"coursekit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of a refused command.")
    ] = False,
) -> None:
    """Options of every command."""


def main() -> None:
    """Runs a command; what a user did wrong becomes one line and an exit status."""
    try:
        app()
    except UserError as error:
        if "--debug" in sys.argv:
            raise
        print(f"coursekit: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        print("coursekit: interrupted.", file=sys.stderr)
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
