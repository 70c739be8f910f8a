"""Stubs come from solutions, and the ones in exercises/ are up to date."""

import ast
from pathlib import Path

import pytest

from coursekit.course.stubs import stub_from_solution
from coursekit.course.syllabus import find_unit, units
from coursekit.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
SOLUTION = '''
def f(x):
    """Doc."""
    # BEGIN SOLUTION
    y = x + 1
    return y
    # END SOLUTION


class C:
    def call(self, x):
        if x:
            # BEGIN SOLUTION
            return 1
            # END SOLUTION
        return 2
'''


def test_regions_become_a_raise_with_the_name_of_unit_and_function():
    stub = stub_from_solution("ex99", SOLUTION)
    assert "y = x + 1" not in stub
    assert '    raise NotImplementedError("ex99: f is not written yet")' in stub
    assert '            raise NotImplementedError("ex99: C.call is not written yet")' in stub
    assert "return 2" in stub
    assert "SOLUTION" not in stub


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (SOLUTION.replace("# END SOLUTION", "", 1), "BEGIN inside BEGIN"),
        (SOLUTION.replace("# BEGIN SOLUTION", "", 1), "END without BEGIN"),
        ("def f():\n    return 1\n", "no BEGIN"),
        ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION\n", "outside a function"),
    ],
)
def test_markers_that_do_not_pair_up_are_refused(broken, words):
    with pytest.raises(UserError, match=words):
        stub_from_solution("ex99", broken)


@pytest.mark.parametrize("unit", [unit.name for unit in units()])
def test_the_stub_is_the_one_its_solution_makes(unit):
    solution = (ROOT / "solutions" / f"{unit}.py").read_text(encoding="utf-8")
    stub = (ROOT / "exercises" / f"{unit}.py").read_text(encoding="utf-8")
    assert stub == stub_from_solution(unit, solution)
    written = [n for n in ast.walk(ast.parse(stub)) if isinstance(n, ast.FunctionDef)]
    assert all(ast.get_docstring(n) for n in written if "raise NotImpl" in ast.unparse(n))


@pytest.mark.parametrize("name", ["ex02_lstm", "ex02", "02", "2", "exercises/ex02_lstm.py"])
def test_units_are_found_by_what_a_student_types(name):
    assert find_unit(name).name == "ex02_lstm"


@pytest.mark.parametrize("name", ["", "ex", "99", "lstm"])
def test_unknown_units_are_refused_with_the_list(name):
    with pytest.raises(UserError, match="ex01_recurrence"):
        find_unit(name)
