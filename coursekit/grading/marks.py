"""What a check says about itself, and how it draws its inputs."""

import numpy as np
import pytest

points = pytest.mark.points
needs = pytest.mark.needs
time_limit = pytest.mark.time_limit


def normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Normal float32 values of this shape."""
    return (scale * rng.normal(size=shape)).astype(np.float32)
