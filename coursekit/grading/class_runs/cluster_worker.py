"""A cluster's side of a class run: what a Dask worker does with a piece of work.

Each worker process keeps one warm zygote, and student code runs in its confined children only, as on one machine.
A worker gets the text of one unit and the seed that this text meets, never the secret; it judges with the course on its
own disk, once it is sure that this is the course of whoever asks.
"""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from coursekit.course.syllabus import find_unit, units
from coursekit.course.workspace import Course, find_course
from coursekit.errors import UserError
from coursekit.grading.checks_of import checks_of
from coursekit.grading.class_runs.journal import Explanation
from coursekit.grading.class_runs.unit_grader import UnitGrader
from coursekit.grading.doctor import examine
from coursekit.grading.isolation import Isolation
from coursekit.grading.unit_run import Source, unit_digest
from coursekit.grading.verdicts import CheckResult
from coursekit.grading.workers import Asked, Zygote

_Answer = TypeVar("_Answer")


class Wanted(msgspec.Struct, frozen=True):
    """What a worker must have: the course of these digests, and this level of isolation."""

    root: str  # where the course lies for whoever asks; a worker may have it elsewhere
    digests: dict[str, str]  # unit -> course digest
    isolation: Asked


class Bench:
    """A worker's zygote and what it knows of the course: of its files as they were when it began.

    Modules and checks are in memory from then on, so files that change later are another course.
    """

    def __init__(self, course: Course, isolation: Asked):
        """Raises `UserError` if the level cannot be reached here."""
        if isolation == "strict" and not (examination := examine()).strict:
            raise UserError(f"reaches isolation basic only ({examination.isolation_reason})")
        self.digests = {}
        for unit in units():
            if course.checks(unit.name).is_file():
                self.digests[unit.name] = unit_digest(course, find_unit(unit.name))
                checks_of(course.checks(unit.name))
        self.zygote = Zygote(isolation)
        self.isolation = self.zygote.isolation()
        self.grader = UnitGrader(self.zygote, course)


_benches: dict[tuple[Path, Asked], Bench] = {}
_lock = threading.Lock()


def prepare(wanted: Wanted) -> Isolation:
    """Makes this worker ready, and says what walls it has; raises `UserError` if it will not do."""
    return _with_bench(wanted, lambda bench: bench.isolation)


def judge(
    wanted: Wanted, unit: str, source: Source, seed: int, known: Sequence[CheckResult]
) -> list[CheckResult]:
    """As `UnitGrader.judge`, under this seed."""
    return _with_bench(wanted, lambda bench: bench.grader.judge_under(seed, unit, source, known))


def explain(
    wanted: Wanted, unit: str, source: Source, results: Sequence[CheckResult]
) -> Explanation | None:
    """As `UnitGrader.explain`."""
    return _with_bench(wanted, lambda bench: bench.grader.explain(unit, source, results))


def close_benches() -> None:
    """Ends the zygotes of this process and their children."""
    with _lock:
        while _benches:
            _, bench = _benches.popitem()
            bench.zygote.close()


def _with_bench(wanted: Wanted, do: Callable[[Bench], _Answer]) -> _Answer:
    """What cannot be done here is told with the worker's address."""
    try:
        return do(_bench(wanted))
    except UserError as error:
        raise UserError(f"The worker at {_address()}: {error}") from None


def _bench(wanted: Wanted) -> Bench:
    course = _course(Path(wanted.root))
    key = (course.root, wanted.isolation)
    with _lock:  # the first piece starts the zygote, the others wait for it
        if key not in _benches:
            _benches[key] = Bench(course, wanted.isolation)
        bench = _benches[key]
    differing = [u for u, digest in wanted.digests.items() if bench.digests.get(u) != digest]
    if differing:
        raise UserError(
            f"has another course in {course.root} ({', '.join(differing)} differ), or other versions of Python, "
            "Keras, TensorFlow, NumPy. Give all machines the same, and start the worker again."
        )
    return bench


def _course(root: Path) -> Course:
    """The one at the same place as for whoever asks, or else the worker's own."""
    here = Course(root)
    return here if (root / "tests" / "autograder").is_dir() else find_course()


def _address() -> str:
    from distributed import get_worker

    return get_worker().address
