"""Translations by a language model: it is asked for them in words."""

from collections.abc import Sequence

from coursekit.generation.text_generation import TextGenerator
from coursekit.text.special_tokens import PAD, START, STOP
from coursekit.training.language_model_data import prompt_of

_BATCH_SIZE = 64
_LONGER = 8  # tokens by which an answer may be longer than its prompt


def translate_by_prompt(generator: TextGenerator, tokenizer, sentences: Sequence[str]) -> list[str]:
    """Translates sentences greedily, those of like length in one batch; nothing becomes nothing.

    Args:
        generator: of a model that has learned lines of sentence pairs.
        tokenizer: of that model.
        sentences: of the source language.
    """
    prompts = [[START, *row] for row in tokenizer.encode([prompt_of(s) for s in sentences])]
    order = sorted((i for i, s in enumerate(sentences) if s.strip()), key=lambda i: len(prompts[i]))
    translations = [""] * len(sentences)
    size = min(_BATCH_SIZE, len(order))
    for first in range(0, len(order), _BATCH_SIZE):
        chosen = order[first : first + _BATCH_SIZE]
        rows = [prompts[i] for i in chosen]
        longest = len(rows[-1])
        # Rows fill the last batch up, so that all batches share one compiled function.
        rows += [[START]] * (size - len(rows))
        length = max(1, min(longest + _LONGER, generator.context_length - longest))
        written = generator.generate(rows, length, stop_ids=(STOP,), pad_id=PAD)
        answers = [row[len(prompts[i]) :] for i, row in zip(chosen, written, strict=False)]
        for i, text in zip(chosen, tokenizer.decode(answers), strict=True):
            translations[i] = text.strip()
    return translations
