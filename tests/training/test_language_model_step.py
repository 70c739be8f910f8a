"""A step is a step: in one call or several, in one batch or several, by whoever's loss."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from coursekit.objectives import shift_labels, token_cross_entropy
from coursekit.text.token_windows import RandomWindows
from coursekit.training.adamw import AdamW
from coursekit.training.language_model import make_language_model
from coursekit.training.language_model_step import compiled_own_steps, compiled_steps
from coursekit.training.language_model_task import first_loss_scale
from tests.training.small_language_run import small_language_settings

IDS = np.random.default_rng(0).integers(4, 20, 500)


def trained(numbers=((0, 4),), batch_size=8, precision="float32", dropout=0.0, **options):
    """Makes steps and returns sums of each call and the weights."""
    settings = small_language_settings(None, precision=precision, dropout=dropout)
    model = make_language_model(settings, 20)
    # With a larger epsilon what has no gradient, such as the bias of keys, is not moved by rounding.
    optimizer = AdamW(
        model.trainable_variables, epsilon=1e-3, first_scale=first_loss_scale(settings)
    )
    windows = RandomWindows(IDS, 16, batch_size, seed=0)
    steps = compiled_steps(model, optimizer, windows, **options)
    sums = [
        [float(v) for v in steps(tf.constant(first), tf.fill([count], 0.01))]
        for first, count in numbers
    ]
    return sums, model.get_weights()


def singly(count):
    return [(i, 1) for i in range(count)]


def test_several_steps_in_one_call_are_the_same_steps():
    one, weights = trained(singly(4), dropout=0.2)
    several, same_weights = trained([(0, 3), (3, 1)], dropout=0.2, steps_per_call=3)
    np.testing.assert_allclose(np.sum(one[:3], axis=0), several[0], rtol=1e-5)
    for a, b in zip(weights, same_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_steps():
    one, weights = trained(singly(2), dropout=0.2)
    other, same_weights = trained(singly(2), dropout=0.2)
    assert one == other
    assert all((a == b).all() for a, b in zip(weights, same_weights, strict=True))


class Halves:
    """The batches of another object, each in two halves; the second half counts half its labels."""

    def __init__(self, whole):
        self.whole = whole

    def batch(self, number):
        token_ids, counts = self.whole.batch(number // 2)
        half = number % 2
        return token_ids[4 * half : 4 * half + 4], counts[4 * half : 4 * half + 4]


class Uneven:
    def __init__(self):
        self.windows = RandomWindows(IDS, 16, 8, seed=0)

    def batch(self, number):
        token_ids, _ = self.windows.batch(number)
        columns = tf.range(17)
        return token_ids, (columns[None] < 9) | (tf.range(8)[:, None] < 4)


def test_accumulated_batches_are_one_batch_weighted_by_tokens():
    results = []
    for batches, accumulation in ((Uneven(), 1), (Halves(Uneven()), 2)):
        model = make_language_model(small_language_settings(None, dropout=0.0), 20)
        optimizer = AdamW(model.trainable_variables, epsilon=1e-3)
        steps = compiled_steps(model, optimizer, batches, accumulation=accumulation)
        sums = [[float(v) for v in steps(tf.constant(i), tf.fill([1], 0.01))] for i in range(2)]
        results.append((sums, model.get_weights()))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-5)
    assert results[0][0][0][1] == 4 * 16 + 4 * 8
    for a, b in zip(results[0][1], results[1][1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_a_students_parts_give_the_reference_steps():
    def mean_loss(logits, labels, weight):
        loss, count = token_cross_entropy(logits, labels, weight)
        return loss / count

    one, weights = trained(singly(3))
    own, own_weights = trained(singly(3), mean_loss=mean_loss, make_labels=shift_labels)
    np.testing.assert_allclose(one, own, rtol=1e-5)
    for a, b in zip(weights, own_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)


def test_a_students_step_moves_the_weights():
    def train_step(model, optimizer, token_ids, padding_mask):
        inputs, labels, weight = shift_labels(token_ids, padding_mask)
        with tf.GradientTape() as tape:
            logits = model(inputs, padding_mask=padding_mask[:, :-1], training=True)
            loss, count = token_cross_entropy(logits, labels, weight)
            loss /= count
        gradients = tape.gradient(loss, model.trainable_weights)
        gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
        optimizer.apply_gradients(zip(gradients, model.trainable_weights, strict=True))
        return loss, norm

    model = make_language_model(small_language_settings(None, dropout=0.0), 20)
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.0)
    optimizer.build(model.trainable_variables)
    windows = RandomWindows(IDS, 16, 8, seed=0)
    steps = compiled_own_steps(model, optimizer, windows, train_step)
    own = [[float(v) for v in steps(tf.constant(i), tf.fill([1], 0.01))] for i in range(3)]
    expected, _ = trained(singly(1))
    np.testing.assert_allclose(own[0], expected[0], rtol=1e-5)
    assert own[2][0] < own[1][0] < own[0][0]


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_learns(precision):
    sums, weights = trained([(0, 12)], precision=precision, steps_per_call=12)
    expected, _ = trained([(0, 12)], steps_per_call=12)
    assert sums[0][0] == pytest.approx(expected[0][0], rel=0.02)
    assert all(np.isfinite(w).all() for w in weights)


TWO_DEVICES = """
import sys, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.training.small_language_run import small_language_settings
"""

STEPS = """
from coursekit.training.adamw import AdamW
from coursekit.text.token_windows import RandomWindows
from coursekit.training.language_model import make_language_model
from coursekit.training.language_model_step import compiled_steps
from tests.training.test_language_model_step import IDS

def run(strategy):
    model = make_language_model(small_language_settings(None, dropout=0.0), 20)
    optimizer = AdamW(model.trainable_variables, epsilon=1e-3)
    windows = RandomWindows(IDS, 16, 8, seed=0)
    steps = compiled_steps(model, optimizer, windows, steps_per_call=2, strategy=strategy)
    sums = [[float(v) for v in steps(tf.constant(i), tf.fill([2], 0.01))] for i in (0, 2)]
    return sums, model.get_weights(), [v.numpy() for v in optimizer.variables]

one = run(None)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    two = run(strategy)
np.testing.assert_allclose(one[0], two[0], rtol=1e-4)
for a, b in zip(one[1] + one[2], two[1] + two[2], strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-4)
print("same")
"""

WHOLE_RUN = """
import pathlib
from coursekit.training.language_model import start_language_model
from coursekit.training.language_model_data import split_language_data
from coursekit.training.run_folder import RunFolder
from tests.training.small_language_run import write_text
from tests.training.small_run import Recorder

folder = pathlib.Path(sys.argv[1])
losses = []
for distribute in (False, True):
    settings = small_language_settings(
        write_text(folder / "text.txt"), distribute=distribute, dropout=0.0
    )
    run = RunFolder(folder / str(distribute))
    result = start_language_model(settings, run, split_language_data(settings), Recorder())
    losses.append(result["validation_loss"])
assert abs(losses[0] - losses[1]) < 0.02, losses
print("same")
"""


@pytest.mark.slow
@pytest.mark.parametrize("script", [STEPS, WHOLE_RUN], ids=["steps", "whole run"])
def test_two_devices_do_what_one_does(tmp_path, script):
    run = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES + script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip().endswith("same"), run.stderr[-3000:]
