"""A trained translator, as its run left it."""

from coursekit.errors import UserError
from coursekit.models import Translator
from coursekit.training.checkpoints import assign_arrays, load_latest
from coursekit.training.run_folder import RunFolder
from coursekit.training.translation import make_translator


def load_translator(folder: RunFolder) -> tuple[Translator, tuple]:
    """Returns the translator of a run's newest checkpoint and its (source, target) tokenizers.

    The reference's layers are used, also where a student's were trained: cells that pass their
    checks have the same weights and give the same outputs.

    Raises:
        UserError: there is no such run, or it has no checkpoint.
    """
    settings, _ = folder.read_record()
    checkpoint = load_latest(folder.checkpoints)
    if checkpoint.state["step"] == 0:
        raise UserError(f"{folder.path} is not trained yet: resume it first.")
    tokenizers = folder.load_tokenizers()
    translator = make_translator(settings, [tokenizer.vocabulary_size for tokenizer in tokenizers])
    assign_arrays(translator.weights, checkpoint.arrays.get("model", []), checkpoint)
    return translator, tokenizers
