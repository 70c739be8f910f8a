"""`coursekit train language-model`: a decoder transformer on a text, or on sentence pairs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_MINUTES = 5.0


class Tokenizer(StrEnum):
    characters = "characters"
    bytes = "bytes"
    byte_pairs = "byte-pairs"


class Positions(StrEnum):
    learned = "learned"
    sinusoidal = "sinusoidal"
    rotary = "rotary"
    none = "none"


class Precision(StrEnum):
    float32 = "float32"
    mixed_bfloat16 = "mixed_bfloat16"
    mixed_float16 = "mixed_float16"


def language_model(
    text: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Plain text; .gz and .zip too. [what Python's help() knows of the language]",
        ),
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|phrasebook",
            help="Learn to translate instead, from lines of sentence pairs.",
        ),
    ] = None,
    max_words: Annotated[
        int | None, typer.Option(help="Leave out pairs with a longer side. [10]")
    ] = None,
    layers: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of exercises; solved ones take part."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="NAME", help="A named size; options below override it.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="How long to train, from the first step on. [5]")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="How long to train, in steps.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run.")] = False,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of the run. [runs/language-model; resume: latest]"
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove the run that is in --run.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Of weights, windows, dropout. [0]")] = None,
    tokenizer: Annotated[
        Tokenizer | None, typer.Option(help="[characters; of pairs: byte-pairs]")
    ] = None,
    vocabulary_size: Annotated[
        int | None, typer.Option(help="The most tokens, of byte pairs. [2000]")
    ] = None,
    num_layers: Annotated[int | None, typer.Option(help="Decoder blocks. [4]")] = None,
    num_heads: Annotated[int | None, typer.Option(help="Heads of attention. [4]")] = None,
    hidden_dim: Annotated[int | None, typer.Option(help="Width of the model. [128]")] = None,
    sequence_length: Annotated[
        int | None, typer.Option(help="The context, in tokens. [64]")
    ] = None,
    positions: Annotated[
        Positions | None, typer.Option(help="[rotary; with --layers: learned]")
    ] = None,
    dropout: Annotated[float | None, typer.Option(help="[0]")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Windows in a batch. [12]")] = None,
    accumulation: Annotated[
        int | None, typer.Option(help="Batches whose gradients make one step. [1]")
    ] = None,
    learning_rate: Annotated[float | None, typer.Option(help="The peak. [0.002]")] = None,
    final_learning_rate: Annotated[
        float | None, typer.Option(help="Where the cosine ends. [0]")
    ] = None,
    warmup_steps: Annotated[int | None, typer.Option(help="[100]")] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Of matrices only. [0.1]")] = None,
    evaluations: Annotated[int | None, typer.Option(help="How often it is evaluated. [8]")] = None,
    precision: Annotated[Precision | None, typer.Option(help="[float32]")] = None,
    steps_per_call: Annotated[
        int | None, typer.Option(help="Steps in one call of the compiled function. [1]")
    ] = None,
    distribute: Annotated[
        bool | None, typer.Option("--distribute", help="Share each batch among all devices.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; progress goes to stderr.")
    ] = False,
) -> None:
    """Train a decoder transformer: progress, held-out loss, checkpoints, TensorBoard logs.

    A run that was interrupted, or killed, goes on with --resume. Ctrl-C saves first.
    """
    from coursekit.cli.training_session import train
    from coursekit.training.language_model_sizes import settings_of_size

    given = {
        "text": None if text is None else str(text),
        "pairs": pairs,
        "max_words": max_words,
        "layers": None if layers is None else str(layers),
        "minutes": minutes,
        "steps": steps,
        "seed": seed,
        "tokenizer": tokenizer and tokenizer.value,
        "vocabulary_size": vocabulary_size,
        "num_layers": num_layers,
        "num_heads": num_heads,
        "hidden_dim": hidden_dim,
        "sequence_length": sequence_length,
        "positions": positions and positions.value,
        "dropout": dropout,
        "batch_size": batch_size,
        "accumulation": accumulation,
        "learning_rate": learning_rate,
        "final_learning_rate": final_learning_rate,
        "warmup_steps": warmup_steps,
        "weight_decay": weight_decay,
        "evaluations": evaluations,
        "precision": precision and precision.value,
        "steps_per_call": steps_per_call,
        "distribute": distribute,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if size is not None:
        given = {**settings_of_size(size), **given}
    if not resume and minutes is None and steps is None:
        given["minutes"] = DEFAULT_MINUTES
    train("language-model", given, run, resume=resume, overwrite=overwrite, as_json=as_json)
