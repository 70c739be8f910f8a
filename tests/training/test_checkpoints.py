"""Checkpoints: whole or not there, the last two kept."""

import numpy as np
import pytest

from coursekit.errors import UserError
from coursekit.training.checkpoints import (
    assign_arrays,
    load_latest,
    save_checkpoint,
    saved_checkpoints,
)


def save(folder, step):
    arrays = {"model": [np.full((2, 3), step, "float32"), np.arange(12)], "draws": []}
    return save_checkpoint(folder, step, arrays, {"step": step, "note": "é"})


def test_round_trip_keeps_the_last_two(tmp_path):
    for step in (5, 10, 200, 1000):
        save(tmp_path, step)
    assert [path.name for path in saved_checkpoints(tmp_path)] == [
        "step-000001000.npz",
        "step-000000200.npz",
    ]
    assert len(list(tmp_path.iterdir())) == 2
    checkpoint = load_latest(tmp_path)
    assert checkpoint.state == {"step": 1000, "note": "é"}
    np.testing.assert_array_equal(checkpoint.arrays["model"][0], np.full((2, 3), 1000.0))
    assert checkpoint.arrays["model"][0].dtype == np.float32
    np.testing.assert_array_equal(checkpoint.arrays["model"][1], np.arange(12))


def test_many_arrays_keep_their_order(tmp_path):
    arrays = [np.array(i) for i in range(120)]
    save_checkpoint(tmp_path, 1, {"model": arrays}, {})
    assert [int(array) for array in load_latest(tmp_path).arrays["model"]] == list(range(120))


@pytest.mark.parametrize("kept_share", [0.0, 0.5, 0.99])
def test_a_write_cut_short_leaves_the_one_before(tmp_path, kept_share):
    """A kill while writing leaves a `.partial`; a full or failing disk at worst a cut file."""
    save(tmp_path, 1)
    newest = save(tmp_path, 2)
    content = newest.read_bytes()
    newest.with_suffix(".partial").write_bytes(content[:100])
    assert load_latest(tmp_path).state["step"] == 2
    newest.write_bytes(content[: int(kept_share * len(content))])
    assert load_latest(tmp_path).state["step"] == 1


def test_none_to_load_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no checkpoint"):
        load_latest(tmp_path)
    (tmp_path / "step-000000001.npz").write_bytes(b"no archive")
    with pytest.raises(UserError, match="1 damaged"):
        load_latest(tmp_path)


def test_arrays_of_another_shape_change_nothing(tmp_path):
    class Variable:
        def __init__(self, value):
            self.value, self.shape = value, np.shape(value)

        def assign(self, value):
            self.value = value

    save(tmp_path, 7)
    checkpoint = load_latest(tmp_path)
    variables = [Variable(np.zeros((2, 3))), Variable(np.zeros(11))]
    with pytest.raises(UserError, match=r"another shape \(received \(12,\) for \(11,\)\)"):
        assign_arrays(variables, checkpoint.arrays["model"], checkpoint)
    with pytest.raises(UserError, match="2 arrays for 1"):
        assign_arrays(variables[:1], checkpoint.arrays["model"], checkpoint)
    assert all((variable.value == 0).all() for variable in variables)
