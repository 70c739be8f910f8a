"""A small course with things worth stealing around it, a class of two, and a warm zygote for each level."""

import io
import os
import secrets
import signal
import threading
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
import pytest

from coursekit.course.workspace import Course
from coursekit.grading import handle, unit_run
from coursekit.grading.judging import check_seed
from coursekit.grading.session import grade
from coursekit.grading.verdicts import UnitResult
from coursekit.grading.workers import JobRequest, Zygote

UNIT = "ex02_lstm"  # a name of the syllabus, for what it forbids; the toy has nothing else of it
SEED = 4711
MEMORY_BYTES = 256 * 2**20

SOLUTION = '''
# @TOKEN@


def answer(inputs, factor):
    """inputs * factor + 1."""
    return inputs * factor + 1


def total(inputs):
    """The sum of all inputs, a number."""
    return float(inputs.sum())
'''

CHECKS = '''
from coursekit.grading import expect, needs, normal, points, time_limit


@points(4)
@time_limit(0.5)
def test_values(student, reference, rng):
    """Arrays give arrays."""
    arguments = normal(rng, 3, 4), normal(rng, 4)
    expected = reference.answer.numpy()(*arguments)
    expect.close(student.answer.numpy()(*arguments), expected, "the answer")


@points(3)
@time_limit(0.5)
def test_total(student, reference, rng):
    """The total is a number."""
    inputs = normal(rng, 3, 4)
    expect.close(student.total.numpy()(inputs), reference.total.numpy()(inputs), "the total")


@points(3)
@time_limit(2)
@needs("test_values")
def test_tensors(student, reference, rng):
    """Tensors give tensors."""
    arguments = normal(rng, 3, 4), normal(rng, 4)
    expect.close(student.answer(*arguments), reference.answer(*arguments), "the answer")
'''

LEVELS = ("strict", "basic")


class Told(NamedTuple):
    """All that reached the judge while a hand-in was judged."""

    unit: UnitResult
    frames: list[str]

    def everything(self) -> str:
        messages = [f"{check.message}\n{check.mistake}" for check in self.unit.checks]
        return "\n".join([self.unit.output, *messages, *self.frames])


class Classroom:
    """A course, its secrets, and two students: one attacks, the other one is honest.

    Each secret holds a token of its own that must never be told; no file here may change.
    """

    def __init__(self, root: Path, environment: pytest.MonkeyPatch):
        self.root = root
        self.tokens = {
            kind: f"canary-{kind}-{secrets.token_hex(8)}"
            for kind in ("solution", "journal", "neighbour", "home", "key", "environment", "zygote")
        }
        self.files = {
            f"course/solutions/{UNIT}.py": SOLUTION.replace("@TOKEN@", self.tokens["solution"]),
            f"course/exercises/{UNIT}.py": "",
            f"course/tests/autograder/test_{UNIT}.py": CHECKS,
            f"course/tests/mistakes/{UNIT}.toml": f"# {self.tokens['solution']}\n",
            "results/journal.sqlite": self.tokens["journal"],
            "results/results.json": f'["{self.tokens["journal"]}"]',
            f"class/neighbour/{UNIT}.py": f"# {self.tokens['neighbour']}\n{SOLUTION}",
            "home/.netrc": self.tokens["home"],
            "home/.ssh/id_ed25519": self.tokens["home"],
            "cache/coursekit/answers/secret.msgpack": self.tokens["key"],
        }
        self.restore()
        self.course = Course(root / "course")
        environment.setenv("XDG_CACHE_HOME", str(root / "cache"))
        environment.setenv("HOME", str(root / "home"))
        environment.setenv("COURSEKIT_CANARY", self.tokens["environment"])

    def restore(self) -> None:
        """Writes every file as it should be."""
        for name, text in self.files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def texts(self) -> set[str]:
        return {str(self.root / name) for name in self.files}

    def snapshot(self) -> dict[str, tuple]:
        """What must stay as it is: each file's content, rights, owner and times, and the grader's own code."""
        found = {}
        for path in self.root.rglob("*"):
            if "answers" in path.parts and path.name != "secret.msgpack":
                continue  # the judge's own answer keys
            if "attacker" in path.parts:
                continue
            found[str(path)] = _state(path)
            if str(path) in self.texts():
                found[str(path)] += (path.read_bytes(),)
        return found | {path: _state(Path(path)) for path in package_files()}


def _state(path: Path) -> tuple:
    status = path.lstat()
    kept = (status.st_mode, status.st_uid)
    return (*kept, status.st_nlink, status.st_size, status.st_mtime_ns) if path.is_file() else kept


def _public_answer() -> bytes:
    """What is right under the public seed, as anybody can work it out at home."""
    draw = np.random.default_rng(check_seed(0, UNIT, "test_values"))
    inputs, factor = (draw.normal(size=size).astype(np.float32) for size in ((3, 4), (4,)))
    packed = io.BytesIO()
    np.save(packed, inputs * factor + 1)
    return packed.getvalue()


@cache
def package_files() -> list[str]:
    """The files of the grader's own code, which runs everything."""
    package = Path(handle.__file__).parents[1]
    return [str(path) for path in package.rglob("*.py")]


class Arena:
    """Judges hand-ins at one level, and sees what they leave behind."""

    def __init__(self, classroom: Classroom, level: str, zygote: Zygote):
        self.classroom = classroom
        self.level = level
        self.zygote = zygote
        self.private = Path(zygote.folder.name, "another-child")
        self.signals: list[int] = []  # that reached the judge
        signal.signal(signal.SIGURG, lambda number, _frame: self.signals.append(number))
        self.restore()

    def restore(self) -> None:
        """Puts back what an attack has changed, so that the next one finds it."""
        self.classroom.restore()
        self.private.mkdir(exist_ok=True)
        notes = self.private / "notes.txt"
        notes.write_text(self.classroom.tokens["zygote"], encoding="utf-8")

    def places(self) -> dict[str, str]:
        root = self.classroom.root
        return {
            "@COURSE@": str(self.classroom.course.root),
            "@SOLUTION@": str(self.classroom.course.solutions / f"{UNIT}.py"),
            "@CHECKS@": str(self.classroom.course.checks(UNIT)),
            "@NEIGHBOUR@": str(root / "class" / "neighbour" / f"{UNIT}.py"),
            "@JOURNAL@": str(root / "results" / "journal.sqlite"),
            "@RESULTS@": str(root / "results"),
            "@HOME@": str(root / "home"),
            "@KEYS@": str(root / "cache" / "coursekit" / "answers"),
            "@ZYGOTE@": self.zygote.folder.name,
            "@PRIVATE@": str(self.private),
            "@PACKAGE@": str(Path(handle.__file__).parents[1]),
            "@JUDGE@": str(os.getpid()),
            "@SEED@": str(SEED),
            "@PUBLIC@": _public_answer().hex(),
        }

    def judge(self, source: str | bytes, monkeypatch: pytest.MonkeyPatch, seed: int = SEED) -> Told:
        """The result, with everything that the child sent."""
        folder = self.classroom.root / "class" / "attacker"
        folder.mkdir(exist_ok=True)
        if isinstance(source, str):
            for name, place in self.places().items():
                source = source.replace(name, place)
            source = source.encode("utf-8")
        (folder / f"{UNIT}.py").write_bytes(source)
        self.signals.clear()
        frames: list[str] = []
        asked = handle.Party._ask_worker

        def recorded(party, request):
            reply = asked(party, request)
            frames.append(repr(reply)[:100_000])
            return reply

        with monkeypatch.context() as patch:
            patch.setattr(handle.Party, "_ask_worker", recorded)
            patch.setattr(handle, "LOAD_SECONDS", 2.0)
            patch.setattr(unit_run, "JobRequest", partial(JobRequest, memory_bytes=MEMORY_BYTES))
            report = grade(
                folder,
                [UNIT],
                course=self.classroom.course,
                seed=seed,
                zygote=self.zygote,
            )
        assert report.isolation == self.level
        return Told(report.units[0], frames)

    def traces(self) -> dict[str, object]:
        """What must be as before when a hand-in has been judged."""
        return {
            **self.classroom.snapshot(),
            "private": [path.read_bytes() for path in self.private.glob("*")],
            "folder": sorted(os.listdir(self.zygote.folder.name)),
            "processes": {child.pid for child in psutil.Process().children(recursive=True)},
            "threads": threading.active_count(),
        }


@pytest.fixture(scope="session")
def classroom(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        yield Classroom(tmp_path_factory.mktemp("classroom"), environment)


@pytest.fixture(scope="session")
def arena_at(classroom):
    """The arena of a level; its zygote is started when it is first asked for."""
    arenas: dict[str, Arena] = {}

    def arena(level: str) -> Arena:
        if level not in arenas:
            zygote = Zygote("best" if level == "strict" else level)
            zygote.start()
            arenas[level] = Arena(classroom, level, zygote)
        reached = arenas[level].zygote.isolation()
        if reached.level != level:
            pytest.skip(f"{level} cannot be had here: {reached.reason}")
        return arenas[level]

    yield arena
    for one in arenas.values():
        one.zygote.close()
