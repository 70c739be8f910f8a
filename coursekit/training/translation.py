"""Trains a translator: a run from its first step, or from its last checkpoint, to its result."""

import keras

from coursekit.models import Translator
from coursekit.objectives import shift_labels
from coursekit.training.budget import Stopwatch
from coursekit.training.checkpoints import load_latest
from coursekit.training.progress import Listener
from coursekit.training.run_folder import RunFolder, check_resumable
from coursekit.training.training_loop import TrainingLoop
from coursekit.training.translation_data import SplitPairs, TranslationData, tokenize
from coursekit.training.translation_settings import TranslationSettings
from coursekit.training.translation_task import TranslationTask


def make_translator(settings: TranslationSettings, vocabulary_sizes, cell=None) -> Translator:
    """Returns a built translator with weights drawn from the run's seed.

    Args:
        settings: the run's.
        vocabulary_sizes: of source and target.
        cell: a callable from units to a cell that takes the place of `settings.cell`.
    """
    keras.utils.set_random_seed(settings.seed)
    source_size, target_size = vocabulary_sizes
    translator = Translator(
        source_size,
        target_size,
        embedding_dim=settings.embedding_dim,
        units=settings.units,
        cell=cell or settings.cell,
        num_layers=settings.num_layers,
        attention=settings.attention,
        bidirectional=settings.bidirectional,
        dropout=settings.dropout,
    )
    translator.build()
    return translator


def start_training(
    settings: TranslationSettings,
    folder: RunFolder,
    pairs: SplitPairs,
    listener: Listener,
    watch: Stopwatch | None = None,
    cell=None,
    make_pair=shift_labels,
) -> dict:
    """Trains from the start and returns the result, which is also in the folder's `result.json`.

    Args:
        settings: the run's.
        folder: where it is kept; what is there is removed.
        pairs: from `split_pairs(settings)`.
        listener: is told what happens.
        watch: started when the budget begins to count; None: when the first step is done, so that
            reading, tokenizing and compiling take nothing from it.
        cell: a callable from units to a cell that takes the place of `settings.cell`.
        make_pair: takes the place of `shift_labels`.
    """
    data = tokenize(pairs, settings)
    folder.make()
    folder.save_tokenizers(data.source_tokenizer, data.target_tokenizer)
    folder.write_record(settings, pairs.fingerprint)
    translator = _translator_of(settings, data, cell)
    task = TranslationTask(settings, data, translator, make_pair)
    return TrainingLoop(task, folder, listener, watch).run()


def resume_training(
    folder: RunFolder,
    pairs: SplitPairs,
    listener: Listener,
    cell=None,
    make_pair=shift_labels,
) -> dict:
    """Goes on from the last checkpoint, exactly where it stood.

    Raises:
        UserError: the run is finished, damaged, or its sentences are no longer the same.
    """
    settings, _ = folder.read_record()
    check_resumable(folder, pairs)
    checkpoint = load_latest(folder.checkpoints)
    watch = Stopwatch(checkpoint.state["seconds"])
    data = tokenize(pairs, settings, folder.load_tokenizers())
    translator = _translator_of(settings, data, cell)
    task = TranslationTask(settings, data, translator, make_pair)
    loop = TrainingLoop(task, folder, listener, watch)
    loop.restore(checkpoint)
    return loop.run()


def _translator_of(settings: TranslationSettings, data: TranslationData, cell) -> Translator:
    sizes = data.source_tokenizer.vocabulary_size, data.target_tokenizer.vocabulary_size
    return make_translator(settings, sizes, cell)
