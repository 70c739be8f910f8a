"""What `coursekit train translation` does between the options and the last line."""

import json
from pathlib import Path

from rich.console import Console

from coursekit.cli.quiet_import import import_tensorflow
from coursekit.cli.solved_units import solved_units
from coursekit.cli.training_display import TrainingDisplay
from coursekit.errors import UserError


def train_translation(*arguments, **options) -> None:
    """Runs `_train_translation`; Ctrl-C before the first step ends it with one line."""
    try:
        _train_translation(*arguments, **options)
    except KeyboardInterrupt:
        raise UserError("interrupted. If training had begun, go on with --resume.", 130) from None


def _train_translation(
    given: dict, path: Path | None, resume: bool, overwrite: bool, as_json: bool
) -> None:
    """Checks what was asked for, then trains and says how to go on.

    Args:
        given: the settings named on the command line.
        path: folder of the run, or None.
        resume: whether to go on with a run.
        overwrite: whether a run in `path` is removed.
        as_json: whether the result is printed as JSON, and everything else to stderr.
    """
    console = Console(stderr=as_json, highlight=False)
    if resume and overwrite:
        raise UserError("--resume and --overwrite exclude each other.")
    from coursekit.training.run_folder import check_resumable, free_run
    from coursekit.training.translation_data import split_pairs

    # Everything that can be refused comes before TensorFlow is imported: it takes seconds.
    if resume:
        settings, folder = _settings_of_run(given, path)
    else:
        settings, folder = _settings(given), free_run(path, overwrite)
    solved = _solved(settings, console)
    pairs = split_pairs(settings)
    if resume:
        check_resumable(folder, pairs)
    console.print(f"Run {folder.path}{' goes on' if resume else ''}", markup=False)
    for note in pairs.notes:
        console.print(f"  {note}", style="dim", markup=False)

    import_tensorflow()
    from coursekit.training.translation import resume_training, start_training

    own = _own_layers(settings, solved)
    with TrainingDisplay(console) as display:
        result = (
            resume_training(folder, pairs, display, **own)
            if resume
            else start_training(settings, folder, pairs, display, **own)
        )
    _say_what_next(result, folder, console)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))


def _solved(settings, console: Console) -> set[str]:
    """The units whose code takes part. They are judged before TensorFlow is imported here."""
    from coursekit.training.student_layers import UNIT_OF_CELL, UNIT_OF_PAIR

    if settings.layers is None:
        return set()
    wanted = [UNIT_OF_CELL[settings.cell], UNIT_OF_PAIR]
    return solved_units(Path(settings.layers), wanted, settings.seed, console)


def _own_layers(settings, solved: set[str]) -> dict:
    from coursekit.training.student_layers import (
        UNIT_OF_CELL,
        UNIT_OF_PAIR,
        student_cell,
        student_pair,
    )

    own = {}
    if UNIT_OF_CELL[settings.cell] in solved:
        own["cell"] = student_cell(settings.layers, settings.cell)
    if UNIT_OF_PAIR in solved:
        own["make_pair"] = student_pair(settings.layers)
    return own


def _settings(given: dict):
    from coursekit.training.translation_settings import TranslationSettings

    return TranslationSettings(**given)


def _settings_of_run(given: dict, path: Path | None):
    """The settings of the run that goes on; refuses others on the command line."""
    from coursekit.training.run_folder import RunFolder, latest_run

    folder = latest_run() if path is None else RunFolder(path)
    settings, _ = folder.read_record()
    for name, value in given.items():
        if getattr(settings, name) != value:
            raise UserError(
                f"{folder.path} was begun with {name}={getattr(settings, name)}. Received: "
                f"--{name.replace('_', '-')} {value}. Leave the option out, or start another run."
            )
    return settings, folder


def _say_what_next(result: dict, folder, console: Console) -> None:
    console.print(
        f"BLEU {result['bleu']:.1f} on {result['sentences']:,} held-out sentences "
        f"({result['signature']})\n"
        f"{result['steps']:,} steps, {result['epochs']:.1f} epochs, {result['seconds']:.0f} s, "
        f"{result['parameters']:,} parameters\n"
        f"Training curves:  tensorboard --logdir {folder.path}\n"
        f'Translate:        coursekit translate "a sentence" --run {folder.path}',
        markup=False,
        soft_wrap=True,
    )
