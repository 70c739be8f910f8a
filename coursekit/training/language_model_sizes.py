"""The settings of a run from those named on the command line: a named size, and defaults."""

from coursekit.errors import UserError
from coursekit.training.language_model_settings import LanguageModelSettings

# What a run takes of a named size; of what else a size says a run from nothing makes no use.
_OF_A_SIZE = ("num_layers", "num_heads", "hidden_dim", "intermediate_dim", "sequence_length")


def with_size(given: dict) -> LanguageModelSettings:
    """Returns settings: those given, else the size's, else the defaults of the task.

    Raises:
        UserError: there is no such size, or the settings cannot be.
    """
    values = {**_defaults(given), **given}
    name = values.pop("size", None)
    if name is not None:
        values = {**size(name), **values}
    return LanguageModelSettings(**values)


def size(name: str) -> dict:
    """Returns the settings of a named size."""
    from coursekit.models.presets import SIZES

    if name not in SIZES:
        raise UserError(f"--size is one of {', '.join(SIZES)}. Received: {name}")
    return {key: SIZES[name][key] for key in _OF_A_SIZE if key in SIZES[name]}


def _defaults(given: dict) -> dict:
    """What is best depends on what is learned, and with whose layers."""
    values: dict = {}
    if "layers" in given:
        values["positions"] = "learned"  # rotary positions are in no unit
    if "pairs" in given:
        values |= {"tokenizer": "byte-pairs", "batch_size": 64}
    return values
