"""What the training loop asks of a task: steps, evaluations, a result."""

from typing import Any, NamedTuple, Protocol


class StepSums(NamedTuple):
    """Sums over the steps of one call: loss and count of real tokens, gradient norms."""

    loss: Any
    count: Any
    norms: Any


class Evaluation(Protocol):
    """What an evaluation found, ready to be logged and shown."""

    @property
    def headline(self) -> str:
        """The figures in a few words."""

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Rows for the terminal."""

    def scalars(self) -> dict[str, float]:
        """Values to log, by tag."""

    def table(self) -> list[tuple[str, ...]]:
        """Samples to log, the heading first."""


class Task(Protocol):
    """A model in training and all that is particular to it; the loop holds the rest.

    `settings` has `task`, `seed`, `minutes`, `evaluations` and `learning_rate`. The random draws of a
    step follow from its number, so that a run which goes on makes the steps it would have made.
    """

    settings: Any
    model: Any
    optimizer: Any
    steps_per_call: int

    @property
    def total_steps(self) -> int | None:
        """The end of a run that is not given so many minutes."""

    def epochs(self, step: int) -> float:
        """How often the data was seen before a step."""

    def learning_rate(self, step: int, progress: float) -> float:
        """The rate of a step."""

    def make_steps(self, first: int, rates: list[float]) -> StepSums:
        """Makes as many steps as there are rates, the first of them step number `first`."""

    def evaluate(self) -> Evaluation:
        """Evaluates the model as it is."""

    def result(self) -> tuple[dict, dict[str, float]]:
        """Evaluates the model at the end: fields of the run's result, and scalars to log."""
