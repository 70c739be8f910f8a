"""Trains a language model: a run from its first step, or from its last checkpoint, to its result."""

import keras
import tensorflow as tf

from coursekit.errors import UserError
from coursekit.text.tokenizers import load_tokenizer
from coursekit.training.budget import Stopwatch
from coursekit.training.checkpoints import load_latest
from coursekit.training.language_model_data import (
    SplitLines,
    SplitText,
    TokenData,
    tokenize_language_data,
)
from coursekit.training.language_model_settings import LanguageModelSettings
from coursekit.training.language_model_task import LanguageModelTask, step_of_student_fits
from coursekit.training.progress import Listener
from coursekit.training.run_folder import RunFolder, check_resumable
from coursekit.training.student_transformer import OwnParts, keep_own_files, own_parts
from coursekit.training.training_loop import TrainingLoop


def make_language_model(
    settings: LanguageModelSettings, vocabulary_size: int, own: OwnParts | None = None
):
    """Returns a built model with weights drawn from the run's seed.

    Args:
        settings: the run's.
        vocabulary_size: V.
        own: a student's parts.
    """
    from coursekit.models import DecoderTransformer

    keras.utils.set_random_seed(settings.seed)
    model_class = (own and own.model_class) or DecoderTransformer
    model = model_class(
        vocabulary_size,
        settings.sequence_length,
        settings.num_layers,
        settings.num_heads,
        settings.hidden_dim,
        settings.intermediate_dim,
        settings.dropout,
        None if settings.positions == "none" else settings.positions,
        **settings.architecture,
        dtype=settings.precision,
    )
    model.build((None, None))
    return model


def start_language_model(
    settings: LanguageModelSettings,
    folder: RunFolder,
    data: SplitText | SplitLines,
    listener: Listener,
    watch: Stopwatch | None = None,
    solved=(),
    tokens: TokenData | None = None,
) -> dict:
    """Trains from the start and returns the result, which is also in the folder's `result.json`.

    Args:
        settings: the run's.
        folder: where it is kept; what is there is removed.
        data: from `split_language_data(settings)`.
        listener: is told what happens.
        watch: started when the budget begins to count; None: when the first steps are done.
        solved: units of `settings.layers` that take part.
        tokens: the data's ids, where they are known already.
    """
    tokens = tokens or tokenize_language_data(data, settings)
    folder.make()
    tokens.tokenizer.save(folder.tokenizer)
    keep_own_files(settings.layers, solved, folder.layers)
    folder.write_record(settings, data.fingerprint)
    return _loop(settings, folder, tokens, listener, watch).run()


def resume_language_model(
    folder: RunFolder, data: SplitText | SplitLines, listener: Listener
) -> dict:
    """Goes on from the last checkpoint, exactly where it stood.

    Raises:
        UserError: the run is finished, damaged, or its text is no longer the same.
    """
    settings, _ = folder.read_record(LanguageModelSettings.task)
    check_resumable(folder, data, LanguageModelSettings.task)
    checkpoint = load_latest(folder.checkpoints)
    tokens = tokenize_language_data(data, settings, load_tokenizer(folder.tokenizer))
    watch = Stopwatch(checkpoint.state["seconds"])
    loop = _loop(settings, folder, tokens, listener, watch)
    loop.restore(checkpoint)
    return loop.run()


def _loop(settings, folder, tokens: TokenData, listener, watch) -> TrainingLoop:
    own = own_parts(folder.layers)
    if own.train_step is not None and not step_of_student_fits(settings):
        listener.note(
            "of ex11_training only warmup_cosine takes part: its step knows no sentence pairs, "
            "accumulation, scaled losses or several devices"
        )
    strategy = _strategy(settings, listener)
    vocabulary_size = tokens.tokenizer.vocabulary_size
    if strategy is None:
        model = make_language_model(settings, vocabulary_size, own)
        task = LanguageModelTask(settings, tokens, model, own)
    else:
        with strategy.scope():
            model = make_language_model(settings, vocabulary_size, own)
            task = LanguageModelTask(settings, tokens, model, own, strategy)
    return TrainingLoop(task, folder, listener, watch)


def _strategy(settings: LanguageModelSettings, listener: Listener):
    """All devices of a kind together, or None where there is one."""
    if not settings.distribute:
        return None
    for kind in ("GPU", "CPU"):
        devices = [device.name for device in tf.config.list_logical_devices(kind)]
        if len(devices) > 1:
            if settings.batch_size % len(devices):
                raise UserError(
                    f"--batch-size divides among the {len(devices)} devices. "
                    f"Received: {settings.batch_size}"
                )
            listener.note(f"{len(devices)} devices share each batch: {', '.join(devices)}")
            return tf.distribute.MirroredStrategy(devices)
        if devices:
            listener.note(f"one device, {devices[0]}: --distribute changes nothing")
            return None
    return None
