"""The walls: each stands because what it forbids was tried, here as root or as whoever runs the tests."""

import json
import os
import sys

import pytest
from typer.testing import CliRunner

from coursekit.cli.main import app
from coursekit.errors import UserError
from coursekit.grading import cgroups, doctor
from coursekit.grading.isolation import REQUIRED, WALLS, Wall, isolation_of
from coursekit.grading.session import grade
from coursekit.grading.worker.trees import has_more_than
from coursekit.grading.worker.walls import landlock, seccomp
from coursekit.grading.workers import JobRequest, Zygote

from .conftest import SOLUTION, UNIT


@pytest.fixture(scope="module")
def examination():
    return doctor.examine()


needs_strict = pytest.mark.skipif(
    sys.platform != "linux", reason="the strict walls are parts of Linux"
)


def test_the_level_follows_from_the_walls_that_stand():
    walls = {name: Wall(True, "") for name in REQUIRED}
    assert isolation_of(walls).level == "strict"
    for name in REQUIRED:
        reached = isolation_of({**walls, name: Wall(False, "no kernel for it")})
        assert reached.level == "basic"
        assert reached.reason == f"{name}: no kernel for it"
    without = dict(walls)
    del without["seccomp"]
    assert isolation_of(without).level == "basic"


def test_every_wall_is_examined_and_explained(examination):
    assert set(examination.walls) == set(WALLS)
    assert all(wall["holds_back"] and wall["detail"] for wall in examination.walls.values())


@needs_strict
def test_a_wall_that_stands_was_attempted_and_held(examination):
    attempted = {attempt.wall for attempt in examination.attempts}
    for name, wall in examination.walls.items():
        if wall["stands"]:
            assert name in attempted, name
            assert all(a.refused for a in examination.attempts if a.wall == name)


def test_without_walls_the_same_attempts_succeed(monkeypatch):
    """The attempts themselves can tell: at `basic` the kernel refuses none of the strict ones."""
    with Zygote("basic", bare=True) as zygote, doctor._canary() as canary:
        with doctor._child(zygote) as worker:
            options = {
                "walls": ["landlock", "seccomp", "no_new_privs", "dumpable"],
                "canary": canary,
                "other": os.getpid(),
            }
            rows = doctor._ask(worker, options, 20)
    got_through = {row[1] for row in rows if not row[2]}
    assert got_through == {row[1] for row in rows}


def test_a_wall_that_does_not_hold_is_not_counted(monkeypatch):
    """Landlock with the whole file system allowed stands on paper only."""
    rows = [["landlock", "read a file of another", False, "read 17 bytes"]]
    real = doctor._ask
    monkeypatch.setattr(
        doctor,
        "_ask",
        lambda worker, options, seconds: (
            rows if "canary" in options else real(worker, options, seconds)
        ),
    )
    found = doctor.examine()
    assert found.isolation == "basic"
    assert not found.walls["landlock"]["stands"]
    assert "read a file of another" in found.isolation_reason


def test_a_missing_wall_is_told_with_its_reason_and_strict_is_refused(monkeypatch, tmp_path):
    """An old kernel, stood in for by a zygote whose Landlock is missing."""
    package = tmp_path / "sitecustomize.py"
    package.write_text(
        "import sys\n"
        "if any('worker.zygote' in a for a in sys.orig_argv):\n"
        "    import coursekit.grading.worker.walls.landlock as landlock\n"
        "    def version(): raise OSError(38, 'Function not implemented')\n"
        "    landlock.version = version\n"
    )
    monkeypatch.setattr(
        "coursekit.grading.workers._KEPT_VARIABLES", ("PATH", "LANG", "PYTHONSTARTUP")
    )
    real = Zygote.start

    def start_with_old_kernel(self):
        import subprocess

        popen = subprocess.Popen

        def with_path(arguments, **options):
            options["env"]["PYTHONPATH"] = f"{tmp_path}:{options['env']['PYTHONPATH']}"
            return popen(arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(subprocess, "Popen", with_path)
            real(self)

    monkeypatch.setattr(Zygote, "start", start_with_old_kernel)
    with Zygote(bare=True) as zygote:
        reached = zygote.isolation()
        assert reached.level == "basic"
        assert "landlock: Function not implemented" in reached.reason
    with Zygote("strict", bare=True) as zygote, pytest.raises(UserError, match="landlock"):
        zygote.spawn(JobRequest("none"))


@needs_strict
def test_the_filter_names_every_call_once():
    tables = [seccomp._FATAL, seccomp._REFUSED, seccomp._OWN_PROCESS_ONLY]
    for column in (0, 1):
        numbers = [n[column] for table in tables for n in table.values() if n[column] is not None]
        assert len(numbers) == len(set(numbers))
        assert max(numbers) <= seccomp._NEWEST_KNOWN


@needs_strict
def test_landlock_says_which_version_the_kernel_has():
    assert landlock.version() >= 1


def test_every_verdict_records_its_level(toy_course, tmp_path, zygote):
    (tmp_path / f"{UNIT}.py").write_text(SOLUTION)
    report = grade(tmp_path, [UNIT], course=toy_course, zygote=zygote)
    assert report.isolation == zygote.isolation().level
    assert {check.isolation for check in report.units[0].checks} == {report.isolation}


def test_basic_can_be_asked_for(toy_course, tmp_path):
    (tmp_path / f"{UNIT}.py").write_text(SOLUTION)
    report = grade(tmp_path, [UNIT], course=toy_course, isolation="basic")
    assert (report.isolation, report.points) == ("basic", 10)
    assert report.isolation_reason == "the strict walls were not asked for"


@pytest.mark.parametrize("level", ["best", "basic"])
def test_the_judges_environment_is_not_there(toy_course, with_body, monkeypatch, tmp_path, level):
    monkeypatch.setenv("COURSEKIT_TEST_SECRET", "canary-7411")
    body = (
        "import os\ntext = repr(dict(os.environ))\n"
        "try:\n    text += open('/proc/self/environ').read()\nexcept PermissionError: pass\n"
        "raise ValueError('canary' in text)"
    )
    (tmp_path / f"{UNIT}.py").write_text(with_body(body))
    report = grade(tmp_path, [UNIT], course=toy_course, isolation=level)
    assert "ValueError: False" in report.units[0].checks[0].message


def test_doctor_prints_the_level_and_its_json_is_stable(examination, monkeypatch):
    monkeypatch.setattr(doctor, "examine", lambda: examination)
    result = CliRunner().invoke(app, ["doctor", "--json"])
    found = json.loads(result.stdout)
    assert list(found) == [
        *("isolation", "isolation_reason", "walls", "attempts", "machine", "versions")
    ]
    assert result.exit_code == (0 if found["isolation"] == "strict" else 1)
    told = CliRunner().invoke(app, ["doctor"])
    assert f"Isolation: {found['isolation']}" in told.stdout


@pytest.mark.parametrize("level", ["best", "basic"])
def test_a_folder_of_its_own_may_be_filled_and_removed(toy_course, with_body, tmp_path, level):
    body = (
        "import os, shutil, tempfile\nfolder = tempfile.mkdtemp()\n"
        "open(folder + '/a', 'w').write('x')\nos.mkdir(folder + '/b')\nshutil.rmtree(folder)\n"
        "return inputs * ops.tanh(factor)"
    )
    (tmp_path / f"{UNIT}.py").write_text(with_body(body))
    assert grade(tmp_path, [UNIT], course=toy_course, isolation=level).points == 10


def test_a_removal_relative_to_another_folder_is_refused(toy_course, with_body, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").write_text("x")
    body = f"import shutil\nshutil.rmtree({str(other)!r}, ignore_errors=True)\nreturn inputs"
    (tmp_path / f"{UNIT}.py").write_text(with_body(body))
    report = grade(tmp_path, [UNIT], course=toy_course, isolation="basic")
    assert report.units[0].checks[0].verdict == "forbidden"
    assert (other / "kept").exists()


def test_groups_of_a_killed_judge_are_swept_away(monkeypatch, tmp_path):
    gone, here, other = (
        tmp_path / name
        for name in ("coursekit-999999999-5-child", f"coursekit-{os.getpid()}-5-child", "mine")
    )
    for folder in (gone, here, other):
        folder.mkdir()
    cgroups._sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([here, other])


@pytest.mark.parametrize(
    "body",
    [
        "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'wb').write(b'x' * 2**23)",
        "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'wb').close()",
    ],
)
def test_a_folder_without_limit_is_watched(toy_course, with_body, tmp_path, body):
    (tmp_path / f"{UNIT}.py").write_text(with_body(body))
    report = grade(tmp_path, [UNIT], course=toy_course, isolation="basic")
    check = report.units[0].checks[0]
    assert (check.verdict, check.points) == ("forbidden", 0)
    assert "256 MB or 4096 files" in check.message


def test_how_much_is_in_a_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"x" * 100_000)
    assert has_more_than(str(tmp_path), 50_000, 10)
    assert not has_more_than(str(tmp_path), 200_000, 10)
    assert has_more_than(str(tmp_path), 200_000, 1)
    assert not has_more_than(str(tmp_path / "gone"), 0, 0)
