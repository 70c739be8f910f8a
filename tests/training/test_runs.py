"""A run from start to result; interrupted and resumed it ends where it would have ended."""

import json
import os
import shutil
import signal
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from coursekit.errors import UserError
from coursekit.objectives import teacher_forcing_pair
from coursekit.training.checkpoints import load_latest, saved_checkpoints
from coursekit.training.run_folder import RunFolder
from coursekit.training.saved_translator import load_translator
from coursekit.training.sentence_translation import translate_sentences, unknown_words
from coursekit.training.training_loop import Interrupted
from coursekit.training.translation import resume_training, start_training
from coursekit.training.translation_data import split_pairs
from tests.training.small_run import Recorder, small_settings, write_pairs


def logged(folder, tag):
    """(step, value) of a tag, as TensorBoard reads the folder."""
    events = EventAccumulator(str(folder.events)).Reload()
    return [(e.step, make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]


class Runs(NamedTuple):
    """One run in one go, and the same run asked to stop at step 20 and resumed."""

    whole: Recorder
    parts: Recorder
    folder: RunFolder
    parts_folder: RunFolder
    stopped_folder: RunFolder
    stopped: Interrupted
    result: dict
    parts_result: dict


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs")
    settings = small_settings(write_pairs(path / "pairs.tsv"))
    pairs = split_pairs(settings)
    whole, parts = Recorder(), Recorder(_interrupt_at(20))
    folder, parts_folder, stopped_folder = (RunFolder(path / n) for n in ("one", "two", "stopped"))
    result = start_training(settings, folder, pairs, whole)
    with pytest.raises(Interrupted) as stopped:
        start_training(settings, parts_folder, pairs, parts)
    shutil.copytree(parts_folder.path, stopped_folder.path)
    parts.at_step = None
    parts_result = resume_training(parts_folder, pairs, parts)
    return Runs(
        whole, parts, folder, parts_folder, stopped_folder, stopped.value, result, parts_result
    )


def _interrupt_at(stop):
    return lambda step: os.kill(os.getpid(), signal.SIGINT) if step == stop else None


@pytest.fixture
def stopped(runs, tmp_path):
    """A copy of the run that was stopped, and its pairs."""
    folder = RunFolder(tmp_path / "stopped")
    shutil.copytree(runs.stopped_folder.path, folder.path)
    settings, _ = folder.read_record()
    return folder, split_pairs(settings)


def test_being_asked_to_stop_saves_and_says_how_to_go_on(runs):
    assert runs.stopped.exit_code == 130
    assert f"--resume --run {runs.parts_folder.path}" in str(runs.stopped)
    assert load_latest(runs.stopped_folder.checkpoints).state["step"] == 20
    assert not runs.stopped_folder.result.exists()


def test_resumed_is_uninterrupted(runs):
    assert len(runs.whole.losses) >= 2
    assert max(runs.whole.losses) > 20
    assert runs.parts.losses == runs.whole.losses
    expected, received = (
        load_latest(folder.checkpoints).arrays for folder in (runs.folder, runs.parts_folder)
    )
    assert expected.keys() == received.keys() == {"model", "draws", "optimizer"}
    for group, arrays in expected.items():
        for one, other in zip(received[group], arrays, strict=True):
            np.testing.assert_array_equal(one, other)
    for key in ("bleu", "steps", "epochs", "signature", "sentences"):
        assert runs.result[key] == runs.parts_result[key]
    assert json.loads(runs.parts_folder.result.read_text()) == runs.parts_result


def test_it_learns_and_logs_every_step_once(runs):
    losses = list(runs.whole.losses.values())
    assert losses[-1] < 0.8 * losses[0]
    for folder in (runs.folder, runs.parts_folder):
        steps, values = zip(*logged(folder, "train/loss"), strict=True)
        assert list(steps) == list(runs.whole.losses)
        np.testing.assert_allclose(values, losses, rtol=1e-6)
        assert [step for step, _ in logged(folder, "validation/bleu")] == [runs.result["steps"]]
    rates = [float(value) for _, value in logged(runs.folder, "train/learning_rate")]
    assert 0 < rates[-1] < rates[0] <= 0.02
    for tag in ("gradient_norm", "perplexity", "tokens_per_second"):
        assert all(value > 0 for _, value in logged(runs.folder, f"train/{tag}"))
    _, table = logged(runs.folder, "samples")[-1]
    assert table.shape == (6, 3)
    assert table[0].tolist() == [b"source", b"reference", b"translation"]


def test_the_saved_run_translates_as_its_evaluation_did(runs):
    (evaluation,) = runs.whole.evaluations.values()
    translator, tokenizers = load_translator(runs.folder)
    sources = [source for source, _, _ in evaluation.samples]
    translations = translate_sentences(translator, *tokenizers, [*sources, ""])
    assert translations == [*(translation for *_, translation in evaluation.samples), ""]
    assert unknown_words(tokenizers[0], "I see a zebra.") == ["zebra"]


def test_nothing_is_left_to_resume(runs):
    settings, _ = runs.folder.read_record()
    with pytest.raises(UserError, match="is finished"):
        resume_training(runs.folder, split_pairs(settings), Recorder())


def test_other_sentences_are_refused(stopped):
    folder, pairs = stopped
    pairs.train.append(pairs.train[0])
    with pytest.raises(UserError, match="other sentences"):
        resume_training(folder, pairs, Recorder())


def test_a_checkpoint_of_another_shape_is_refused(stopped):
    folder, pairs = stopped
    settings, fingerprint = folder.read_record()
    before = [path.read_bytes() for path in saved_checkpoints(folder.checkpoints)]
    folder.write_record(replace(settings, units=10), fingerprint)
    with pytest.raises(UserError, match="another shape"):
        resume_training(folder, pairs, Recorder())
    with pytest.raises(UserError, match="another shape"):
        load_translator(folder)
    assert [path.read_bytes() for path in saved_checkpoints(folder.checkpoints)] == before


def test_a_loss_that_is_no_number_ends_the_run(tmp_path):
    settings = small_settings(write_pairs(tmp_path / "pairs.tsv"))

    def explode(target_ids, padding_mask):
        inputs, labels, weight = teacher_forcing_pair(target_ids, padding_mask)
        return inputs, labels, weight * float("inf")

    folder = RunFolder(tmp_path / "run")
    with pytest.raises(UserError, match="no number any more"):
        start_training(settings, folder, split_pairs(settings), Recorder(), make_pair=explode)
    assert load_latest(folder.checkpoints).state["step"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("teacher_forcing", [0.0, 0.5])
def test_without_teacher_forcing_it_trains_too(tmp_path, teacher_forcing):
    settings = small_settings(
        write_pairs(tmp_path / "pairs.tsv"),
        teacher_forcing=teacher_forcing,
        cell="lstm",
        attention=True,
    )
    recorder = Recorder()
    start_training(settings, RunFolder(tmp_path / "run"), split_pairs(settings), recorder)
    losses = list(recorder.losses.values())
    assert losses[-1] < losses[0]
