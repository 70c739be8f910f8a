"""The settings of a run from those named on the command line: a named size, and defaults."""

import dataclasses
import runpy
from pathlib import Path

import coursekit
from coursekit.errors import UserError
from coursekit.training.language_model_settings import LanguageModelSettings


def with_size(given: dict) -> LanguageModelSettings:
    """Returns settings: those given, else the size's, else the defaults of the task.

    Raises:
        UserError: there is no such size, or the settings cannot be.
    """
    values = {**_defaults(given), **given}
    name = values.pop("size", None)
    if name is not None:
        values = {**_settings_of_size(name), **values}
    return LanguageModelSettings(**values)


def _settings_of_size(name: str) -> dict:
    # By its path: the package around it imports TensorFlow, which takes seconds.
    presets = Path(coursekit.__file__).parent / "models" / "presets.py"
    sizes = runpy.run_path(str(presets))["SIZES"]
    if name not in sizes:
        raise UserError(f"--size is one of {', '.join(sizes)}. Received: {name}")
    arguments = dict(sizes[name])
    arguments.pop("vocabulary_size", None)  # the tokenizer's
    known = {field.name for field in dataclasses.fields(LanguageModelSettings)}
    values = {key: value for key, value in arguments.items() if key in known}
    further = {key: value for key, value in arguments.items() if key not in known}
    return {**values, "architecture": further} if further else values


def _defaults(given: dict) -> dict:
    """What is best depends on what is learned, and with whose layers."""
    values: dict = {}
    if "layers" in given:
        values["positions"] = "learned"  # rotary positions are in no unit
    if "pairs" in given:
        values |= {"tokenizer": "byte-pairs", "batch_size": 64}
    return values
