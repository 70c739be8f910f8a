"""Language modelling as a task of the training loop."""

from typing import Any

import keras
import tensorflow as tf

from coursekit.objectives import shift_labels
from coursekit.text.token_windows import RandomRows, RandomWindows
from coursekit.training.adamw import AdamW, is_matrix
from coursekit.training.language_model_data import Rows, TokenData
from coursekit.training.language_model_evaluation import Evaluation, Evaluator
from coursekit.training.language_model_settings import LanguageModelSettings
from coursekit.training.language_model_step import compiled_own_steps, compiled_steps
from coursekit.training.learning_rate import warmup_cosine
from coursekit.training.student_transformer import OwnParts
from coursekit.training.task import StepSums


class LanguageModelTask:
    """Windows of a text, steps of a language model, its loss on what was held out.

    Args:
        settings: the run's.
        data: what it reads.
        model: built, from ids to logits.
        own: a student's parts.
        strategy: of `tf.distribute`, or None.
    """

    def __init__(
        self,
        settings: LanguageModelSettings,
        data: TokenData,
        model,
        own: OwnParts | None = None,
        strategy=None,
    ):
        self.settings, self.data, self.model = settings, data, model
        self.own = own or OwnParts()
        self.steps_per_call = settings.steps_per_call
        self.optimizer: Any
        self.batches: RandomRows | RandomWindows
        if isinstance(data.train, Rows):
            self.batches = RandomRows(data.train, settings.batch_size, settings.seed)
        else:
            self.batches = RandomWindows(
                data.train, settings.sequence_length, settings.batch_size, settings.seed
            )
        if self.own.train_step is not None and step_of_student_fits(settings):
            self.optimizer = keras_adamw(model, settings)
            self._steps = compiled_own_steps(
                model, self.optimizer, self.batches, self.own.train_step, settings.steps_per_call
            )
        else:
            self.optimizer = AdamW(
                model.trainable_variables,
                beta_2=settings.beta_2,
                weight_decay=settings.weight_decay,
                clip_norm=settings.clip_norm,
                first_scale=first_loss_scale(settings),
            )
            self._steps = compiled_steps(
                model,
                self.optimizer,
                self.batches,
                accumulation=settings.accumulation,
                steps_per_call=settings.steps_per_call,
                strategy=strategy,
                make_labels=self.own.shift_labels or shift_labels,
                mean_loss=self.own.mean_loss,
            )
        own_evaluate = self.own.evaluate if step_of_student_fits(settings) else None
        self.evaluator = Evaluator(
            model, data, settings.sequence_length, settings.seed, own_evaluate
        )
        self._schedule = self.own.warmup_cosine or warmup_cosine

    @property
    def total_steps(self) -> int | None:
        return self.settings.steps

    def epochs(self, step: int) -> float:
        data, settings = self.data, self.settings
        seen = step * settings.batch_size * settings.accumulation
        if isinstance(data.train, Rows):
            return seen / len(data.train.starts)
        return seen * settings.sequence_length / len(data.train)

    def learning_rate(self, step: int, progress: float) -> float:
        # With so many minutes the last step is not known: where it would be at this pace.
        total = self.settings.steps or (step + 1) / max(progress, 1e-6)
        settings = self.settings
        return float(
            self._schedule(
                step + 1,
                settings.learning_rate,
                settings.warmup_steps,
                total,
                settings.final_learning_rate,
            )
        )

    def make_steps(self, first: int, rates: list[float]) -> StepSums:
        return StepSums(*self._steps(tf.constant(first), tf.constant(rates, tf.float32)))

    def evaluate(self) -> Evaluation:
        return self.evaluator.evaluate()

    def result(self) -> tuple[dict, dict[str, float]]:
        loss, accuracy = self.evaluator.losses()
        last = Evaluation(loss, accuracy, [])
        found: dict = {
            "validation_loss": round(loss, 5),
            "validation_perplexity": round(last.perplexity, 3),
            "validation_accuracy": round(accuracy, 4),
            "validation_tokens": self.evaluator.tokens,
            "vocabulary_size": self.data.tokenizer.vocabulary_size,
        }
        scalars: dict[str, float] = {}
        if self.data.translations is not None:
            bleu, sentences = self.evaluator.test()
            found |= {"bleu": bleu.score, "signature": bleu.signature, "sentences": sentences}
            scalars["test/bleu"] = bleu.score
        return found, scalars


def step_of_student_fits(settings: LanguageModelSettings) -> bool:
    """Whether unit 11's step and evaluation do what the run asks for.

    They take every real token as a label, where sentence pairs count answers only, and know nothing
    of accumulation, of scaled losses and of several devices.
    """
    plain = settings.accumulation == 1 and settings.precision != "mixed_float16"
    return settings.pairs is None and plain and not settings.distribute


def first_loss_scale(settings: LanguageModelSettings) -> float | None:
    """Of a sum of losses over a batch, for float16."""
    if settings.precision != "mixed_float16":
        return None
    return 2.0**15 / (settings.batch_size * settings.sequence_length)


def keras_adamw(model, settings: LanguageModelSettings):
    """Keras' AdamW, for a step that asks for a Keras optimizer."""
    optimizer = keras.optimizers.AdamW(
        settings.learning_rate, weight_decay=settings.weight_decay, beta_2=settings.beta_2
    )
    vectors = [v for v in model.trainable_variables if not is_matrix(v)]
    optimizer.exclude_from_weight_decay(var_list=vectors)
    optimizer.build(model.trainable_variables)
    return optimizer
