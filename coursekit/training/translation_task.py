"""Translation as a task of the training loop."""

from collections.abc import Iterator

import keras
import tensorflow as tf

from coursekit.models import Translator
from coursekit.objectives import shift_labels
from coursekit.training.learning_rate import warmup_linear
from coursekit.training.task import StepSums
from coursekit.training.train_step import compiled_train_step
from coursekit.training.translation_data import TranslationData
from coursekit.training.translation_evaluation import Evaluation, Evaluator
from coursekit.training.translation_settings import TranslationSettings


class TranslationTask:
    """Batches of sentence pairs, one step of the translator, BLEU.

    Args:
        settings: the run's.
        data: what it reads.
        translator: built.
        make_pair: `(target_ids, padding_mask) -> (decoder_input_ids, labels, sample_weight)`.
    """

    steps_per_call = 1

    def __init__(
        self,
        settings: TranslationSettings,
        data: TranslationData,
        translator: Translator,
        make_pair=shift_labels,
    ):
        self.settings, self.data, self.model = settings, data, translator
        self.optimizer = keras.optimizers.Adam(settings.learning_rate, beta_2=0.98)
        self.optimizer.build(translator.trainable_variables)
        self.train_step = compiled_train_step(
            translator,
            self.optimizer,
            teacher_forcing=settings.teacher_forcing,
            label_smoothing=settings.label_smoothing,
            sampled_softmax=settings.sampled_softmax,
            make_pair=make_pair,
        )
        self.evaluator = Evaluator(translator, data)
        self._batches: Iterator = iter(())
        self._next_step = -1

    @property
    def total_steps(self) -> int | None:
        return self.settings.epochs and self.settings.epochs * self.data.batches.steps_per_epoch

    def epochs(self, step: int) -> float:
        return step / self.data.batches.steps_per_epoch

    def learning_rate(self, step: int, progress: float) -> float:
        return warmup_linear(
            step, progress, self.settings.learning_rate, self.settings.warmup_steps
        )

    def make_steps(self, first: int, rates: list[float]) -> StepSums:
        (rate,) = rates
        batch = self._batch(first)
        self.optimizer.learning_rate.assign(rate)
        seed = tf.constant([self.settings.seed % 2**31, first], tf.int32)
        return StepSums(*self.train_step(batch["source_ids"], batch["target_ids"], seed))

    def _batch(self, step: int) -> dict:
        epoch, position = divmod(step, self.data.batches.steps_per_epoch)
        if step != self._next_step or position == 0:
            self._batches = self.data.batches.arrays(epoch, position)
        self._next_step = step + 1
        return next(self._batches)

    def evaluate(self) -> Evaluation:
        return self.evaluator.evaluate()

    def result(self) -> tuple[dict, dict[str, float]]:
        bleu = self.evaluator.test()
        found = {
            "bleu": bleu.score,
            "signature": bleu.signature,
            "sentences": len(self.data.held_out["test"].sources),
        }
        return found, {"test/bleu": bleu.score}
