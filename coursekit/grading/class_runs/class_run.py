"""A class run: submissions in, results out, every verdict in the journal as soon as it is known.

Each unit of each submission is one piece of work. Whoever runs out of time goes to the end of the queue, so a
submission that hangs delays nobody. When all verdicts are known, what failed is explained; then the results are written
in one piece. At any moment the run may be killed: the next one begins with what the journal knows.
"""

import hashlib
import heapq
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, Protocol

import msgspec

from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.checks_of import checks_of
from coursekit.grading.class_results import CheckTime, ClassResults, StudentResult
from coursekit.grading.class_runs.journal import Explanation, Journal, Work
from coursekit.grading.isolation import Isolation
from coursekit.grading.submissions.submission import Submission
from coursekit.grading.unit_run import Source
from coursekit.grading.verdicts import CheckResult, UnitResult

_TRIES = 3
_OF_ALL = (UserError, InterruptedError, sqlite3.Error)  # what concerns every piece alike
Stage = Literal["judging", "explaining"]


class Piece(msgspec.Struct, order=True):
    """One unit of one text: the same text of several students is judged once."""

    tries: int
    number: int
    unit: str
    work: Work
    source: Source
    faults: int = 0


class Grader(Protocol):
    """Who carries out pieces of work, several at a time: `UnitGrader` on this machine, `ClusterGrader` on many."""

    def course_digest(self, unit: str) -> str: ...

    def judge(
        self,
        unit: str,
        source: Source,
        digest: str,
        known: Sequence[CheckResult],
        on_verdict: Callable[[CheckResult], None],
        stopped: Callable[[], bool],
    ) -> list[CheckResult]: ...

    def explain(
        self,
        unit: str,
        source: Source,
        results: Sequence[CheckResult],
        stopped: Callable[[], bool],
    ) -> Explanation | None: ...


class ClassRun:
    """Grades submissions with `jobs` pieces of work at a time."""

    def __init__(
        self,
        submissions: Sequence[Submission],
        units: Sequence[str],
        course: Course,
        grader: Grader,
        journal: Journal,
        isolation: Isolation,
        jobs: int,
        on_progress: Callable[[Stage, int, int], None] = lambda *_: None,
    ):
        """`on_progress` is told the stage, how many checks (units, when explaining) are done, and of how many."""
        self._submissions = submissions
        self._units = units
        self._course = course
        self._grader = grader
        self._journal = journal
        self._isolation = isolation
        self._jobs = jobs
        self._on_progress = on_progress
        self._checks = {unit: [c.name for c in checks_of(course.checks(unit))] for unit in units}
        self._stopped = False
        self.problems: list[str] = []  # what went wrong in the grader itself, for whoever runs it

    def stop(self) -> None:
        """Lets the pieces of work in hand end at their next check."""
        self._stopped = True

    def run(self) -> ClassResults:
        """Judges and explains all that the journal does not know; raises `InterruptedError` when stopped."""
        pieces = self._pieces()
        self._judge(pieces)
        self._explain(pieces)
        return self.results()

    def forget(self, names: Iterable[str]) -> None:
        """Takes these units' or students' verdicts out of the journal."""
        chosen = set(names)
        self._journal.forget(
            self._work(submission, unit)
            for submission in self._submissions
            for unit in self._units
            if unit in chosen or submission.student in chosen
        )

    def results(self) -> ClassResults:
        """What the journal knows of these submissions."""
        students = []
        for submission in self._submissions:
            units, flags = [], []
            for unit in self._units:
                work = self._work(submission, unit)
                explanation = self._journal.explanation(work)
                known = explanation.checks if explanation else self._journal.verdicts(work)
                checks = self._complete(unit, known)
                flags += explanation.flags if explanation else []
                units.append(
                    UnitResult(
                        unit,
                        sum(check.points for check in checks),
                        sum(check.max_points for check in checks),
                        checks,
                    )
                )
            students.append(
                StudentResult(
                    submission.student,
                    units,
                    sum(unit.points for unit in units),
                    sum(unit.max_points for unit in units),
                    submission.name,
                    submission.lms,
                    submission.lms_id,
                    submission.late,
                    submission.notes,
                    flags,
                )
            )
        return ClassResults(
            students,
            list(self._units),
            self._course_digest(),
            self._isolation.level,
            self._isolation.reason,
        )

    def times(self) -> list[CheckTime]:
        """How long each check took when it was judged."""
        return [
            CheckTime(submission.student, unit, result.name, result.seconds)
            for submission in self._submissions
            for unit in self._units
            for result in self._journal.verdicts(self._work(submission, unit))
        ]

    def _pieces(self) -> list[Piece]:
        pieces: dict[Work, Piece] = {}
        for submission in self._submissions:
            for unit in self._units:
                work = self._work(submission, unit)
                pieces.setdefault(
                    work, Piece(0, len(pieces), unit, work, _source(submission, unit))
                )
        return list(pieces.values())

    def _judge(self, pieces: Sequence[Piece]) -> None:
        total = sum(len(self._checks[piece.unit]) for piece in pieces)
        waiting: list[Piece] = []
        done = 0
        for piece in pieces:
            known = self._journal.count(piece.work)
            done += known
            if known < len(self._checks[piece.unit]):
                waiting.append(piece)
        heapq.heapify(waiting)
        changed = threading.Condition()
        in_hand = 0
        self._on_progress("judging", done, total)

        def keep(piece: Piece, result: CheckResult) -> None:
            nonlocal done
            if result.verdict == "grader-fault":
                return
            self._journal.add(piece.work, result)
            with changed:
                done += 1
                self._on_progress("judging", done, total)

        def take() -> Piece | None:
            """The next piece; None when nothing is left that could come back."""
            nonlocal in_hand
            with changed:
                while not waiting and in_hand and not self._stopped:
                    changed.wait(0.2)
                if not waiting or self._stopped:
                    return None
                in_hand += 1
                return heapq.heappop(waiting)

        def put_back(piece: Piece, complete: bool) -> None:
            nonlocal in_hand
            with changed:
                in_hand -= 1
                if not complete:
                    piece.tries += 1
                    heapq.heappush(waiting, piece)
                changed.notify_all()

        def work() -> None:
            while (piece := take()) is not None:
                complete = True
                try:
                    complete = self._judge_piece(piece, keep)
                except _OF_ALL:
                    raise
                except (
                    Exception
                ) as error:  # a fault of ours in one piece is no reason to end the others
                    self._note(piece, error)
                    complete = self._is_given_up(piece)
                finally:
                    put_back(piece, complete)

        self._in_parallel([work] * self._jobs)

    def _judge_piece(self, piece: Piece, keep: Callable[[Piece, CheckResult], None]) -> bool:
        results = self._grader.judge(
            piece.unit,
            piece.source,
            piece.work.digest,
            self._journal.verdicts(piece.work),
            lambda result: keep(piece, result),
            lambda: self._stopped,
        )
        if any(result.verdict == "grader-fault" for result in results):
            return self._is_given_up(piece)  # a fault of ours: others first, then once more
        return self._stopped or self._is_complete(piece.unit, results)

    def _is_complete(self, unit: str, results: Sequence[CheckResult]) -> bool:
        return len(results) == len(self._checks[unit])

    def _is_given_up(self, piece: Piece) -> bool:
        piece.faults += 1
        return piece.faults >= _TRIES

    def _note(self, piece: Piece, error: Exception) -> None:
        self.problems.append(f"{piece.unit}: {type(error).__name__}: {error}")

    def _explain(self, pieces: Sequence[Piece]) -> None:
        waiting = [p for p in pieces if self._journal.explanation(p.work) is None]
        done = len(pieces) - len(waiting)
        lock = threading.Lock()
        queue = iter(waiting)

        def work() -> None:
            nonlocal done
            while not self._stopped:
                with lock:
                    piece = next(queue, None)
                if piece is None:
                    return
                try:
                    self._explain_piece(piece)
                except _OF_ALL:
                    raise
                except Exception as error:  # its verdicts stand, without a message
                    self._note(piece, error)
                with lock:
                    done += 1
                    self._on_progress("explaining", done, len(pieces))

        self._on_progress("explaining", done, len(pieces))
        self._in_parallel([work] * self._jobs)

    def _explain_piece(self, piece: Piece) -> None:
        known = self._journal.verdicts(piece.work)
        if not self._is_complete(piece.unit, known):  # a fault of ours: next time
            return
        explanation = self._grader.explain(piece.unit, piece.source, known, lambda: self._stopped)
        if explanation is not None:
            self._journal.explain(piece.work, explanation)

    def _in_parallel(self, jobs: Sequence[Callable[[], None]]) -> None:
        def run(job: Callable[[], None]) -> None:
            try:
                job()
            except BaseException:
                self.stop()  # the others, too
                raise

        with ThreadPoolExecutor(len(jobs)) as threads:
            running = [threads.submit(run, job) for job in jobs]
            try:
                for job in running:
                    job.result()
            except BaseException:
                self.stop()
                raise
        if self._stopped:
            raise InterruptedError

    def _complete(self, unit: str, checks: Sequence[CheckResult]) -> list[CheckResult]:
        """Every check of the unit: those without a verdict are a fault of ours, and say so.

        Without times; names and titles are one text for all students, for the sake of memory.
        """
        found = {check.name: check for check in checks}
        return [
            msgspec.structs.replace(
                found[check.name], name=check.name, title=check.title, seconds=0.0
            )
            if check.name in found
            else CheckResult(
                check.name,
                "grader-fault",
                0,
                check.points,
                "This check could not be judged, for a reason of ours. Run again with --resume.",
                None,
                check.title,
                0.0,
                self._isolation.level,
            )
            for check in checks_of(self._course.checks(unit))
        ]

    def _work(self, submission: Submission, unit: str) -> Work:
        return Work(
            submission.digest(unit),
            unit,
            self._grader.course_digest(unit),
            self._isolation.level,
        )

    def _course_digest(self) -> str:
        digests = "".join(self._grader.course_digest(unit) for unit in self._units)
        return hashlib.sha256(digests.encode()).hexdigest()


def _source(submission: Submission, unit: str) -> Source:
    if unit in submission.refused:
        return Source.refuse(submission.refused[unit])
    if unit not in submission.files:
        return Source.refuse(submission.problem or f"{unit}.py was not handed in.")
    return Source(submission.files[unit])
