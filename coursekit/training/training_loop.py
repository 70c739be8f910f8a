"""The loop of a run: steps, reports, evaluations, checkpoints, and stopping when asked."""

import math
import signal
from dataclasses import asdict, dataclass

import keras
import tensorflow as tf

from coursekit.errors import UserError
from coursekit.models import Translator
from coursekit.objectives import perplexity, teacher_forcing_pair
from coursekit.training.budget import Budget, Stopwatch
from coursekit.training.checkpoints import assign_arrays, save_checkpoint
from coursekit.training.event_log import EventLog
from coursekit.training.interruption import Interruption
from coursekit.training.learning_rate import warmup_linear
from coursekit.training.progress import Listener, StepReport
from coursekit.training.run_folder import RunFolder, write_json
from coursekit.training.train_step import compiled_train_step
from coursekit.training.translation_data import TranslationData
from coursekit.training.translation_evaluation import Evaluator
from coursekit.training.translation_settings import TranslationSettings

STEPS_PER_REPORT = 10
CHECKPOINT_SECONDS = 30.0


class Interrupted(UserError):
    """The run was asked to stop, and saved itself."""


@dataclass
class Window:
    """Sums over the steps since the last report."""

    loss: float = 0.0
    count: float = 0.0
    norms: float = 0.0
    steps: int = 0

    def add(self, loss, count, norm) -> None:
        self.loss += float(loss)
        self.count += float(count)
        self.norms += float(norm)
        self.steps += 1


class TrainingLoop:
    """A run in progress: what a checkpoint holds, and the loop.

    Args:
        settings: the run's.
        folder: where it is kept.
        data: what it reads.
        translator: built.
        listener: is told what happens.
        watch: of the whole run; None: one that starts when the first step is done.
        make_pair: `(target_ids, padding_mask) -> (decoder_input_ids, labels, sample_weight)`.
    """

    def __init__(
        self,
        settings: TranslationSettings,
        folder: RunFolder,
        data: TranslationData,
        translator: Translator,
        listener: Listener,
        watch: Stopwatch | None,
        make_pair=teacher_forcing_pair,
    ):
        self.settings, self.folder, self.data = settings, folder, data
        self.translator, self.listener = translator, listener
        self.watch_begins_at_first_step = watch is None
        self.watch = watch or Stopwatch()
        self.optimizer = keras.optimizers.Adam(settings.learning_rate, beta_2=0.98)
        self.optimizer.build(self.translator.trainable_variables)
        self.train_step = compiled_train_step(
            self.translator,
            self.optimizer,
            teacher_forcing=settings.teacher_forcing,
            label_smoothing=settings.label_smoothing,
            sampled_softmax=settings.sampled_softmax,
            make_pair=make_pair,
        )
        self.evaluator = Evaluator(self.translator, data)
        steps = data.batches.steps_per_epoch
        self.budget = Budget(settings.minutes, settings.epochs and settings.epochs * steps)
        self.step = 0
        self.evaluated = 0  # how many of the evaluations are done
        self.window = Window()
        self.learning_rate = 0.0
        self.log: EventLog

    @property
    def progress(self) -> float:
        return self.budget.progress(self.step, self.watch.seconds)

    def save(self) -> None:
        """Writes a checkpoint of everything that the next step depends on."""
        state = {
            "step": self.step,
            "seconds": self.watch.seconds,
            "evaluated": self.evaluated,
            "window": asdict(self.window),
        }
        arrays = {
            group: [variable.numpy() for variable in variables]
            for group, variables in self._variables().items()
        }
        try:
            save_checkpoint(self.folder.checkpoints, self.step, arrays, state)
        except OSError as error:
            raise UserError(
                f"{self.folder.checkpoints}: the checkpoint of step {self.step} cannot be written "
                f"({error.strerror or error}); the one before is kept.",
                1,
            ) from error

    def _variables(self) -> dict[str, list]:
        """Everything that changes from step to step, the states of the random draws included."""
        weights = self.translator.weights
        known = {id(variable) for variable in weights}
        return {
            "model": weights,
            "draws": [v for v in self.translator.variables if id(v) not in known],
            "optimizer": self.optimizer.variables,
        }

    def restore(self, checkpoint) -> None:
        """Takes up weights, optimizer, draws and position of a checkpoint."""
        for group, variables in self._variables().items():
            assign_arrays(variables, checkpoint.arrays.get(group, []), checkpoint)
        self.step = checkpoint.state["step"]
        self.evaluated = checkpoint.state["evaluated"]
        self.window = Window(**checkpoint.state["window"])
        self.listener.note(f"resumed at step {self.step:,}")

    def run(self) -> dict:
        """Trains until the budget is spent; saves and raises `Interrupted` if asked to stop."""
        self.log = EventLog(self.folder.events, self.step)
        if self.step == 0:
            rows = [("setting", "value"), *self.settings.to_json().items()]
            self.log.table("settings", [[str(cell) for cell in row] for row in rows], 0)
            self.save()
        try:
            with Interruption() as interruption:
                self._train(interruption)
            return self._finish()
        finally:
            self.log.close()

    def _train(self, interruption: Interruption) -> None:
        saved_at = reported_at = self.watch.seconds
        reported_count = self.window.count
        while self.progress < 1:
            epoch, position = divmod(self.step, self.data.batches.steps_per_epoch)
            for batch in self.data.batches.arrays(epoch, position):
                self._one_step(batch)
                if self.step == 1 and self.watch_begins_at_first_step:
                    self.watch = Stopwatch()
                    saved_at = reported_at = 0.0
                    reported_count = self.window.count
                now = self.watch.seconds
                if self.step % STEPS_PER_REPORT == 0:
                    rate = (self.window.count - reported_count) / max(now - reported_at, 1e-9)
                    self._report(epoch, rate)
                    reported_at, reported_count = now, 0.0
                due = int(self.progress * self.settings.evaluations)
                if due > self.evaluated:
                    self.evaluated = due
                    self._evaluate()
                    reported_at, reported_count = self.watch.seconds, self.window.count
                if interruption.asked or now - saved_at > CHECKPOINT_SECONDS:
                    self.save()
                    saved_at = self.watch.seconds
                if interruption.asked:
                    code = 130 if interruption.asked == signal.SIGINT else 143
                    raise Interrupted(
                        f"interrupted at step {self.step:,} and saved. Go on with: coursekit train "
                        f"translation --resume --run {self.folder.path}",
                        code,
                    )
                if self.progress >= 1:
                    break
        self.save()

    def _one_step(self, batch) -> None:
        self.learning_rate = warmup_linear(
            self.step, self.progress, self.settings.learning_rate, self.settings.warmup_steps
        )
        self.optimizer.learning_rate.assign(self.learning_rate)
        seed = tf.constant([self.settings.seed % 2**31, self.step], tf.int32)
        self.window.add(*self.train_step(batch["source_ids"], batch["target_ids"], seed))
        self.step += 1

    def _report(self, epoch: int, tokens_per_second: float) -> None:
        window, self.window = self.window, Window()
        loss = window.loss / window.count
        if not math.isfinite(loss):
            raise UserError(
                f"the loss is no number any more at step {self.step}: start anew with a "
                f"--learning-rate below {self.settings.learning_rate}.",
                1,
            )
        progress, seconds = self.progress, self.watch.seconds
        report = StepReport(
            step=self.step,
            epoch=epoch,
            progress=progress,
            loss=loss,
            learning_rate=self.learning_rate,
            gradient_norm=window.norms / window.steps,
            tokens_per_second=tokens_per_second,
            remaining_seconds=seconds * (1 - progress) / max(progress, 1e-9),
        )
        self.log.scalars(
            {
                "train/loss": loss,
                "train/perplexity": perplexity(window.loss, window.count),
                "train/gradient_norm": report.gradient_norm,
                "train/learning_rate": self.learning_rate,
                "train/tokens_per_second": tokens_per_second,
            },
            self.step,
        )
        self.listener.step(report)

    def _evaluate(self) -> None:
        evaluation = self.evaluator.evaluate()
        self.log.scalars(
            {
                "validation/loss": evaluation.loss,
                "validation/perplexity": evaluation.perplexity,
                "validation/free_running_loss": evaluation.free_running_loss,
                "validation/bleu": evaluation.bleu.score,
            },
            self.step,
        )
        heading = ("source", "reference", "translation")
        self.log.table("samples", [heading, *evaluation.samples], self.step)
        self.listener.evaluation(self.step, evaluation)

    def _finish(self) -> dict:
        bleu = self.evaluator.test()
        parameters = sum(math.prod(v.shape) for v in self.translator.trainable_variables)
        result = {
            "run": str(self.folder.path),
            "bleu": bleu.score,
            "signature": bleu.signature,
            "sentences": len(self.data.held_out["test"].sources),
            "steps": self.step,
            "epochs": round(self.step / self.data.batches.steps_per_epoch, 3),
            "seconds": round(self.watch.seconds, 1),
            "parameters": parameters,
        }
        self.log.scalars({"test/bleu": bleu.score}, self.step)
        write_json(self.folder.result, result)
        return result
