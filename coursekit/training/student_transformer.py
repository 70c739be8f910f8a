"""A student's parts of the decoder transformer, each in the place of the reference's."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.training.student_layers import student_module

# In the order in which they use each other, with the names by which later ones import them.
UNITS: dict[str, tuple[str, ...]] = {
    "ex05_objective": ("shift_labels",),
    "ex06_positions": ("SinusoidalPositionEncoding", "LearnedPositionEmbedding"),
    "ex07_attention": ("causal_mask", "masked_softmax", "scaled_dot_product_attention"),
    "ex08_multihead": ("MaskedMultiHeadAttention",),
    "ex09_decoder_block": ("FeedForward", "DecoderBlock"),
    "ex10_transformer": ("DecoderTransformer",),
    "ex11_training": ("warmup_cosine",),
}


@dataclass(frozen=True)
class OwnParts:
    """What takes the place of the reference; None: the reference's.

    Args:
        model_class: `DecoderTransformer`, the student's or one made of the student's parts.
        shift_labels: `(token_ids, padding_mask) -> (inputs, labels, sample_weight)`.
        mean_loss: `(logits, labels, sample_weight) -> mean loss`.
        warmup_cosine: `(step, peak, warmup_steps, total_steps, floor) -> rate`.
        train_step: `(model, optimizer, token_ids, padding_mask) -> loss`.
        evaluate: `(model, batches) -> {"loss", "perplexity", "accuracy"}`.
    """

    model_class: Any = None
    shift_labels: Callable | None = None
    mean_loss: Callable | None = None
    warmup_cosine: Callable | None = None
    train_step: Callable | None = None
    evaluate: Callable | None = None


def keep_own_files(folder, solved: Iterable[str], kept: Path) -> None:
    """Copies the files of solved units into a run's folder: the run stays what it was."""
    for unit in sorted(solved):
        kept.mkdir(exist_ok=True)
        shutil.copy2(Path(folder) / f"{unit}.py", kept / f"{unit}.py")


def own_parts(kept: Path) -> OwnParts:
    """Loads the files of a run's folder and puts their parts together.

    A unit imports earlier ideas by name, `from coursekit.layers import DecoderBlock`. Where the
    student has solved that earlier unit, the name in the loaded module is bound to the student's
    own; where a later unit is missing, a subclass of the reference takes the student's class.
    """
    own: dict[str, Any] = {}
    modules: dict[str, Any] = {}
    for unit, names in UNITS.items():
        if (kept / f"{unit}.py").is_file():
            module = modules[unit] = student_module(kept, unit)
            for name in own.keys() & vars(module).keys():
                setattr(module, name, own[name])
            own.update({name: getattr(module, name) for name in names})
    if not modules:
        return OwnParts()
    training = modules.get("ex11_training")
    return OwnParts(
        model_class=_model_class(own),
        shift_labels=own.get("shift_labels"),
        mean_loss=getattr(modules.get("ex05_objective"), "next_token_loss", None),
        warmup_cosine=own.get("warmup_cosine"),
        train_step=getattr(training, "train_step", None),
        evaluate=getattr(training, "evaluate", None),
    )


def _model_class(own: dict[str, Any]):
    """The student's model, or the reference with whatever the student has."""
    if "DecoderTransformer" in own:
        return own["DecoderTransformer"]
    from coursekit.layers import DecoderBlock, MaskedMultiHeadAttention
    from coursekit.models import DecoderTransformer

    attention = own.get("MaskedMultiHeadAttention") or _with(
        MaskedMultiHeadAttention, attention_function=own.get("scaled_dot_product_attention")
    )
    block = own.get("DecoderBlock") or _with(DecoderBlock, attention_class=attention)
    return _with(
        DecoderTransformer,
        block_class=block,
        learned_positions_class=own.get("LearnedPositionEmbedding"),
        sinusoidal_positions_class=own.get("SinusoidalPositionEncoding"),
    )


def _with(reference, **attributes):
    """A subclass of the reference with other class attributes, where there are any."""
    different = {
        name: value
        for name, value in attributes.items()
        if value is not None and value is not getattr(reference, name, None)
    }
    return type(reference.__name__, (reference,), different) if different else reference
