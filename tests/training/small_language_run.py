"""A text and a model small enough to train on in seconds."""

from dataclasses import replace

import numpy as np

from coursekit.training.language_model_settings import LanguageModelSettings

WORDS = ["the", "cat", "saw", "a", "dog", "and", "then", "it", "ran", "to", "sea", "where", "was"]


def small_text(words: int = 1500) -> str:
    """Words in a random order, in lines: 6,000 characters."""
    drawn = np.random.default_rng(0).choice(WORDS, words)
    return "\n".join(" ".join(drawn[i : i + 9]) for i in range(0, words, 9)) + "\n"


def write_text(path):
    path.write_text(small_text(), encoding="utf-8")
    return path


def small_language_settings(text, **changes):
    """A run of 24 steps."""
    settings = LanguageModelSettings(
        text=None if text is None else str(text),
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        sequence_length=16,
        batch_size=8,
        steps=24,
        evaluations=1,
        warmup_steps=4,
        learning_rate=0.02,
        dropout=0.1,
        positions="learned",
    )
    return replace(settings, **changes)
