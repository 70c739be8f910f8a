"""Writes a class of submissions: solutions, right alternatives, named mistakes, untouched stubs, hostile files.

    python benchmarks/sample_class.py FOLDER [--students 100] [--hostile 0.1]

What a student hands in follows from the student's number alone, and no two texts are equal: a comment with the
number ends each of them, as no two students write the same file. (Equal texts would be judged once.)
"""

import argparse
import random
from pathlib import Path

from coursekit.course.syllabus import units
from coursekit.course.workspace import Course, find_course
from coursekit.grading.mistakes import apply_edits, read_mistakes

HOSTILE = {
    "ends the process": "import os\nos._exit(0)\n",
    "never ends": "while True:\n    pass\n",
    "all the memory": "import numpy\nheld = [numpy.ones(2**27) for _ in range(10**6)]\n",
    "kills its parent": "import os\nos.kill(os.getppid(), 9)\n",
    "threads without end": (
        "import threading\nwhile True:\n"
        "    threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()\n"
    ),
    "fills the disk": "while True:\n    open(f'/tmp/{id(object())}', 'w').write('x' * 10**6)\n",
    "the network": "import socket\nsocket.create_connection(('127.0.0.1', 80))\n",
    "prints and exits": "print('x' * 2**26)\nraise SystemExit\n",
    "calls itself": "def f(): f()\nf()\n",
    "reads address 0": "import ctypes\nctypes.string_at(0)\n",
}


def attack_of(number: int, every: int) -> str | None:
    """What the student of this number attempts, where one of `every` students is hostile; None if honest."""
    if not every or number % every != every - 1:
        return None
    return list(HOSTILE)[(number // every) % len(HOSTILE)]


def write_class(
    folder: Path,
    students: int,
    hostile: float = 0.0,
    course: Course | None = None,
    first: int = 0,
) -> None:
    """Writes `students` folders, from number `first` on; a share of `hostile` of them attack instead of answering."""
    course = course or find_course()
    every = round(1 / hostile) if hostile else 0
    for number in range(first, first + students):
        draw = random.Random(number)
        own = folder / f"student-{number:03d}"
        own.mkdir(parents=True, exist_ok=True)
        attack = attack_of(number, every)
        for unit in units():
            text = HOSTILE[attack] if attack else _answer(course, unit.name, draw)
            (own / f"{unit.name}.py").write_text(f"{text}\n# {own.name}\n", encoding="utf-8")


def _answer(course: Course, unit: str, draw: random.Random) -> str:
    """Six of ten are right, three make a mistake, one is not written yet."""
    solution = (course.solutions / f"{unit}.py").read_text(encoding="utf-8")
    kind = draw.choices(["solution", "alternative", "mistake", "stub"], [4, 2, 3, 1])[0]
    if kind == "alternative":
        return draw.choice(course.alternatives(unit)).read_text(encoding="utf-8")
    if kind == "mistake":
        return apply_edits(solution, draw.choice(read_mistakes(course.mistakes(unit))))
    if kind == "stub":
        return (course.exercises / f"{unit}.py").read_text(encoding="utf-8")
    return solution


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--students", type=int, default=100)
    parser.add_argument("--hostile", type=float, default=0.0)
    given = parser.parse_args()
    write_class(given.folder, given.students, given.hostile)
