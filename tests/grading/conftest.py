"""A toy course of one unit, and a warm zygote for all tests of grading."""

import pytest

from coursekit.course.workspace import Course
from coursekit.grading.session import grade
from coursekit.grading.workers import Zygote

SOLUTION = '''
import keras
from keras import ops


def scale(inputs, factor):
    """inputs * tanh(factor)."""
    # BEGIN SOLUTION
    return inputs * ops.tanh(factor)
    # END SOLUTION


class Scaler(keras.layers.Layer):
    """Owns its factor."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],), name="factor")

    def call(self, inputs):
        # BEGIN SOLUTION
        return scale(inputs, self.factor)
        # END SOLUTION
'''

CHECKS = '''
from coursekit.grading import expect, needs, normal, points, time_limit


@points(4)
@time_limit(3)
def test_scale(student, reference, rng):
    """The inputs are scaled by tanh(factor)."""
    arguments = normal(rng, 3, 4), normal(rng, 4)
    expect.close(student.scale(*arguments), reference.scale(*arguments), "the outputs")


@points(3)
@time_limit(3)
@needs("test_scale")
def test_gradients(student, reference, rng):
    """Gradients reach both arguments."""
    arguments = normal(rng, 3, 4), normal(rng, 4)
    received = student.scale.gradients(wrt=(0, 1))(*arguments)
    expected = reference.scale.gradients(wrt=(0, 1))(*arguments)
    expect.close(received.arguments, expected.arguments, "the gradients")


@points(3)
@time_limit(5)
def test_layer(student, reference, rng):
    """The layer, called, traced and fed with NumPy arrays, uses its own factor."""
    inputs, factor = normal(rng, 3, 4), normal(rng, 4)
    layers = [party.Scaler(4) for party in (student, reference)]
    for layer in layers:
        layer.build((None, 4))
        layer.set_weights([factor])
    expected = layers[1](inputs)
    expect.close(layers[0](inputs), expected, "the outputs")
    expect.close(layers[0].call.traced({0: (0,)})(inputs), expected, "the traced outputs")
    expect.close(student.scale.numpy()(inputs, factor), expected, "the outputs from arrays")
    expect.true(layers[0].attribute("units") == 4, "units is kept.")
    expect.true(layers[0].weights_info()[0].shape == (4,), "The factor has shape (4,).")
'''

MISTAKES = """
[[mistake]]
name = "no_tanh"
sentence = "The factor is used as it is, without tanh."
edits = [{ find = "inputs * ops.tanh(factor)", replace = "inputs * factor" }]

[[mistake]]
name = "adds"
sentence = "The factor is added; it should multiply."
edits = [{ find = "inputs * ops.tanh(factor)", replace = "inputs + ops.tanh(factor)" }]

[[mistake]]
name = "layer_ignores_factor"
sentence = "The layer does not use its factor."
edits = [{ find = "scale(inputs, self.factor)", replace = "scale(inputs, 0.5 + 0 * self.factor)" }]
"""

UNIT = "ex02_lstm"  # a name of the syllabus; the toy has nothing else of it


@pytest.fixture(scope="session")
def toy_course(tmp_path_factory) -> Course:
    root = tmp_path_factory.mktemp("course")
    for name, text in {
        f"solutions/{UNIT}.py": SOLUTION,
        f"exercises/{UNIT}.py": "",
        f"tests/autograder/test_{UNIT}.py": CHECKS,
        f"tests/mistakes/{UNIT}.toml": MISTAKES,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Course(root)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Answer keys of the tests do not mix with the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def zygote():
    with Zygote() as warm:
        yield warm


@pytest.fixture
def grade_source(toy_course, zygote, tmp_path):
    """Grades the text of a submission to the toy unit; returns the unit's result."""

    def grade_text(source: str, seed: int = 0):
        (tmp_path / f"{UNIT}.py").write_text(source)
        report = grade(tmp_path, [UNIT], course=toy_course, zygote=zygote, seed=seed)
        return report.units[0]

    return grade_text


@pytest.fixture
def with_body(toy_course):
    """The toy solution with another body of `scale`, and text put before it."""

    def source(body: str, head: str = "") -> str:
        lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
        return head + SOLUTION.replace("    return inputs * ops.tanh(factor)\n", lines)

    return source
