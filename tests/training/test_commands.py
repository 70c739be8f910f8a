"""`coursekit train` and `coursekit translate` as a user meets them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray
from typer.testing import CliRunner

from coursekit.cli.main import app
from coursekit.errors import UserError
from coursekit.training.run_folder import RunFolder
from tests.training.small_run import small_settings, write_pairs

ROOT = Path(__file__).resolve().parents[2]
SMALL = ["--units", "8", "--embedding-dim", "6", "--batch-size", "16", "--learning-rate", "0.02"]
SMALL += ["--tokenizer", "words"]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path / "pairs.tsv")
    return tmp_path


def refusal(*arguments, stdin=None) -> UserError:
    """Runs a command that must be refused, and checks that it changed nothing."""
    before = sorted(Path.cwd().rglob("*"))
    result = CliRunner().invoke(app, list(map(str, arguments)), input=stdin)
    assert isinstance(result.exception, UserError), (result.output, result.exception)
    assert "\n" not in str(result.exception)
    assert result.exception.exit_code != 0
    assert sorted(Path.cwd().rglob("*")) == before
    return result.exception


def bad_files(folder):
    (folder / "directory").mkdir()
    (folder / "binary").write_bytes(bytes(range(256)) * 50)
    (folder / "empty").write_text("")
    (folder / "one_column").write_text("a sentence\n" * 100)
    (folder / "few").write_text("Go.\tVa !\nRun.\tCours !\n")
    return {
        "directory": "is a directory",
        "binary": "is a binary file",
        "empty": "is empty",
        "one_column": "one column",
        "few": "source sentences",
        "missing": "does not exist",
    }


def test_pairs_that_cannot_be_used(workplace):
    for name, said in bad_files(workplace).items():
        error = refusal("train", "translation", "--pairs", name)
        assert said in str(error)
        assert error.exit_code == 2


def test_runs_that_cannot_be_resumed(workplace):
    assert "no trained run" in str(refusal("train", "translation", "--resume"))
    assert "There is no run" in str(refusal("train", "translation", "--resume", "--run", "no"))
    folder = RunFolder(workplace / "runs" / "begun")
    folder.make()
    folder.write_record(small_settings("pairs.tsv"), "0")
    resume = ("train", "translation", "--resume", "--run", folder.path)
    said = str(refusal(*resume, "--cell", "lstm"))
    assert "begun with cell=gru" in said
    assert "Received: --cell lstm" in said
    assert "begun with units=8" in str(refusal(*resume, "--units", "16"))
    assert "other sentences" in str(refusal(*resume))
    assert "exclude each other" in str(refusal(*resume, "--overwrite"))
    folder.result.write_text("{}")
    assert "is finished" in str(refusal(*resume))


def test_runs_are_not_overwritten_unasked(workplace):
    folder = RunFolder(workplace / "mine")
    folder.make()
    folder.write_record(small_settings("pairs.tsv"), "0")
    said = str(refusal("train", "translation", "--pairs", "pairs.tsv", "--run", "mine"))
    assert "--resume" in said
    assert "--overwrite" in said
    (workplace / "thesis").mkdir()
    (workplace / "thesis" / "chapter.txt").write_text("mine")
    said = str(refusal("train", "translation", "--run", "thesis", "--overwrite"))
    assert "is no run" in said


@pytest.mark.parametrize(
    "options",
    [
        ["--minutes", "0"],
        ["--epochs", "0"],
        ["--minutes", "1", "--epochs", "1"],
        ["--units", "7"],
        ["--dropout", "2"],
        ["--layers", "nowhere"],
    ],
)
def test_options_that_cannot_be(workplace, options):
    assert options[0] in str(refusal("train", "translation", *options)) or "nowhere" in options


def test_translate_without_a_run_or_a_sentence(workplace):
    assert "no trained run" in str(refusal("translate", "Go."))
    assert "There is no run" in str(refusal("translate", "Go.", "--run", "nowhere"))
    assert "no sentence" in str(refusal("translate", stdin="\n  \n"))


def coursekit(*arguments, script="from coursekit.cli.main import main; main()", **options):
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finish(process) -> str:
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return output


def losses(run) -> list[tuple[int, float]]:
    events = EventAccumulator(str(run / "events"), {"tensors": 10_000}).Reload()
    return [(e.step, float(make_ndarray(e.tensor_proto))) for e in events.Tensors("train/loss")]


@pytest.mark.slow
def test_killed_and_resumed_it_ends_as_if_nothing_had_happened(workplace):
    """kill -9 twice; the third process finishes, with the losses of a run in one go."""
    train = ["train", "translation", "--pairs", "pairs.tsv", "--epochs", "150", *SMALL]
    eager = (
        "from coursekit.training import training_loop as t; t.CHECKPOINT_SECONDS = 0.2;"
        "from coursekit.cli.main import main; main()"
    )
    run = workplace / "killed"
    resume = ["train", "translation", "--resume", "--run", run]
    for attempt, arguments in enumerate([[*train, "--run", run], resume]):
        process = coursekit(*arguments, script=eager)
        _wait_for_checkpoint(process, run, after=200 * attempt)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (run / "result.json").exists()
    killed = json.loads(finish(coursekit(*resume, "--json", script=eager)))
    whole = json.loads(finish(coursekit(*train, "--run", workplace / "whole", "--json")))
    assert losses(run) == losses(workplace / "whole")
    for key in ("bleu", "steps", "epochs"):
        assert killed[key] == whole[key]
    assert whole["steps"] > 500
    assert whole["bleu"] > 30

    answer = finish(coursekit("translate", "she reads a zebra.", "--run", run, "--json"))
    (translation,) = json.loads(answer)["translations"]
    assert translation["unknown_words"] == ["reads", "zebra"]
    process = coursekit("translate", "--run", run, stdin=subprocess.PIPE)
    output, errors = process.communicate("she read a book.\n\nwe take a cat.\n", timeout=120)
    assert process.returncode == 0
    assert len(output.splitlines()) == 2
    assert not errors


def _wait_for_checkpoint(process, run, after):
    """Until a checkpoint beyond a step is there, and then a moment longer."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        steps = [int(path.stem.split("-")[1]) for path in run.glob("checkpoints/step-*.npz")]
        if max(steps, default=-1) > after:
            time.sleep(0.37)
            return
        time.sleep(0.05)
    raise AssertionError("no checkpoint in time")


@pytest.mark.slow
def test_ctrl_c_saves_and_says_how_to_go_on(workplace):
    run = workplace / "stopped"
    train = ["train", "translation", "--pairs", "pairs.tsv", "--epochs", "5000", *SMALL]
    process = coursekit(*train, "--run", run)
    _wait_for_checkpoint(process, run, after=-1)
    time.sleep(8)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.count("\n") == 1, errors
    assert f"--resume --run {run}" in errors


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "unit"), [("rnn", "ex01"), ("lstm", "ex02"), ("gru", "ex03")])
def test_solved_units_take_part_and_others_do_not(workplace, cell, unit):
    """With the solutions' own cells a run learns what it learns with the reference's."""
    layers = workplace / "layers"
    layers.mkdir()
    for path in (ROOT / "solutions").glob("ex0*.py"):
        source = path.read_text(encoding="utf-8")
        if path.name.startswith("ex04"):
            source = source.replace("target_ids[:, 1:], sample_weight", "target_ids, sample_weight")
        (layers / path.name).write_text(source, encoding="utf-8")
    train = [
        "train",
        "translation",
        "--pairs",
        "pairs.tsv",
        "--epochs",
        "2",
        "--cell",
        cell,
        *SMALL,
    ]
    output = finish(coursekit(*train, "--run", "own", "--layers", layers))
    said = {line.split()[0]: line for line in output.splitlines() if line.strip().startswith("ex")}
    assert len(said) == 2
    for name, line in said.items():
        assert ("yours" if name.startswith(unit) else "reference") in line
    finish(coursekit(*train, "--run", "reference"))
    own, reference = losses(workplace / "own"), losses(workplace / "reference")
    assert [step for step, _ in own] == [step for step, _ in reference]
    assert own[-1][1] < own[0][1] or len(own) == 1
    assert finish(coursekit("translate", "she read a book.", "--run", "own"))
