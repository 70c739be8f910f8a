"""The smaller parts of training: rate, budget, BLEU, data, settings, event files, run folders."""

import doctest

import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from coursekit.errors import UserError
from coursekit.training import bleu, learning_rate, run_folder
from coursekit.training.bleu import corpus_bleu
from coursekit.training.budget import Budget
from coursekit.training.event_log import EventLog
from coursekit.training.learning_rate import warmup_linear
from coursekit.training.run_folder import RunFolder, free_run, latest_run
from coursekit.training.sentence_translation import padded
from coursekit.training.translation_data import split_pairs, tokenize
from coursekit.training.translation_settings import TranslationSettings
from tests.training.small_run import small_settings, write_pairs


@pytest.mark.parametrize("module", [bleu, learning_rate])
def test_examples_in_docstrings(module):
    results = doctest.testmod(module)
    assert results.attempted
    assert not results.failed


def test_rate_rises_then_falls_to_zero():
    rates = [warmup_linear(step, step / 200, 2.0, 20) for step in range(201)]
    assert np.argmax(rates) == 19
    assert (np.diff(rates[:20]) > 0).all()
    assert (np.diff(rates[20:]) < 0).all()
    assert rates[-1] == 0
    assert max(rates) <= 2.0
    assert warmup_linear(0, 0.0, 2.0, 0) == 2.0


def test_budget_of_minutes_and_of_steps():
    assert Budget(minutes=2).progress(step=10**6, seconds=30) == 0.25
    assert Budget(minutes=2).progress(step=0, seconds=500) == 1
    assert Budget(steps=50).progress(step=10, seconds=10**6) == 0.2
    assert Budget(steps=50).progress(step=51, seconds=0) == 1


def test_bleu_takes_the_best_of_several_references():
    translations = ["le chat noir dort ici .", "il mange une pomme rouge ."]
    one = [["le chat noir dort ici ."], ["il prend un fruit vert ."]]
    two = [one[0], [*one[1], "il mange une pomme rouge ."]]
    assert corpus_bleu(translations, two).score == 100
    assert corpus_bleu(translations, one).score < 90
    assert "nrefs:var" in corpus_bleu(translations, two).signature
    assert "tok:13a" in corpus_bleu(translations, one).signature


def test_held_out_sources_are_not_trained_on(tmp_path):
    settings = small_settings(write_pairs(tmp_path / "pairs.tsv"))
    pairs = split_pairs(settings)
    trained = {pair.source for pair in pairs.train}
    for held_out in pairs.held_out.values():
        assert len(held_out.sources) == 12
        assert not trained & set(held_out.sources)
        assert sum(map(len, held_out.references)) == len(held_out.pairs)
        some = held_out.first(3)
        assert some.sources == held_out.sources[:3]
        assert some.references == held_out.references[:3]
    assert pairs.fingerprint == split_pairs(settings).fingerprint
    data = tokenize(pairs, settings)
    again = tokenize(pairs, settings, (data.source_tokenizer, data.target_tokenizer))
    for one, other in zip(data.batches.arrays(3), again.batches.arrays(3), strict=True):
        assert (one["target_ids"] == other["target_ids"]).all()


def test_a_file_with_few_sentences_is_refused(tmp_path):
    path = tmp_path / "few.tsv"
    path.write_text("Go.\tVa !\n" * 500, encoding="utf-8")
    with pytest.raises(UserError, match="has 1 source sentences"):
        split_pairs(small_settings(path))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cell": "elman"}, "--cell is gru, lstm or rnn. Received: elman"),
        ({"units": 7}, "--units is even"),
        ({"dropout": 1.0}, "--dropout"),
        ({"teacher_forcing": 1.5}, "--teacher-forcing is from 0 to 1. Received: 1.5"),
        ({"minutes": 1.0}, "either --minutes or --epochs"),
        ({"epochs": None}, "either --minutes or --epochs"),
        ({"epochs": 0}, "--epochs is at least 1"),
        ({"learning_rate": 0.0}, "--learning-rate"),
    ],
)
def test_settings_that_cannot_be_are_named(changes, said):
    with pytest.raises(UserError) as refused:
        small_settings("pairs.tsv", **changes)
    assert said in str(refused.value)
    assert refused.value.exit_code == 2


def test_settings_survive_json():
    settings = small_settings("pairs.tsv", seed=3)
    assert TranslationSettings.from_json(settings.to_json()) == settings


def test_rows_are_padded():
    assert padded([[5], [6, 7, 8]]).tolist() == [[5, 0, 0], [6, 7, 8]]
    assert padded([[5, 6]]).dtype == np.int32


def test_a_resumed_log_voids_what_came_after_its_checkpoint(tmp_path):
    log = EventLog(tmp_path, 0)
    for step in (10, 20, 30):
        log.scalars({"loss": step}, step)
    log.close()
    log = EventLog(tmp_path, 20)
    log.scalars({"loss": 300.0}, 30)
    log.table("samples", [["a", "b"], ["é", "c"]], 30)
    log.close()
    events = EventAccumulator(str(tmp_path)).Reload().Tensors("loss")
    values = [(event.step, make_ndarray(event.tensor_proto)) for event in events]
    assert values == [(10, 10), (20, 20), (30, 300)]


def test_run_folders_are_never_taken_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_folder, "RUNS", tmp_path / "runs")
    first = free_run(None)
    assert first.path.name == "translation"
    first.make()
    assert free_run(None).path.name == "translation"  # still empty
    first.write_record(small_settings("x.tsv"), "0")
    assert free_run(None).path.name == "translation-2"
    with pytest.raises(UserError, match="holds a run already"):
        free_run(first.path)
    assert free_run(first.path, overwrite=True) == first
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(UserError, match="is no run"):
            free_run(tmp_path / "thesis", overwrite)
    with pytest.raises(UserError, match="There is no run"):
        RunFolder(tmp_path / "nowhere").read_record()
    with pytest.raises(UserError, match="not the folder of a translation run"):
        RunFolder(tmp_path / "thesis").read_record()
    with pytest.raises(UserError, match="no trained run"):
        latest_run(tmp_path / "runs")
    first.make()
    assert not any(first.path.iterdir())
