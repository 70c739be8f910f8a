"""Comparison: each way of being wrong has its own message, and nothing broadcasts."""

import numpy as np
import pytest

from coursekit.grading import expect
from coursekit.grading.expect import CheckFailed, StudentError
from coursekit.grading.protocol import BFloat16, Opaque

ONES = np.ones((3, 1), np.float32)


@pytest.mark.parametrize(
    ("received", "expected", "category", "words"),
    [
        (np.ones((1, 3), np.float32), ONES, "shape", "shape (3, 1); received shape (1, 3)"),
        (np.array(1, np.float32), ONES, "shape", "shape ()"),
        (1.0, ONES, "type", "the float 1.0"),
        (None, ONES, "type", "None"),
        ("x", ONES, "type", "the str x"),
        (Opaque("Thing"), ONES, "type", "type Thing"),
        (ONES.astype(np.float64), ONES, "dtype", "float64"),
        (ONES.astype(np.int32), ONES, "dtype", "int32"),
        (ONES > 0, ONES, "dtype", "bool"),
        (BFloat16(ONES), ONES, "dtype", "bfloat16"),
        (ONES * np.nan, ONES, "finiteness", "NaN (3 of 3"),
        (ONES * np.inf, ONES, "finiteness", "infinity"),
        (ONES * 2, ONES, "value", "expected 1, received 2"),
        ([ONES], [ONES, ONES], "structure", "2 things; received 1"),
        (ONES, [ONES], "structure", "1 things in a tuple or list"),
        ({"a": 1}, {"b": 1}, "structure", "keys"),
        (True, 1.0, "type", "number"),
        (float("nan"), 1.0, "value", "expected 1.0"),
        (2, 1, "value", "expected 1"),
        ("b", "a", "value", "expected"),
        (1, True, "value", "expected True"),
    ],
)
def test_close_says_what_is_wrong(received, expected, category, words):
    with pytest.raises(CheckFailed) as failed:
        expect.close(received, expected, "the outputs")
    assert failed.value.category == category
    assert words in str(failed.value)
    assert str(failed.value).lower().startswith(("the outputs", "part"))


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (ONES + 1e-6, ONES),
        ((ONES, [ONES]), [ONES, (ONES,)]),
        (np.arange(3), np.arange(3, dtype=np.int32)),
        (ONES * np.nan, ONES * np.nan),
        (ONES * -np.inf, ONES * -np.inf),
        (np.array(1.0, np.float32), 1.0),
        (3, 3.0),
        (None, None),
    ],
)
def test_close_accepts(received, expected):
    expect.close(received, expected, "the outputs")  # asserts by not raising


def test_a_single_wrong_value_among_many_is_found_and_placed():
    expected = np.zeros((4, 5), np.float32)
    received = expected.copy()
    received[2, 3] = 1
    with pytest.raises(CheckFailed, match=r"1 of 20 values differ; first at index \(2, 3\)"):
        expect.close(received, expected, "the outputs")


def test_half_an_infinity_is_not_close():
    expected = np.array([1.0, np.inf], np.float32)
    with pytest.raises(CheckFailed):
        expect.close(np.array([1.0, 5.0], np.float32), expected, "x")


def test_equal_is_exact():
    with pytest.raises(CheckFailed):
        expect.equal(ONES + np.float32(1e-6), ONES, "x")


def test_far_and_shape_and_finite_and_true():
    with pytest.raises(CheckFailed, match="Should differ"):
        expect.far(ONES, ONES, "x", "Should differ.")
    expect.far(ONES, ONES + 1, "x", "Should differ.")
    with pytest.raises(CheckFailed, match="shape"):
        expect.shape(ONES, (1, 3), "x")
    with pytest.raises(CheckFailed, match="NaN"):
        expect.finite([ONES, ONES * np.nan], "x")
    with pytest.raises(CheckFailed, match="why"):
        expect.true(np.bool_(False), "why")
    with pytest.raises(TypeError):
        expect.true(np.ones(2), "not a bool")


def test_raises_wants_the_named_exception():
    def fails(kind):
        raise StudentError(kind, "bad units. Received: units=0", 3, "")

    assert "units=0" in expect.raises("ValueError", fails, "ValueError")
    with pytest.raises(CheckFailed, match="raised TypeError"):
        expect.raises("ValueError", fails, "TypeError")
    with pytest.raises(CheckFailed, match="raised nothing"):
        expect.raises("ValueError", lambda: 1)
    with pytest.raises(StudentError):
        expect.raises("ValueError", fails, "NotImplementedError")
