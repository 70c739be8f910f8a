"""The demonstration: right answers, three typical mistakes, a translator trained and used."""

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from coursekit.course.syllabus import units
from coursekit.course.workspace import Course, find_course
from coursekit.errors import UserError
from coursekit.grading.mistakes import apply_edits, read_mistakes
from coursekit.grading.scoreboard import Scoreboard
from coursekit.grading.session import grade
from coursekit.grading.workers import Zygote

MISTAKES = {
    "ex01_recurrence": "state_zeroed_by_padding",
    "ex02_lstm": "gates_in_the_order_i_o_f_c",
    "ex03_gru": "update_gate_the_other_way_round",
}
SENTENCES = 4  # of the test split, which no training step sees


def run_demo(seconds: float) -> int:
    """Runs all three parts; returns an exit status, 0 when each did what it should."""
    console = Console(highlight=False)
    course = find_course()
    if not course.solutions.is_dir():
        raise UserError("The demonstration needs the solutions: run it in a checkout of coursekit.")
    with Zygote() as zygote:
        right = _grade_solutions(console, course, zygote)
        named = _grade_mistakes(console, course, zygote)
    trained = _train(console, course, seconds)
    return 0 if right and named and trained else 1


def _grade_solutions(console: Console, course: Course, zygote: Zygote) -> bool:
    console.rule("1  The solutions, graded: every check must pass")
    board = Scoreboard(console=console)
    with board:
        report = grade(course.solutions, course=course, zygote=zygote, on_result=board.add)
    for unit in report.units:
        console.print(f"  {unit.unit:18} {unit.points:2} of {unit.max_points} points")
    console.print(f"  [bold]{report.points} of {report.max_points} points[/bold]\n")
    return report.passed


def _grade_mistakes(console: Console, course: Course, zygote: Zygote) -> bool:
    console.rule("2  A submission with three typical mistakes: each is named")
    with tempfile.TemporaryDirectory() as folder:
        for unit in units():
            source = (course.solutions / f"{unit.name}.py").read_text(encoding="utf-8")
            for mistake in read_mistakes(course.mistakes(unit.name)):
                if mistake.name == MISTAKES.get(unit.name):
                    source = apply_edits(source, mistake)
            Path(folder, f"{unit.name}.py").write_text(source, encoding="utf-8")
        board = Scoreboard(console=console)
        with board:
            report = grade(
                Path(folder), list(MISTAKES), course=course, zygote=zygote, on_result=board.add
            )
        board.show(report)
    console.print()
    named = {check.mistake for unit in report.units for check in unit.checks if check.mistake}
    return named == set(MISTAKES.values())


def _train(console: Console, course: Course, seconds: float) -> bool:
    console.rule("3  A GRU translator learns the phrasebook")
    run = course.root / "runs" / "demo"
    train = ["train", "translation", "--cell", "gru", "--minutes", f"{seconds / 60:.3f}"]
    if _coursekit(console, [*train, "--run", str(run), "--overwrite"]) != 0:
        return False
    unseen = _unseen_sentences(run)
    console.print("\n  Sentences it has not seen:")
    status = _coursekit(console, ["translate", *unseen, "--run", str(run)])
    console.print("\n  and a right translation of each:")
    for reference in unseen.values():
        console.print(f"  {reference}", markup=False)
    console.print("\n  Training curves:  .venv/bin/tensorboard --logdir runs/demo")
    return status == 0


def _unseen_sentences(run: Path) -> dict[str, str]:
    """Short sentences of the run's test split, each with one of its translations."""
    from coursekit.training.run_folder import RunFolder
    from coursekit.training.translation_data import split_pairs

    settings, _ = RunFolder(run).read_record()
    test = split_pairs(settings).held_out["test"]
    pairs = zip(test.sources, test.references, strict=True)
    short = ((source, right[0]) for source, right in pairs if 4 <= len(source.split()) <= 6)
    return dict(itertools.islice(short, SENTENCES))


def _coursekit(console: Console, arguments: list[str]) -> int:
    console.print(
        f"[dim]$ coursekit {' '.join(a if a.isascii() and ' ' not in a else repr(a) for a in arguments)}[/dim]"
    )
    return subprocess.run(
        [sys.executable, "-m", "coursekit.cli.main", *arguments], check=False
    ).returncode
