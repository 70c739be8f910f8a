"""The tokenizers, and how a saved one is read back, whichever kind it is."""

from coursekit.text import tokenizer_file
from coursekit.text.sentence_pairs import TextFileError
from coursekit.text.special_tokens import PAD, SPECIAL_TOKENS, START, STOP, UNKNOWN
from coursekit.text.word_piece_tokenizer import WordPieceTokenizer
from coursekit.text.word_tokenizer import WordTokenizer

__all__ = [
    "PAD",
    "SPECIAL_TOKENS",
    "START",
    "STOP",
    "UNKNOWN",
    "WordPieceTokenizer",
    "WordTokenizer",
    "load_tokenizer",
]

_KINDS = {kind.kind: kind for kind in (WordTokenizer, WordPieceTokenizer)}


def load_tokenizer(path) -> WordTokenizer | WordPieceTokenizer:
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
