"""The syllabus: the units in order, with their points and what they may not use."""

import tomllib
from functools import cache
from importlib import resources

import msgspec

from coursekit.errors import UserError


class Unit(msgspec.Struct, forbid_unknown_fields=True):
    """One unit, as `syllabus.toml` describes it."""

    name: str
    title: str
    points: int
    minutes: int
    forbidden: list[str] = []


class _File(msgspec.Struct, forbid_unknown_fields=True):
    unit: list[Unit]


@cache
def units() -> tuple[Unit, ...]:
    """All units, in the order of the course."""
    text = resources.files("coursekit.course").joinpath("syllabus.toml").read_text("utf-8")
    return tuple(msgspec.convert(tomllib.loads(text), _File).unit)


def find_unit(name: str) -> Unit:
    """The unit of this name; `ex02`, `2` and `ex02_lstm.py` are understood too."""
    asked = name.rsplit("/", 1)[-1].removesuffix(".py").removeprefix("test_")
    for unit in units():
        number = unit.name.split("_")[0]
        if asked in (unit.name, number, number.removeprefix("ex"), number.removeprefix("ex0")):
            return unit
    known = ", ".join(unit.name for unit in units())
    raise UserError(f"There is no unit {name!r}. The units are: {known}.")
