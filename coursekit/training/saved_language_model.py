"""A trained language model, as its run left it."""

from pathlib import Path
from typing import Any

from coursekit.errors import UserError
from coursekit.text.tokenizers import load_tokenizer
from coursekit.training.checkpoints import assign_arrays, load_latest
from coursekit.training.language_model import make_language_model
from coursekit.training.language_model_settings import LanguageModelSettings
from coursekit.training.run_folder import RunFolder
from coursekit.training.student_transformer import own_parts


def load_language_model(folder: RunFolder | Path | str) -> tuple[Any, Any]:
    """Returns the model of a run's newest checkpoint and its tokenizer.

    A student's layers that took part are those of the run, kept in its folder; such a model may
    have no cache.

    Raises:
        UserError: there is no such run, or it has no checkpoint.
    """
    folder = folder if isinstance(folder, RunFolder) else RunFolder(Path(folder))
    settings, _ = folder.read_record(LanguageModelSettings.task)
    checkpoint = load_latest(folder.checkpoints)
    if checkpoint.state["step"] == 0:
        raise UserError(f"{folder.path} is not trained yet: resume it first.")
    tokenizer = load_tokenizer(folder.tokenizer)
    model = make_language_model(settings, tokenizer.vocabulary_size, own_parts(folder.layers))
    assign_arrays(model.weights, checkpoint.arrays.get("model", []), checkpoint)
    return model, tokenizer
