"""The proof of a unit: its checks judged as one would judge any classifier.

The solution passes under many seeds, the stub fails every check, every named mistake fails and is told by
its own sentence alone, every alternative passes.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from coursekit.course.stubs import stub_from_solution
from coursekit.course.syllabus import Unit
from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.answer_key import Transcript
from coursekit.grading.checks_of import checks_of
from coursekit.grading.mistakes import apply_edits, candidates, name_mistakes, read_mistakes
from coursekit.grading.unit_run import Source, UnitRun
from coursekit.grading.verdicts import UnitResult
from coursekit.grading.workers import Zygote


class Proof(msgspec.Struct):
    """What was tried for one unit, and every finding against it."""

    unit: str
    checks: int
    points: int
    mistakes: int
    alternatives: int
    seeds: int
    findings: list[str]
    slowest: list[tuple[str, float]] = []

    @property
    def sound(self) -> bool:
        return not self.findings


def verify_unit(
    unit: Unit,
    course: Course,
    zygote: Zygote,
    seeds: int = 10,
    say: Callable[[str], None] | None = print,
) -> Proof:
    """Judges solution, stub, mistakes and alternatives of a unit; findings are sentences."""
    return _Trial(unit, course, zygote, seeds, say or (lambda _: None)).run()


class _Trial:
    def __init__(self, unit: Unit, course: Course, zygote: Zygote, seeds: int, say):
        self.unit = unit
        self.course = course
        self.zygote = zygote
        self.seeds = seeds
        self.say = say
        self.findings: list[str] = []
        self.checks = checks_of(course.checks(unit.name))
        self.solution = (course.solutions / f"{unit.name}.py").read_text(encoding="utf-8")
        self.mistakes = read_mistakes(course.mistakes(unit.name))
        self.alternatives = course.alternatives(unit.name)
        self.slowest: list[tuple[str, float]] = []

    def run(self) -> Proof:
        self.say(f"{self.unit.name}: {len(self.checks)} checks")
        points = sum(check.points for check in self.checks)
        if points != self.unit.points:
            self._find(
                f"the checks add up to {points} points, the syllabus says {self.unit.points}"
            )
        first = self._try_solution(seed=0)
        self.slowest = [
            (c.name, c.seconds) for c in sorted(first.checks, key=lambda c: -c.seconds)[:3]
        ]
        self._in_parallel(self._try_solution, range(1, self.seeds))
        self.say(f"  the solution under {self.seeds} seeds; slowest checks {self.slowest}")
        self._try_stub()
        self.say("  the stub")
        self._try_mistakes()
        self.say(f"  {len(self.mistakes)} mistakes")
        self._in_parallel(self._try_alternative, self.alternatives)
        self.say(f"  {len(self.alternatives)} alternatives")
        return Proof(
            self.unit.name,
            len(self.checks),
            points,
            len(self.mistakes),
            len(self.alternatives),
            self.seeds,
            self.findings,
            self.slowest,
        )

    def _find(self, finding: str) -> None:
        self.findings.append(finding)
        self.say(f"  FINDING: {finding}")

    @staticmethod
    def _in_parallel(function: Callable, items) -> None:
        with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
            list(threads.map(function, items))

    def _judge(self, source: str, seed: int = 0, naming: bool = False) -> UnitResult:
        run = UnitRun(
            self.zygote, self.course, self.unit, Source(source), seed, self.checks, naming=naming
        )
        for check in self.checks:
            run.judge(check)
        return run.finish()

    def _try_solution(self, seed: int) -> UnitResult:
        result = self._judge(self.solution, seed)
        for check in result.checks:
            if check.verdict != "passed":
                self._find(f"seed {seed}: the solution does not pass {check.name}: {check.message}")
        return result

    def _try_stub(self) -> None:
        try:
            stub = stub_from_solution(self.unit.name, self.solution)
        except UserError as error:
            self._find(str(error))
            return
        for check in self._judge(stub).checks:
            if check.verdict == "passed":
                self._find(f"the stub passes {check.name}")
            elif check.verdict == "blocked":
                continue
            elif "Not written yet" not in check.message:
                self._find(
                    f"the stub fails {check.name} otherwise than by not being written: {check.message}"
                )

    def _try_mistakes(self) -> None:
        """Every mistake in every check, then what a student who made it would be told."""
        for mistake in self.mistakes:
            try:
                apply_edits(self.solution, mistake)
            except UserError as error:
                self._find(str(error))
        if self.findings:
            return
        solution = Source(self.solution)
        run = UnitRun(self.zygote, self.course, self.unit, solution, 0, self.checks)
        known = run.mistake_matrix()
        run.finish()
        for mistake in self.mistakes:
            fared = {name: transcripts.get(mistake.name) for name, transcripts in known.items()}
            self._judge_mistake(mistake.name, fared, known)

    def _judge_mistake(
        self,
        mistake: str,
        fared: dict[str, Transcript | None],
        known: dict[str, dict[str, Transcript]],
    ) -> None:
        verdicts: dict[str, str] = {}
        for check in self.checks:
            blocked = any(verdicts.get(need, "passed") != "passed" for need in check.needs)
            transcript = fared[check.name]
            own = transcript.verdict if transcript is not None else "grader-fault"
            verdicts[check.name] = "blocked" if blocked else own
        wrong = {name: verdict for name, verdict in verdicts.items() if verdict != "passed"}
        shown = {
            name: transcript.replies
            for name, transcript in fared.items()
            if transcript is not None and verdicts[name] in ("failed", "error")
        }
        passed = [name for name, verdict in verdicts.items() if verdict == "passed"]
        named = set(name_mistakes(candidates(shown, known), passed, known).values())
        if not wrong:
            self._find(f"mistake {mistake} passes every check")
        elif "grader-fault" in wrong.values():
            self._find(f"mistake {mistake}: a check is at fault: {wrong}")
        elif mistake not in named:
            self._find(f"mistake {mistake} is named {sorted(named) or 'nothing'}; {wrong}")
        elif named != {mistake}:
            self._find(f"mistake {mistake} is also named {sorted(named - {mistake})}; {wrong}")

    def _try_alternative(self, path: Path) -> None:
        result = self._judge(path.read_text(encoding="utf-8"), naming=True)
        for check in result.checks:
            if check.verdict != "passed":
                self._find(f"alternative {path.stem} does not pass {check.name}: {check.message}")
