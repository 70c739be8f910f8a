"""How well a language model does on what was held out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from coursekit.generation.continuation import NEVER_WRITTEN
from coursekit.generation.sampling_choice import Sampling
from coursekit.generation.text_generation import TextGenerator
from coursekit.objectives import perplexity, shift_labels, token_accuracy, token_cross_entropy
from coursekit.text.special_tokens import PAD, STOP
from coursekit.text.token_windows import gather_rows, windows_in_order
from coursekit.training.bleu import Bleu, corpus_bleu
from coursekit.training.language_model_data import MAX_SOURCES, Rows, TokenData
from coursekit.training.prompted_translation import translate_by_prompt

MOST_TOKENS = 1 << 18  # of a held-out text that an evaluation looks at
_TOKENS_PER_BATCH = 4096
_WRITTEN = 64
_SAMPLES = 4
_SAMPLING = Sampling(temperature=0.8)
_IDS = tf.TensorSpec([None, None], tf.int32)
_COUNTS = tf.TensorSpec([None, None], tf.bool)


@dataclass(frozen=True)
class Evaluation:
    """Loss and accuracy are per held-out token; `samples` are (prompt, continuation)."""

    loss: float
    accuracy: float
    samples: list[tuple[str, ...]]
    bleu: Bleu | None = None

    @property
    def perplexity(self) -> float:
        return perplexity(self.loss, 1)

    @property
    def headline(self) -> str:
        figures = f"validation loss {self.loss:.4f}, perplexity {self.perplexity:.2f}"
        return figures if self.bleu is None else f"{figures}, BLEU {self.bleu.score:.1f}"

    @property
    def shown(self) -> list[tuple[str, str]]:
        # Of a text its last words matter, of a sentence all of it.
        kept = slice(-30 if self.bleu is None else 0, None)
        rows = [(row[0], row[-1]) for row in self.samples[:2]]
        return [(" ".join(before.split())[kept], " ".join(after.split())) for before, after in rows]

    def scalars(self) -> dict[str, float]:
        values = {
            "validation/loss": self.loss,
            "validation/perplexity": self.perplexity,
            "validation/accuracy": self.accuracy,
        }
        return values if self.bleu is None else {**values, "validation/bleu": self.bleu.score}

    def table(self) -> list[tuple[str, ...]]:
        if self.bleu is None:
            return [("prompt", "continuation"), *self.samples]
        return [("source", "reference", "translation"), *self.samples]


class Evaluator:
    """Evaluates one language model again and again, with functions that are compiled once.

    Args:
        model: from ids to logits.
        data: what the run reads.
        sequence_length: int. The context.
        seed: int. Of the sampled continuations.
        own_evaluate: a student's `(model, batches) -> {"loss", "perplexity", "accuracy"}`.
    """

    def __init__(
        self, model, data: TokenData, sequence_length: int, seed: int = 0, own_evaluate=None
    ):
        self.model, self.data, self.sequence_length = model, data, sequence_length
        self.own_evaluate = own_evaluate
        self.batches = list(self._batches())
        self.seed = seed
        self.generator = TextGenerator(model, sequence_length, NEVER_WRITTEN)

        @tf.function(input_signature=[_IDS, _COUNTS], autograph=False)
        def sums(token_ids, counts):
            inputs, labels, weight = shift_labels(token_ids, counts)
            logits = model(inputs, training=False)
            loss, count = token_cross_entropy(logits, labels, weight)
            return loss, token_accuracy(logits, labels, weight)[0], count

        self._sums = sums

    @property
    def tokens(self) -> int:
        """How many held-out tokens the loss is the mean of."""
        return sum(int(counts[:, 1:].sum()) for _, counts in self.batches)

    def losses(self) -> tuple[float, float]:
        """Returns loss and accuracy per held-out token."""
        if self.own_evaluate is not None:
            batches = ((tf.constant(ids), tf.constant(real)) for ids, real in self.batches)
            found = self.own_evaluate(self.model, batches)
            return float(found["loss"]), float(found["accuracy"])
        sums = np.sum(
            [[float(value) for value in self._sums(*batch)] for batch in self.batches], axis=0
        )
        return float(sums[0] / sums[2]), float(sums[1] / sums[2])

    def evaluate(self) -> Evaluation:
        loss, accuracy = self.losses()
        if self.data.translations is None:
            return Evaluation(loss, accuracy, self._continuations())
        part = self.data.translations["validation"].first(MAX_SOURCES)
        translations = self.translate(part.sources)
        shown = np.linspace(0, len(part.sources) - 1, _SAMPLES).astype(int)
        samples: list[tuple[str, ...]] = [
            (part.sources[i], part.references[i][0], translations[i]) for i in shown
        ]
        return Evaluation(loss, accuracy, samples, corpus_bleu(translations, part.references))

    def test(self) -> tuple[Bleu, int]:
        """Returns BLEU on the test split of the sentence pairs, and its number of sentences."""
        assert self.data.translations is not None
        part = self.data.translations["test"].first(MAX_SOURCES)
        return corpus_bleu(self.translate(part.sources), part.references), len(part.sources)

    def translate(self, sentences) -> list[str]:
        """Greedy translations, of a model that has learned sentence pairs."""
        return translate_by_prompt(self.generator, self.data.tokenizer, sentences)

    def _continuations(self) -> list[tuple[str, ...]]:
        ids: Any = self.data.held_out
        length = min(_WRITTEN, self.sequence_length // 2)
        width = max(1, min(self.sequence_length - length, len(ids) // 2))
        starts = np.linspace(0, len(ids) - width, _SAMPLES).astype(int)
        prompts = [ids[start : start + width].tolist() for start in starts]
        rows = self.generator.generate(prompts, length, _SAMPLING, self.seed, (STOP,), PAD)
        decode = self.data.tokenizer.decode
        return list(zip(decode(prompts), decode(rows[:, width:]), strict=True))

    def _batches(self):
        held_out, length = self.data.held_out, self.sequence_length
        rows = max(1, _TOKENS_PER_BATCH // length)
        if not isinstance(held_out, Rows):
            yield from windows_in_order(held_out, length, rows, MOST_TOKENS)
            return
        for first in range(0, len(held_out.starts), rows):
            part = (array[first : first + rows] for array in held_out[1:])
            token_ids, counts = gather_rows(held_out.ids, *part)
            yield token_ids.numpy(), counts.numpy()
