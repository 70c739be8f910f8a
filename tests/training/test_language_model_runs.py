"""A language-model run from start to result; interrupted and resumed it ends where it would have."""

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
from coursekit.training import training_loop
from coursekit.training.checkpoints import load_latest
from coursekit.training.language_model import resume_language_model, start_language_model
from coursekit.training.language_model_data import split_language_data, tokenize_language_data
from coursekit.training.language_model_evaluation import Evaluator
from coursekit.training.run_folder import RunFolder, latest_run
from coursekit.training.saved_language_model import load_language_model
from coursekit.training.training_loop import Interrupted
from tests.training.small_language_run import small_language_settings, small_text, write_text
from tests.training.small_run import Recorder, write_pairs


class Runs(NamedTuple):
    """One run in one go, and the same run asked to stop at step 10 and resumed."""

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
    settings = small_language_settings(write_text(path / "text.txt"))
    data = split_language_data(settings)
    whole, parts = Recorder(), Recorder(_interrupt_at(10))
    folder, parts_folder, stopped_folder = (RunFolder(path / n) for n in ("one", "two", "stopped"))
    result = start_language_model(settings, folder, data, whole)
    with pytest.raises(Interrupted) as stopped:
        start_language_model(settings, parts_folder, data, parts)
    shutil.copytree(parts_folder.path, stopped_folder.path)
    parts.at_step = None
    parts_result = resume_language_model(parts_folder, data, parts)
    return Runs(
        whole, parts, folder, parts_folder, stopped_folder, stopped.value, result, parts_result
    )


def _interrupt_at(stop):
    return lambda step: os.kill(os.getpid(), signal.SIGINT) if step == stop else None


def logged(folder, tag):
    events = EventAccumulator(str(folder.events)).Reload()
    return [(e.step, make_ndarray(e.tensor_proto)) for e in events.Tensors(tag)]


def test_being_asked_to_stop_saves_and_says_how_to_go_on(runs):
    assert runs.stopped.exit_code == 130
    assert f"train language-model --resume --run {runs.parts_folder.path}" in str(runs.stopped)
    assert load_latest(runs.stopped_folder.checkpoints).state["step"] == 10


def test_resumed_is_uninterrupted(runs):
    assert list(runs.whole.losses) == [10, 20]
    assert runs.parts.losses == runs.whole.losses
    expected, received = (
        load_latest(folder.checkpoints).arrays for folder in (runs.folder, runs.parts_folder)
    )
    assert expected.keys() == received.keys() == {"model", "draws", "optimizer"}
    for group, arrays in expected.items():
        for one, other in zip(received[group], arrays, strict=True):
            np.testing.assert_array_equal(one, other)
    changing = ("run", "seconds")
    assert {k: v for k, v in runs.result.items() if k not in changing} == {
        k: v for k, v in runs.parts_result.items() if k not in changing
    }


def test_it_learns_and_logs(runs):
    losses = list(runs.whole.losses.values())
    assert losses[-1] < losses[0] < np.log(runs.result["vocabulary_size"]) + 0.2
    assert runs.result["validation_loss"] < losses[0]
    assert runs.result["steps"] == 24
    assert runs.result["epochs"] == pytest.approx(24 * 8 * 16 / (0.9 * len(small_text())), rel=0.01)
    assert runs.result["validation_tokens"] == pytest.approx(0.1 * len(small_text()), abs=2)
    for tag in ("loss", "perplexity", "gradient_norm", "learning_rate", "tokens_per_second"):
        assert [step for step, _ in logged(runs.folder, f"train/{tag}")] == [10, 20]
    for tag in ("loss", "perplexity", "accuracy"):
        assert [step for step, _ in logged(runs.folder, f"validation/{tag}")] == [24]
    _, table = logged(runs.folder, "samples")[-1]
    assert table[0].tolist() == [b"prompt", b"continuation"]
    assert table.shape == (5, 2)
    rates = [float(value) for _, value in logged(runs.folder, "train/learning_rate")]
    assert 0 < rates[-1] < rates[0] < 0.02


def test_a_saved_model_is_the_one_that_was_evaluated(runs):
    model, tokenizer = load_language_model(runs.folder.path)
    settings, _ = runs.folder.read_record("language-model")
    data = tokenize_language_data(split_language_data(settings), settings, tokenizer)
    loss, accuracy = Evaluator(model, data, settings.sequence_length).losses()
    assert loss == pytest.approx(runs.result["validation_loss"], abs=1e-4)
    assert accuracy == pytest.approx(runs.result["validation_accuracy"], abs=1e-3)


def test_the_held_out_loss_is_the_same_however_it_is_batched(runs):
    model, tokenizer = load_language_model(runs.folder)
    settings, _ = runs.folder.read_record("language-model")
    data = tokenize_language_data(split_language_data(settings), settings, tokenizer)
    ids = data.held_out
    total = 0.0
    for first in range(0, len(ids) - 1, 16):
        window = ids[first : first + 17]
        logits = np.array(model(window[None, :-1], training=False))[0].astype("float64")
        total -= sum(
            row[label] - np.log(np.exp(row).sum())
            for row, label in zip(logits, window[1:], strict=True)
        )
    assert total / (len(ids) - 1) == pytest.approx(runs.result["validation_loss"], abs=1e-3)


@pytest.fixture
def stopped(runs, tmp_path):
    folder = RunFolder(tmp_path / "runs" / "stopped")
    shutil.copytree(runs.stopped_folder.path, folder.path)
    return folder


def test_runs_that_do_not_fit_are_refused(runs, stopped):
    settings, fingerprint = stopped.read_record("language-model")
    data = split_language_data(settings)
    with pytest.raises(UserError, match="is finished"):
        resume_language_model(runs.folder, data, Recorder())
    data.train += "x"
    with pytest.raises(UserError, match=r"trained on other text than .*text.txt holds now"):
        resume_language_model(stopped, data, Recorder())
    stopped.write_record(replace(settings, hidden_dim=18), fingerprint)
    with pytest.raises(UserError, match="another shape"):
        resume_language_model(stopped, split_language_data(settings), Recorder())
    with pytest.raises(UserError, match="another shape"):
        load_language_model(stopped)


def test_a_run_of_another_task_is_refused(stopped):
    with pytest.raises(UserError, match="not the folder of a translation run but of a language"):
        stopped.read_record()
    assert latest_run(stopped.path.parent, "language-model") == stopped
    with pytest.raises(UserError, match="coursekit train translation"):
        latest_run(stopped.path.parent)


def test_several_steps_a_call_end_at_the_same_step(tmp_path):
    settings = small_language_settings(
        write_text(tmp_path / "text.txt"), steps_per_call=10, accumulation=2
    )
    recorder = Recorder()
    folder = RunFolder(tmp_path / "run")
    result = start_language_model(settings, folder, split_language_data(settings), recorder)
    assert result["steps"] == 24
    assert list(recorder.losses) == [10, 20]


def test_minutes_end_a_run(tmp_path, monkeypatch):
    monkeypatch.setattr(training_loop, "STEPS_PER_REPORT", 1)
    settings = small_language_settings(
        write_text(tmp_path / "text.txt"), steps=None, minutes=0.02, warmup_steps=3
    )
    folder = RunFolder(tmp_path / "run")
    start_language_model(settings, folder, split_language_data(settings), Recorder())
    rates = [float(value) for _, value in logged(folder, "train/learning_rate")]
    assert max(rates) <= 0.02
    assert rates[-1] < 0.2 * max(rates)


def test_sentence_pairs_are_learned_as_lines(tmp_path):
    settings = small_language_settings(
        None,
        pairs=str(write_pairs(tmp_path / "pairs.tsv")),
        tokenizer="byte-pairs",
        vocabulary_size=400,
        sequence_length=64,
        steps=12,
    )
    data = split_language_data(settings)
    recorder = Recorder()
    folder = RunFolder(tmp_path / "run")
    result = start_language_model(settings, folder, data, recorder)
    assert result["sentences"] == 12
    assert 0 <= result["bleu"] <= 100
    (evaluation,) = recorder.evaluations.values()
    assert evaluation.table()[0] == ("source", "reference", "translation")
    tokens = tokenize_language_data(data, settings)
    answers = sum(tokens.train.lengths - tokens.train.answers)
    targets = tokens.tokenizer.encode([target for _, target in data.pairs.train])
    assert answers == sum(len(target) + 1 for target in targets)
    (first,) = tokens.tokenizer.decode([tokens.train.ids[: tokens.train.lengths[0]]])
    source, target = min(data.pairs.train, key=lambda p: 0 if f"English: {p[0]} " in first else 1)
    assert first == f"English: {source} French: {target}"
