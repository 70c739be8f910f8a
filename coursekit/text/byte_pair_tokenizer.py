"""Byte pairs: frequent sequences of bytes, learned from a text, as GPT-2 has them."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.text import tokenizer_file
from coursekit.text.special_tokens import SPECIAL_TOKENS, UNKNOWN
from coursekit.text.word_tokenizer import refuse_one_string, up_to_stop

SMALLEST_VOCABULARY = 256 + len(SPECIAL_TOKENS)
_CHUNK = 1 << 16
# A line end that no space follows: no token crosses it, so that a text may be cut there.
_SEAM = re.compile(r"\n(?=\S)")


class BytePairTokenizer:
    """Sequences of bytes to ids and back; no text is unknown.

    The library `tokenizers` learns and encodes. Ids 0 to 3 are PAD, START, STOP and UNKNOWN, then
    come the 256 bytes and the merges. The text "[STOP]" is six characters like any others, never
    the special token. `encode` adds neither START nor STOP; `decode` leaves out PAD and START and
    ends at STOP.

    Args:
        tokens: the vocabulary after the four special tokens, bytes written as GPT-2 writes them.
        merges: pairs of tokens that become one, the first learned first.

    Example:

    >>> tokenizer = BytePairTokenizer.train(["low lower lowest " * 20], vocabulary_size=270)
    >>> tokenizer.decode(tokenizer.encode(["lower? é"]))
    ['lower? é']
    >>> len(tokenizer.encode(["lower"])[0]) < 5
    True

    Reference: Sennrich et al. 2016; Radford et al. 2019.
    """

    kind = "byte-pairs"

    def __init__(self, tokens: Sequence[str], merges: Sequence[Sequence[str]]):
        self.vocabulary = [*SPECIAL_TOKENS, *tokens]
        self.merges = [(left, right) for left, right in merges]
        if len(set(self.vocabulary)) != len(self.vocabulary):
            raise ValueError("A token stands twice in the vocabulary.")
        self._encoder: Any = None

    @classmethod
    def train(cls, texts: Iterable[str], vocabulary_size: int = 2000) -> "BytePairTokenizer":
        """Learns the merges of `texts`; the same texts give the same merges in every process.

        Args:
            texts: what to learn from.
            vocabulary_size: the most tokens, the 256 bytes and four special ones included.
        """
        import tokenizers

        if vocabulary_size < SMALLEST_VOCABULARY:
            raise ValueError(
                f"`vocabulary_size` is at least {SMALLEST_VOCABULARY}: four special tokens and 256 "
                f"bytes. Received: vocabulary_size={vocabulary_size}"
            )
        learner = tokenizers.Tokenizer(tokenizers.models.BPE())
        learner.pre_tokenizer = _byte_level()
        alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
        learner.train_from_iterator(
            chain.from_iterable(map(_chunks, texts)),
            tokenizers.trainers.BpeTrainer(
                vocab_size=vocabulary_size,
                # Special tokens get the first ids: so the alphabet has them in a fixed order.
                special_tokens=[*SPECIAL_TOKENS, *alphabet],
                show_progress=False,
            ),
        )
        model = json.loads(learner.to_str())["model"]
        ids = model["vocab"]
        merges = [pair.split(" ") if isinstance(pair, str) else pair for pair in model["merges"]]
        return cls(sorted(ids, key=ids.__getitem__)[len(SPECIAL_TOKENS) :], merges)

    @property
    def vocabulary_size(self) -> int:
        return len(self.vocabulary)

    def ids(self, text: str) -> np.ndarray:
        """Returns the ids of one text, however long, as int32 (T,)."""
        encodings = self._library().encode_batch(_chunks(text))
        return np.concatenate(
            [np.zeros(0, np.int32), *(np.array(e.ids, np.int32) for e in encodings)]
        )

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        """Returns the ids of each text, without START and STOP."""
        refuse_one_string(texts)
        return [encoding.ids for encoding in self._library().encode_batch(list(texts))]

    def decode(self, token_ids: Iterable[Sequence[int]]) -> list[str]:
        """Returns the text of each row of ids."""
        rows = [up_to_stop(row, self.vocabulary_size) for row in token_ids]
        return self._library().decode_batch([[i for i in row if i != UNKNOWN] for row in rows])

    def unknown_characters(self, text: str) -> list[str]:
        """Returns an empty list: bytes know every character."""
        return []

    def save(self, path) -> Path:
        """Writes the tokenizer as JSON; `coursekit.text.tokenizers.load_tokenizer` reads it."""
        return tokenizer_file.write(path, self.kind, self.get_config())

    def get_config(self) -> dict:
        return {
            "tokens": self.vocabulary[len(SPECIAL_TOKENS) :],
            "merges": [list(pair) for pair in self.merges],
        }

    def _library(self):
        """The library's tokenizer; without special tokens, which it would find in any text."""
        if self._encoder is None:
            import tokenizers

            ids = {token: i for i, token in enumerate(self.vocabulary)}
            self._encoder = tokenizers.Tokenizer(
                tokenizers.models.BPE(vocab=ids, merges=self.merges)
            )
            self._encoder.pre_tokenizer = _byte_level()
            self._encoder.decoder = tokenizers.decoders.ByteLevel()
        return self._encoder


def _byte_level():
    import tokenizers

    return tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)


def _chunks(text: str) -> list[str]:
    """Cuts a long text where no token would cross; the library slows down on very long ones."""
    chunks, start = [], 0
    while start < len(text):
        seam = _SEAM.search(text, start + _CHUNK)
        end = seam.end() if seam else len(text)
        chunks.append(text[start:end])
        start = end
    return chunks
