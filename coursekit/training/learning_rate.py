"""The learning rate over a run."""


def warmup_linear(step: int, progress: float, peak: float, warmup_steps: int) -> float:
    """Rises linearly over the first steps, then falls linearly to zero at the end of the run.

    Args:
        step: int, from 0.
        progress: float, how much of the run's budget is spent, from 0 to 1: of its time if the run
            has so many minutes, of its steps if it has so many epochs.
        peak: float.
        warmup_steps: int.

    >>> [round(warmup_linear(s, s / 100, 1.0, 10), 2) for s in (0, 4, 9, 50, 100)]
    [0.1, 0.48, 0.91, 0.5, 0.0]
    """
    warmup = min(1.0, (step + 1) / max(warmup_steps, 1))
    return peak * warmup * max(0.0, 1.0 - progress)
