"""The loop of a run: steps, reports, evaluations, checkpoints, and stopping when asked."""

import math
import signal
from dataclasses import asdict, dataclass

from coursekit.errors import UserError
from coursekit.objectives import perplexity
from coursekit.training.budget import Budget, Stopwatch
from coursekit.training.checkpoints import assign_arrays, save_checkpoint
from coursekit.training.event_log import EventLog
from coursekit.training.interruption import Interruption
from coursekit.training.progress import Listener, StepReport
from coursekit.training.run_folder import RunFolder, write_json
from coursekit.training.task import StepSums, Task

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

    def add(self, sums: StepSums, steps: int) -> None:
        self.loss += float(sums.loss)
        self.count += float(sums.count)
        self.norms += float(sums.norms)
        self.steps += steps


class TrainingLoop:
    """A run in progress: what a checkpoint holds, and the loop.

    Args:
        task: what is trained, and how.
        folder: where the run is kept.
        listener: is told what happens.
        watch: of the whole run; None: one that starts when the first steps are done.
    """

    def __init__(self, task: Task, folder: RunFolder, listener: Listener, watch: Stopwatch | None):
        self.task, self.folder, self.listener = task, folder, listener
        self.settings = task.settings
        self.watch_begins_at_first_step = watch is None
        self.watch = watch or Stopwatch()
        self.budget = Budget(self.settings.minutes, task.total_steps)
        self.step = 0
        self.evaluated = 0  # how many of the evaluations are done
        self.window = Window()
        self.rate = 0.0
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
        model = self.task.model
        known = {id(variable) for variable in model.weights}
        return {
            "model": model.weights,
            "draws": [v for v in model.variables if id(v) not in known],
            "optimizer": self.task.optimizer.variables,
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
            begins = self.step == 0
            self._make_steps()
            if begins and self.watch_begins_at_first_step:
                self.watch = Stopwatch()
                saved_at = reported_at = 0.0
                reported_count = self.window.count
            now = self.watch.seconds
            if self.window.steps >= STEPS_PER_REPORT:
                rate = (self.window.count - reported_count) / max(now - reported_at, 1e-9)
                self._report(rate)
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
                    f"{self.settings.task} --resume --run {self.folder.path}",
                    code,
                )
        self.save()

    def _make_steps(self) -> None:
        """One call of the compiled function: one step or several, no further than the end."""
        steps = self.task.steps_per_call
        if self.budget.steps is not None:
            steps = min(steps, self.budget.steps - self.step)
        rates = [
            self.task.learning_rate(step, self.budget.progress(step, self.watch.seconds))
            for step in range(self.step, self.step + steps)
        ]
        self.window.add(self.task.make_steps(self.step, rates), steps)
        self.step += steps
        self.rate = rates[-1]

    def _report(self, tokens_per_second: float) -> None:
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
            epoch=math.ceil(self.task.epochs(self.step)) - 1,
            progress=progress,
            loss=loss,
            learning_rate=self.rate,
            gradient_norm=window.norms / window.steps,
            tokens_per_second=tokens_per_second,
            remaining_seconds=seconds * (1 - progress) / max(progress, 1e-9),
        )
        self.log.scalars(
            {
                "train/loss": loss,
                "train/perplexity": perplexity(window.loss, window.count),
                "train/gradient_norm": report.gradient_norm,
                "train/learning_rate": self.rate,
                "train/tokens_per_second": tokens_per_second,
            },
            self.step,
        )
        self.listener.step(report)

    def _evaluate(self) -> None:
        evaluation = self.task.evaluate()
        self.log.scalars(evaluation.scalars(), self.step)
        self.log.table("samples", evaluation.table(), self.step)
        self.listener.evaluation(self.step, evaluation)

    def _finish(self) -> dict:
        found, scalars = self.task.result()
        result = {
            "run": str(self.folder.path),
            **found,
            "steps": self.step,
            "epochs": round(self.task.epochs(self.step), 3),
            "seconds": round(self.watch.seconds, 1),
            "parameters": sum(math.prod(v.shape) for v in self.task.model.trainable_variables),
        }
        self.log.scalars(scalars, self.step)
        write_json(self.folder.result, result)
        return result
