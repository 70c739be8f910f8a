"""A corpus small enough to train on in a second."""

from dataclasses import replace

import numpy as np

from coursekit.training.translation_settings import TranslationSettings

SUBJECTS = {"I": "je", "you": "vous", "he": "il", "she": "elle", "we": "nous", "they": "ils"}
VERBS = {"see": "voir", "take": "prendre", "read": "lire", "want": "vouloir", "know": "savoir"}
THINGS = {"a cat": "un chat", "a book": "un livre", "the sea": "la mer", "bread": "du pain"}


def small_pairs():
    """Every subject with every verb and thing: 120 sentences, some with two translations."""
    pairs = [
        (f"{s} {v} {t}.", f"{SUBJECTS[s]} {VERBS[v]} {THINGS[t]}.")
        for s in SUBJECTS
        for v in VERBS
        for t in THINGS
    ]
    return pairs + [(source, target.replace("je", "moi")) for source, target in pairs[:20]]


def write_pairs(path):
    path.write_text("".join(f"{s}\t{t}\n" for s, t in small_pairs()), encoding="utf-8")
    return path


def small_settings(pairs_file, **changes):
    """A run of five epochs and some 25 steps."""
    settings = TranslationSettings(
        pairs=str(pairs_file),
        tokenizer="words",
        units=8,
        embedding_dim=6,
        batch_size=16,
        epochs=5,
        evaluations=1,
        sampled_softmax=4,
        warmup_steps=5,
        learning_rate=0.02,
        dropout=0.1,
    )
    return replace(settings, **changes)


class Recorder:
    """A listener that remembers; `at_step` is called when a step is reported."""

    def __init__(self, at_step=None):
        self.losses: dict[int, float] = {}
        self.evaluations: dict[int, object] = {}
        self.at_step = at_step

    def note(self, text):
        pass

    def step(self, report):
        assert np.isfinite(report.tokens_per_second)
        self.losses[report.step] = report.loss
        if self.at_step is not None:
            self.at_step(report.step)

    def evaluation(self, step, evaluation):
        self.evaluations[step] = evaluation
