"""What a run says while it trains; who shows it decides how."""

from dataclasses import dataclass
from typing import Protocol

from coursekit.training.task import Evaluation


@dataclass(frozen=True)
class StepReport:
    """Where the run stands, every few steps. `loss` is per real token, over those steps."""

    step: int
    epoch: int
    progress: float
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens_per_second: float
    remaining_seconds: float


class Listener(Protocol):
    """Is told what happens."""

    def note(self, text: str) -> None:
        """Something worth one line."""

    def step(self, report: StepReport) -> None:
        """Some steps were made."""

    def evaluation(self, step: int, evaluation: Evaluation) -> None:
        """The model was evaluated."""
