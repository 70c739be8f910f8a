"""Trains a translator: the run from its first step, or from its last checkpoint, to its result."""

import math
import signal
from dataclasses import asdict, dataclass

import keras
import numpy as np
import tensorflow as tf

from coursekit.errors import UserError
from coursekit.models import Translator
from coursekit.objectives import perplexity, teacher_forcing_pair
from coursekit.training.budget import Budget, Stopwatch
from coursekit.training.checkpoints import load_latest, save_checkpoint
from coursekit.training.event_log import EventLog
from coursekit.training.interruption import Interruption
from coursekit.training.learning_rate import warmup_linear
from coursekit.training.progress import Listener, StepReport
from coursekit.training.run_folder import RunFolder, write_json
from coursekit.training.train_step import compiled_train_step
from coursekit.training.translation_data import TranslationData, prepare
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
    listener: Listener,
    cell=None,
    make_pair=teacher_forcing_pair,
) -> dict:
    """Trains from the start and returns the result, which is also in the folder's `result.json`."""
    watch = Stopwatch()
    data = prepare(settings)
    folder.save_tokenizers(data.source_tokenizer, data.target_tokenizer)
    folder.write_record(settings, data.fingerprint)
    return _Training(settings, folder, data, listener, watch, cell, make_pair).run()


def resume_training(
    folder: RunFolder, listener: Listener, cell=None, make_pair=teacher_forcing_pair
) -> dict:
    """Goes on from the last checkpoint, exactly where it stood.

    Raises:
        UserError: the run is finished, damaged, or its data are no longer the same.
    """
    settings, trained_on = folder.read_record()
    if folder.result.exists():
        raise UserError(f"{folder.path} is finished: nothing is left to resume. Start another run.")
    checkpoint = load_latest(folder.checkpoints)
    watch = Stopwatch(checkpoint.state["seconds"])
    data = prepare(settings, folder.load_tokenizers())
    if data.fingerprint != trained_on:
        raise UserError(
            f"{folder.path} was trained on other sentences than {settings.pairs or 'the phrasebook'}"
            " holds now: put the file back, or start another run."
        )
    training = _Training(settings, folder, data, listener, watch, cell, make_pair)
    training.restore(checkpoint)
    return training.run()


class _Training:
    """A run in progress: what a checkpoint holds, and the loop."""

    def __init__(
        self,
        settings: TranslationSettings,
        folder: RunFolder,
        data: TranslationData,
        listener: Listener,
        watch: Stopwatch,
        cell,
        make_pair,
    ):
        self.settings, self.folder, self.data = settings, folder, data
        self.listener, self.watch = listener, watch
        sizes = data.source_tokenizer.vocabulary_size, data.target_tokenizer.vocabulary_size
        self.translator = make_translator(settings, sizes, cell)
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
        for note in self.data.notes:
            self.listener.note(note)
        self.log = EventLog(self.folder.events, self.step)
        if self.step == 0:
            rows = [("setting", "value"), *self.settings.to_json().items()]
            self.log.table("settings", [[str(cell) for cell in row] for row in rows], 0)
            self.save()
        try:
            with Interruption() as interruption:
                self._train(interruption)
        finally:
            self.log.close()
        return self._finish()

    def _train(self, interruption: Interruption) -> None:
        saved_at = reported_at = self.watch.seconds
        reported_count = self.window.count
        while self.progress < 1:
            epoch, position = divmod(self.step, self.data.batches.steps_per_epoch)
            for batch in self.data.batches.arrays(epoch, position):
                self._one_step(batch)
                now = self.watch.seconds
                if self.step % STEPS_PER_REPORT == 0:
                    rate = (self.window.count - reported_count) / max(now - reported_at, 1e-9)
                    self._report(epoch, rate)
                    reported_at, reported_count = now, 0.0
                due = int(self.progress * self.settings.evaluations)
                if due > self.evaluated:
                    self.evaluated = due
                    self._evaluate()
                    reported_at = self.watch.seconds
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
        log = EventLog(self.folder.events, self.step)
        log.scalars({"test/bleu": bleu.score}, self.step)
        log.close()
        write_json(self.folder.result, result)
        return result


def assign_arrays(variables, arrays: list[np.ndarray], checkpoint) -> None:
    """Gives variables the values of a checkpoint, or refuses it whole.

    Raises:
        UserError: the checkpoint is one of another shape.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    received = [array.shape for array in arrays]
    if shapes != received:
        different = [pair for pair in zip(shapes, received, strict=False) if pair[0] != pair[1]]
        detail = (
            f"{different[0][1]} for {different[0][0]}"
            if different
            else f"{len(received)} arrays for {len(shapes)}"
        )
        raise UserError(
            f"{checkpoint.path} belongs to a run of another shape (received {detail}): nothing was "
            "changed. Name the run it belongs to with --run."
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
