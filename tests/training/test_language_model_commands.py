"""`coursekit train language-model` as a user meets it."""

import json
import shutil
import signal
import time
from pathlib import Path

import pytest

from coursekit.training.run_folder import RunFolder
from tests.training.small_language_run import small_language_settings, write_text
from tests.training.small_run import small_settings, write_pairs
from tests.training.test_commands import (
    ROOT,
    _wait_for_checkpoint,
    coursekit,
    finish,
    losses,
    refusal,
)

TRAIN = ("train", "language-model")
SMALL = ["--num-layers", "1", "--num-heads", "2", "--hidden-dim", "16", "--sequence-length", "16"]
SMALL += ["--batch-size", "8", "--text", "text.txt", "--learning-rate", "0.02", "--dropout", "0.1"]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text(tmp_path / "text.txt")
    write_pairs(tmp_path / "pairs.tsv")
    return tmp_path


def test_texts_that_cannot_be_used(workplace):
    (workplace / "directory").mkdir()
    (workplace / "binary").write_bytes(bytes(range(256)) * 50)
    (workplace / "empty").write_text("")
    (workplace / "short").write_text("To be, or not to be, that is the question.")
    said = {
        "missing": "does not exist",
        "directory": "is a directory",
        "binary": "is a binary file",
        "empty": "is empty",
        "short": "is shorter than the context: 38 tokens",
    }
    for name, words in said.items():
        error = refusal(*TRAIN, "--text", name)
        assert words in str(error)
        assert error.exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--minutes", "0"], "--minutes is above 0"),
        (["--steps", "0"], "--steps is at least 1"),
        (["--minutes", "1", "--steps", "1"], "either --minutes or --steps"),
        (["--num-heads", "3"], "--num-heads divides --hidden-dim"),
        (["--hidden-dim", "36"], "even width"),
        (["--size", "huge"], "--size is one of tiny, small"),
        (["--text", "text.txt", "--pairs", "phrasebook"], "either --text or --pairs"),
        (["--pairs", "nowhere.tsv"], "nowhere.tsv does not exist"),
        (["--pairs", "pairs.tsv", "--sequence-length", "9"], "longest line of pairs.tsv"),
        (["--layers", ".", "--positions", "rotary"], "learned or sinusoidal with --layers"),
        (["--layers", ".", "--size", "smollm2"], "made of what the units have"),
        (["--layers", "nowhere"], "nowhere is not a folder"),
        (["--vocabulary-size", "100"], "--vocabulary-size is at least 260"),
        (["--dropout", "1"], "--dropout"),
        (["--final-learning-rate", "0.5"], "--final-learning-rate is from 0 to --learning-rate"),
        (["--resume", "--overwrite"], "exclude each other"),
    ],
)
def test_options_that_cannot_be(workplace, options, said):
    error = refusal(*TRAIN, *options)
    assert said in str(error)
    assert error.exit_code == 2


def test_runs_that_cannot_be_resumed(workplace):
    assert "coursekit train language-model" in str(refusal(*TRAIN, "--resume"))
    assert "There is no run" in str(refusal(*TRAIN, "--resume", "--run", "no"))
    folder = RunFolder(workplace / "runs" / "begun")
    folder.make()
    resume = (*TRAIN, "--resume", "--run", folder.path)
    folder.write_record(small_settings("pairs.tsv"), "0")
    said = str(refusal(*resume))
    assert "is not the folder of a language model run but of a translation run" in said
    folder.write_record(small_language_settings("text.txt"), "0")
    assert "begun with hidden_dim=16" in str(refusal(*resume, "--hidden-dim", "32"))
    assert "begun with num_layers=1" in str(refusal(*resume, "--size", "tiny"))
    assert "trained on other text than text.txt" in str(refusal(*resume))
    said = str(refusal("train", "translation", "--resume", "--run", folder.path))
    assert "but of a language model run" in said


@pytest.mark.slow
def test_killed_and_resumed_it_ends_as_if_nothing_had_happened(workplace):
    """kill -9 twice; the third process finishes, with the losses of a run in one go."""
    train = [*TRAIN, "--steps", "1500", "--evaluations", "2", *SMALL]
    eager = (
        "from coursekit.training import training_loop as t; t.CHECKPOINT_SECONDS = 0.2;"
        "from coursekit.cli.main import main; main()"
    )
    run = workplace / "killed"
    resume = [*TRAIN, "--resume", "--run", run]
    for attempt, arguments in enumerate([[*train, "--run", run], resume]):
        process = coursekit(*arguments, script=eager)
        _wait_for_checkpoint(process, run, after=400 * attempt)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (run / "result.json").exists()
    killed = json.loads(finish(coursekit(*resume, "--json", script=eager)))
    whole = json.loads(finish(coursekit(*train, "--run", workplace / "whole", "--json")))
    assert losses(run) == losses(workplace / "whole")
    for key in ("validation_loss", "validation_accuracy", "steps", "epochs"):
        assert killed[key] == whole[key]
    assert whole["validation_loss"] < 1.2


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(workplace):
    run = workplace / "stopped"
    process = coursekit(*TRAIN, "--steps", "100000", *SMALL, "--run", run)
    _wait_for_checkpoint(process, run, after=-1)
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.count("\n") == 1, errors
    assert f"language-model --resume --run {run}" in errors


@pytest.mark.slow
def test_solved_units_take_part_and_others_do_not(workplace):
    """With the solutions' own parts a run learns what it learns with the reference's."""
    layers = workplace / "layers"
    layers.mkdir()
    for path in (ROOT / "solutions").glob("ex*.py"):
        source = path.read_text(encoding="utf-8")
        if path.name.startswith("ex08"):
            source = (ROOT / "exercises" / path.name).read_text(encoding="utf-8")
        (layers / path.name).write_text(source, encoding="utf-8")
    train = [*TRAIN, "--steps", "40", *SMALL, "--positions", "learned", "--json"]
    process = coursekit(*train, "--run", "own", "--layers", layers)
    output, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors
    said = {line.split()[0]: line for line in errors.splitlines() if line.strip().startswith("ex")}
    assert len(said) == 7
    for name, line in said.items():
        assert ("reference" if name.startswith("ex08") else "yours") in line
    kept = sorted(path.stem[:4] for path in Path("own/layers").glob("*.py"))
    assert kept == ["ex05", "ex06", "ex07", "ex09", "ex10", "ex11"]
    own = json.loads(output)
    reference = json.loads(finish(coursekit(*train, "--run", "reference")))
    assert own["validation_loss"] == pytest.approx(reference["validation_loss"], abs=0.3)
    assert own["parameters"] == reference["parameters"]
    shutil.rmtree(layers)
    assert "is finished" in str(refusal(*TRAIN, "--resume", "--run", "own"))
