"""Hints: three steps for each function a student writes."""

import tomllib
from importlib import resources

import msgspec

from coursekit.errors import UserError


class Hint(msgspec.Struct, forbid_unknown_fields=True):
    """What to tell about one function, from a nudge to nearly the answer."""

    function: str
    steps: tuple[str, str, str]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    hint: list[Hint]


def hints_for(unit: str, function: str | None = None) -> list[Hint]:
    """The hints of a unit, or of one of its functions."""
    file = resources.files("coursekit.course").joinpath("hints", f"{unit}.toml")
    hints = msgspec.convert(tomllib.loads(file.read_text("utf-8")), _File).hint
    if function is None:
        return hints
    chosen = [hint for hint in hints if hint.function == function]
    if not chosen:
        known = ", ".join(hint.function for hint in hints)
        raise UserError(f"{unit} has no hints for {function!r}. There are hints for: {known}.")
    return chosen
