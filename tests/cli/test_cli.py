"""The command line as a student meets it: contracts, refusals in one line, no heavy imports."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def coursekit(*arguments, cwd=ROOT, **options):
    return subprocess.run(
        [sys.executable, "-m", "coursekit.cli.main", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **options,
    )


@pytest.mark.parametrize("command", [[], ["check"], ["hint"], ["train", "translation"], ["author"]])
def test_help_imports_nothing_heavy(command):
    script = (
        "import sys\nfrom coursekit.cli.main import app\n"
        f"try: app({[*command, '--help']!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'pytest', 'sacrebleu'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_check_prints_the_documented_object():
    done = coursekit("check", "ex02", "--submission", "solutions", "--json", "--seed", "3")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["seed"] == 3
    assert report["isolation"] in ("strict", "basic")
    assert report["points"] == report["max_points"] == 10
    (unit,) = report["units"]
    assert unit["unit"] == "ex02_lstm"
    for check in unit["checks"]:
        assert check["verdict"] == "passed"
        assert check["points"] == check["max_points"] > 0
        assert check["mistake"] is None
        assert isinstance(check["message"], str)


def test_untouched_stubs_have_no_points_and_exit_1():
    done = coursekit("check", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert report["points"] == 0
    assert len(report["units"]) == len(list((ROOT / "solutions").glob("ex*.py")))
    assert {c["verdict"] for u in report["units"] for c in u["checks"]} <= {"failed", "blocked"}


def test_plain_pytest_gives_the_same_verdicts(tmp_path):
    shutil.copy(ROOT / "solutions" / "ex02_lstm.py", tmp_path)
    text = (tmp_path / "ex02_lstm.py").read_text()
    (tmp_path / "ex02_lstm.py").write_text(text.replace("i, f, c, o = ops", "i, o, f, c = ops"))
    report = json.loads(coursekit("check", "ex02", "--submission", tmp_path, "--json").stdout)
    wrong = {c["name"] for c in report["units"][0]["checks"] if c["verdict"] != "passed"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "coursekit.grading.plugin"),
            *("tests/autograder/test_ex02_lstm.py", "--submission", str(tmp_path)),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 1
    said = {
        line.split("::")[1].split(" ")[0] for line in done.stdout.splitlines() if "FAILED" in line
    }
    assert said == wrong != set()
    assert f"{report['points']} of 10 points" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["check", "ex99"], 2, "There is no unit 'ex99'"),
        (["check", "--submission", "nowhere"], 2, "nowhere is not a folder"),
        (["check", "--seed", "x"], 2, "valid integer"),
        (["hint", "ex99"], 2, "There is no unit"),
        (["hint", "ex02", "nothing"], 2, "has no hints for 'nothing'"),
    ],
)
def test_what_cannot_work_is_refused_in_a_line(arguments, status, words):
    done = coursekit(*arguments)
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_course_the_installed_checkout_is_used_or_it_is_said(tmp_path):
    done = coursekit("hint", "2", "lstm_step", "--step", "2", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["hints"][0]["function"] == "lstm_step"
