"""How well a translator does on sentences it was not trained on."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from coursekit.objectives import perplexity, shift_labels, token_cross_entropy
from coursekit.text.special_tokens import PAD, START, STOP
from coursekit.training.bleu import Bleu, corpus_bleu
from coursekit.training.sentence_translation import padded, translate_sentences

_BATCH_SIZE = 64
_IDS = tf.TensorSpec([None, None], tf.int32)


@dataclass(frozen=True)
class Evaluation:
    """Losses are per real token; `samples` are (source, reference, translation)."""

    loss: float
    free_running_loss: float
    bleu: Bleu
    samples: list[tuple[str, str, str]]

    @property
    def perplexity(self) -> float:
        return perplexity(self.loss, 1)

    @property
    def headline(self) -> str:
        return f"validation perplexity {self.perplexity:.1f}, BLEU {self.bleu.score:.1f}"

    @property
    def shown(self) -> list[tuple[str, str]]:
        return [(source, translation) for source, _, translation in self.samples[:3]]

    def scalars(self) -> dict[str, float]:
        return {
            "validation/loss": self.loss,
            "validation/perplexity": self.perplexity,
            "validation/free_running_loss": self.free_running_loss,
            "validation/bleu": self.bleu.score,
        }

    def table(self) -> list[tuple[str, ...]]:
        return [("source", "reference", "translation"), *self.samples]


class Evaluator:
    """Evaluates one translator again and again, with functions that are compiled once.

    Args:
        translator: a `Translator`.
        data: `TranslationData`.
        max_sources: int. How many held-out sentences an evaluation in between looks at.
        num_samples: int. How many translations it shows.
    """

    def __init__(self, translator, data, max_sources: int = 300, num_samples: int = 5):
        self.translator = translator
        self.data = data
        self.some = data.held_out["validation"].first(max_sources)
        spread = np.linspace(0, len(self.some.sources) - 1, num_samples).astype(int)
        self.shown = sorted(set(spread.tolist()))
        self.batches = list(self._batches(self.some.pairs))

        @tf.function(input_signature=[_IDS, _IDS], autograph=False)
        def losses(source_ids, target_ids):
            inputs, labels, weight = shift_labels(target_ids, target_ids != PAD)
            forced = translator(source_ids, inputs, training=False)
            free = translator(source_ids, inputs, teacher_forcing=False, training=False)
            forced_loss, count = token_cross_entropy(forced, labels, weight)
            return forced_loss, token_cross_entropy(free, labels, weight)[0], count

        self._losses = losses

    def evaluate(self) -> Evaluation:
        """Evaluates on the first validation sentences: losses, BLEU, samples."""
        forced, free, count = np.sum(
            [[value.numpy() for value in self._losses(*batch)] for batch in self.batches], axis=0
        )
        translations = self.translate(self.some.sources)
        samples = [
            (self.some.sources[i], self.some.references[i][0], translations[i]) for i in self.shown
        ]
        bleu = corpus_bleu(translations, self.some.references)
        return Evaluation(float(forced / count), float(free / count), bleu, samples)

    def test(self, beam_width: int = 1, split: str = "test") -> Bleu:
        """Returns BLEU on all of a held-out split."""
        held_out = self.data.held_out[split]
        return corpus_bleu(self.translate(held_out.sources, beam_width), held_out.references)

    def translate(self, sentences, beam_width: int = 1) -> list[str]:
        return translate_sentences(
            self.translator,
            self.data.source_tokenizer,
            self.data.target_tokenizer,
            sentences,
            max_length=self.data.max_length,
            beam_width=beam_width,
        )

    def _batches(self, pairs):
        sources = self.data.source_tokenizer.encode([pair.source for pair in pairs])
        targets = self.data.target_tokenizer.encode([pair.target for pair in pairs])
        rows = sorted(zip(sources, targets, strict=True), key=lambda row: len(row[1]))
        for start in range(0, len(rows), _BATCH_SIZE):
            chosen = rows[start : start + _BATCH_SIZE]
            yield (
                tf.constant(padded([source for source, _ in chosen])),
                tf.constant(padded([[START, *target, STOP] for _, target in chosen])),
            )
