"""The tokenizers, and how a saved one is read back, whichever kind it is."""

from typing import Any, get_args

from coursekit.text import tokenizer_file
from coursekit.text.byte_pair_tokenizer import BytePairTokenizer
from coursekit.text.byte_tokenizer import ByteTokenizer
from coursekit.text.character_tokenizer import CharacterTokenizer, UnknownCharacters
from coursekit.text.special_tokens import PAD, SPECIAL_TOKENS, START, STOP, UNKNOWN
from coursekit.text.unpacked_file import TextFileError
from coursekit.text.word_piece_tokenizer import WordPieceTokenizer
from coursekit.text.word_tokenizer import WordTokenizer

__all__ = [
    "PAD",
    "SPECIAL_TOKENS",
    "START",
    "STOP",
    "UNKNOWN",
    "BytePairTokenizer",
    "ByteTokenizer",
    "CharacterTokenizer",
    "UnknownCharacters",
    "WordPieceTokenizer",
    "WordTokenizer",
    "load_tokenizer",
]

Tokenizer = (
    WordTokenizer | WordPieceTokenizer | CharacterTokenizer | ByteTokenizer | BytePairTokenizer
)
_KINDS: dict[str, Any] = {kind.kind: kind for kind in get_args(Tokenizer)}


def load_tokenizer(path) -> Tokenizer:
    """Returns the tokenizer that `save` wrote to `path`.

    Raises:
        TextFileError: the file is missing or is no tokenizer.
    """
    kind, config = tokenizer_file.read(path)
    try:
        return _KINDS[kind](**config)
    except (KeyError, TypeError, ValueError) as error:
        raise TextFileError(
            f"{path} is not a tokenizer saved by coursekit: train again, or name another run."
        ) from error
