"""Each unit is complete, and sound as a classifier: right passes, wrong fails and is named."""

from pathlib import Path

import pytest

from coursekit.course.hints import hints_for
from coursekit.course.stubs import stub_from_solution
from coursekit.course.syllabus import units
from coursekit.course.workspace import Course
from coursekit.grading.checks_of import checks_of
from coursekit.grading.mistakes import read_mistakes
from coursekit.grading.verify import verify_unit
from coursekit.grading.workers import Zygote

COURSE = Course(Path(__file__).resolve().parents[2])
UNITS = [unit.name for unit in units()]


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        with Zygote() as warm:
            yield warm


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_has_all_its_parts(unit):
    checks = checks_of(COURSE.checks(unit))
    assert 6 <= len(checks) <= 14
    assert sum(check.points for check in checks) == 10
    assert all(check.title.endswith((".", "?")) for check in checks)
    mistakes = read_mistakes(COURSE.mistakes(unit))
    assert len(mistakes) >= 8
    assert len({mistake.name for mistake in mistakes}) == len(mistakes)
    assert len({mistake.sentence for mistake in mistakes}) == len(mistakes)
    assert len(COURSE.alternatives(unit)) >= 3


@pytest.mark.parametrize("unit", UNITS)
def test_there_are_hints_for_everything_a_student_writes(unit):
    stub = stub_from_solution(unit, (COURSE.solutions / f"{unit}.py").read_text(encoding="utf-8"))
    hinted = {hint.function.split(".")[0] for hint in hints_for(unit)}
    missing = [
        line.split('"')[1].split(": ")[1].split(" ")[0].split(".")[0]
        for line in stub.splitlines()
        if "raise NotImplementedError(" in line
    ]
    assert set(missing) == hinted


@pytest.mark.slow
@pytest.mark.parametrize("unit", units(), ids=UNITS)
def test_a_unit_is_sound(unit, zygote):
    proof = verify_unit(unit, COURSE, zygote, seeds=10, say=None)
    assert proof.findings == []
