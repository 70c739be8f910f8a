"""From sentences to translated sentences: encode, pad, search, decode."""

from collections.abc import Sequence

import numpy as np

from coursekit.text.special_tokens import PAD, UNKNOWN

_BATCH_SIZE = 64


def padded(rows: Sequence[Sequence[int]]) -> np.ndarray:
    """Returns rows of ids as one int32 array, filled up with PAD."""
    width = max(1, *map(len, rows)) if len(rows) > 1 else max(1, len(rows[0]))
    ids = np.full((len(rows), width), PAD, np.int32)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    return ids


def translate_sentences(
    translator,
    source_tokenizer,
    target_tokenizer,
    sentences: Sequence[str],
    max_length: int = 40,
    beam_width: int = 1,
) -> list[str]:
    """Translates sentences, those of like length in one batch; nothing becomes nothing."""
    encoded = source_tokenizer.encode(sentences)
    order = sorted((i for i, row in enumerate(encoded) if row), key=lambda i: len(encoded[i]))
    translations = [""] * len(sentences)
    for start in range(0, len(order), _BATCH_SIZE):
        chosen = order[start : start + _BATCH_SIZE]
        source_ids = padded([encoded[i] for i in chosen])
        token_ids = translator.translate(source_ids, max_length=max_length, beam_width=beam_width)
        for i, text in zip(chosen, target_tokenizer.decode(token_ids), strict=True):
            translations[i] = text
    return translations


def unknown_words(tokenizer, sentence: str) -> list[str]:
    """Returns the words of a sentence that the tokenizer has no ids for."""
    words = tokenizer.words(sentence)
    rows = tokenizer.encode(words) if words else []
    return [word for word, row in zip(words, rows, strict=True) if UNKNOWN in row]
