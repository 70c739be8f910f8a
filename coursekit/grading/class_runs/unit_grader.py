"""Grades one unit of one submission for a class: under the secret seed, then explained under the public one.

Verdicts and points come from the secret seed, and of that run nothing else is told: no values, no text that the
student's code could have filled with them. Checks that failed are then judged once more under the public seed,
which students know anyway; what they read is from there.
"""

import re
import threading
from collections.abc import Callable, Sequence

from coursekit.course.syllabus import Unit, find_unit
from coursekit.course.workspace import Course
from coursekit.grading.answer_key import AnswerKey
from coursekit.grading.checks_of import checks_of
from coursekit.grading.class_runs.journal import Explanation
from coursekit.grading.class_runs.seeds import Secret
from coursekit.grading.source_rules import forbidden_uses, remarkable_uses
from coursekit.grading.unit_run import Source, UnitRun, key_path, unit_digest
from coursekit.grading.verdicts import CheckResult, Verdict
from coursekit.grading.workers import Zygote

PUBLIC_SEED = 0
_TOLD: dict[Verdict, str] = {
    "failed": "The answer is wrong.",
    "error": "The code raised an exception, could not be loaded, or answered in no readable form.",
    "timeout": "No answer came within the time limit.",
    "out-of-memory": "The code asked for more memory than a unit may have.",
    "crashed": "The code ended the process that ran it.",
    "forbidden": "The code did something that no homework needs, or used what it should write.",
    "grader-fault": "This check could not be judged, for a reason of ours. It will be tried again.",
}
# Judged again in public: the others cost their whole limit and say the same.
_EXPLAINED = ("failed", "error", "crashed", "forbidden")
_FLAGGED = ("forbidden", "crashed")
_PUBLIC_ONLY = "The answer is right for the inputs that students know and wrong for others."


class UnitGrader:
    """Judges units of a course in the children of one zygote. Safe to use from several threads."""

    def __init__(self, zygote: Zygote, course: Course, secret: Secret | None = None):
        """Without a secret only `judge_under` and `explain` may be called."""
        self._zygote = zygote
        self._course = course
        self._secret = secret
        self._keys: dict[tuple[str, int], AnswerKey] = {}
        self._digests: dict[str, str] = {}
        self._lock = threading.Lock()

    def course_digest(self, unit: str) -> str:
        """Of what verdicts on this unit depend on beside the submission and the secret."""
        with self._lock:
            if unit not in self._digests:
                self._digests[unit] = unit_digest(self._course, find_unit(unit))
            return self._digests[unit]

    def judge(
        self,
        unit: str,
        source: Source,
        digest: str,
        known: Sequence[CheckResult] = (),
        on_verdict: Callable[[CheckResult], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[CheckResult]:
        """The verdicts, those in `known` as they are. Ends early after a time-out, or when stopped.

        Code that runs out of time once may do so in every check: whoever calls may let others go first, and
        call again with what is known by then. Code that cannot even be loaded is waited for once: all its checks
        have that verdict.
        """
        assert self._secret is not None
        seed = self._secret.seed(unit, digest)
        return self.judge_under(seed, unit, source, known, on_verdict, stopped)

    def judge_under(
        self,
        seed: int,
        unit: str,
        source: Source,
        known: Sequence[CheckResult] = (),
        on_verdict: Callable[[CheckResult], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[CheckResult]:
        """As `judge`, for one who was given the seed and not the secret."""
        checks = checks_of(self._course.checks(unit))
        run = UnitRun(
            self._zygote,
            self._course,
            find_unit(unit),
            source,
            seed,
            checks,
            self._key(unit, seed),
            naming=False,
            known=known,
        )
        results = list(known)
        try:
            for check in checks:
                if any(result.name == check.name for result in known):
                    continue
                if stopped():
                    break
                result = run.judge(check)
                if result.verdict in _TOLD and run.refused is None:
                    result.message = _TOLD[result.verdict]
                results.append(result)
                on_verdict(result)
                if result.verdict == "timeout" and not run.is_unloadable:
                    break
        finally:
            run.close()
        return results

    def explain(
        self,
        unit: str,
        source: Source,
        results: Sequence[CheckResult],
        stopped: Callable[[], bool] = lambda: False,
    ) -> Explanation | None:
        """The same verdicts with messages and mistakes from a run under the public seed; None when stopped."""
        named = find_unit(unit)
        order = [check.name for check in checks_of(self._course.checks(unit))]
        explained = {result.name: result for result in results}
        flags = [f"{unit}: {words}" for words in remarkable_uses(source.text)]
        wanted = {
            result.name
            for result in results
            if result.verdict in _EXPLAINED and not self._is_refused(named, source)
        }
        public_only = []
        if wanted:
            passed = [result for result in results if result.verdict == "passed"]
            publicly = self._judge_in_public(named, source, wanted, passed, stopped)
            if stopped():
                return None
            for public in publicly:
                result = explained[public.name]
                if public.verdict == "passed":
                    result.message = _PUBLIC_ONLY
                    public_only.append(public.name)
                elif public.verdict != "grader-fault":
                    result.message = _without_places(public.message, self._zygote.folder.name)
                    result.mistake = public.mistake
        flags += [
            f"{unit}: {result.verdict}: {result.message}"
            for result in results
            if result.verdict in _FLAGGED and result.name in wanted
        ][:1]  # the first says it all
        if public_only:
            flags.append(f"{unit}: passes with the public inputs only: {', '.join(public_only)}")
        return Explanation([explained[name] for name in order if name in explained], flags)

    def _judge_in_public(
        self,
        unit: Unit,
        source: Source,
        names: set[str],
        passed: Sequence[CheckResult],
        stopped: Callable[[], bool],
    ) -> list[CheckResult]:
        """`passed` tells mistakes apart that fail a check alike."""
        checks = checks_of(self._course.checks(unit.name))
        run = UnitRun(
            self._zygote,
            self._course,
            unit,
            source,
            PUBLIC_SEED,
            checks,
            self._key(unit.name, PUBLIC_SEED),
            known=passed,
        )
        for check in checks:
            if check.name in names and not stopped():
                run.judge(check._replace(needs=()))
        return [result for result in run.finish().checks if result.name in names]

    def _is_refused(self, unit: Unit, source: Source) -> bool:
        return source.refused is not None or bool(forbidden_uses(source.text, unit.forbidden))

    def _key(self, unit: str, seed: int) -> AnswerKey:
        """Answers under the secret seeds stay in memory; those under the public one are kept on disk."""
        with self._lock:
            if (unit, seed) not in self._keys:
                path = (
                    key_path(self._course, find_unit(unit), seed) if seed == PUBLIC_SEED else None
                )
                self._keys[unit, seed] = AnswerKey(path)
            return self._keys[unit, seed]


def _without_places(message: str, folder: str) -> str:
    """Addresses and folders differ from run to run; nothing else in a message does."""
    message = re.sub(re.escape(folder) + r"/\w+/\d*/?", "", message)
    return re.sub(r"\b0x[0-9a-f]+\b", "0x...", message)
