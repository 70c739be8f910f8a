"""Gradescope's results.json: the documented fields and values, scores that add up, outputs within the limit."""

import json

import pytest

from coursekit.grading.exports.gradescope import (
    OUTPUT_LIMIT,
    as_json,
    cut_all,
    failed_results,
    gradescope_results,
    write_gradescope,
)
from tests.grading.exports.sample_class import sample_class, sample_times

FORMATS = {"text", "html", "simple_format", "md", "ansi"}
VISIBILITIES = {"visible", "hidden", "after_due_date", "after_published"}


def require_valid(found: dict) -> None:
    """The results as Gradescope's specification describes them."""
    assert set(found) == {
        *("score", "execution_time", "output", "output_format", "test_output_format"),
        *("test_name_format", "visibility", "stdout_visibility", "extra_data", "tests"),
    }
    assert isinstance(found["score"], int | float) and isinstance(
        found["execution_time"], int | float
    )
    for name in ("output_format", "test_output_format", "test_name_format"):
        assert found[name] in FORMATS
    assert found["visibility"] in VISIBILITIES and found["stdout_visibility"] in VISIBILITIES
    assert isinstance(found["extra_data"], dict) and isinstance(found["tests"], list)
    for test in found["tests"]:
        assert set(test) == {
            *("score", "max_score", "status", "name", "name_format", "number", "output"),
            *("output_format", "tags", "visibility", "extra_data"),
        }
        assert test["status"] in ("passed", "failed") and 0 <= test["score"] <= test["max_score"]
        assert isinstance(test["name"], str) and isinstance(test["number"], str)
        assert test["name_format"] in FORMATS and test["output_format"] in FORMATS
        assert all(isinstance(tag, str) for tag in test["tags"])
        assert test["visibility"] in VISIBILITIES and isinstance(test["extra_data"], dict)
    assert found["output"].strip()
    assert found["score"] == sum(test["score"] for test in found["tests"])
    assert sum(map(len, [found["output"], *(t["output"] for t in found["tests"])])) <= OUTPUT_LIMIT


def test_each_student_has_a_valid_file(tmp_path):
    results = sample_class()
    write_gradescope(results, sample_times(results), tmp_path, "after_due_date")
    assert len(list(tmp_path.iterdir())) == 24
    for one in results.students:
        found = json.loads((tmp_path / f"{one.student}.json").read_bytes())
        require_valid(found)
        assert found["score"] == one.points and found["visibility"] == "after_due_date"
        assert found["extra_data"]["max_score"] == one.max_points
        checks = [(u.unit, c) for u in one.units for c in u.checks]
        for test, (unit, check) in zip(found["tests"], checks, strict=True):
            assert (test["score"], test["max_score"]) == (check.points, check.max_points)
            assert (test["status"] == "passed") == (check.verdict == "passed")
            assert test["tags"] == [unit, check.verdict]
            assert test["extra_data"]["mistake"] == check.mistake
        assert len({test["number"] for test in found["tests"]}) == len(checks)


def test_flags_are_for_the_instructor():
    one = sample_class().students[4]
    found = gradescope_results(one)
    assert found["extra_data"]["flags"] == one.flags != []
    assert one.flags[0] not in json.dumps({**found, "extra_data": None})


def test_long_outputs_are_cut_to_the_limit_and_say_so():
    one = sample_class(3).students[2]
    for unit in one.units:
        for number, check in enumerate(unit.checks):
            check.verdict, check.points = "failed", 0
            check.message = "x" * (90_000 if number % 2 else 50)
    one.points = 0
    found = gradescope_results(one)
    require_valid(found)
    outputs = [test["output"] for test in found["tests"]]
    assert all("cut" in text for text in outputs if len(text) > 1000)
    assert outputs[0].startswith("x" * 50)  # the short ones are whole
    assert sum(map(len, outputs)) > OUTPUT_LIMIT * 0.95


@pytest.mark.parametrize(
    "lengths",
    [[0], [5, 5], [100], [1, 100, 100], [40, 60], [50, 51], [100] * 7, [0, 0, 300], [99, 1, 1]],
)
def test_cutting_never_goes_beyond_the_limit(lengths):
    texts = ["x" * length for length in lengths]
    cut = cut_all(texts, 100)
    assert sum(map(len, cut)) <= 100
    if sum(lengths) <= 100:
        assert cut == texts
    else:
        assert sum(map(len, cut)) >= 100 - len(lengths)


def test_a_run_without_results_has_a_reason_and_no_points():
    found = json.loads(as_json(failed_results("The grader ran out of time. \x00", 40)))
    require_valid(found)
    assert found["score"] == 0 and found["output"].startswith("The grader ran out of time.")


def test_text_of_a_submission_is_of_the_format_text():
    for one in sample_class().students:
        found = gradescope_results(one)
        assert {found["output_format"], found["test_output_format"], found["test_name_format"]} == {
            "text"
        }
        assert (
            {t["output_format"] for t in found["tests"]}
            == {t["name_format"] for t in found["tests"]}
            == {"text"}
        )
