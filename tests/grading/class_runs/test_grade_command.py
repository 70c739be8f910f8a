"""`coursekit grade` as an instructor meets it, and killed at any moment."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from coursekit.cli.main import app
from coursekit.grading import doctor
from coursekit.grading.class_results import ClassResults
from coursekit.grading.class_runs import grade_class
from coursekit.grading.class_runs.journal import JOURNAL

from ..conftest import UNIT
from .conftest import CLASS

KILLS = 20


@pytest.fixture(scope="module")
def submissions(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("submissions")
    for student, source in CLASS.items():
        (folder / student).mkdir()
        (folder / student / f"{UNIT}.py").write_text(source)
    return folder


@pytest.fixture(scope="module")
def level() -> str:
    return doctor.examine().isolation


@pytest.fixture
def command(toy_course, submissions, level, monkeypatch):
    """The arguments of a grading, and the environment to run it in."""
    environment = {**os.environ, "COLUMNS": "100"}

    def build(out: Path, *more: str) -> list[str]:
        return [
            *(sys.executable, "-m", "coursekit.cli.main", "grade", str(submissions)),
            *("--out", str(out), "--unit", UNIT, "--isolation", level, *more),
        ]

    def run(out: Path, *more: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            build(out, *more),
            cwd=toy_course.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    run.arguments = build
    run.start = lambda out, *more: subprocess.Popen(
        build(out, *more),
        cwd=toy_course.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return run


@pytest.fixture(scope="module")
def seed_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("secret") / "seed"
    path.write_text("a secret of these tests")
    return path


@pytest.fixture
def whole(command, seed_file, tmp_path) -> bytes:
    """results.json of a run that nobody disturbs."""
    done = command(tmp_path / "whole", "--seed-file", str(seed_file))
    assert done.returncode == 0, done.stderr
    return (tmp_path / "whole" / "results.json").read_bytes()


def test_a_class_from_the_command_line(command, seed_file, tmp_path, level):
    out = tmp_path / "results"
    done = command(out, "--seed-file", str(seed_file))
    assert done.returncode == 0, done.stderr
    assert re.search(r"mistake\s+0\s+0/10", done.stdout)
    assert re.search(r"right\s+10\s+10/10", done.stdout)
    assert f"Isolation {level}" in done.stdout
    assert sorted(p.name for p in out.iterdir()) == [
        *("feedback", JOURNAL, "report.html", "results.json", "times.json")
    ]
    results = ClassResults.read(out)
    assert [student.student for student in results.students] == sorted(CLASS)
    assert results.isolation == level
    assert len(list((out / "feedback").iterdir())) == len(CLASS)
    again = command(out, "--seed-file", str(seed_file), "--resume", "--json")
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert {s["student"]: s["points"] for s in told["students"]}["right"] == 10
    assert told["grader_faults"] == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_any_moment_it_ends_with_the_same_results(command, seed_file, tmp_path, whole):
    out = tmp_path / "killed"
    draw = random.Random(20)
    killed = 0
    for _ in range(200):
        run = command.start(out, "--seed-file", str(seed_file), "--resume")
        # From the first moment to well into judging; what it knows grows from kill to kill.
        time.sleep(draw.uniform(0.0, 7.0))
        if run.poll() is not None:
            assert run.returncode == 0, run.stderr.read()
            (out / JOURNAL).unlink(missing_ok=True)  # finished: begin anew, to be killed again
            continue
        family = psutil.Process(run.pid).children(recursive=True)
        run.kill()
        run.wait()
        killed += 1
        _, alive = psutil.wait_procs(family, timeout=20)
        assert not alive
        results = out / "results.json"
        assert not results.exists() or results.read_bytes() == whole
        if killed == KILLS:
            break
    assert killed == KILLS
    done = command(out, "--seed-file", str(seed_file), "--resume")
    assert done.returncode == 0, done.stderr
    assert (out / "results.json").read_bytes() == whole


def test_ctrl_c_stops_at_once_and_keeps_what_is_known(command, tmp_path):
    out = tmp_path / "results"
    run = command.start(out)
    started = time.monotonic()
    while not (out / JOURNAL).exists() and time.monotonic() < started + 60:
        time.sleep(0.1)
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    stdout, stderr = run.communicate(timeout=30)
    assert run.returncode == 130, stderr
    assert stderr.strip().splitlines()[-1] == (
        f"coursekit: stopped. What is known is kept in {out}; go on with --resume."
    )
    assert "Traceback" not in stdout + stderr
    assert not (out / "results.json").exists()


def refused(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "coursekit.cli.main", "grade", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("coursekit: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_what_cannot_be_graded_is_refused_in_one_line(tmp_path, submissions):
    out = tmp_path / "results"
    assert "no unit" in refused(submissions, "--out", out, "--unit", "ex99")
    assert "strict or basic" in refused(submissions, "--out", out, "--isolation", "none")
    assert "as 2/5" in refused(submissions, "--out", out, "--shard", "6/5")
    assert "missing" in refused(tmp_path / "missing", "--out", out)
    assert "no such unit or student" in refused(submissions, "--out", out, "--regrade", "nobody")
    for inside in (submissions, submissions / "results"):
        assert "cannot go into" in refused(submissions, "--out", inside)
    assert not out.exists()
    out.mkdir()
    (out / JOURNAL).write_bytes(b"")
    assert "--resume goes on with it" in refused(submissions, "--out", out)
    (tmp_path / "file").write_text("x")
    assert "is a file" in refused(submissions, "--out", tmp_path / "file")


def test_a_machine_below_strict_grades_no_class_unless_told(monkeypatch, submissions, tmp_path):
    real = doctor.examine()
    poor = doctor.Examination(
        "basic", "landlock: no such call", real.walls, [], real.machine, real.versions
    )
    monkeypatch.setattr(grade_class, "examine", lambda: poor)
    result = CliRunner().invoke(app, ["grade", str(submissions), "--out", str(tmp_path / "r")])
    assert result.exit_code != 0
    assert "landlock: no such call" in str(result.exception)
    assert "--isolation basic" in str(result.exception)
    assert not (tmp_path / "r").exists()


def test_a_lost_secret_is_not_replaced(toy_course, submissions, tmp_path, monkeypatch):
    out = tmp_path / "results"
    out.mkdir()
    (out / "results.json").write_text("{}")
    monkeypatch.chdir(toy_course.root)
    result = CliRunner().invoke(
        app,
        ["grade", str(submissions), "--out", str(out), "--unit", UNIT, "--isolation", "basic"],
    )
    assert "Put it back" in str(result.exception)
    assert not (out / grade_class.SECRET).exists()
