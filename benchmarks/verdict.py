"""How long a verdict takes: a warm worker against a new pytest process that imports everything.

    python benchmarks/verdict.py [--runs 5] [--json]

Both judge the solution of each unit with the same checks, in turn within one run: A B A B. `warm` is what a
student waits for after a save when the zygote is up: pytest, fork, confinement, TensorFlow's first
operations, all checks; with the reference's answers recorded (as the public seed has them) and
without. `process` is a new Python process that imports TensorFlow and runs the student's code in itself.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

IN_PROCESS = """
import importlib.util, sys
import numpy as np
from coursekit.grading.checks_of import checks_of
from coursekit.grading.expect import StudentError
from coursekit.grading.judging import judge
from coursekit.grading.protocol import Request, Handle, decode, encode, Reply
import tensorflow as tf, keras
from coursekit.grading.worker.operations import perform
from coursekit.grading.worker.values import Objects
from pathlib import Path

class InProcess:
    def __init__(self, path):
        spec = importlib.util.spec_from_file_location("unit", path)
        self.module = importlib.util.module_from_spec(spec)
        sys.modules["unit"] = self.module
        spec.loader.exec_module(self.module)
        self.objects, self.replies = Objects(self.module), []
    def begin(self, check, seed, seconds):
        self.objects.clear()
        keras.utils.set_random_seed(seed)
    def ask(self, request):
        self.replies.append(b"")
        try:
            return perform(self.objects, request)
        except Exception as error:
            raise StudentError(type(error).__name__, str(error), None, "") from error

root, unit = Path(sys.argv[1]), sys.argv[2]
student, reference = (InProcess(root / "solutions" / f"{unit}.py") for _ in range(2))
for check in checks_of(root / "tests" / "autograder" / f"test_{unit}.py"):
    outcome = judge(check, student, reference, unit, 0)
    assert outcome.verdict == "passed", outcome
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()

    from coursekit.course.syllabus import units
    from coursekit.course.workspace import Course
    from coursekit.grading.session import grade
    from coursekit.grading.workers import JobRequest, Zygote

    course = Course(ROOT)
    rows = {unit.name: {"warm": [], "unrecorded": [], "process": []} for unit in units()}

    def verdict(name: str, zygote: Zygote, seed: int) -> float:
        started = time.perf_counter()
        report = grade(course.solutions, [name], course=course, zygote=zygote, seed=seed)
        assert report.passed, report
        return time.perf_counter() - started

    with Zygote() as zygote:
        for name in rows:
            verdict(name, zygote, 0)  # records the reference's answers
        for run in range(options.runs):
            for name, times in rows.items():
                times["warm"].append(verdict(name, zygote, 0))
                times["unrecorded"].append(verdict(name, zygote, 1000 + run))
                started = time.perf_counter()
                command = [sys.executable, "-c", IN_PROCESS, str(ROOT), name]
                subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
                times["process"].append(time.perf_counter() - started)
        children = []
        for _ in range(30):
            started = time.perf_counter()
            zygote.spawn(JobRequest("empty")).close()
            children.append(time.perf_counter() - started)

    result = {
        "units": {
            name: {
                **{kind: round(statistics.median(seconds), 3) for kind, seconds in times.items()},
                "worst_warm": round(max(times["warm"]), 3),
                "ratio": round(
                    statistics.median(
                        p / w for p, w in zip(times["process"], times["warm"], strict=True)
                    ),
                    1,
                ),
            }
            for name, times in rows.items()
        },
        "median_warm": round(statistics.median(t for r in rows.values() for t in r["warm"]), 3),
        "worst_warm": round(max(t for r in rows.values() for t in r["warm"]), 3),
        "child_ms": round(1000 * statistics.median(children), 1),
    }
    if options.json:
        print(json.dumps(result))
        return
    _show(result)


def _show(result: dict) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("unit", "warm (s)", "worst", "unrecorded", "new process", "ratio")
    for name, row in result["units"].items():
        keys = ("warm", "worst_warm", "unrecorded", "process", "ratio")
        table.add_row(name, *(f"{row[key]:g}" for key in keys))
    console = Console()
    console.print(table)
    console.print(
        f"all units, warm: median {result['median_warm']} s, worst {result['worst_warm']} s; "
        f"one child (fork to reap, without TensorFlow operations): {result['child_ms']} ms"
    )


if __name__ == "__main__":
    main()
