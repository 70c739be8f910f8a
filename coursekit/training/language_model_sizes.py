"""The settings of a run that a named size stands for, and those nobody named."""

import dataclasses
import runpy
from pathlib import Path

import coursekit
from coursekit.errors import UserError
from coursekit.training.language_model_settings import LanguageModelSettings


def settings_of_size(name: str) -> dict:
    """Returns the settings of a named size.

    Raises:
        UserError: there is no such size.
    """
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


def with_defaults(given: dict) -> LanguageModelSettings:
    """Returns settings; what is best where nothing is given depends on what is learned."""
    values: dict = {}
    if "layers" in given:
        values["positions"] = "learned"  # rotary positions are in no unit
    if "pairs" in given:
        # A batch is as wide as its longest line: a longer context costs nothing.
        values |= {"tokenizer": "byte-pairs", "batch_size": 64, "sequence_length": 128}
    return LanguageModelSettings(**{**values, **given})
