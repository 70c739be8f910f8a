"""What a class run costs beside time: a child's start, memory, the journal, going on after a cut.

    python benchmarks/class_costs.py [--students 12] [--unit ex01 ...] [--children 200] [--quick] [--json FILE]

Memory is looked at ten times a second while `coursekit grade` runs: `shared` counts a page that several processes have
as a part of each (PSS), `own` only what no other process has (USS). A child's start is a fork, the walls, an empty
life and its end, at both levels in turn; `processor` is the mean of all processes together.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from class_peers import runs
from sample_class import write_class

from coursekit.course.syllabus import find_unit, units
from coursekit.grading.workers import JobRequest, Zygote

LEVELS = ("strict", "basic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=12)
    parser.add_argument("--unit", action="append", default=[], help="grade this unit [all]")
    parser.add_argument("--children", type=int, default=200, help="starts at each level")
    parser.add_argument("--quick", action="store_true", help="3 students, 2 units, 20 starts")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    if options.quick:
        options.students, options.children = 3, 20
        options.unit = options.unit or ["ex01", "ex02"]
    names = [find_unit(name).name for name in options.unit] or [unit.name for unit in units()]
    figures: dict = {"units": names, "students": options.students, "load": os.getloadavg()[0]}
    figures["child_ms"] = child_starts(options.children)
    print(json.dumps(figures["child_ms"]), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        figures |= a_class(Path(scratch), options.students, names)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def child_starts(count: int) -> dict[str, dict[str, float]]:
    """Milliseconds from the order to the reaped child; and of processors, judge's, zygote's and child's together."""
    took: dict[str, list[float]] = {level: [] for level in LEVELS}
    processor = dict.fromkeys(LEVELS, 0.0)
    with Zygote("strict") as strict, Zygote("basic") as basic:
        for zygote in (strict, basic):
            zygote.isolation()
        for block in range(0, count, 20):
            for level, zygote in zip(LEVELS, (strict, basic), strict=True):
                before = _processor_seconds()
                for _ in range(min(20, count - block)):
                    started = time.perf_counter()
                    zygote.spawn(JobRequest("empty")).close()
                    took[level].append(1000 * (time.perf_counter() - started))
                processor[level] += 1000 * (_processor_seconds() - before)
    return {
        level: {**_spread(times), "processor": round(processor[level] / count, 1)}
        for level, times in took.items()
    }


def _processor_seconds() -> float:
    """Of this process and all below it, those that have ended too."""
    this = psutil.Process()
    return sum(sum(p.cpu_times()[:4]) for p in [this, *this.children(recursive=True)])


def a_class(scratch: Path, students: int, names: list[str]) -> dict:
    """Grades a class watched, then once more resumed, then cut in half and resumed."""
    everybody, whole, cut = scratch / "everybody", scratch / "whole", scratch / "cut"
    secret = scratch / "secret"
    write_class(everybody, students)
    started = time.perf_counter()
    memory = _watched(_grade(everybody, whole, secret, names))
    minutes = time.perf_counter() - started
    again = runs.grade(everybody, whole, names, "--seed-file", str(secret), "--resume")

    process = _grade(everybody, cut, secret, names)
    time.sleep(minutes / 2)
    _kill(process)
    rest = runs.grade(everybody, cut, names, "--seed-file", str(secret), "--resume")
    size = (whole / "journal.sqlite").stat().st_size
    pieces = students * len(names)
    return {
        "memory_mb": memory,
        "journal_bytes": size,
        "journal_bytes_a_submission": round(size / students),
        "journal_bytes_a_unit": round(size / pieces),
        "results_bytes": sum(f.stat().st_size for f in whole.rglob("*") if f.is_file()),
        "seconds": {
            "whole": round(minutes, 1),
            "resumed when finished": round(again.wall, 1),
            "its processor": round(again.processor, 1),
            "until killed": round(minutes / 2, 1),
            "resumed after that": round(rest.wall, 1),
        },
        "same_results": (whole / "results.json").read_bytes()
        == (cut / "results.json").read_bytes(),
    }


def _grade(everybody: Path, out: Path, secret: Path, names: list[str]) -> subprocess.Popen:
    command = [sys.executable, "-m", "coursekit.cli.main", "grade", str(everybody)]
    command += ["--out", str(out), "--seed-file", str(secret)]
    for name in names:
        command += ["--unit", name]
    environment = {**os.environ, **runs.TENSORFLOW}
    return subprocess.Popen(
        command, cwd=runs.ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )


def _watched(process: subprocess.Popen) -> dict:
    """The most that judge, zygote and each child had."""
    judge = psutil.Process(process.pid)
    most: dict[int, tuple[float, float]] = {}
    parents = {judge.pid}
    together = 0.0
    while process.poll() is None:
        total = 0.0
        with contextlib.suppress(psutil.Error):
            for member in [judge, *judge.children(recursive=True)]:
                own, shared = _memory(member)
                total += shared
                before = most.get(member.pid, (0.0, 0.0))
                most[member.pid] = (max(before[0], own), max(before[1], shared))
                if member.pid != judge.pid:
                    parents.add(member.ppid())
        together = max(together, total)
        time.sleep(0.1)
    children = [memory for pid, memory in most.items() if pid not in parents]
    return {
        "judge, own": round(most[judge.pid][0]),
        "zygote, shared": round(max(most[pid][1] for pid in parents - {judge.pid})),
        "all together, shared": round(together),
        "a child, own": _spread([own for own, _ in children]),
        "a child, shared": _spread([shared for _, shared in children]),
        "children seen": len(children),
    }


def _memory(process: psutil.Process) -> tuple[float, float]:
    info = process.memory_full_info()
    return info.uss / 2**20, info.pss / 2**20


def _kill(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "least": round(ordered[0], 1),
        "median": round(statistics.median(ordered), 1),
        "p90": round(ordered[int(0.9 * (len(ordered) - 1))], 1),
        "most": round(ordered[-1], 1),
    }


if __name__ == "__main__":
    main()
