"""Every check of every unit, answered by a right solution whose answers are garbled on the way out: no points.

A check that passes here would pass for somebody who has written nothing.
"""

import pytest

from coursekit.course.syllabus import units
from coursekit.course.workspace import find_course
from coursekit.grading.session import grade

COURSE = find_course()
UNITS = [unit.name for unit in units() if COURSE.checks(unit.name).is_file()]

GARBLE = """

import numpy as np
from coursekit.grading.protocol import Handle, Opaque
from coursekit.grading.worker.values import Objects


def everywhere(value, change):
    if isinstance(value, (list, tuple)):
        return type(value)(everywhere(item, change) for item in value)
    if isinstance(value, dict):
        return {key: everywhere(item, change) for key, item in value.items()}
    return change(value)


def wrong(value):
    if isinstance(value, np.ndarray):
        kind = value.dtype.kind
        return ~value if kind == "b" else np.full_like(value, np.nan if kind == "f" else 77)
    if isinstance(value, bool):
        return not value
    return {int: 77, float: float("nan"), str: "nothing"}.get(type(value), value)


def empty(value):
    return np.zeros((0, *np.shape(value)), getattr(value, "dtype", "float32"))


if not hasattr(Objects, "unchanged"):
    Objects.unchanged = Objects.to_judge

    def to_judge(self, value, depth=0):
        found = self.unchanged(value, depth)
        if depth or isinstance(found, Handle):  # without objects most checks do not get far
            return found
        return @GARBLED@

    Objects.to_judge = to_judge
"""

GARBLED = {
    "wrong values of the right form": "everywhere(found, wrong)",
    "empty arrays": "everywhere(found, empty)",
    "one dimension more": "everywhere(found, lambda value: np.asarray(value)[None])",
    "an object": "Opaque('Tensor')",
    "the module itself": "Handle(0)",
    "nothing": "None",
    "True": "True",
    "a list": "[]",
    "a dict": "{}",
    "a text": "'passed'",
}


@pytest.mark.slow
@pytest.mark.parametrize("form", GARBLED)
def test_no_check_passes(form, arena_at, tmp_path):
    arena = arena_at("basic")
    passed = []
    for unit in UNITS:
        solution = (COURSE.solutions / f"{unit}.py").read_text("utf-8")
        text = solution + GARBLE.replace("@GARBLED@", GARBLED[form])
        (tmp_path / f"{unit}.py").write_text(text, "utf-8")
        result = grade(tmp_path, [unit], course=COURSE, zygote=arena.zygote, naming=False)
        for check in result.units[0].checks:
            assert check.verdict in ("passed", "failed", "error", "blocked"), check
            if check.verdict == "passed":
                passed.append(f"{unit} {check.name}")
    assert passed == []
