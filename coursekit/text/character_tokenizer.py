"""A vocabulary of characters."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from coursekit.errors import UserError
from coursekit.text import tokenizer_file
from coursekit.text.special_tokens import SPECIAL_TOKENS, UNKNOWN
from coursekit.text.word_tokenizer import refuse_one_string, up_to_stop


class UnknownCharacters(UserError, ValueError):
    """A text has characters that the vocabulary lacks."""


class CharacterTokenizer:
    """Characters to ids and back.

    Ids 0 to 3 are PAD, START, STOP and UNKNOWN; the characters follow in the order of Unicode.
    A character that is not in the vocabulary is refused: no model has learned anything about it.
    `encode` adds neither START nor STOP; `decode` leaves out PAD and START and ends at STOP.

    Args:
        characters: the vocabulary after the four special tokens.

    Example:

    >>> tokenizer = CharacterTokenizer.train(["banana"])
    >>> tokenizer.encode(["nab"])
    [[6, 4, 5]]
    >>> tokenizer.decode([[6, 4, 5, 2, 0]])
    ['nab']
    """

    kind = "characters"

    def __init__(self, characters: str):
        self.characters = characters
        self.vocabulary = [*SPECIAL_TOKENS, *characters]
        codes = _codes(characters)
        if len(np.unique(codes)) != len(codes):
            raise ValueError("A character stands twice in the vocabulary.")
        self._id_of_code = np.full(int(codes.max(initial=0)) + 2, UNKNOWN, np.int32)
        self._id_of_code[codes] = np.arange(len(codes)) + len(SPECIAL_TOKENS)

    @classmethod
    def train(cls, texts: Iterable[str]) -> "CharacterTokenizer":
        """Takes every character of `texts` into the vocabulary."""
        return cls("".join(sorted(set().union(*texts))))

    @property
    def vocabulary_size(self) -> int:
        return len(self.vocabulary)

    def ids(self, text: str) -> np.ndarray:
        """Returns the ids of one text, however long, as int32 (T,).

        Raises:
            UnknownCharacters: the text has a character that the vocabulary lacks.
        """
        codes = _codes(text)
        ids = self._id_of_code[np.minimum(codes, len(self._id_of_code) - 1)]
        if (ids == UNKNOWN).any():
            unknown = self.unknown_characters(text)
            named = ", ".join(map(repr, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
            raise UnknownCharacters(
                f"The model has never seen {named}: leave out what its text did not hold. It "
                f"knows {len(self.characters)} characters."
            )
        return ids

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        """Returns the ids of each text, without START and STOP."""
        refuse_one_string(texts)
        return [self.ids(text).tolist() for text in texts]

    def decode(self, token_ids: Iterable[Sequence[int]]) -> list[str]:
        """Returns the text of each row of ids."""
        return [
            "".join(
                "\ufffd" if i == UNKNOWN else self.vocabulary[i]
                for i in up_to_stop(row, self.vocabulary_size)
            )
            for row in token_ids
        ]

    def unknown_characters(self, text: str) -> list[str]:
        """Returns the characters of `text` that the vocabulary lacks, in order, each once."""
        known = set(self.characters)
        return [character for character in dict.fromkeys(text) if character not in known]

    def save(self, path) -> Path:
        """Writes the tokenizer as JSON; `coursekit.text.tokenizers.load_tokenizer` reads it."""
        return tokenizer_file.write(path, self.kind, self.get_config())

    def get_config(self) -> dict:
        return {"characters": self.characters}


def _codes(text: str) -> np.ndarray:
    """The code points of a text; a lone half of a pair counts as one, too."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
