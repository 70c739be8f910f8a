"""What `coursekit train translation` does between the options and the last line."""

import json
from pathlib import Path

from rich.console import Console

from coursekit.cli.quiet_import import import_tensorflow
from coursekit.cli.solved_units import solved_units
from coursekit.cli.training_display import TrainingDisplay
from coursekit.errors import UserError


def train_translation(
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
    from coursekit.training.run_folder import new_run
    from coursekit.training.student_layers import (
        UNIT_OF_CELL,
        UNIT_OF_PAIR,
        student_cell,
        student_pair,
    )

    settings, folder = _settings_of_run(given, path) if resume else (_settings(given), None)
    solved: set[str] = set()
    if settings.layers is not None:
        wanted = [UNIT_OF_CELL[settings.cell], UNIT_OF_PAIR]
        # Before TensorFlow is imported here: judging forks, and does without it.
        solved = solved_units(Path(settings.layers), wanted, settings.seed, console)
    folder = folder or new_run(path, overwrite)
    console.print(f"Run {folder.path}{' goes on' if resume else ''}", markup=False)

    import_tensorflow()
    from coursekit.training.translation import resume_training, start_training

    own = {}
    if UNIT_OF_CELL[settings.cell] in solved:
        own["cell"] = student_cell(settings.layers, settings.cell)
    if UNIT_OF_PAIR in solved:
        own["make_pair"] = student_pair(settings.layers)
    with TrainingDisplay(console) as display:
        result = (
            resume_training(folder, display, **own)
            if resume
            else start_training(settings, folder, display, **own)
        )
    _say_what_next(result, folder, console)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))


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
