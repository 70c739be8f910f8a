"""Runs graders as commands, and tells what each run took: on the wall, and of the processor with all its children."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PEERS = Path(__file__).parent

# What coursekit gives its children: the same for all, or one would compare TensorFlow's settings.
TENSORFLOW = {
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


class Took(NamedTuple):
    """Seconds of a run."""

    wall: float
    processor: float


class Piece(NamedTuple):
    """One unit of one student."""

    student: str
    unit: str
    file: Path


def grade(submissions: Path, out: Path, units: Sequence[str], *options: str) -> Took:
    """`coursekit grade`, as a teacher runs it."""
    command = [sys.executable, "-m", "coursekit.cli.main", "grade", str(submissions)]
    command += ["--out", str(out), *options]
    for unit in units:
        command += ["--unit", unit]
    started = time.perf_counter()
    processor = _run(command, {})
    return Took(time.perf_counter() - started, processor)


def passed_by_us(out: Path) -> dict[tuple[str, str, str], bool]:
    """Student, unit, check: whether it passed."""
    results = json.loads((out / "results.json").read_bytes())
    return {
        (student["student"], unit["unit"], check["name"]): check["verdict"] == "passed"
        for student in results["students"]
        for unit in student["units"]
        for check in unit["checks"]
    }


def grade_with_pytest(pieces: Sequence[Piece], scratch: Path) -> tuple[Took, dict]:
    """A new process of pytest for each piece, as many at a time as there are cores."""
    environment = {
        "PYTHONPATH": os.pathsep.join([str(PEERS), str(ROOT)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    outcomes: dict = {}

    def one(piece: Piece) -> float:
        told = scratch / f"{piece.student}-{piece.unit}.json"
        command = [sys.executable, "-m", "pytest", "-p", "pytest_peer", "-p", "no:cacheprovider"]
        command += ["--noconftest", "-c", os.devnull, f"--rootdir={ROOT}", "-q", "--tb=no"]
        command += ["--import-mode=importlib", f"--student={piece.file}", f"--outcomes={told}"]
        command += [str(ROOT / "tests" / "autograder" / f"test_{piece.unit}.py")]
        processor = _run(command, environment, may_fail=True)
        for check, passed in json.loads(told.read_bytes()).items():
            outcomes[piece.student, piece.unit, check] = passed
        return processor

    return _all(one, pieces), outcomes


def grade_with_otter(
    pieces: Sequence[Piece], scratch: Path, zips: dict[str, Path], otter: Path
) -> tuple[Took, dict]:
    """`otter run` for each piece, as many at a time as there are cores."""
    environment = {"PYTHONPATH": os.pathsep.join([str(PEERS), str(ROOT)])}
    outcomes: dict = {}

    def one(piece: Piece) -> float:
        out = scratch / f"{piece.student}-{piece.unit}"
        out.mkdir(parents=True)
        command = [str(otter), "run", "-a", str(zips[piece.unit]), "-o", str(out), "--no-logo"]
        processor = _run([*command, str(piece.file)], environment)
        for test in json.loads((out / "results.json").read_bytes())["tests"]:
            if "max_score" in test:
                passed = test["score"] == test["max_score"]
                outcomes[piece.student, piece.unit, test["name"]] = passed
        return processor

    return _all(one, pieces), outcomes


def _all(one: Callable[[Piece], float], pieces: Sequence[Piece]) -> Took:
    started = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        processor = sum(threads.map(one, pieces))
    return Took(time.perf_counter() - started, processor)


def _run(command: Sequence[str], more: dict[str, str], may_fail: bool = False) -> float:
    """Waits for a command; returns the processor time of it and of all that it waited for."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **TENSORFLOW, **more},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Linux shares a busy machine out among sessions: one for each, as ours have
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and not may_fail:
        raise RuntimeError(f"{command[:4]}: exit {process.returncode}\n{said.decode()[-2000:]}")
    return usage.ru_utime + usage.ru_stime
