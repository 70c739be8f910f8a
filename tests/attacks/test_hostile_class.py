"""A class of which most is hostile, from the download to the report: honest ones are graded as if alone."""

import os
import zipfile

import pytest

from coursekit.grading.class_runs.grade_class import Order, grade_class
from coursekit.grading.doctor import examine

from .attack import in_call
from .conftest import SOLUTION, UNIT
from .families import ATTACKS

HONEST = SOLUTION.replace("@TOKEN@", "an honest answer")
MARKUP = "<script>alert(1)</script>"
BY_NAME = {attack.name: attack.source for attack in ATTACKS}
CHOSEN = [
    *("patch-expect", "equal-to-everything", "os-exit-zero", "frames-several-at-once", "heap"),
    *("forged-failure-of-10-MB", "read-the-solution", "fork", "threads-that-outlive", "a-loop"),
    *("markup-in-a-message", "answers-of-the-public-seed", "kill-everybody", "overwrite"),
]


@pytest.fixture
def submissions(arena_at, tmp_path):
    """Folders and zips, as a class may hand them in; two honest students among them."""
    places = arena_at("basic").places()
    folder = tmp_path / "downloaded"

    def hand_in(student: str, files: dict[str, str]) -> None:
        for name, template in files.items():
            text = template
            for place, real in places.items():
                text = text.replace(place, real)
            path = folder / student / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="surrogateescape")

    def zipped(student: str, entries: dict[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(folder / f"{student}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in entries.items():
                archive.writestr(name, text)

    hand_in("ada", {f"{UNIT}.py": HONEST})
    zipped("zoe", {f"work/{UNIT}.py": HONEST, "work/notes.txt": "thanks"})
    for number, name in enumerate(CHOSEN):
        hand_in(f"hostile-{number:02}", {f"{UNIT}.py": BY_NAME[name]})
    wrong = in_call("return None")
    beside = ("conftest.py", "sitecustomize.py", "numpy.py", "keras.py", "pytest.ini", "x.pth")
    hand_in("modules", {f"{UNIT}.py": wrong, **dict.fromkeys(beside, "raise SystemExit(0)")})
    zipped("climber", {f"../../../{UNIT}.py": HONEST, f"/{UNIT}.py": HONEST, "../written": "x"})
    zipped("bomb", {f"{UNIT}.py": wrong, f"a/{UNIT}.py": "#" * (200 * 2**20)})
    hand_in(f"{MARKUP.replace('/', '')}=cmd", {f"{UNIT}.py": wrong})
    hand_in("linker", {"readme.txt": ""})
    os.symlink(places["@SOLUTION@"], folder / "linker" / f"{UNIT}.py")
    os.mkfifo(folder / "linker" / "pipe.py")
    os.symlink(places["@HOME@"], folder / "home")
    return folder


@pytest.mark.slow
def test_the_honest_are_graded_as_if_alone(submissions, arena_at, classroom, tmp_path):
    level = "strict" if examine().strict else "basic"
    outside, before = arena_at("basic"), arena_at("basic").traces()
    out = tmp_path / "out"
    order = Order(submissions, out, [UNIT], seed_file=tmp_path / "seed", isolation=level)
    results = grade_class(order, classroom.course)
    assert outside.traces() == before
    points = {student.student: student.points for student in results.students}
    assert {name for name, own in points.items() if own} == {"ada", "zoe"}
    assert {points["ada"], points["zoe"]} == {10}
    assert len(points) >= 2 + len(CHOSEN) + 4
    for student in results.students:
        assert [check.name for check in student.units[0].checks] == [
            "test_values",
            "test_total",
            "test_tensors",
        ]
        for check in student.units[0].checks:
            assert check.verdict != "grader-fault", (student.student, check.message)
            assert check.message.isprintable()
    written = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for path, content in written.items():
        for token in classroom.tokens.values():
            assert token.encode() not in content, path
        if path.suffix == ".html":
            assert b"<script>alert" not in content
    assert not (tmp_path / "written").exists()
