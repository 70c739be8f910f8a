"""A mistake is run only where it can show: which functions it changes, and which ones a check runs."""

import pytest

from coursekit.course.syllabus import find_unit
from coursekit.grading.answer_key import AnswerKey
from coursekit.grading.changes import MODULE, changed_functions, may_show
from coursekit.grading.checks_of import checks_of
from coursekit.grading.unit_run import Source, UnitRun

from .conftest import SOLUTION, UNIT


@pytest.mark.parametrize(
    ("find", "replace", "changed"),
    [
        ("inputs * ops.tanh(factor)", "inputs", {"scale"}),
        ("scale(inputs, self.factor)", "inputs", {"Scaler.call"}),
        ("self.units = units", "self.units = 3", {"Scaler.__init__"}),
        ("def build(self, shape)", "def build(self, shape=None)", {"Scaler.build"}),
        ("import keras\n", "import keras\nimport math\n", {MODULE}),
        ("(keras.layers.Layer)", "(keras.Model)", {MODULE}),
        ("def scale(inputs, factor)", "def scaled(inputs, factor)", {MODULE, "scale", "scaled"}),
    ],
)
def test_what_an_edit_changes(find, replace, changed):
    assert changed_functions(SOLUTION, SOLUTION.replace(find, replace, 1)) == changed


def test_a_change_shows_where_it_runs_and_wherever_nobody_knows():
    assert may_show({"A.call"}, ["A.call", "f"])
    assert not may_show({"A.call"}, ["A.build", "f"])
    assert may_show({"A.call"}, ["call"])  # AutoGraph's name for it
    assert may_show({MODULE}, [])
    assert may_show({"f"}, None)


def test_mistakes_get_the_transcripts_they_would_have_got_by_running(toy_course, zygote):
    """The whole matrix with and without leaving out."""
    unit, checks = find_unit(UNIT), checks_of(toy_course.checks(UNIT))
    matrices, run_in = [], []
    for watched in (True, False):
        key = AnswerKey()
        if not watched:
            for check in checks:
                key.keep_touched(check.name, None)
        run = UnitRun(zygote, toy_course, unit, Source(SOLUTION), 0, checks, key)
        matrix = run.mistake_matrix()
        run.finish()
        matrices.append(
            {
                check: {name: transcript.verdict for name, transcript in row.items()}
                for check, row in matrix.items()
            }
        )
        run_in.append(sum(bool(t.replies) for row in matrix.values() for t in row.values()))
    assert matrices[0] == matrices[1]
    assert run_in == [7, 9]  # the layer's mistake is not run where the layer is not called


def test_the_functions_that_a_check_runs_are_noted(toy_course, zygote):
    unit, checks = find_unit(UNIT), checks_of(toy_course.checks(UNIT))
    key = AnswerKey()
    UnitRun(zygote, toy_course, unit, Source(SOLUTION), 0, checks, key).mistake_matrix()
    touched = key.touched()
    assert "scale" in touched["test_scale"]
    assert "Scaler.call" not in touched["test_scale"]
    assert {"scale", "Scaler.call", "Scaler.build", "Scaler.__init__"} <= set(touched["test_layer"])
