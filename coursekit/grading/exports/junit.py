"""JUnit XML, as CI systems show it: a suite for each unit of each student, a case for each check.

A wrong or forbidden answer is a failure; no answer (an exception, a limit, a fault of the grader) is an error; a check
that waits for another is skipped.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from coursekit.grading.class_results import CheckTime, ClassResults, StudentResult
from coursekit.grading.exports.exported import Exported
from coursekit.grading.exports.plain_text import one_line
from coursekit.grading.exports.whole_files import write_whole
from coursekit.grading.verdicts import CheckResult, UnitResult, Verdict

Outcome = Literal["", "failure", "error", "skipped"]

OUTCOMES: dict[Verdict, Outcome] = {
    "passed": "",
    "failed": "failure",
    "forbidden": "failure",
    "error": "error",
    "timeout": "error",
    "out-of-memory": "error",
    "crashed": "error",
    "grader-fault": "error",
    "blocked": "skipped",
}
UNKNOWN_TIME = "1970-01-01T00:00:00"
OUTPUT_KEPT = 20_000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(
    results: ClassResults, times: list[CheckTime], path: Path, timestamp: str = UNKNOWN_TIME
) -> Exported:
    """Writes one file for the class.

    Raises:
        UserError: if it cannot be written.
    """
    write_whole(path, junit_xml(results, times, timestamp))
    return Exported("junit", str(path), len(results.students))


def junit_xml(
    results: ClassResults, times: list[CheckTime], timestamp: str = UNKNOWN_TIME
) -> bytes:
    """The results as JUnit XML 1.0. `timestamp` is when they were made, as 2026-11-24T12:00:00."""
    taken = {(t.student, t.unit, t.check): t.seconds for t in times}
    root = ET.Element("testsuites", name="coursekit")
    suites = [
        _suite(results, student, unit, taken, timestamp, number)
        for number, (student, unit) in enumerate(
            (student, unit) for student in results.students for unit in student.units
        )
    ]
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in suites):.3f}")
    root.extend(suites)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _suite(
    results: ClassResults,
    student: StudentResult,
    unit: UnitResult,
    taken: Mapping[tuple[str, str, str], float],
    timestamp: str,
    number: int,
) -> ET.Element:
    name = f"{student.student}.{unit.unit}"
    outcomes = [OUTCOMES[check.verdict] for check in unit.checks]
    seconds = [
        taken.get((student.student, unit.unit, check.name), check.seconds) for check in unit.checks
    ]
    suite = ET.Element(
        "testsuite",
        name=_xml(name),
        id=str(number),
        package=_xml(student.student),
        timestamp=timestamp,
        hostname="localhost",
        tests=str(len(outcomes)),
        failures=str(outcomes.count("failure")),
        errors=str(outcomes.count("error")),
        skipped=str(outcomes.count("skipped")),
        time=f"{sum(seconds):.3f}",
    )
    properties = ET.SubElement(suite, "properties")
    for key, value in (
        ("student", one_line(student.name) or student.student),
        ("points", str(unit.points)),
        ("max_points", str(unit.max_points)),
        ("isolation", results.isolation),
        ("course", results.course),
    ):
        ET.SubElement(properties, "property", name=key, value=_xml(value))
    for check, outcome, time in zip(unit.checks, outcomes, seconds, strict=True):
        suite.append(_case(name, check, outcome, time))
    ET.SubElement(suite, "system-out").text = _xml(unit.output[-OUTPUT_KEPT:])
    ET.SubElement(suite, "system-err").text = ""
    return suite


def _case(suite: str, check: CheckResult, outcome: Outcome, seconds: float) -> ET.Element:
    case = ET.Element(
        "testcase", name=_xml(check.name), classname=_xml(suite), time=f"{seconds:.3f}"
    )
    if outcome == "skipped":
        ET.SubElement(case, outcome, message=_xml(one_line(check.message)))
    elif outcome:
        kind = f"{check.verdict}: {check.mistake}" if check.mistake else check.verdict
        told = ET.SubElement(
            case, outcome, type=_xml(kind), message=_xml(one_line(check.message or check.title))
        )
        told.text = _xml(f"{check.title}\n{check.message}\n{check.points} of {check.max_points}")
    return case


def _xml(text: str) -> str:
    """The text without what XML 1.0 cannot hold, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
