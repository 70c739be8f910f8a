"""How many submissions a minute: `coursekit grade` beside a pytest process for each unit, and beside Otter-grader.

    python -m venv OTTER
    OTTER/bin/pip install otter-grader ipykernel -c constraints.txt -e .   # or without -c, if they do not fit together
    python benchmarks/class_run.py --otter OTTER/bin/otter [--turns 1] [--ours 100] [--theirs 1] [--quick] [--json FILE]

A sample class (`sample_class.py`), in turns: the first student by pytest and by `otter run`, as many units at a time as
there are cores; then 100 by `coursekit grade`, walls and all, from a cold start; then a second one by pytest and
Otter. The checks are the same files for all; in the peers the student's code, the reference and the judge share one
process. The ratio is taken within a turn, of seconds a submission; of the processor's seconds too, which other work on
the machine changes less.

Otter has one assignment for each unit, as a course hands them out. Without --otter it is left out. The answers of
the named mistakes to the public inputs are recorded beforehand, once for a version of the course, and their cost told.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from class_peers import otter_peer, runs
from sample_class import write_class

from coursekit.course.syllabus import find_unit, units
from coursekit.course.workspace import Course
from coursekit.grading.checks_of import checks_of
from coursekit.grading.unit_run import Source, UnitRun
from coursekit.grading.workers import Zygote

COURSE = Course(runs.ROOT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--ours", type=int, default=100, help="submissions a turn, graded by us")
    parser.add_argument("--theirs", type=int, default=1, help="before and after, by each peer")
    parser.add_argument("--unit", action="append", default=[], help="grade this unit [all]")
    parser.add_argument("--otter", type=Path, help="Otter's command")
    parser.add_argument("--quick", action="store_true", help="one small turn of two units")
    parser.add_argument("--json", type=Path, help="write the figures there, after every turn")
    options = parser.parse_args()
    if options.quick:
        options.turns, options.ours, options.theirs = 1, 4, 1
        options.unit = options.unit or ["ex02", "ex07"]
    names = [find_unit(name).name for name in options.unit] or [unit.name for unit in units()]
    recorded = record(names)
    print(f"recorded in {recorded:.0f} s", flush=True)
    turns: list[dict] = []
    with tempfile.TemporaryDirectory() as scratch:
        zips = _autograders(Path(scratch), names, options.otter)
        for number in range(options.turns):
            folder = Path(scratch) / f"turn-{number}"
            turns.append(turn(folder, number, names, options, zips))
            figures = summary(turns, names, recorded, options)
            print(json.dumps(turns[-1]["seconds_each"]), flush=True)
            if options.json:
                options.json.write_text(json.dumps(figures, indent=1))
    show(figures)


def record(names: list[str]) -> float:
    """Seconds to record what the named mistakes answer in public; nothing if it is known already."""
    started = time.perf_counter()
    with Zygote("strict") as zygote:
        for name in names:
            source = Source.read(COURSE.solutions / f"{name}.py")
            checks = checks_of(COURSE.checks(name))
            run = UnitRun(zygote, COURSE, find_unit(name), source, 0, checks)
            run.mistake_matrix()
            run.close()
    return time.perf_counter() - started


def turn(folder: Path, number: int, names: list[str], options, zips: dict[str, Path]) -> dict:
    """Half of the peers' work, ours, the other half."""
    everybody = folder / "everybody"
    write_class(everybody, options.ours, first=number * options.ours)
    students = sorted(path.name for path in everybody.iterdir())[: 2 * options.theirs]
    took: dict[str, list[runs.Took]] = {"ours": [], "pytest": [], "otter": []}
    passed: dict[str, dict] = {name: {} for name in took}

    def theirs(part: list[str]) -> None:
        pieces = [
            runs.Piece(student, unit, everybody / student / f"{unit}.py")
            for student in part
            for unit in names
        ]
        scratch = folder / part[0]
        (scratch / "pytest").mkdir(parents=True)
        keep("pytest", *runs.grade_with_pytest(pieces, scratch / "pytest"))
        if zips:
            keep("otter", *runs.grade_with_otter(pieces, scratch / "otter", zips, options.otter))

    def keep(name: str, time_taken: runs.Took, outcomes: dict) -> None:
        took[name].append(time_taken)
        passed[name] |= outcomes
        print(name, time_taken, f"load {os.getloadavg()[0]:.0f}", flush=True)

    theirs(students[: options.theirs])
    ours = runs.grade(everybody, folder / "results", names)
    keep("ours", ours, runs.passed_by_us(folder / "results"))
    theirs(students[options.theirs :])
    count = {"ours": options.ours, "pytest": 2 * options.theirs, "otter": 2 * options.theirs}
    return {
        "seconds_each": {
            name: round(sum(t.wall for t in times) / count[name], 2)
            for name, times in took.items()
            if times
        },
        "processor_seconds_each": {
            name: round(sum(t.processor for t in times) / count[name], 2)
            for name, times in took.items()
            if times
        },
        "parts": {name: [[t.wall, t.processor] for t in times] for name, times in took.items()},
        "otherwise": {
            name: [
                "/".join(check) for check, well in found.items() if passed["ours"][check] != well
            ]
            for name, found in passed.items()
        },
        "checks": {name: len(found) for name, found in passed.items()},
        "load": round(os.getloadavg()[2], 1),
    }


def _autograders(scratch: Path, names: list[str], otter: Path | None) -> dict[str, Path]:
    if otter is None:
        return {}
    return {
        name: otter_peer.write_autograder(
            scratch, COURSE.checks(name), checks_of(COURSE.checks(name)), otter
        )
        for name in names
    }


def summary(turns: list[dict], names: list[str], recorded: float, options) -> dict:
    graders = list(turns[0]["seconds_each"])
    rows = {}
    for grader in graders:
        row = {}
        for clock in ("seconds_each", "processor_seconds_each"):
            each = [turn[clock][grader] for turn in turns]
            ratios = [turn[clock][grader] / turn[clock]["ours"] for turn in turns]
            row[clock] = {
                "a_minute": round(60 / statistics.median(each), 2),
                "median": statistics.median(each),
                "ratio": round(statistics.median(ratios), 2),
                "lowest": round(min(ratios), 2),
                "highest": round(max(ratios), 2),
            }
        row["checks"] = sum(turn["checks"][grader] for turn in turns)
        row["otherwise"] = [check for turn in turns for check in turn["otherwise"][grader]]
        rows[grader] = row
    return {
        "units": names,
        "submissions": {
            "ours": options.ours * len(turns),
            "theirs": 2 * options.theirs * len(turns),
        },
        "recorded_seconds": round(recorded, 1),
        "graders": rows,
        "turns": turns,
    }


def show(figures: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("grader", "a minute", "theirs / ours", "processor, s each", "theirs / ours")
    for name, row in figures["graders"].items():
        wall, processor = row["seconds_each"], row["processor_seconds_each"]
        cells = [
            f"{clock['ratio']:g} ({clock['lowest']:g}-{clock['highest']:g})"
            for clock in (wall, processor)
        ]
        table.add_row(name, f"{wall['a_minute']:g}", cells[0], f"{processor['median']:g}", cells[1])
    console = Console()
    console.print(table)
    for name, row in figures["graders"].items():
        if name != "ours":
            console.print(
                f"{name}: {len(row['otherwise'])} of {row['checks']} checks end otherwise than with us "
                f"{row['otherwise'] or ''}"
            )


if __name__ == "__main__":
    main()
