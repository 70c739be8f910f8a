"""`coursekit train`: trains a model, with the student's own layers where they are solved."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coursekit.cli.train_language_model import language_model

app = typer.Typer(help="Train a model.", no_args_is_help=True, rich_markup_mode=None)

DEFAULT_MINUTES = 5.0


class Cell(StrEnum):
    gru = "gru"
    lstm = "lstm"
    rnn = "rnn"


class Tokenizer(StrEnum):
    pieces = "pieces"
    words = "words"


@app.callback()
def train() -> None:
    """Train a model."""


@app.command()
def translation(
    pairs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Sentence pairs, tab-separated; .gz and .zip too. [the phrasebook]"
        ),
    ] = None,
    max_words: Annotated[
        int | None, typer.Option(help="Leave out pairs of FILE with a longer side. [10]")
    ] = None,
    cell: Annotated[Cell | None, typer.Option(help="The recurrent layer. [gru]")] = None,
    attention: Annotated[
        bool | None,
        typer.Option("--attention/--no-attention", help="Let the decoder look at the source."),
    ] = None,
    layers: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of exercises; solved ones take part."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="How long to train, from the first step on. [5]")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="How long to train, in epochs.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run.")] = False,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the run. [runs/translation; resume: latest]"),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove the run that is in --run.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of split, order, weights, dropout. [0]")] = None,
    units: Annotated[int | None, typer.Option(help="Size of a state. [256]")] = None,
    embedding_dim: Annotated[int | None, typer.Option(help="Size of an embedding. [128]")] = None,
    num_layers: Annotated[int | None, typer.Option(help="Of encoder and decoder each. [1]")] = None,
    dropout: Annotated[float | None, typer.Option(help="[0.1]")] = None,
    tokenizer: Annotated[Tokenizer | None, typer.Option(help="[pieces]")] = None,
    vocabulary_size: Annotated[
        int | None, typer.Option(help="The most tokens of each language. [5000]")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="[64]")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak. [0.003]")] = None,
    teacher_forcing: Annotated[
        float | None,
        typer.Option(help="Probability that the decoder reads the true token. [1.0]"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; progress goes to stderr.")
    ] = False,
) -> None:
    """Train an RNN translator: progress, held-out BLEU, checkpoints, TensorBoard logs.

    A run that was interrupted, or killed, goes on with --resume. Ctrl-C saves first.
    """
    from coursekit.cli.training_session import train as train_task

    given = {
        "pairs": None if pairs is None else str(pairs),
        "max_words": max_words,
        "cell": cell and cell.value,
        "attention": attention,
        "layers": None if layers is None else str(layers),
        "minutes": minutes,
        "epochs": epochs,
        "seed": seed,
        "units": units,
        "embedding_dim": embedding_dim,
        "num_layers": num_layers,
        "dropout": dropout,
        "tokenizer": tokenizer and tokenizer.value,
        "vocabulary_size": vocabulary_size,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "teacher_forcing": teacher_forcing,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if not resume and minutes is None and epochs is None:
        given["minutes"] = DEFAULT_MINUTES
    train_task("translation", given, run, resume=resume, overwrite=overwrite, as_json=as_json)


app.command("language-model")(language_model)
