"""A class of which one in ten attacks the grader: is any honest student graded otherwise than without them?

    python benchmarks/hostile_class.py [--students 300] [--hostile 0.1] [--unit ex01 ...] [--quick]
        [--jobs 2] [--folder FOLDER] [--json FILE]

Grades the class with `coursekit grade`, and beside it the honest ones alone, in another folder under the same secret,
and compares student by student. Tells the verdicts on each kind of attack, and looks for processes and files that were
left behind.
"""

import argparse
import glob
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
from class_peers import runs
from sample_class import attack_of, write_class

from coursekit.course.syllabus import find_unit, units
from coursekit.grading.class_runs.seeds import Secret


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--hostile", type=float, default=0.1, help="share of the class")
    parser.add_argument("--unit", action="append", default=[], help="grade this unit [all]")
    parser.add_argument("--quick", action="store_true", help="20 students, half of them hostile")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="of each of the two runs")
    parser.add_argument("--folder", type=Path, help="keep all there; go on with what was cut off")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    if options.quick:
        options.students, options.hostile = 20, 0.5
        options.unit = options.unit or ["ex01"]
    names = [find_unit(name).name for name in options.unit] or [unit.name for unit in units()]
    every = round(1 / options.hostile)
    with tempfile.TemporaryDirectory() as scratch:
        figures = measure(options.folder or Path(scratch), options, every, names)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    sys.exit(bool(figures["lost"] or figures["differ"] or figures["left_behind"]))


def measure(scratch: Path, options, every: int, names: list[str]) -> dict:
    """Both runs, compared."""
    students = options.students
    everybody, honest = scratch / "everybody", scratch / "honest"
    write_class(everybody, students, options.hostile)
    attacks = {
        f"student-{number:03d}": attack
        for number in range(students)
        if (attack := attack_of(number, every))
    }
    shutil.copytree(everybody, honest, ignore=shutil.ignore_patterns(*attacks), dirs_exist_ok=True)
    secret = scratch / "secret"
    if not secret.exists():
        Secret.create(secret)

    own = scratch / "temporary"  # whatever the run leaves behind is in here
    own.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(own)
    numbered = set(glob.glob("/tmp/[0-9]*"))
    both, told = {}, {}

    def grade(folder: Path) -> runs.Took:
        more = ("--seed-file", str(secret), "--resume", "--jobs", str(options.jobs))
        return runs.grade(folder, scratch / f"of {folder.name}", names, *more)

    with ThreadPoolExecutor() as threads:
        both_took = list(threads.map(grade, (everybody, honest)))
    for name, took in zip(("everybody", "honest"), both_took, strict=True):
        results = json.loads((scratch / f"of {name}" / "results.json").read_bytes())
        both[name] = {student["student"]: student for student in results["students"]}
        told[name] = {"minutes": took.wall / 60, "processor_minutes": took.processor / 60}
        print(f"{name}: {len(both[name])} graded in {took.wall / 60:.1f} min", flush=True)
    left = [
        *(f"process {p.pid}: {p.name()}" for p in psutil.process_iter() if _is_of(p, own)),
        *(f"file {path}" for path in own.rglob("*")),
        *(f"file {path}" for path in set(glob.glob("/tmp/[0-9]*")) - numbered),
    ]
    everyone = both["everybody"]
    faults = [
        (student, unit["unit"], check["name"])
        for student, result in everyone.items()
        for unit in result["units"]
        for check in unit["checks"]
        if check["verdict"] == "grader-fault"
    ]
    expected = {folder.name for folder in everybody.iterdir()}
    return {
        "students": students,
        "hostile": len(attacks),
        "units": names,
        "level": results["isolation"],
        "verdicts": sum(len(u["checks"]) for r in everyone.values() for u in r["units"]),
        "runs": told,
        "load": os.getloadavg()[2],
        "lost": sorted(expected - everyone.keys()) + faults,
        "compared": len(both["honest"]),
        "differ": [name for name, alone in both["honest"].items() if everyone.get(name) != alone],
        "points_of_the_hostile": sum(everyone[name]["points"] for name in attacks),
        "attacks": _attacks(attacks, everyone),
        "left_behind": left,
    }


def _attacks(attacks: dict[str, str], results: dict) -> dict[str, dict[str, int]]:
    """How often each kind of attack met each verdict."""
    verdicts: dict[str, Counter] = {}
    for student, attack in attacks.items():
        for unit in results[student]["units"]:
            found = [check["verdict"] for check in unit["checks"]]
            verdicts.setdefault(attack, Counter()).update(found)
    return {attack: dict(counted.most_common()) for attack, counted in verdicts.items()}


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get("TMPDIR") == str(folder)
    except psutil.Error:
        return False


def show(figures: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("attack", "verdicts on its checks")
    for attack, verdicts in figures["attacks"].items():
        table.add_row(attack, ", ".join(f"{n} {verdict}" for verdict, n in verdicts.items()))
    console = Console()
    console.print(table)
    for name, run in figures["runs"].items():
        console.print(
            f"{name}: {run['minutes']:.1f} min, of the processor {run['processor_minutes']:.1f}"
        )
    console.print(
        f"{figures['students']} submissions, {figures['hostile']} hostile, {len(figures['units'])} units, "
        f"isolation {figures['level']}: {figures['verdicts']} verdicts, {len(figures['lost'])} lost. Of "
        f"{figures['compared']} honest ones {len(figures['differ'])} differ from the class without the hostile. "
        f"Points of the hostile: {figures['points_of_the_hostile']}. Left behind: "
        f"{figures['left_behind'] or 'nothing'}."
    )


if __name__ == "__main__":
    main()
