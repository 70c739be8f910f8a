"""Subwords: KerasHub's WordPiece over the same words as `WordTokenizer`."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path

from coursekit.text import tokenizer_file
from coursekit.text.normalisation import join_words, spaced_marks, split_words, tidy
from coursekit.text.special_tokens import SPECIAL_TOKENS, UNKNOWN
from coursekit.text.word_tokenizer import refuse_one_string, up_to_stop

_SUFFIX = "##"
_MAX_CHARACTERS = 1000
_CACHED_WORDS = 1 << 18


class WordPieceTokenizer:
    """Subwords to ids and back: no word is unknown, and the vocabulary stays small.

    `keras_hub.tokenizers.WordPieceTokenizer` encodes. It is given words that are already cut the
    way `WordTokenizer` cuts them, so that text comes back with its spacing, and each distinct word
    once, so that a corpus takes seconds. Ids 0 to 3 are PAD, START, STOP and UNKNOWN. Case and
    accents are kept.

    Args:
        pieces: the vocabulary after the four special tokens; "##" marks a piece inside a word.
        lower: if True, text is lower-cased first.
        spaced: the marks that `decode` sets off with a space, as French does with `?` and `!`.

    Example:

    >>> tokenizer = WordPieceTokenizer(["un", "chat", "##on", "##s"])
    >>> tokenizer.encode(["un chat", "chatons"])
    [[4, 5], [5, 6, 7]]
    >>> tokenizer.decode([[4, 5, 6, 2, 0]])
    ['un chaton']

    Reference:
        [Schuster and Nakajima, 2012](https://research.google/pubs/pub37842/)
    """

    kind = "pieces"

    def __init__(self, pieces: Sequence[str], lower: bool = False, spaced: str = ""):
        self.vocabulary = [*SPECIAL_TOKENS, *pieces]
        self.lower = lower
        self.spaced = spaced
        self._ids_of: dict[str, list[int]] = {}
        if len(set(self.vocabulary)) != len(self.vocabulary):
            raise ValueError("A piece stands twice in the vocabulary.")

    @classmethod
    def train(
        cls, texts: Iterable[str], vocabulary_size: int = 8000, lower: bool = False
    ) -> "WordPieceTokenizer":
        """Learns the pieces of `texts`.

        The `tokenizers` library learns them: on 167,000 French sentences in seconds, where
        KerasHub's `compute_word_piece_vocabulary` takes minutes for a vocabulary that cuts the
        same text into as many pieces.

        Args:
            texts: the sentences, of one language.
            vocabulary_size: the most entries, the four special ones included.
            lower: see the class.
        """
        if vocabulary_size <= len(SPECIAL_TOKENS):
            raise ValueError(
                "`vocabulary_size` counts the four special tokens too. Received: "
                f"vocabulary_size={vocabulary_size}"
            )
        texts = [tidy(text) for text in texts]
        tokenizer = cls([], lower, spaced_marks(texts))
        counts = Counter(word for text in texts for word in tokenizer.words(text))
        pieces = _learn(counts, vocabulary_size)
        return cls(pieces, lower, tokenizer.spaced)

    @property
    def vocabulary_size(self) -> int:
        return len(self.vocabulary)

    @cached_property
    def keras_hub_tokenizer(self):
        """The KerasHub layer that encodes; its input is words, `split=False`."""
        import keras_hub

        return keras_hub.tokenizers.WordPieceTokenizer(
            vocabulary=self.vocabulary,
            oov_token=SPECIAL_TOKENS[UNKNOWN],
            suffix_indicator=_SUFFIX,
            split=False,
        )

    def words(self, text: str) -> list[str]:
        """Returns the words that `text` is cut into before the pieces."""
        text = tidy(text)
        return split_words(text.lower() if self.lower else text)

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        """Returns the ids of each text, without START and STOP."""
        refuse_one_string(texts)
        rows = [self.words(text) for text in texts]
        if len(self._ids_of) > _CACHED_WORDS:
            self._ids_of.clear()
        fresh = [word for word in dict.fromkeys(chain(*rows)) if word not in self._ids_of]
        if fresh:
            encoded = self.keras_hub_tokenizer.tokenize([[word] for word in fresh])
            self._ids_of.update(zip(fresh, map(list, encoded), strict=True))
        return [list(chain.from_iterable(map(self._ids_of.__getitem__, row))) for row in rows]

    def decode(self, token_ids: Iterable[Sequence[int]]) -> list[str]:
        """Returns the text of each row of ids, spaced as its language wants."""
        texts = []
        for row in token_ids:
            words: list[str] = []
            for token_id in up_to_stop(row, self.vocabulary_size):
                piece = self.vocabulary[token_id]
                if piece.startswith(_SUFFIX) and piece != _SUFFIX:
                    # A model may write a suffix first: then it begins the text.
                    words.append(words.pop() if words else "")
                    words[-1] += piece[len(_SUFFIX) :]
                else:
                    words.append(piece)
            texts.append(join_words(words, self.spaced))
        return texts

    def unknown_rate(self, texts: Iterable[str]) -> float:
        """Returns the share of pieces that stand for a word with an unseen character."""
        rows = self.encode(texts)
        return sum(row.count(UNKNOWN) for row in rows) / max(1, sum(map(len, rows)))

    def save(self, path) -> Path:
        """Writes the tokenizer as JSON; `coursekit.text.tokenizers.load_tokenizer` reads it."""
        return tokenizer_file.write(path, self.kind, self.get_config())

    def get_config(self) -> dict:
        return {
            "pieces": self.vocabulary[len(SPECIAL_TOKENS) :],
            "lower": self.lower,
            "spaced": self.spaced,
        }


def _learn(counts: Counter[str], vocabulary_size: int) -> list[str]:
    """Returns the pieces after the special tokens: characters first, then the merges."""
    import tokenizers

    # Given as special tokens the characters get the same ids, and ties break the same way, in
    # every process; left to the trainer they follow the order of a hash map.
    characters = Counter[str]()
    for word, count in counts.items():
        characters.update({word[0]: count})
        for letter in word[1:]:
            characters[_SUFFIX + letter] += count
    ranked = sorted(characters, key=lambda piece: (-characters[piece], piece))
    room = vocabulary_size - len(SPECIAL_TOKENS)
    alphabet = ranked[: min(_MAX_CHARACTERS, room)]
    learner = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token=SPECIAL_TOKENS[UNKNOWN]))
    learner.train_from_iterator(
        chain.from_iterable([word] * counts[word] for word in sorted(counts)),
        tokenizers.trainers.WordPieceTrainer(
            vocab_size=vocabulary_size,
            special_tokens=[*SPECIAL_TOKENS, *alphabet],
            continuing_subword_prefix=_SUFFIX,
            limit_alphabet=0,
            show_progress=False,
        ),
    )
    ids = learner.get_vocab()
    return sorted(ids, key=ids.__getitem__)[len(SPECIAL_TOKENS) : vocabulary_size]
