"""A vocabulary of whole words, the most frequent first."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from coursekit.text import tokenizer_file
from coursekit.text.normalisation import join_words, spaced_marks, split_words, tidy
from coursekit.text.special_tokens import PAD, SPECIAL_TOKENS, START, STOP, UNKNOWN


class WordTokenizer:
    """Words to ids and back.

    Ids 0 to 3 are PAD, START, STOP and UNKNOWN; the words follow, the most frequent first and
    equally frequent ones in alphabetical order, so that equal texts give equal vocabularies.
    `encode` adds neither START nor STOP; `decode` leaves out PAD and START and ends at STOP.

    Args:
        words: the vocabulary after the four special tokens.
        lower: if True, text is lower-cased first.
        split: "words" cuts off punctuation, clitics and elided articles (`l'|homme`, `do|n't`);
            "spaces" cuts at spaces only, for text prepared with `lower_and_space`.
        spaced: the marks that `decode` sets off with a space, as French does with `?` and `!`.

    Example:

    >>> tokenizer = WordTokenizer.train(["L'homme dort.", "Il dort ?"])
    >>> tokenizer.encode(["L'homme dort ?"])
    [[8, 9, 4, 6]]
    >>> tokenizer.decode([[8, 9, 4, 6, 2, 0]])
    ["L'homme dort ?"]
    """

    kind = "words"

    def __init__(
        self, words: Sequence[str], lower: bool = False, split: str = "words", spaced: str = ""
    ):
        if split not in ("words", "spaces"):
            raise ValueError(f"`split` is 'words' or 'spaces'. Received: split={split!r}")
        self.vocabulary = [*SPECIAL_TOKENS, *words]
        self.lower = lower
        self.split = split
        self.spaced = spaced
        self._ids = {word: i + len(SPECIAL_TOKENS) for i, word in enumerate(words)}
        if len(self._ids) != len(words):
            raise ValueError("A word stands twice in the vocabulary.")

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        min_frequency: int = 1,
        vocabulary_size: int | None = None,
        lower: bool = False,
        split: str = "words",
    ) -> "WordTokenizer":
        """Builds the vocabulary of `texts`.

        Args:
            texts: the sentences, of one language.
            min_frequency: rarer words become UNKNOWN.
            vocabulary_size: the most entries, the four special ones included. None: no limit.
            lower: see the class.
            split: see the class.
        """
        if vocabulary_size is not None and vocabulary_size < len(SPECIAL_TOKENS):
            raise ValueError(
                "`vocabulary_size` counts the four special tokens too. Received: "
                f"vocabulary_size={vocabulary_size}"
            )
        texts = [tidy(text) for text in texts]
        tokenizer = cls([], lower, split, spaced_marks(texts) if split == "words" else "")
        counts = Counter(word for text in texts for word in tokenizer.words(text))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        words = [word for word in ranked if counts[word] >= min_frequency]
        if vocabulary_size is not None:
            words = words[: vocabulary_size - len(SPECIAL_TOKENS)]
        return cls(words, lower, split, tokenizer.spaced)

    @property
    def vocabulary_size(self) -> int:
        return len(self.vocabulary)

    def words(self, text: str) -> list[str]:
        """Returns the words of `text`, known or not."""
        text = tidy(text)
        if self.lower:
            text = text.lower()
        return text.split() if self.split == "spaces" else split_words(text)

    def encode(self, texts: Iterable[str]) -> list[list[int]]:
        """Returns the ids of each text, without START and STOP."""
        refuse_one_string(texts)
        return [[self._ids.get(word, UNKNOWN) for word in self.words(text)] for text in texts]

    def decode(self, token_ids: Iterable[Sequence[int]]) -> list[str]:
        """Returns the text of each row of ids, spaced as its language wants."""
        rows = [
            [self.vocabulary[i] for i in up_to_stop(row, self.vocabulary_size)] for row in token_ids
        ]
        if self.split == "spaces":
            return [" ".join(row) for row in rows]
        return [join_words(row, self.spaced) for row in rows]

    def unknown_rate(self, texts: Iterable[str]) -> float:
        """Returns the share of the words of `texts` that the vocabulary lacks."""
        rows = self.encode(texts)
        return sum(row.count(UNKNOWN) for row in rows) / max(1, sum(map(len, rows)))

    def save(self, path) -> Path:
        """Writes the tokenizer as JSON; `coursekit.text.tokenizers.load_tokenizer` reads it."""
        return tokenizer_file.write(path, self.kind, self.get_config())

    def get_config(self) -> dict:
        return {
            "words": self.vocabulary[len(SPECIAL_TOKENS) :],
            "lower": self.lower,
            "split": self.split,
            "spaced": self.spaced,
        }


def up_to_stop(row: Sequence[int], vocabulary_size: int) -> list[int]:
    """Returns the ids before STOP that stand for text.

    Raises:
        ValueError: an id lies outside the vocabulary.
    """
    kept = []
    for token_id in map(int, row):
        if not 0 <= token_id < vocabulary_size:
            raise ValueError(
                f"Ids lie in 0 to {vocabulary_size - 1}. Received: {token_id}, so the ids come "
                "from another tokenizer."
            )
        if token_id == STOP:
            break
        if token_id not in (PAD, START):
            kept.append(token_id)
    return kept


def refuse_one_string(texts) -> None:
    if isinstance(texts, str):
        raise TypeError(f"`encode` takes a list of texts. Received one string: {texts[:40]!r}")
