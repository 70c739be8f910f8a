"""The autograder zip, as Gradescope runs it: unpacked, built, run; results.json is there however a run ends."""

import json
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from coursekit.course.workspace import find_course
from coursekit.errors import UserError
from coursekit.grading.exports import autograder_run
from coursekit.grading.exports.autograder_zip import MEMORY, OUTCOMES, write_autograder
from tests.grading.exports.test_gradescope import require_valid

UNIT = "ex05_objective"
COURSE = find_course(Path(__file__))
# Installs as pip would, but takes what coursekit needs from the environment that runs the tests: as links, for a
# confined child reads nothing outside of its environment's own folder.
PIP = f"""#!/usr/bin/env bash
set -e
[ "$1" = install ]
echo "$@" >> "$COURSEKIT_AUTOGRADER/pip.log"
python="$COURSEKIT_AUTOGRADER/venv/bin/python"
packages="$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
for name in {sysconfig.get_path("purelib")}/*; do
  case "${{name##*/}}" in  # what a fresh environment has, or coursekit itself
    *coursekit*|pip|pip-*|setuptools|setuptools-*|pkg_resources|_distutils_hack|distutils*) continue ;;
  esac
  cp -al "$name" "$packages" || cp -a "$name" "$packages"
done
"$python" -m pip install --quiet --no-index --no-deps "${{@: -1}}"
"""


class Harness:
    """Gradescope's part: the folders of a container, the two scripts, one submission after the other."""

    def __init__(self, root: Path, archive: Path):
        self.root = root
        self.source = root / "source"
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                target = opened.extract(info, self.source)
                os.chmod(target, stat.S_IMODE(info.external_attr >> 16))
        shutil.copy(self.source / "run_autograder", root / "run_autograder")
        self.environment = {**os.environ, "COURSEKIT_AUTOGRADER": str(root)}

    def build(self) -> subprocess.CompletedProcess:
        pip = self.root / "pip"
        pip.write_text(PIP)
        pip.chmod(0o755)
        more = {"PYTHON": sys.executable, "PIP": str(pip)}
        return self._call(self.source / "setup.sh", more)

    def grade(self, files: dict[str, str], metadata: str | None = None) -> dict:
        """What is in results.json after a run; the run itself never fails."""
        for name in ("submission", "results"):
            shutil.rmtree(self.root / name, ignore_errors=True)
            (self.root / name).mkdir()
        for name, text in files.items():
            (self.root / "submission" / name).write_text(text, encoding="utf-8")
        if metadata is not None:
            (self.root / "submission_metadata.json").write_text(metadata, encoding="utf-8")
        done = self._call(self.root / "run_autograder", {})
        assert done.returncode == 0, done.stderr
        assert [path.name for path in (self.root / "results").iterdir()] == ["results.json"]
        found = json.loads((self.root / "results/results.json").read_bytes())
        require_valid(found)
        return found

    def _call(self, script: Path, more: dict[str, str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(script)],
            cwd=self.root,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("zip") / "autograder.zip"
    write_autograder(COURSE, path, ["ex05"])
    return path


@pytest.fixture
def unbuilt(archive, tmp_path) -> Harness:
    return Harness(tmp_path, archive)


@pytest.fixture
def faked(unbuilt) -> Harness:
    """With a grader of the test's own in place of Python."""
    (unbuilt.root / "venv/bin").mkdir(parents=True)
    python = unbuilt.root / "venv/bin/python"
    python.write_text("#!/bin/sh\nexit 3\n")
    python.chmod(0o755)
    return unbuilt


def fake(harness: Harness, script: str) -> None:
    (harness.root / "venv/bin/python").write_text(f"#!/bin/sh\n{script}\n")


def test_the_zip_holds_what_gradescope_needs_at_its_root(archive):
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        modes = {i.filename: i.external_attr >> 16 & 0o777 for i in opened.infolist()}
        secret = opened.read("secret_seed").strip()
    assert {"setup.sh", "run_autograder", "constraints.txt", "secret_seed"} <= set(names)
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert [name for name in names if name.startswith("wheels/coursekit-")]
    assert sorted(name for name in names if name.startswith("course/")) == [
        f"course/exercises/{UNIT}.py",
        f"course/solutions/{UNIT}.py",
        f"course/tests/autograder/test_{UNIT}.py",
        f"course/tests/mistakes/{UNIT}.toml",
    ]
    assert len(secret) >= 32
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600


def test_each_zip_has_a_secret_of_its_own_unless_one_is_given(archive, tmp_path):
    seed = tmp_path / "seed"
    seed.write_bytes(b"s" * 40)
    secrets = set()
    for name in "ab":
        write_autograder(COURSE, tmp_path / name, ["ex05"], seed)
        with zipfile.ZipFile(tmp_path / name) as opened:
            secrets.add(opened.read("secret_seed"))
    assert secrets == {b"s" * 40}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(archive) as opened:
        assert opened.read("secret_seed") not in secrets
    seed.write_bytes(b"short")
    with pytest.raises(UserError, match="too short for a secret"):
        write_autograder(COURSE, tmp_path / "c", ["ex05"], seed)
    assert not (tmp_path / "c").exists()


def test_the_instructor_is_warned_of_the_small_container(tmp_path, monkeypatch):
    monkeypatch.setattr("coursekit.grading.exports.autograder_zip._package_files", lambda _: [])
    done = write_autograder(COURSE, tmp_path / "a.zip", ["ex05"])
    assert MEMORY in done.warnings and "768 MB" in MEMORY and "4 GB" in MEMORY


@pytest.mark.parametrize("minutes", [0, -1, 41, float("nan")])
def test_a_time_that_gradescope_does_not_allow_is_refused(tmp_path, minutes):
    with pytest.raises(UserError, match="between 0 and 40"):
        write_autograder(COURSE, tmp_path / "a.zip", ["ex05"], minutes=minutes)


def test_an_image_that_was_not_built_says_so(unbuilt):
    found = unbuilt.grade({})
    assert found["score"] == 0 and "not installed" in found["output"]


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ("exit 3", "crashed"),
        ("kill -SEGV $$", "crashed"),
        ("kill -9 $$", "ended"),
        ("sleep 30", "timeout"),
    ],
)
def test_however_a_run_ends_there_are_results_with_a_reason(faked, script, outcome):
    fake(faked, script)
    (faked.source / "time_limit").write_text("1\n")
    found = faked.grade({f"{UNIT}.py": ""})
    assert found["score"] == 0 and found["extra_data"]["max_score"] == 10
    assert found["output"][:25] == OUTCOMES[outcome][:25]


def test_results_are_there_while_grading_still_runs(faked):
    fake(faked, 'cp "$COURSEKIT_AUTOGRADER/results/results.json" "$COURSEKIT_AUTOGRADER/seen"')
    faked.grade({})
    found = json.loads((faked.root / "seen").read_bytes())
    require_valid(found)
    assert found["output"].startswith("The grader was ended from outside")


def test_a_fault_of_ours_tells_nothing_of_the_inside(tmp_path, monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("seed 1234")

    (tmp_path / "source").mkdir()
    (tmp_path / "source/settings.json").write_text('{"units": ["ex05_objective"], "points": 10}')
    monkeypatch.setattr(autograder_run, "_graded", fail)
    found = autograder_run.run(tmp_path)
    require_valid(found)
    assert "RuntimeError" in found["output"] and "1234" not in json.dumps(found)
    assert "seed 1234" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_from_the_zip_to_the_results(archive, tmp_path):
    harness = Harness(tmp_path, archive)
    built = harness.build()
    assert built.returncode == 0, built.stderr
    assert f"-c {harness.source}/constraints.txt" in (tmp_path / "pip.log").read_text()
    assert f"{UNIT}: " in built.stdout and "mistakes known" in built.stdout

    right = COURSE.solutions.joinpath(f"{UNIT}.py").read_text(encoding="utf-8")
    metadata = (
        '{"id": 42, "users": [{"name": "<b>Ada</b>", "email": "a@b"}], "assignment": {"id": 1}}'
    )
    found = harness.grade({f"{UNIT}.py": right}, metadata)
    assert found["score"] == 10 and found["execution_time"] > 0
    assert {test["status"] for test in found["tests"]} == {"passed"}
    assert found["extra_data"]["isolation"] in ("basic", "strict")
    assert "Graded at isolation" in found["output"]

    hostile = "import os\nos._exit(0)\n"
    found = harness.grade({f"{UNIT}.py": hostile}, "not JSON")
    assert found["score"] == 0 and {test["status"] for test in found["tests"]} == {"failed"}

    mistaken = right.replace("token_ids[:, 1:]", "token_ids[:, :-1]", 1)
    assert mistaken != right
    found = harness.grade({f"{UNIT}.py": mistaken})
    assert 0 <= found["score"] < 10
    assert any(test["extra_data"]["mistake"] for test in found["tests"])
    assert "Fix this first" in found["output"]

    for files in ({}, {"homework.txt": "I wrote a poem."}):
        found = harness.grade(files)
        assert found["score"] == 0 and f"Wanted: {UNIT}.py" in found["output"]
