"""Gradescope's results.json: one for each student, every documented field but the leaderboard."""

from pathlib import Path
from typing import Literal

import msgspec

from coursekit.grading.class_results import CheckTime, ClassResults, StudentResult
from coursekit.grading.exports.class_figures import fix_first, unit_title
from coursekit.grading.exports.exported import Exported
from coursekit.grading.exports.plain_text import showable
from coursekit.grading.exports.whole_files import file_name_of, write_whole
from coursekit.grading.verdicts import CheckResult

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]

OUTPUT_LIMIT = 100_000  # characters of all outputs together; Gradescope cuts what is beyond
CUT = "\n… (cut: Gradescope shows 100,000 characters)"


def write_gradescope(
    results: ClassResults,
    times: list[CheckTime],
    folder: Path,
    visibility: Visibility = "visible",
) -> Exported:
    """Writes <student>.json for each student into the folder.

    Raises:
        UserError: if a file cannot be written.
    """
    seconds: dict[str, float] = {}
    for time in times:
        seconds[time.student] = seconds.get(time.student, 0.0) + time.seconds
    for student in results.students:
        content = gradescope_results(
            student,
            isolation=results.isolation,
            isolation_reason=results.isolation_reason,
            course=results.course,
            seconds=seconds.get(student.student),
            visibility=visibility,
        )
        write_whole(folder / f"{file_name_of(student.student)}.json", as_json(content))
    return Exported("gradescope", str(folder), len(results.students))


def gradescope_results(
    student: StudentResult,
    *,
    isolation: str = "",
    isolation_reason: str = "",
    course: str = "",
    seconds: float | None = None,
    visibility: Visibility = "visible",
) -> dict[str, object]:
    """What Gradescope reads of one student.

    All texts are of the format `text`, which Gradescope escapes. The whole score stands above the tests and is the
    sum of theirs. What only the instructor should see (flags, the mistakes' names) is in `extra_data`.
    """
    if seconds is None:
        seconds = sum(check.seconds for unit in student.units for check in unit.checks)
    checks = [
        (f"{place}.{number}", unit.unit, check)
        for place, unit in enumerate(student.units, 1)
        for number, check in enumerate(unit.checks, 1)
    ]
    outputs = [_told(student, isolation, isolation_reason)]
    outputs += [_output(unit, check) for _, unit, check in checks]
    whole, *parts = cut_all([showable(text, OUTPUT_LIMIT) for text in outputs])
    return {
        "score": student.points,
        "execution_time": round(seconds, 2),
        "output": whole,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",  # what the grader itself prints is for the instructor
        "extra_data": {
            "max_score": student.max_points,
            "units": {unit.unit: unit.points for unit in student.units},
            "isolation": isolation,
            "isolation_reason": isolation_reason,
            "course": course,
            "flags": student.flags,
        },
        "tests": [
            {
                "score": check.points,
                "max_score": check.max_points,
                "status": "passed" if check.verdict == "passed" else "failed",
                "name": f"{unit}: {showable(check.title, 300)}",
                "name_format": "text",
                "number": number,
                "output": output,
                "output_format": "text",
                "tags": [unit, check.verdict],
                "visibility": visibility,
                "extra_data": {
                    "unit": unit,
                    "check": check.name,
                    "verdict": check.verdict,
                    "mistake": check.mistake,
                },
            }
            for (number, unit, check), output in zip(checks, parts, strict=True)
        ],
    }


def failed_results(sentence: str, max_score: int = 0) -> dict[str, object]:
    """Score 0 and the reason, for a run that gave no results."""
    return {
        "score": 0,
        "execution_time": 0,
        "output": showable(sentence, OUTPUT_LIMIT - len(CUT)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"max_score": max_score, "graded": False},
        "tests": [
            {
                "score": 0,
                "max_score": max_score,
                "status": "failed",
                "name": "The submission was graded",
                "name_format": "text",
                "number": "1",
                "output": "",
                "output_format": "text",
                "tags": ["grader-fault"],
                "visibility": "visible",
                "extra_data": {},
            }
        ],
    }


def as_json(content: dict[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def cut_all(texts: list[str], limit: int = OUTPUT_LIMIT) -> list[str]:
    """The texts with no more characters in all than the limit: the longest are cut, and say so."""
    if sum(map(len, texts)) <= limit:
        return texts
    lengths = sorted(map(len, texts))
    left = limit
    for place, length in enumerate(lengths):  # the level up to which all the rest can be filled
        each = left // (len(lengths) - place)
        if length > each:
            break
        left -= length
    return [t if len(t) <= each else (t[: max(0, each - len(CUT))] + CUT)[:each] for t in texts]


def _told(student: StudentResult, isolation: str, reason: str) -> str:
    lines = [f"{student.points} of {student.max_points} points."]
    begin = fix_first(student.units)
    if begin is not None:
        unit, check = begin
        lines += ["", f"Fix this first: {check.title} ({unit.unit})"]
        lines += [f"Stuck? Run: coursekit hint {unit.unit}"]
    if student.notes:
        lines += ["", *student.notes]
    if isolation:
        lines += ["", f"Graded at isolation {isolation}{f' ({reason})' if reason else ''}."]
    return "\n".join(lines)


def _output(unit: str, check: CheckResult) -> str:
    if check.verdict == "passed":
        return ""
    verdict = "" if check.verdict == "failed" else f"[{check.verdict}] "
    mistake = f"\nMistake: {check.mistake}" if check.mistake else ""
    title = unit_title(unit)
    return f"{verdict}{check.message}{mistake}" or f"Not passed: {title or unit}."
