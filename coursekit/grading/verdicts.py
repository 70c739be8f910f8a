"""What grading says: one verdict per check, added up per unit and per submission.

The field names and their order are the stable JSON contract of `coursekit check --json`.
"""

from typing import Literal

import msgspec

from coursekit.grading.isolation import Isolation, Level

Verdict = Literal[
    "passed",
    "failed",
    "error",
    "timeout",
    "out-of-memory",
    "crashed",
    "forbidden",
    "blocked",
    "grader-fault",
]


class CheckResult(msgspec.Struct):
    """The verdict on one check, and the level of isolation it was reached at."""

    name: str
    verdict: Verdict
    points: int
    max_points: int
    message: str = ""
    mistake: str | None = None
    title: str = ""
    seconds: float = 0.0
    isolation: Level = "basic"


class UnitResult(msgspec.Struct):
    """All checks of one unit, in the order of the test file."""

    unit: str
    points: int
    max_points: int
    checks: list[CheckResult]
    output: str = ""

    @property
    def passed(self) -> bool:
        return all(check.verdict == "passed" for check in self.checks)


class Report(msgspec.Struct):
    """Everything asked for, of one submission."""

    units: list[UnitResult]
    points: int
    max_points: int
    seed: int
    isolation: Level
    isolation_reason: str = ""

    @classmethod
    def of(cls, results: list[UnitResult], seed: int, isolation: Isolation) -> "Report":
        """Adds up the units."""
        return cls(
            results,
            sum(unit.points for unit in results),
            sum(unit.max_points for unit in results),
            seed,
            isolation.level,
            isolation.reason,
        )

    @property
    def passed(self) -> bool:
        return bool(self.units) and all(unit.passed for unit in self.units)

    def to_json(self) -> str:
        return msgspec.json.encode(self).decode()
