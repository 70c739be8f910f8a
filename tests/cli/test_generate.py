"""`coursekit generate` as a user meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coursekit.cli.main import app
from coursekit.errors import UserError
from coursekit.training.run_folder import RunFolder
from coursekit.training.translation_settings import TranslationSettings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with a tiny trained run of a language model and a begun one of translation."""
    from coursekit.training.language_model import start_language_model
    from coursekit.training.language_model_data import split_language_data
    from tests.training.small_language_run import small_language_settings, write_text
    from tests.training.small_run import Recorder

    folder = tmp_path_factory.mktemp("workplace")
    text = write_text(folder / "text.txt")
    settings = small_language_settings(text, sequence_length=32)
    data = split_language_data(settings)
    start_language_model(settings, RunFolder(folder / "runs" / "words"), data, Recorder())
    begun = RunFolder(folder / "runs" / "translation")
    begun.make()
    begun.write_record(TranslationSettings(epochs=1, minutes=None), "0")
    return folder


@pytest.fixture(autouse=True)
def at_work(workplace, monkeypatch):
    monkeypatch.chdir(workplace)


def generate(*arguments, stdin=None):
    return CliRunner().invoke(app, ["generate", *map(str, arguments)], input=stdin)


def output_of(*arguments, stdin=None) -> str:
    result = generate(*arguments, stdin=stdin)
    assert result.exception is None, result.exception
    return result.stdout


def test_it_writes_on_from_the_prompt():
    text = output_of("the cat", "--max-tokens", 12)
    assert text.startswith("the cat")
    assert len(text) == len("the cat") + 12 + 1
    assert text.endswith("\n")
    assert text == output_of("the cat", "--max-tokens", 12, "--run", "runs/words")
    assert text == output_of("--max-tokens", 12, stdin="the cat\n")
    assert text != output_of("the cat", "--max-tokens", 12, "--seed", 1)
    filled = output_of("the cat")
    assert len(filled) == 32 + 1
    assert filled.startswith(text.removesuffix("\n"))


def test_json_is_the_documented_object():
    options = ["--max-tokens", 9, "--temperature", 1.5, "--top-k", 7, "--top-p", 0.9]
    content = json.loads(output_of("a dog", *options, "--seed", 5, "--samples", 3, "--json"))
    assert content["run"] == str(Path("runs", "words"))
    assert content["prompt"] == "a dog"
    assert content["sampling"] == {
        "greedy": False,
        "temperature": 1.5,
        "top_k": 7,
        "top_p": 0.9,
    }
    assert [sample["seed"] for sample in content["samples"]] == [5, 6, 7]
    for sample in content["samples"]:
        alone = output_of("a dog", *options, "--seed", sample["seed"])
        assert alone == "a dog" + sample["text"] + "\n"
        assert sample["tokens"] == len(sample["text"]) == 9
        assert sample["ended_by"] == "length"
    shown = output_of("a dog", *options, "--seed", 5, "--samples", 3)
    assert shown == "".join(f"--- seed {s['seed']}\na dog{s['text']}\n" for s in content["samples"])


def test_greedy_takes_the_likeliest_whatever_the_seed():
    options = ["--greedy", "--max-tokens", 15]
    assert output_of("the", *options) == output_of("the", *options, "--seed", 9)
    content = json.loads(output_of("the", *options, "--json"))
    assert content["sampling"] == {
        "greedy": True,
        "temperature": None,
        "top_k": None,
        "top_p": None,
    }
    assert content["samples"][0]["text"] == output_of("the", "--top-k", 1, *options[1:])[3:-1]


def test_it_ends_before_a_stop_text():
    whole = output_of("the cat", "--max-tokens", 20)[7:-1]
    stop = whole[8:10]
    cut = whole[: whole.index(stop)]
    assert output_of("the cat", "--max-tokens", 20, "--stop", stop) == f"the cat{cut}\n"
    content = json.loads(output_of("the cat", "--stop", stop, "--stop", "zebra", "--json"))
    assert content["samples"][0]["ended_by"] == "stop"
    assert content["samples"][0]["text"] == cut


def test_a_window_slides_when_asked():
    prompt = "the cat saw a dog and then it ran to the sea "
    text = output_of(prompt, "--window", "--max-tokens", 50)
    assert len(text) == len(prompt) + 50 + 1
    assert len(output_of("the cat", "--window")) == len("the cat") + 32 + 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["the " * 9], "longer than the context of 32 tokens"),
        (["t" * 32], "fills the context of 32 tokens"),
        (["the", "--max-tokens", 30], "at most 29 new ones"),
        ([""], "prompt is empty"),
        (["Zürich"], "never seen 'Z', 'ü'"),
        (["the", "--temperature", 0], "--greedy"),
        (["the", "--temperature", -1], "temperature=-1.0"),
        (["the", "--top-p", 0], "top_p=0.0"),
        (["the", "--top-p", 1.2], "top_p=1.2"),
        (["the", "--top-k", 0], "top_k=0"),
        (["the", "--max-tokens", -3], "--max-tokens is 0 or more"),
        (["the", "--seed", -3], "--seed is 0 or more"),
        (["the", "--samples", 0], "--samples is at least 1"),
        (["the", "--greedy", "--temperature", 1], "excludes --temperature"),
        (["the", "--greedy", "--samples", 2], "--greedy writes one text"),
        (["the", "--stop", ""], "stop text"),
        (["the", "--run", "nowhere"], "There is no run nowhere"),
        (["the", "--run", "runs/translation"], "translation run"),
        (["the", "--run", "."], "is not the folder of a language model run"),
    ],
)
def test_what_cannot_be_written_is_refused_in_a_line(arguments, said):
    result = generate(*arguments)
    assert isinstance(result.exception, UserError), (result.output, result.exception)
    assert said in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.exception.exit_code == 2
    assert result.stdout == ""


def test_nothing_on_standard_input():
    assert "prompt is empty" in str(generate(stdin="").exception)


def test_without_any_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = str(generate("the").exception)
    assert "no trained run" in said
    assert "coursekit train language-model" in said


def test_help_and_refusals_import_nothing_heavy():
    for arguments in (["--help"], ["the", "--temperature", "0"], ["the", "--run", "nowhere"]):
        script = (
            "import sys\nfrom coursekit.cli.main import app\n"
            f"try: app(['generate', *{arguments!r}])\n"
            "except BaseException: pass\n"
            "heavy = {'tensorflow', 'keras'} & set(sys.modules)\n"
            "assert not heavy, heavy\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_process_prints_the_text_and_nothing_else(workplace):
    done = subprocess.run(
        [sys.executable, "-m", "coursekit.cli.main", "generate", "the cat", "--max-tokens", "9"],
        cwd=workplace,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == output_of("the cat", "--max-tokens", 9)
    assert done.stderr == ""
