"""The learning rate over a run."""

import math


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


def warmup_cosine(
    step: int, peak: float, warmup_steps: int, total_steps: float, floor: float = 0.0
) -> float:
    """Rises linearly from zero, then falls along half a cosine to `floor`.

    The equation:

        rate = peak * step / warmup_steps                                   step < warmup_steps
        rate = floor + (peak - floor) * (1 + cos(pi * done)) / 2            after that
        done = (step - warmup_steps) / (total_steps - warmup_steps)         from 0 to 1

    Args:
        step: int. A loop that counts its steps from 0 asks for `step + 1`, for a rate of 0 changes
            nothing.
        peak: float.
        warmup_steps: int.
        total_steps: float. From here on the rate is `floor`.
        floor: float.

    >>> [round(warmup_cosine(s, 1.0, 10, 110, floor=0.1), 3) for s in (0, 5, 10, 60, 110, 200)]
    [0.0, 0.5, 1.0, 0.55, 0.1, 0.1]
    """
    if step < warmup_steps:
        return peak * step / warmup_steps
    done = min(1.0, (step - warmup_steps) / max(total_steps - warmup_steps, 1))
    return floor + (peak - floor) * (1 + math.cos(math.pi * done)) / 2
