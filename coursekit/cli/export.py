"""`coursekit export`: a graded class in the forms that other systems read."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from coursekit.grading.class_results import ClassResults
    from coursekit.grading.exports.exported import Exported

app = typer.Typer(
    help="Write results for an LMS, Gradescope, GitHub Classroom, a CI system or a spreadsheet.",
    no_args_is_help=True,
)

RESULTS = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="The folder that `coursekit grade` wrote.")
]
TO_FILE = Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write.")]
TO_FOLDER = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to write into.")]
UNITS = Annotated[
    list[str] | None,
    typer.Option(
        "--unit", "--units", metavar="UNIT", help="Only this unit; may be given several times."
    ),
]
AS_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
BY_NAME = Annotated[
    bool,
    typer.Option("--by-name", help="Match students by name too; names can be chosen freely."),
]


@app.command()
def junit(results: RESULTS, to: TO_FILE, unit: UNITS = None, as_json: AS_JSON = False) -> None:
    """JUnit XML, as CI systems show it: a suite for each unit of each student."""
    from datetime import UTC, datetime

    from coursekit.grading.class_results import RESULTS as FILE
    from coursekit.grading.class_results import read_times
    from coursekit.grading.exports.junit import write_junit

    read = _read(results, unit)
    made = datetime.fromtimestamp((results / FILE).stat().st_mtime, UTC)
    stamp = made.strftime("%Y-%m-%dT%H:%M:%S")
    _tell(write_junit(read, read_times(results), to, stamp), as_json)


@app.command()
def gradescope(
    results: RESULTS,
    to: TO_FOLDER,
    visibility: Annotated[
        str,
        typer.Option(help="visible, hidden, after_due_date or after_published: who sees it when."),
    ] = "visible",
    unit: UNITS = None,
    as_json: AS_JSON = False,
) -> None:
    """Gradescope's results.json, a file for each student."""
    from typing import get_args

    from coursekit.errors import UserError
    from coursekit.grading.class_results import read_times
    from coursekit.grading.exports.gradescope import Visibility, write_gradescope

    if visibility not in get_args(Visibility):
        known = ", ".join(get_args(Visibility))
        raise UserError(f"--visibility is one of {known}. Received: {visibility}")
    read = _read(results, unit)
    _tell(write_gradescope(read, read_times(results), to, visibility), as_json)  # type: ignore[arg-type]


@app.command()
def canvas(
    results: RESULTS,
    to: TO_FILE,
    gradebook: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your gradebook as Canvas exported it; is filled in."),
    ] = None,
    assignment: Annotated[
        str,
        typer.Option(
            metavar="TITLE", help="The one assignment that gets all points. [one for each unit]"
        ),
    ] = "",
    by_name: BY_NAME = False,
    unit: UNITS = None,
    as_json: AS_JSON = False,
) -> None:
    """A gradebook to import into Canvas. Best with --gradebook, which finds students by number."""
    from coursekit.grading.exports.canvas import fill_canvas, write_canvas

    read = _read(results, unit)
    if gradebook is None:
        _tell(write_canvas(read, to, assignment), as_json)
    else:
        _tell(fill_canvas(read, gradebook, to, assignment, by_name), as_json)


@app.command()
def moodle(
    results: RESULTS,
    to: TO_FILE,
    worksheet: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The grading worksheet from Moodle; is filled in."),
    ] = None,
    by_name: BY_NAME = False,
    unit: UNITS = None,
    as_json: AS_JSON = False,
) -> None:
    """An offline grading worksheet to upload to Moodle. Best with --worksheet."""
    from coursekit.grading.exports.moodle import fill_moodle, write_moodle

    read = _read(results, unit)
    if worksheet is None:
        _tell(write_moodle(read, to), as_json)
    else:
        _tell(fill_moodle(read, worksheet, to, by_name), as_json)


@app.command()
def csv(results: RESULTS, to: TO_FILE, unit: UNITS = None, as_json: AS_JSON = False) -> None:
    """A plain table, students by units, for any spreadsheet."""
    from coursekit.grading.exports.plain_csv import write_csv

    _tell(write_csv(_read(results, unit), to), as_json)


@app.command("gradescope-autograder")
def gradescope_autograder(
    to: Annotated[Path, typer.Option("--to", metavar="ZIP", help="The zip to write.")],
    unit: UNITS = None,
    seed_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The secret, 32 bytes or more. [a new one]"),
    ] = None,
    minutes: Annotated[
        float, typer.Option(help="Grading that takes longer is ended and gets no points.")
    ] = 9.5,
    as_json: AS_JSON = False,
) -> None:
    """Gradescope's autograder zip: it grades each submission when it is handed in."""
    from coursekit.course.workspace import find_course
    from coursekit.grading.exports.autograder_zip import write_autograder

    _tell(write_autograder(find_course(), to, unit or (), seed_file, minutes), as_json)


@app.command("github-classroom")
def github_classroom(
    to: TO_FILE = Path(".github/workflows/classroom.yml"),
    unit: UNITS = None,
    install: Annotated[
        str, typer.Option(metavar="ARGUMENTS", help="What pip installs coursekit from.")
    ] = "-c constraints.txt .",
    minutes: Annotated[int, typer.Option(help="How long the check of a unit may take.")] = 10,
    whole_units: Annotated[
        bool,
        typer.Option("--whole-units", help="Points of a unit only if all of its checks pass."),
    ] = False,
    owner: Annotated[
        str, typer.Option(help="Whose autograding actions; newer ones: classroom-resources.")
    ] = "education",
    as_json: AS_JSON = False,
) -> None:
    """GitHub Classroom's workflow: checks each push and reports points."""
    from coursekit.grading.exports.github_classroom import write_workflow

    _tell(write_workflow(to, unit or (), install, minutes, whole_units, owner), as_json)


@app.command("github-result", hidden=True)
def github_result(
    checked: Annotated[Path, typer.Argument(help="What `coursekit check --json` printed.")],
    unit: Annotated[str, typer.Option(help="The unit.")],
) -> None:
    """A unit's results for GitHub Classroom's reporter, as a line for $GITHUB_OUTPUT."""
    from coursekit.grading.exports.github_classroom import result_line

    print(result_line(checked, unit))


def _read(folder: Path, units: list[str] | None) -> "ClassResults":
    from coursekit.grading.class_results import ClassResults
    from coursekit.grading.exports.exported import only_units

    return only_units(ClassResults.read(folder), units or ())


def _tell(done: "Exported", as_json: bool) -> None:
    import msgspec
    from rich.console import Console

    if as_json:
        print(msgspec.json.encode(done).decode())
    else:
        done.show(Console(highlight=False, soft_wrap=True))
