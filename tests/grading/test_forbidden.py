"""A closed name: refused as a thing, wherever it was kept; what is beside it is untouched."""

import subprocess
import sys
import textwrap
import time

import pytest

from coursekit.grading.source_rules import forbidden_uses
from coursekit.grading.worker.forbidden import Forbidden, poison

SHAPES = '''
"""A module to close parts of."""

import functools


def area(side):
    return side * side


def traced(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)
    return wrapper


@traced
def volume(side):
    return area(side) * side


class Shape:
    def __init__(self, side):
        self.side = side

    def size(self):
        return area(self.side)


class Square(Shape):
    def __init__(self, side):
        super().__init__(side)

    @property
    def width(self):
        return self.side

    @classmethod
    def unit(cls):
        return cls(1)


class Tile(Shape):
    pass
'''


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """A fresh module `shapes` in a package of its own."""
    package = tmp_path / "figures"
    package.mkdir()
    (package / "__init__.py").write_text("from figures.shapes import Square, Tile, area, volume\n")
    (package / "shapes.py").write_text(SHAPES)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("figures", "figures.shapes"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import figures.shapes

    yield figures.shapes
    for name in ("figures", "figures.shapes"):
        sys.modules.pop(name, None)


def refused(function, *arguments):
    with pytest.raises(Forbidden, match="what this unit asks you to write"):
        function(*arguments)


def test_a_class_is_closed_for_all_that_hold_it(shapes):
    kept, made, seen = shapes.Square, shapes.Square(2), []
    poison(["figures.Square"], seen)
    refused(kept, 3)
    refused(kept.unit)
    refused(lambda: made.width)
    refused(lambda: type("Mine", (kept,), {}))
    refused(lambda: sys.modules["figures"].Square(3))
    assert len(seen) == 5
    assert shapes.Shape(3).size() == 9


def test_a_class_that_inherits_all_is_closed_too(shapes):
    poison(["figures.Tile"], [])
    refused(shapes.Tile, 3)
    assert shapes.Square(3).size() == 9


def test_a_function_is_closed_for_all_that_hold_it_and_for_what_it_wraps(shapes):
    area, volume, inner = shapes.area, shapes.volume, shapes.volume.__wrapped__
    poison(["figures.volume"], [])
    refused(volume, 2)
    refused(inner, 2)
    assert area(2) == 4


def test_a_module_is_closed_with_all_that_it_defines(shapes):
    area, square = shapes.area, shapes.Square
    poison(["figures.shapes"], [])
    refused(area, 2)
    refused(square, 2)
    refused(lambda: sys.modules["figures"].shapes.area(2))


def test_what_was_closed_is_not_loaded_or_read_once_more():
    script = textwrap.dedent(
        """
        import importlib, sys
        from coursekit.grading.worker.forbidden import Forbidden, poison
        import colorsys
        seen = []
        poison(["json.decoder", "colorsys"], seen)
        tries = [
            lambda: colorsys.__loader__.get_code("colorsys"),
            lambda: open(colorsys.__file__).read(),
            lambda: open(colorsys.__cached__, "rb").read(),
            lambda: (sys.modules.pop("colorsys"), importlib.import_module("colorsys")),
            lambda: sys.modules.pop("json.decoder") and importlib.import_module("json.decoder"),
        ]
        for one in tries:
            try:
                one()
            except Forbidden:
                print("refused")
        print(len(seen))
        import wave
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["refused"] * 5 + ["5"]


def test_a_source_nested_too_deeply_is_left_to_the_child():
    assert forbidden_uses("x = " + "-" * 100_000 + "1", ["keras.layers.LSTM"]) == []


def test_long_chains_of_attributes_take_no_time():
    source = "import keras\n" + ("keras" + ".a" * 1500 + "\n") * 100
    started = time.process_time()
    assert forbidden_uses(source, ["keras.layers.LSTM"]) == []
    assert time.process_time() - started < 6  # by the square of the length it would be 15


@pytest.mark.parametrize(
    "source",
    [
        "import keras\nkeras.layers.LSTM.call",
        "import keras\nx = keras.layers.LSTM(3).cell.units",
        "from coursekit.layers.lstm import LSTM as Mine",
        "import coursekit.layers.lstm\ncoursekit.layers.lstm.LSTM(3)",
        "from keras.src.layers.rnn.lstm import LSTM",
    ],
)
def test_a_use_is_found_in_a_longer_chain_and_by_its_file(source):
    names = ["keras.layers.LSTM", "coursekit.layers.LSTM"]
    assert len(forbidden_uses(source, names)) == 1


def test_names_that_are_alike_are_not_found():
    source = "import keras\nfrom coursekit.layers import LSTMLike\nkeras.layers.LSTMLike(keras.layers.Dense)"
    assert forbidden_uses(source, ["keras.layers.LSTM", "coursekit.layers.LSTM"]) == []
