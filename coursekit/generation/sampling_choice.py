"""What a sampling is made of; without TensorFlow, so that a wrong one is refused at once."""

from dataclasses import dataclass

import numpy as np

from coursekit.generation.refusals import GenerationError


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_number(value):
    return _is_whole(value) or isinstance(value, float | np.floating)


@dataclass(frozen=True)
class Sampling:
    """How a token is chosen.

        probabilities = softmax(logits / temperature), of the top_k likeliest, of those the top_p

    Top-p keeps the likeliest tokens until their probabilities have passed `top_p`: a token stays if
    those before it sum up to `top_p` or less. With both, `top_p` is a share of the whole distribution,
    also of what top-k left out. This is what KerasHub's samplers do.

    Args:
        temperature: float, above 0. Below 1 the likely tokens gain, above 1 the unlikely ones.
        top_k: int, at least 1, or None for all tokens.
        top_p: float, above 0 and at most 1, or None for all tokens.
        greedy: bool. Takes the likeliest token, of equal ones the first; nothing else counts.

    Example:

    >>> from coursekit.generation.sampling import next_token_probabilities
    >>> logits = np.log([[0.5, 0.3, 0.2]])
    >>> next_token_probabilities(logits, Sampling(top_k=2)).numpy().round(3).tolist()
    [[0.625, 0.375, 0.0]]
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    greedy: bool = False

    def __post_init__(self):
        # Its bounds are those of float32, in which the logits are divided.
        if not (_is_number(self.temperature) and 1e-37 < self.temperature < 1e37):
            hint = (
                "; for the likeliest token at each step use greedy (--greedy)"
                if self.temperature == 0
                else ""
            )
            raise GenerationError(
                f"The temperature is a number above 0{hint}. Received: temperature={self.temperature}"
            )
        if self.top_k is not None and (not _is_whole(self.top_k) or self.top_k < 1):
            raise GenerationError(f"Top-k keeps at least 1 token. Received: top_k={self.top_k}")
        if self.top_p is not None and not (_is_number(self.top_p) and 0 < self.top_p <= 1):
            raise GenerationError(f"Top-p is above 0 and at most 1. Received: top_p={self.top_p}")


GREEDY = Sampling(greedy=True)


def chances_of(seed, length):
    """Returns the numbers with which a row draws its first `length` tokens, float32 (length,).

    They depend on the seed and on the number of the token only: a longer text begins with the same.
    """
    if not _is_whole(seed) or seed < 0:
        raise GenerationError(f"A seed is a whole number, 0 or more. Received: seed={seed}")
    generator = np.random.Generator(np.random.Philox(key=int(seed) % 2**128))
    return generator.random(length, dtype=np.float32)
