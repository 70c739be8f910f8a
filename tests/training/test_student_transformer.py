"""A student's parts take the reference's places, whichever of them are there."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from coursekit.layers import MaskedMultiHeadAttention
from coursekit.models import DecoderTransformer
from coursekit.objectives import token_cross_entropy
from coursekit.training.language_model import make_language_model
from coursekit.training.student_transformer import UNITS, OwnParts, keep_own_files, own_parts
from tests.training.small_language_run import small_language_settings

SOLUTIONS = Path(__file__).resolve().parents[2] / "solutions"
TOKEN_IDS = np.random.default_rng(0).integers(4, 20, (2, 9))


def kept(folder, units):
    """The solutions of some units, as the folder of a run keeps them."""
    units = [unit for unit in UNITS if unit[2:4] in units.split()]
    keep_own_files(SOLUTIONS, units, folder)
    return folder


def classes_of(model):
    """Where each part of a model comes from."""
    block = model.blocks[0]
    return {
        "model": type(model).__module__,
        "positions": type(model.position_layer).__module__,
        "block": type(block).__module__,
        "attention": type(getattr(block, "attention", block)).__module__,
    }


def student(unit):
    return next(f"coursekit_student_{name}" for name in UNITS if unit in name)


def test_without_solved_units_all_is_the_reference(tmp_path):
    assert own_parts(tmp_path / "layers") == OwnParts()


@pytest.mark.parametrize(
    ("units", "own"),
    [
        ("06", {"positions": "ex06"}),
        ("07", {}),
        ("08", {"attention": "ex08"}),
        ("09", {"block": "ex09"}),
        ("10", {"model": "ex10"}),
        ("06 08", {"positions": "ex06", "attention": "ex08"}),
        ("08 09", {"block": "ex09", "attention": "ex08"}),
        ("06 10", {"model": "ex10", "positions": "ex06"}),
        (
            "05 06 07 08 09 10 11",
            dict(model="ex10", positions="ex06", block="ex09", attention="ex08"),
        ),
    ],
)
def test_each_part_is_the_students_where_there_is_one(tmp_path, units, own):
    parts = own_parts(kept(tmp_path / "layers", units))
    model = make_language_model(small_language_settings(None, dropout=0.0), 20, parts)
    found = classes_of(model)
    for part, module in found.items():
        if part in own:
            assert module == student(own[part]), part
        else:
            assert not module.startswith("coursekit_student"), part
    logits = model(tf.constant(TOKEN_IDS), training=False).numpy()
    changed = TOKEN_IDS.copy()
    changed[:, 5:] = 4
    again = model(tf.constant(changed), training=False).numpy()
    assert logits.shape == (2, 9, 20)
    np.testing.assert_allclose(logits[:, :5], again[:, :5], atol=1e-5)
    assert (logits[:, 5:] != again[:, 5:]).any()


def test_functions_of_unit_7_are_used_by_the_reference_and_by_unit_8(tmp_path):
    folder = kept(tmp_path / "layers", "07")
    path = folder / "ex07_attention.py"
    calls = "\n\n_right = scaled_dot_product_attention\nCALLS = []\n\n\n"
    calls += "def scaled_dot_product_attention(query, key, value, mask=None):\n"
    calls += "    CALLS.append(1)\n    return _right(query, key, value, mask)\n"
    path.write_text(path.read_text(encoding="utf-8") + calls, encoding="utf-8")
    import sys

    for units in ("", "08"):
        sys.modules.pop("coursekit_student_ex07_attention", None)
        parts = own_parts(kept(folder, units))
        model = make_language_model(small_language_settings(None, dropout=0.0), 20, parts)
        model(tf.constant(TOKEN_IDS), training=False)
        assert sys.modules["coursekit_student_ex07_attention"].CALLS
    assert MaskedMultiHeadAttention.attention_function is None
    assert DecoderTransformer.block_class.attention_class is MaskedMultiHeadAttention


def test_objective_and_training_are_the_students(tmp_path):
    parts = own_parts(kept(tmp_path / "layers", "05 11"))
    logits = tf.random.stateless_normal([2, 8, 20], [0, 1])
    _, labels, weight = parts.shift_labels(tf.constant(TOKEN_IDS), tf.ones([2, 9], tf.bool))
    loss, count = token_cross_entropy(logits, labels, weight)
    assert float(parts.mean_loss(logits, labels, weight)) == pytest.approx(float(loss / count))
    assert float(parts.warmup_cosine(5, 1.0, 10, 100, 0.0)) == pytest.approx(0.5)
    # What unit 11 imports of unit 5 is the student's own.
    assert parts.train_step.__globals__["shift_labels"] is parts.shift_labels


def test_a_run_keeps_the_files_it_was_made_with(tmp_path):
    mine = tmp_path / "mine"
    shutil.copytree(SOLUTIONS, mine)
    folder = tmp_path / "layers"
    keep_own_files(mine, {"ex07_attention"}, folder)
    (mine / "ex07_attention.py").write_text("raise SystemExit")
    assert [path.name for path in folder.iterdir()] == ["ex07_attention.py"]
    own_parts(folder)
