"""GitHub Classroom: a workflow that is YAML with the keys GitHub reads, shell lines that run, exact points."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from coursekit.course.syllabus import units
from coursekit.course.workspace import find_course
from coursekit.errors import UserError
from coursekit.grading.exports.github_classroom import result_line, write_workflow
from coursekit.grading.verdicts import Report
from tests.grading.exports.sample_class import sample_class

COURSE = find_course(Path(__file__))


def workflow(tmp_path: Path, *arguments, **more) -> dict:
    write_workflow(tmp_path / "classroom.yml", *arguments, **more)
    return yaml.safe_load((tmp_path / "classroom.yml").read_text("utf-8"))


def steps_of(found: dict) -> list[dict]:
    return found["jobs"]["run-autograding-tests"]["steps"]


def decoded(line: str) -> dict:
    assert line.startswith("result=") and "\n" not in line
    return json.loads(base64.b64decode(line.removeprefix("result=")))


@pytest.mark.parametrize("whole", [False, True])
def test_the_workflow_has_the_keys_that_github_reads(tmp_path, whole):
    found = workflow(tmp_path, whole_units=whole)
    assert set(found) == {"name", "on", "permissions", "jobs"}
    assert {"push", "repository_dispatch"} <= set(found["on"])
    assert found["permissions"] == {"checks": "write", "actions": "read", "contents": "read"}
    job = found["jobs"]["run-autograding-tests"]
    assert (
        job["runs-on"] == "ubuntu-latest" and job["if"] == "github.actor != 'github-classroom[bot]'"
    )
    first, python, install, *checks, report = job["steps"]
    assert first["uses"] == "actions/checkout@v4"
    assert (
        python["uses"].startswith("actions/setup-python@")
        and python["with"]["python-version"] == "3.11"
    )
    assert install["run"].startswith("python -m pip install")
    names = [unit.name for unit in units()]
    assert [step["id"] for step in checks] == names
    assert report["uses"] == "education/autograding-grading-reporter@v1"
    assert report["with"]["runners"] == ",".join(names)
    assert report["env"] == {
        f"{name.upper()}_RESULTS": f"${{{{ steps.{name}.outputs.result }}}}" for name in names
    }
    for step, unit in zip(checks, units(), strict=True):
        if whole:
            assert step["uses"] == "education/autograding-command-grader@v1"
            assert set(step["with"]) == {
                "test-name",
                "setup-command",
                "command",
                "timeout",
                "max-score",
            }
            assert step["with"]["max-score"] == unit.points
        else:
            assert f"coursekit check {unit.name} --json" in step["run"] and "uses" not in step


def test_units_are_chosen_in_the_order_of_the_course(tmp_path):
    found = workflow(tmp_path, ["ex07", "ex02"], install="coursekit==0.1.0")
    assert steps_of(found)[-1]["with"]["runners"] == "ex02_lstm,ex07_attention"
    assert steps_of(found)[2]["run"].endswith("coursekit==0.1.0")
    assert (
        "cache" not in steps_of(found)[1]["with"]
    )  # without the file it is made by, the step would fail


def test_the_actions_can_be_those_of_another_account(tmp_path):
    found = workflow(tmp_path, ["ex07"], owner="classroom-resources", whole_units=True)
    grader, reporter = steps_of(found)[-2:]
    assert grader["uses"] == "classroom-resources/autograding-command-grader@v1"
    assert reporter["uses"] == "classroom-resources/autograding-grading-reporter@v1"
    with pytest.raises(UserError, match="is a GitHub account"):
        workflow(tmp_path, owner="a/b@main #")


@pytest.mark.parametrize("install", ["", "a\nb", "a\x00"])
def test_more_than_a_line_of_arguments_is_refused(tmp_path, install):
    with pytest.raises(UserError, match="one line of arguments"):
        workflow(tmp_path, install=install)


def test_points_are_those_of_the_checks(tmp_path):
    for student in sample_class().students:
        for unit in student.units:
            path = tmp_path / "checked.json"
            path.write_text(Report([unit], unit.points, unit.max_points, 0, "basic").to_json())
            found = decoded(result_line(path, unit.unit))
            assert found["max_score"] == unit.max_points
            assert sum(test["score"] for test in found["tests"]) == unit.points
            assert (found["status"] == "pass") == unit.passed
            for test, check in zip(found["tests"], unit.checks, strict=True):
                assert (test["status"] == "pass") == (check.verdict == "passed")
                assert set(test) == {
                    *("name", "status", "score", "message", "test_code", "filename", "line_no"),
                    "duration",
                }


@pytest.mark.parametrize("content", ["", "Traceback ...", '{"units": []}', "[1]"])
def test_a_check_that_did_not_finish_is_an_error_without_points(tmp_path, content):
    path = tmp_path / "checked.json"
    path.write_text(content)
    found = decoded(result_line(path, "ex02_lstm"))
    assert found["status"] == "error" and found["max_score"] == 10
    assert [test["score"] for test in found["tests"]] == [0]


def test_no_message_becomes_a_command_of_the_log(tmp_path):
    unit = sample_class().students[2].units[0]
    unit.checks[0].verdict, unit.checks[0].message = (
        "failed",
        "x\n::set-output name=a::b\r\n::stop::",
    )
    path = tmp_path / "checked.json"
    path.write_text(Report([unit], 0, 10, 0, "basic").to_json())
    assert "::" not in decoded(result_line(path, unit.unit))["tests"][0]["message"]


@pytest.mark.slow
def test_every_shell_line_runs(tmp_path):
    """In a small course, with an own `pip`: nothing is downloaded."""
    found = workflow(tmp_path, ["ex05"])
    for folder in ("exercises", "solutions", "tests/autograder"):
        (tmp_path / folder).mkdir(parents=True)
    solution = COURSE.solutions / "ex05_objective.py"
    for folder in ("exercises", "solutions"):
        (tmp_path / folder / solution.name).write_bytes(solution.read_bytes())
    checks = COURSE.checks("ex05_objective")
    (tmp_path / "tests/autograder" / checks.name).write_bytes(checks.read_bytes())
    (tmp_path / "pip.py").write_text(
        "import sys; open('installed', 'w').write(' '.join(sys.argv[1:]))"
    )
    output = tmp_path / "output"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(output),
    }
    lines = [step["run"] for step in steps_of(found) if "run" in step]
    assert len(lines) == 2
    for line in lines:
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "installed").read_text() == "install --quiet -c constraints.txt ."
    (line,) = output.read_text().splitlines()
    result = decoded(line)
    assert result["status"] == "pass" and sum(t["score"] for t in result["tests"]) == 10
