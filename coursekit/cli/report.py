"""`coursekit report`: pages about a graded class."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    results: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="The folder that `coursekit grade` wrote.")
    ],
    student: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Only the page of this student, by short name."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write RESULTS/report.html about the class and RESULTS/feedback/ID.html for each student.

    The pages need no server and no network: open them, print them, hand on the ones in feedback/.
    """
    import msgspec
    from rich.console import Console

    from coursekit.grading.class_results import ClassResults, read_times
    from coursekit.grading.exports.class_figures import ClassFigures
    from coursekit.grading.exports.class_report import FEEDBACK, write_feedback, write_report
    from coursekit.grading.exports.class_summary import find_student, show_class, show_student

    read = ClassResults.read(results)
    console = Console(highlight=False, soft_wrap=True)
    if student is not None:
        one = find_student(read, student)
        page = write_feedback(one, results)
        if as_json:
            print(msgspec.json.encode({"feedback": str(page), "result": one}).decode())
        else:
            show_student(one, page, console)
        return
    times = read_times(results)
    page = write_report(read, times, results)
    figures = ClassFigures.of(read, times)
    if as_json:
        written = {"report": str(page), "feedback": str(results / FEEDBACK)}
        print(msgspec.json.encode({**written, **msgspec.structs.asdict(figures)}).decode())
    else:
        show_class(figures, page, console)
