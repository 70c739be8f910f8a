"""What is particular to each task of `coursekit train`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TaskCommand:
    """How a task is begun, gone on with and talked about. Nothing here imports TensorFlow.

    Args:
        name: of the task.
        settings: checks the settings named on the command line.
        split: reads or generates the data, and refuses what cannot be used.
        units: which units may take part, by settings and whether the run goes on.
        start: trains a run from its first step.
        resume: trains a run from its last checkpoint.
        last_lines: the result in words.
        what_next: commands that use the run.
    """

    name: str
    settings: Callable[[dict], Any]
    split: Callable[[Any], Any]
    units: Callable[[Any, bool], list[str]]
    start: Callable[..., dict]
    resume: Callable[..., dict]
    last_lines: Callable[[dict], list[str]]
    what_next: Callable[[Any, Any], list[str]]


def _translation_settings(given: dict):
    from coursekit.training.translation_settings import TranslationSettings

    return TranslationSettings(**given)


def _translation_split(settings):
    from coursekit.training.translation_data import split_pairs

    return split_pairs(settings)


def _translation_units(settings, _resume) -> list[str]:
    from coursekit.training.student_layers import UNIT_OF_CELL, UNIT_OF_PAIR

    return [UNIT_OF_CELL[settings.cell], UNIT_OF_PAIR]


def _own_layers(settings, solved: set[str]) -> dict:
    from coursekit.training import student_layers

    own = {}
    if student_layers.UNIT_OF_CELL[settings.cell] in solved:
        own["cell"] = student_layers.student_cell(settings.layers, settings.cell)
    if student_layers.UNIT_OF_PAIR in solved:
        own["make_pair"] = student_layers.student_pair(settings.layers)
    return own


def _start_translation(settings, folder, pairs, display, solved) -> dict:
    from coursekit.training.translation import start_training

    return start_training(settings, folder, pairs, display, **_own_layers(settings, solved))


def _resume_translation(settings, folder, pairs, display, solved) -> dict:
    from coursekit.training.translation import resume_training

    return resume_training(folder, pairs, display, **_own_layers(settings, solved))


def _bleu_line(result: dict) -> list[str]:
    if "bleu" not in result:
        return []
    return [
        f"BLEU {result['bleu']:.1f} on {result['sentences']:,} held-out sentences "
        f"({result['signature']})"
    ]


def _language_settings(given: dict):
    from coursekit.training.language_model_sizes import with_defaults

    return with_defaults(given)


def _language_split(settings):
    """Tokenizes as well: a text that does not fit the context is refused early."""
    from coursekit.training.language_model_data import split_language_data, tokenize_language_data

    data = split_language_data(settings)
    tokenize_language_data(data, settings)
    return data


def _language_units(_settings, resume) -> list[str]:
    """A run that goes on keeps the units it began with: their files are in its folder."""
    from coursekit.course.syllabus import units
    from coursekit.training.student_transformer import UNITS

    return [] if resume else [unit.name for unit in units() if unit.name in UNITS]


def _start_language_model(settings, folder, data, display, solved) -> dict:
    from coursekit.training.language_model import start_language_model

    return start_language_model(settings, folder, data, display, solved=solved)


def _resume_language_model(_settings, folder, data, display, _solved) -> dict:
    from coursekit.training.language_model import resume_language_model

    return resume_language_model(folder, data, display)


def _loss_lines(result: dict) -> list[str]:
    return [
        *_bleu_line(result),
        f"Validation loss {result['validation_loss']:.4f}, perplexity "
        f"{result['validation_perplexity']:.2f}, on {result['validation_tokens']:,} held-out tokens",
    ]


def _use_language_model(settings, folder) -> list[str]:
    if settings.pairs is not None:
        return [f'Translate:        coursekit translate "a sentence" --run {folder.path}']
    return [f'Continue a text:  coursekit generate --run {folder.path} "a beginning"']


TASKS = {
    task.name: task
    for task in (
        TaskCommand(
            "translation",
            _translation_settings,
            _translation_split,
            _translation_units,
            _start_translation,
            _resume_translation,
            _bleu_line,
            lambda _, folder: [
                f'Translate:        coursekit translate "a sentence" --run {folder.path}'
            ],
        ),
        TaskCommand(
            "language-model",
            _language_settings,
            _language_split,
            _language_units,
            _start_language_model,
            _resume_language_model,
            _loss_lines,
            _use_language_model,
        ),
    )
}
