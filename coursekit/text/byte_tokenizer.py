"""The bytes of UTF-8: a vocabulary that needs no training and knows every text."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from coursekit.text import tokenizer_file
from coursekit.text.special_tokens import SPECIAL_TOKENS
from coursekit.text.word_tokenizer import refuse_one_string, up_to_stop


class ByteTokenizer:
    """Bytes to ids and back.

    Ids 0 to 3 are PAD, START, STOP and UNKNOWN; byte `b` is id `b + 4`. `encode` adds neither START
    nor STOP; `decode` leaves out PAD and START, ends at STOP, and writes U+FFFD where the bytes are
    no UTF-8, as a model may leave a character unfinished.

    Example:

    >>> tokenizer = ByteTokenizer()
    >>> tokenizer.encode(["é!"])
    [[199, 173, 37]]
    >>> tokenizer.decode([[199, 173, 37, 2, 0]])
    ['é!']
    """

    kind = "bytes"

    @classmethod
    def train(cls, texts: Iterable[str]) -> "ByteTokenizer":
        """Returns the one tokenizer there is, whatever the texts."""
        return cls()

    @property
    def vocabulary_size(self) -> int:
        return 256 + len(SPECIAL_TOKENS)

    def ids(self, text: str) -> np.ndarray:
        """Returns the ids of one text, however long, as int32 (T,)."""
        content = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
        return content.astype(np.int32) + len(SPECIAL_TOKENS)

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        """Returns the ids of each text, without START and STOP."""
        refuse_one_string(texts)
        return [self.ids(text).tolist() for text in texts]

    def decode(self, token_ids: Iterable[Sequence[int]]) -> list[str]:
        """Returns the text of each row of ids."""
        rows = [up_to_stop(row, self.vocabulary_size) for row in token_ids]
        first = len(SPECIAL_TOKENS)
        return [
            b"".join(b"\xff" if i < first else bytes([i - first]) for i in row).decode(
                "utf-8", "replace"
            )
            for row in rows
        ]

    def unknown_characters(self, text: str) -> list[str]:
        """Returns an empty list: bytes know every character."""
        return []

    def save(self, path) -> Path:
        """Writes the tokenizer as JSON; `coursekit.text.tokenizers.load_tokenizer` reads it."""
        return tokenizer_file.write(path, self.kind, self.get_config())

    def get_config(self) -> dict:
        return {}
