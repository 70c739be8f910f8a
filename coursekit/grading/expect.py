"""What a check can expect of an answer: structure, shape, dtype, finiteness, values, in this order.

Nothing broadcasts, nothing is compared by the answer's own `==`: answers are arrays and plain values by the
time they are here. Each failure is a sentence for the student.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from coursekit.grading.protocol import BFloat16, Opaque


class CheckFailed(Exception):
    """An expectation does not hold. `category` is what may be told when inputs are secret."""

    def __init__(self, message: str, category: str = "value"):
        super().__init__(message)
        self.category = category


class StudentError(Exception):
    """The student's code raised; carries what and where."""

    def __init__(self, kind: str, message: str, line: int | None, source: str):
        super().__init__(f"{kind}: {message}" if message else kind)
        self.kind = kind
        self.detail = message
        self.line = line
        self.source = source


def close(received: Any, expected: Any, what: str, rtol: float = 1e-4, atol: float = 1e-5) -> None:
    """Fails unless both have the same structure, shapes, dtypes and (nearly) the same values."""
    if isinstance(expected, list | tuple):
        _same_length(received, expected, what)
        for number, (one, other) in enumerate(zip(received, expected, strict=True)):
            close(one, other, f"part {number + 1} of {what}", rtol, atol)
    elif isinstance(expected, dict):
        if not isinstance(received, dict) or received.keys() != expected.keys():
            raise CheckFailed(
                f"{_start(what)} should be a dict with the keys {sorted(expected)}; received "
                f"{_describe(received)}.",
                "structure",
            )
        for key in expected:
            close(received[key], expected[key], f"{what}[{key!r}]", rtol, atol)
    elif isinstance(expected, np.ndarray):
        _close_arrays(received, expected, what, rtol, atol)
    elif isinstance(expected, bool | str) or expected is None:
        if type(received) is not type(expected) or received != expected:
            raise CheckFailed(_mismatch(what, expected, received), "value")
    elif isinstance(expected, int | float):
        _close_numbers(received, expected, what, rtol, atol)
    else:
        raise TypeError(f"cannot compare with {type(expected).__name__}")


def equal(received: Any, expected: Any, what: str) -> None:
    """As `close`, but the values are exactly equal."""
    close(received, expected, what, rtol=0.0, atol=0.0)


def shape(received: Any, expected: tuple[int, ...], what: str) -> None:
    """Fails unless `received` is an array of this shape."""
    array = _as_array(received, what)
    if array.shape != tuple(expected):
        raise CheckFailed(
            f"{_start(what)} should have shape {tuple(expected)}; received shape {array.shape}.",
            "shape",
        )


def finite(received: Any, what: str) -> None:
    """Fails at NaN or infinity anywhere, and at what is not an array or a number."""
    if isinstance(received, list | tuple):
        for number, item in enumerate(received):
            finite(item, f"part {number + 1} of {what}")
        return
    array = _as_array(received, what)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CheckFailed(_not_finite(array, what), "finiteness")


def true(condition: Any, message: str) -> None:
    """Fails with the message unless the condition (a bool of the check's own making) holds."""
    if not isinstance(condition, bool | np.bool_):
        raise TypeError(f"expect.true takes a bool. Received: {type(condition).__name__}")
    if not condition:
        raise CheckFailed(message, "property")


def far(received: Any, other: Any, what: str, message: str, atol: float = 1e-4) -> None:
    """Fails with the message if the two arrays are equal within the tolerance."""
    one, two = _as_array(received, what), _as_array(other, what)
    if one.shape == two.shape and np.allclose(one, two, rtol=0, atol=atol):
        raise CheckFailed(message, "property")


def raises(kind: str, function: Callable, *arguments: Any, **keywords: Any) -> str:
    """Fails unless the call raises an exception of this name; returns its message."""
    try:
        function(*arguments, **keywords)
    except StudentError as error:
        if error.kind == kind:
            return error.detail
        if error.kind == "NotImplementedError":
            raise
        raise CheckFailed(
            f"This call should raise {kind}; it raised {error.kind}: {error.detail}", "property"
        ) from error
    raise CheckFailed(f"This call should raise {kind}; it raised nothing.", "property")


def _close_arrays(received: Any, expected: np.ndarray, what: str, rtol: float, atol: float) -> None:
    array = _as_array(received, what)
    if array.shape != expected.shape:
        raise CheckFailed(
            f"{_start(what)} should have shape {expected.shape}; received shape {array.shape}.",
            "shape",
        )
    if not _same_dtype(array.dtype, expected.dtype):
        raise CheckFailed(
            f"{_start(what)} should have dtype {expected.dtype}; received {array.dtype}.", "dtype"
        )
    if array.dtype.kind == "f" and not np.isfinite(array[np.isfinite(expected)]).all():
        raise CheckFailed(_not_finite(array, what), "finiteness")
    one, two = array.astype(np.float64), expected.astype(np.float64)
    with np.errstate(invalid="ignore"):
        near = np.isfinite(two) & (np.abs(one - two) <= atol + rtol * np.abs(two))
        wrong = ~(near | (one == two))
        wrong &= ~(np.isnan(one) & np.isnan(two))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        at = f" at index {place if len(place) != 1 else place[0]}" if place else ""
        raise CheckFailed(
            f"{_start(what)}: {int(wrong.sum())} of {wrong.size} values differ; first{at}: "
            f"expected {_number(expected[place])}, received {_number(array[place])}.",
            "value",
        )


def _close_numbers(received: Any, expected: float, what: str, rtol: float, atol: float) -> None:
    if isinstance(received, np.ndarray) and received.shape == () and received.dtype.kind in "iuf":
        received = received.item()
    if type(received) is bool or not isinstance(received, int | float):
        raise CheckFailed(
            f"{_start(what)} should be a number; received {_describe(received)}.", "type"
        )
    if not abs(received - expected) <= atol + rtol * abs(expected):  # NaN is never close
        raise CheckFailed(_mismatch(what, expected, received), "value")


def _as_array(received: Any, what: str) -> np.ndarray:
    if isinstance(received, BFloat16):
        raise CheckFailed(f"{_start(what)} has dtype bfloat16, which was not asked for.", "dtype")
    if isinstance(received, np.ndarray):
        return received
    if received is None and "gradient" in what:
        raise CheckFailed(
            f"{_start(what)}: no gradient arrives. Is something detached or turned into NumPy?",
            "type",
        )
    if received is None:
        raise CheckFailed(f"{_start(what)}: received None. Is a return missing?", "type")
    raise CheckFailed(f"{_start(what)} should be a tensor; received {_describe(received)}.", "type")


def _same_dtype(one: np.dtype, other: np.dtype) -> bool:
    if one.kind in "iu" and other.kind in "iu":
        return True
    return one == other


def _same_length(received: Any, expected: list | tuple, what: str) -> None:
    if not isinstance(received, list | tuple):
        raise CheckFailed(
            f"{_start(what)} should be {len(expected)} things in a tuple or list; received "
            f"{_describe(received)}.",
            "structure",
        )
    if len(received) != len(expected):
        raise CheckFailed(
            f"{_start(what)} should be {len(expected)} things; received {len(received)}.",
            "structure",
        )


def _describe(value: Any) -> str:
    if value is None:
        return "None (is a return missing?)"
    if isinstance(value, Opaque):
        return f"an object of type {value.type_name}"
    if isinstance(value, np.ndarray):
        return f"a tensor of shape {value.shape}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, str | int | float):
        return f"the {type(value).__name__} {str(value)[:60]!r}".replace("'", "")
    return "a dict" if isinstance(value, dict) else "an object of a class"


def _mismatch(what: str, expected: Any, received: Any) -> str:
    return f"{_start(what)}: expected {expected!r}, received {_describe(received)}."


def _not_finite(array: np.ndarray, what: str) -> str:
    kinds = "NaN" if np.isnan(array).any() else "infinity"
    count = int((~np.isfinite(array)).sum())
    return f"{_start(what)} contains {kinds} ({count} of {array.size} values)."


def _start(what: str) -> str:
    return what[:1].upper() + what[1:]


def _number(value: Any) -> str:
    return f"{value:.6g}" if np.asarray(value).dtype.kind == "f" else str(value)
