"""Judges one unit of one submission: each check once, then the names of the mistakes."""

import contextlib
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from coursekit import __version__
from coursekit.course.syllabus import Unit
from coursekit.course.workspace import Course
from coursekit.grading.answer_key import AnswerKey, Recorded, Transcript, cache_folder
from coursekit.grading.changes import MODULE, changed_functions, may_show
from coursekit.grading.child_process import WorkerDied
from coursekit.grading.expect import StudentError
from coursekit.grading.handle import Party
from coursekit.grading.judging import Check, Outcome, judge
from coursekit.grading.mistakes import (
    Mistake,
    apply_edits,
    candidates,
    name_mistakes,
    read_mistakes,
)
from coursekit.grading.source_rules import forbidden_uses
from coursekit.grading.verdicts import CheckResult, UnitResult
from coursekit.grading.workers import JobRequest, Zygote

MAX_SOURCE = 2**20


class Source(NamedTuple):
    """The text of a file to be judged, or the outcome that its state deserves."""

    text: str
    refused: Outcome | None = None

    @classmethod
    def read(cls, path: Path) -> "Source":
        """From a file; one that cannot be read as text is refused with a sentence."""
        try:
            if not path.is_file():  # a pipe would be waited for, a device has no end
                path.stat()
                return cls.refuse(f"{path.name} is not a file.")
            with path.open("rb") as file:
                content = file.read(MAX_SOURCE + 1)
            if len(content) > MAX_SOURCE:
                return cls.refuse(f"{path.name} has more than 1 MB: is it the right file?")
            return cls(content.decode("utf-8-sig"))
        except FileNotFoundError:
            return cls.refuse(f"{path.name} is missing from {path.parent}.")
        except UnicodeDecodeError:
            return cls.refuse(f"{path.name} is not a text file in UTF-8; save it as UTF-8.")
        except OSError as error:
            return cls.refuse(f"{path.name} cannot be read: {error.strerror}.")

    @classmethod
    def refuse(cls, reason: str) -> "Source":
        return cls("", Outcome("error", reason))


class Lane(NamedTuple):
    """A worker of the student's and one of the reference's, that take one check after the other."""

    student: Party
    reference: Party


class UnitRun:
    """One unit of one submission under one seed."""

    def __init__(
        self,
        zygote: Zygote,
        course: Course,
        unit: Unit,
        source: Source,
        seed: int,
        checks: Sequence[Check],
        key: AnswerKey | None = None,
        naming: bool = True,
        lanes: int = 1,
        known: Iterable[CheckResult] = (),
    ):
        """`known`: verdicts of an earlier run that was cut off; their checks are not run again."""
        self.unit = unit
        self._zygote = zygote
        self._course = course
        self._seed = seed
        self._checks = list(checks)
        self._solution = Source.read(course.solutions / f"{unit.name}.py").text
        self._mistakes = read_mistakes(course.mistakes(unit.name)) if naming else []
        self._key = key if key is not None else AnswerKey(key_path(course, unit, seed))
        self.refused = source.refused or self._rule_broken(source.text)
        self._lanes = [
            Lane(Party(zygote, self._job, source.text), self._new_reference()) for _ in range(lanes)
        ]
        self._results = {result.name: result for result in known}
        self._replies: dict[str, list[bytes]] = {}

    def judge_all(self, on_result: Callable[[CheckResult], None], stopped: Callable[[], bool]):
        """Judges every check, as many side by side as there are lanes; each after those it needs.

        Raises:
            InterruptedError: `stopped` said so.
        """
        waiting = [check for check in self._checks if check.name not in self._results]
        changed = threading.Condition()

        def next_check() -> Check | None:
            """The first check that waits for no other; None when none is left."""
            while waiting and not stopped():
                unknown = {check.name for check in self._checks} - self._results.keys()
                for check in waiting:
                    if not unknown.intersection(check.needs):
                        waiting.remove(check)
                        return check
                changed.wait(0.1)
            return None

        def run_lane(lane: Lane) -> None:
            while True:
                with changed:
                    check = next_check()
                if check is None:
                    break
                result = self.judge(check, lane)
                with changed:
                    on_result(result)
                    changed.notify_all()
            if stopped():
                raise InterruptedError

        if len(self._lanes) == 1:
            run_lane(self._lanes[0])
            return
        with ThreadPoolExecutor(len(self._lanes)) as threads:
            for done in [threads.submit(run_lane, lane) for lane in self._lanes]:
                done.result()

    def judge(self, check: Check, lane: "Lane | None" = None) -> CheckResult:
        """The verdict on one check, without the mistake's name, which `finish` finds."""
        started = time.monotonic()
        lane = lane or self._lanes[0]
        outcome = self.refused or self._blocked(check) or self._judge_live(check, lane)
        passed = outcome.verdict == "passed"
        result = CheckResult(
            check.name,
            outcome.verdict,
            check.points if passed else 0,
            check.points,
            outcome.message,
            None,
            check.title,
            round(time.monotonic() - started, 3),
            self._zygote.isolation().level,
        )
        self._results[check.name] = result
        return result

    @property
    def is_unloadable(self) -> bool:
        """Whether running the file failed or hung: all checks have the same verdict, at no further cost."""
        return self._lanes[0].student.is_unloadable

    def mistake_matrix(self) -> dict[str, dict[str, Transcript]]:
        """How every mistake fares in every check: transcripts by check and mistake."""
        self._complete_transcripts(self._checks, self._mistakes)
        self._key.save()
        return {check.name: dict(self._key.transcripts(check.name)) for check in self._checks}

    def close(self) -> None:
        """Ends the workers."""
        for lane in self._lanes:
            lane.student.close()
            lane.reference.close()

    def finish(self) -> UnitResult:
        """Names mistakes, ends the workers, and adds up. Checks never run count as ours."""
        self._name_mistakes()
        self.close()
        self._key.save()
        for check in self._checks:
            if check.name not in self._results:
                self._results[check.name] = CheckResult(
                    check.name,
                    "grader-fault",
                    0,
                    check.points,
                    "This check was not run. Please try again.",
                    None,
                    check.title,
                )
        results = [self._results[check.name] for check in self._checks]
        return UnitResult(
            self.unit.name,
            sum(result.points for result in results),
            sum(result.max_points for result in results),
            results,
            "".join(lane.student.output for lane in self._lanes),
        )

    def _judge_live(self, check: Check, lane: "Lane") -> Outcome:
        for _ in range(2):  # a fault of ours is tried once more
            outcome = judge(check, lane.student, lane.reference, self.unit.name, self._seed)
            if outcome.verdict != "grader-fault":
                break
        if outcome.category != "not-written":  # no mistake explains what is not there
            self._replies[check.name] = lane.student.replies
        return outcome

    def _blocked(self, check: Check) -> Outcome | None:
        for name in check.needs:
            needed = self._results.get(name)
            if needed is not None and needed.verdict == "grader-fault":
                return Outcome("grader-fault", f"Not run, for want of: {needed.title}")
            if needed is not None and needed.verdict != "passed":
                return Outcome("blocked", f"First fix: {needed.title}")
        return None

    def _rule_broken(self, source: str) -> Outcome | None:
        for use in forbidden_uses(source, self.unit.forbidden):
            where = f"{self.unit.name}.py, line {use.line}"
            return Outcome(
                "forbidden", f"{where}: {use.name} is what this unit asks you to write yourself."
            )
        return None

    def _name_mistakes(self) -> None:
        failed = {
            name: self._replies[name]
            for name, result in self._results.items()
            if result.verdict in ("failed", "error") and self._replies.get(name)
        }
        if not failed or not self._mistakes:
            return
        with self._key.completing:
            self._complete_transcripts(
                [c for c in self._checks if c.name in failed], self._mistakes
            )
        known = {check.name: self._key.transcripts(check.name) for check in self._checks}
        matches = candidates(failed, known)
        passed = [name for name, result in self._results.items() if result.verdict == "passed"]
        rivals = {name for names in matches.values() if len(names) > 1 for name in names}
        if rivals:  # checks that passed tell rivals apart
            with self._key.completing:
                self._complete_transcripts(
                    [c for c in self._checks if c.name in passed],
                    [m for m in self._mistakes if m.name in rivals],
                )
            known = {check.name: self._key.transcripts(check.name) for check in self._checks}
        sentences = {mistake.name: mistake.sentence for mistake in self._mistakes}
        for check, mistake in name_mistakes(matches, passed, known).items():
            result = self._results[check]
            result.mistake = mistake
            result.message = f"{sentences[mistake]} ({result.message})"

    def _complete_transcripts(self, checks: list[Check], mistakes: list[Mistake]) -> None:
        """Runs each mistake through the checks whose transcript is not known yet, and that may show it."""
        jobs = []
        self._watch_solution(checks)
        touched = self._key.touched()
        for mistake in mistakes:
            lacking = [c for c in checks if mistake.name not in self._key.transcripts(c.name)]
            if not lacking:
                continue
            changed = self._changes_of(mistake)
            shown = [check for check in lacking if may_show(changed, touched.get(check.name))]
            for check in lacking:
                if check not in shown:  # the solution runs there as if there were no mistake
                    self._key.keep_transcript(check.name, mistake.name, Transcript("passed", []))
            if shown:
                jobs.append((mistake, shown))
        lanes = min(os.cpu_count() or 1, len(jobs))
        with ThreadPoolExecutor(max(1, lanes)) as threads:
            list(threads.map(self._run_mistakes, (jobs[lane::lanes] for lane in range(lanes))))

    def _watch_solution(self, checks: list[Check]) -> None:
        """Finds out which functions of the solution each check runs."""
        unknown = [check for check in checks if check.name not in self._key.touched()]
        if not unknown:
            return
        party, reference = Party(self._zygote, self._job, self._solution), self._new_reference()
        party.watch()
        try:
            for check in unknown:
                outcome = judge(check, party, reference, self.unit.name, self._seed)
                known = outcome.verdict == "passed"
                self._key.keep_touched(check.name, party.touched() if known else None)
        finally:
            party.close()
            reference.close()

    def _changes_of(self, mistake: Mistake) -> set[str]:
        try:
            return changed_functions(self._solution, apply_edits(self._solution, mistake))
        except SyntaxError:
            return {MODULE}

    def _run_mistakes(self, jobs: list[tuple[Mistake, list[Check]]]) -> None:
        """The mistakes are the course's own code, so one worker takes them one after the other."""
        party, reference = Party(self._zygote, self._job, ""), self._new_reference()
        try:
            for mistake, checks in jobs:
                with contextlib.suppress(StudentError, WorkerDied):  # told again by every check
                    party.replace_source(apply_edits(self._solution, mistake))
                for check in checks:
                    outcome = judge(check, party, reference, self.unit.name, self._seed)
                    if outcome.verdict != "grader-fault":
                        transcript = Transcript(outcome.verdict, list(party.replies))
                        self._key.keep_transcript(check.name, mistake.name, transcript)
        finally:
            party.close()
            reference.close()

    def _new_reference(self) -> Party:
        return Party(self._zygote, self._job, self._solution, Recorded(self._key))

    @property
    def _job(self) -> JobRequest:
        return JobRequest(
            self.unit.name,
            forbidden=self.unit.forbidden,
            hidden_folders=[*self._course.hidden_folders, str(cache_folder())],
        )


def key_path(course: Course, unit: Unit, seed: int) -> Path:
    """Named by all that the answers depend on."""
    digest = hashlib.sha256(f"{unit_digest(course, unit)} {seed}".encode()).hexdigest()
    return cache_folder() / f"{unit.name}-{digest[:24]}.msgpack"


def unit_digest(course: Course, unit: Unit) -> str:
    """Of all that a verdict on the unit depends on, but for the submission and the seed."""
    digest = hashlib.sha256()
    digest.update(f"{__version__} {unit.name} {unit.forbidden} {sys.version}".encode())
    for package in ("keras", "tensorflow", "numpy"):
        digest.update(_version(package).encode())
    for path in (
        course.solutions / f"{unit.name}.py",
        course.checks(unit.name),
        course.mistakes(unit.name),
        # All of the package: checks run by it, and solutions import layers and objectives of it.
        *sorted(Path(__file__).parents[1].rglob("*.py")),
    ):
        digest.update(path.read_bytes() if path.is_file() else b"-")
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "-"
