"""Language modelling as a task of the training loop."""

import tensorflow as tf

from coursekit.objectives import shift_labels
from coursekit.text.token_windows import RandomRows, RandomWindows
from coursekit.training.adamw import AdamW
from coursekit.training.language_model_data import Rows, TokenData
from coursekit.training.language_model_evaluation import Evaluation, Evaluator
from coursekit.training.language_model_settings import LanguageModelSettings
from coursekit.training.language_model_step import compiled_steps
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
        self.batches: RandomRows | RandomWindows
        if isinstance(data.train, Rows):
            self.batches = RandomRows(data.train, settings.batch_size, settings.seed)
        else:
            self.batches = RandomWindows(
                data.train, settings.sequence_length, settings.batch_size, settings.seed
            )
        self.optimizer = AdamW(
            model.trainable_variables,
            beta_2=settings.beta_2,
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            scaled=settings.precision == "mixed_float16",
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
        self.evaluator = Evaluator(model, data, settings.sequence_length, settings.seed)
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
        total = self.settings.steps or step / max(progress, 1e-6)
        settings = self.settings
        return float(
            self._schedule(
                step,
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
