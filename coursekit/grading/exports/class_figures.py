"""What a class report says, as numbers: computed here once, shown by the page and by `report --json`."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from statistics import mean, median

import msgspec

from coursekit.course.syllabus import find_unit
from coursekit.course.workspace import find_course
from coursekit.errors import UserError
from coursekit.grading.class_results import CheckTime, ClassResults, StudentResult
from coursekit.grading.mistakes import read_mistakes
from coursekit.grading.verdicts import CheckResult, UnitResult, Verdict

VERDICTS: tuple[Verdict, ...] = Verdict.__args__  # type: ignore[attr-defined]
HELP_RULE = "Students with less than half of their points, the fewest first; equal ones in the order of their names."
SLOWEST = 10
_NOT_TO_FIX = ("passed", "blocked", "grader-fault")


class Points(msgspec.Struct):
    """How the points of the class lie. Shares are of each student's own maximum."""

    max_points: int
    mean: float
    median: float
    lowest: int
    highest: int
    full: int  # how many students have all
    spread: list[int]  # how many have 0-9 %, 10-19 %, ..., 90-99 %, 100 %


class MistakeMade(msgspec.Struct):
    """A named mistake and who makes it. A student counts once, in however many checks it shows."""

    mistake: str
    unit: str
    sentence: str
    count: int
    share: float
    students: list[str]


class CheckRate(msgspec.Struct):
    """How many students pass a check."""

    unit: str
    check: str
    title: str
    passed: int
    judged: int
    rate: float


class SlowCheck(msgspec.Struct):
    """How long a check takes, over all students."""

    unit: str
    check: str
    median: float
    longest: float
    longest_student: str


class NeedsHelp(msgspec.Struct):
    """A student to talk to, and where to begin."""

    student: str
    points: int
    max_points: int
    unit: str
    check: str
    title: str
    mistake: str | None


class Remark(msgspec.Struct):
    """Something for a person to look at."""

    student: str
    text: str


class ClassFigures(msgspec.Struct):
    """All that the class report shows."""

    students: int
    units: list[str]
    course: str
    isolation: str
    isolation_reason: str
    points: Points
    verdicts: dict[str, int]
    mistakes: list[MistakeMade]
    checks: list[CheckRate]
    slowest: list[SlowCheck]
    help_rule: str
    help_first: list[NeedsHelp]
    flags: list[Remark]
    notes: list[Remark]
    late: list[str]

    @classmethod
    def of(cls, results: ClassResults, times: list[CheckTime]) -> "ClassFigures":
        """Counts a class."""
        students = results.students
        return cls(
            len(students),
            results.units,
            results.course,
            results.isolation,
            results.isolation_reason,
            _points(students),
            _verdicts(students),
            _mistakes(students, results.units),
            _rates(students, results.units),
            _slowest(times),
            HELP_RULE,
            _help_first(students),
            [Remark(student.student, flag) for student in students for flag in student.flags],
            [Remark(student.student, note) for student in students for note in student.notes],
            [student.student for student in students if student.late],
        )


def share(points: int, max_points: int) -> float:
    """The part reached, between 0 and 1; of nothing it is 0."""
    return points / max_points if max_points else 0.0


def unit_title(unit: str) -> str:
    """What the unit is about, or nothing for a unit that this syllabus does not know."""
    try:
        return find_unit(unit).title
    except UserError:
        return ""


def fix_first(units: list[UnitResult]) -> tuple[UnitResult, CheckResult] | None:
    """The first check that did not pass by itself: those after it may only follow from it."""
    for unit in units:
        for check in unit.checks:
            if check.verdict not in _NOT_TO_FIX:
                return unit, check
    return None


def mistake_sentences(units: list[str]) -> Mapping[tuple[str, str], str]:
    """What a student reads for each mistake, by unit and name; empty where the course is not at hand."""
    try:
        course = find_course()
        return {
            (unit, mistake.name): mistake.sentence
            for unit in units
            for mistake in read_mistakes(course.mistakes(unit))
        }
    except UserError:
        return {}


def _points(students: list[StudentResult]) -> Points:
    if not students:
        return Points(0, 0.0, 0.0, 0, 0, 0, [0] * 11)
    reached = [student.points for student in students]
    spread = [0] * 11
    for student in students:
        spread[student.points * 10 // student.max_points if student.max_points else 0] += 1
    return Points(
        max(student.max_points for student in students),
        round(mean(reached), 2),
        float(median(reached)),
        min(reached),
        max(reached),
        spread[10],
        spread,
    )


def _checks(students: list[StudentResult]):
    for student in students:
        for unit in student.units:
            for check in unit.checks:
                yield student, unit, check


def _verdicts(students: list[StudentResult]) -> dict[str, int]:
    counted = Counter(check.verdict for _, _, check in _checks(students))
    return {verdict: counted[verdict] for verdict in VERDICTS}


def _mistakes(students: list[StudentResult], units: list[str]) -> list[MistakeMade]:
    who: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)  # a set that keeps the order
    told: dict[tuple[str, str], str] = {}
    for student, unit, check in _checks(students):
        if check.mistake is not None:
            who[unit.unit, check.mistake][student.student] = None
            told.setdefault((unit.unit, check.mistake), _sentence_of(check.message))
    sentences = mistake_sentences(units) if who else {}
    made = [
        MistakeMade(
            mistake,
            unit,
            sentences.get((unit, mistake), told[unit, mistake]),
            len(names),
            round(len(names) / len(students), 4),
            list(names),
        )
        for (unit, mistake), names in who.items()
    ]
    return sorted(made, key=lambda one: (-one.count, one.unit, one.mistake))


def _sentence_of(message: str) -> str:
    """The mistake's sentence alone, of a message that goes on with what this student's answer showed."""
    sentence, rest, _ = message.partition(". (")
    return sentence + "." if rest else message


def _rates(students: list[StudentResult], units: list[str]) -> list[CheckRate]:
    rates: dict[tuple[str, str], CheckRate] = {}
    for _, unit, check in _checks(students):
        rate = rates.setdefault(
            (unit.unit, check.name), CheckRate(unit.unit, check.name, check.title, 0, 0, 0.0)
        )
        rate.judged += 1
        rate.passed += check.verdict == "passed"
    for rate in rates.values():
        rate.rate = round(rate.passed / rate.judged, 4)
    order = {unit: number for number, unit in enumerate(units)}
    return sorted(rates.values(), key=lambda rate: order.get(rate.unit, len(order)))


def _slowest(times: list[CheckTime]) -> list[SlowCheck]:
    by_check: dict[tuple[str, str], list[CheckTime]] = defaultdict(list)
    for time in times:
        by_check[time.unit, time.check].append(time)
    slow = []
    for (unit, check), taken in by_check.items():
        longest = max(taken, key=lambda time: time.seconds)
        middle = median(time.seconds for time in taken)
        slow.append(
            SlowCheck(unit, check, round(middle, 3), round(longest.seconds, 3), longest.student)
        )
    return sorted(slow, key=lambda one: (-one.median, -one.longest, one.unit, one.check))[:SLOWEST]


def _help_first(students: list[StudentResult]) -> list[NeedsHelp]:
    below = [student for student in students if student.points * 2 < student.max_points]
    found = []
    for student in sorted(below, key=lambda one: share(one.points, one.max_points)):
        begin = fix_first(student.units)
        unit, check = (begin[0].unit, begin[1]) if begin else ("", CheckResult("", "failed", 0, 0))
        found.append(
            NeedsHelp(
                student.student,
                student.points,
                student.max_points,
                unit,
                check.name,
                check.title,
                check.mistake,
            )
        )
    return found
