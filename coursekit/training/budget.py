"""How long a run goes on, in minutes or in epochs."""

import time
from typing import NamedTuple


class Budget(NamedTuple):
    """The end of a run: so many minutes, or so many steps."""

    minutes: float | None = None
    steps: int | None = None

    def progress(self, step: int, seconds: float) -> float:
        """Returns the share that is spent, from 0 to 1."""
        if self.steps is not None:
            return min(1.0, step / max(self.steps, 1))
        return min(1.0, seconds / (60 * (self.minutes or 0) or 1))


class Stopwatch:
    """Seconds a run has taken, those before it was resumed included."""

    def __init__(self, seconds_before: float = 0.0):
        self._started = time.monotonic() - seconds_before

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started
