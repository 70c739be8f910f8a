"""What a language model reads: a text, or lines of sentence pairs; split, then tokenized."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from coursekit.errors import UserError
from coursekit.text.python_topics import python_topics_text
from coursekit.text.special_tokens import START, STOP
from coursekit.text.text_files import read_text
from coursekit.text.tokenizers import BytePairTokenizer, ByteTokenizer, CharacterTokenizer
from coursekit.training.language_model_settings import PHRASEBOOK, LanguageModelSettings
from coursekit.training.translation_data import HeldOut, SplitPairs, split_pairs
from coursekit.training.translation_settings import TranslationSettings

HELD_OUT_SHARE = 0.1  # the end of the text
_TOKENIZERS: dict[str, Any] = {
    kind.kind: kind for kind in (CharacterTokenizer, ByteTokenizer, BytePairTokenizer)
}


@dataclass
class SplitText:
    """A text whose end is held out.

    Args:
        train: what is trained on.
        held_out: what is not.
        source: where it comes from, as a user calls it.
    """

    train: str
    held_out: str
    source: str
    made_of: ClassVar[str] = "text"

    @property
    def fingerprint(self) -> str:
        """Differs between texts: a run goes on with the one it began with."""
        content = f"{self.train}\0{self.held_out}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=12).hexdigest()

    @property
    def notes(self) -> list[str]:
        return [
            f"{self.source}: {len(self.train):,} characters to learn from, the last "
            f"{len(self.held_out):,} held out"
        ]

    @property
    def vocabulary_texts(self) -> list[str]:
        return [self.train, self.held_out]


@dataclass
class SplitLines:
    """Sentence pairs as lines that a language model continues.

    Args:
        pairs: split by source sentence.
    """

    pairs: SplitPairs
    made_of: ClassVar[str] = "sentences"

    @property
    def source(self) -> str:
        return self.pairs.source

    @property
    def fingerprint(self) -> str:
        return self.pairs.fingerprint

    @property
    def notes(self) -> list[str]:
        return [*self.pairs.notes, f"lines {prompt_of('...')!r}: the loss is of what follows"]

    @property
    def vocabulary_texts(self) -> list[str]:
        held_out = [pair for part in self.pairs.held_out.values() for pair in part.pairs]
        return [prompt_of(s) + t for s, t in [*self.pairs.train, *held_out]]


class Rows(NamedTuple):
    """Lines as ids: START, the prompt, the answer, STOP; one after the other in one array.

    Only the answer and STOP count as labels; they begin `answers` tokens after a row's start.
    """

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    answers: np.ndarray


@dataclass
class TokenData:
    """What a run reads, as ids: either a text or rows."""

    tokenizer: Any
    train: np.ndarray | Rows
    held_out: np.ndarray | Rows
    translations: dict[str, HeldOut] | None = None

    @property
    def train_tokens(self) -> int:
        return len(self.train.ids if isinstance(self.train, Rows) else self.train)


def prompt_of(sentence: str) -> str:
    """What a translating language model reads before it answers."""
    return f"English: {sentence} French: "


def split_language_data(settings: LanguageModelSettings) -> SplitText | SplitLines:
    """Reads or generates what a run learns; needs no TensorFlow."""
    if settings.pairs is not None:
        path = None if settings.pairs == PHRASEBOOK else settings.pairs
        as_pairs = TranslationSettings(
            pairs=path, max_words=settings.max_words, seed=settings.seed, epochs=1
        )
        return SplitLines(split_pairs(as_pairs))
    if settings.text is None:
        text, source = python_topics_text(), "what Python's help() knows of the language"
    else:
        text, source = read_text(settings.text), settings.text
    seam = round(len(text) * (1 - HELD_OUT_SHARE))
    return SplitText(text[:seam], text[seam:], source)


def tokenize_language_data(
    data: SplitText | SplitLines, settings: LanguageModelSettings, tokenizer=None
) -> TokenData:
    """Returns the ids of a run.

    Args:
        data: of the run.
        settings: the run's.
        tokenizer: the saved one of a run that goes on; else it is trained.

    Raises:
        UserError: the text, or a line, does not fit the context.
    """
    if tokenizer is None:
        size = settings.vocabulary_size
        options = {"vocabulary_size": size} if settings.tokenizer == "byte-pairs" else {}
        # Byte pairs are learned from the training part; of characters all have to be known.
        characters = settings.tokenizer == "characters"
        texts = data.vocabulary_texts if characters else _training_texts(data)
        tokenizer = _TOKENIZERS[settings.tokenizer].train(texts, **options)
    if isinstance(data, SplitLines):
        train = _rows(tokenizer, data.pairs.train)
        held_out = {name: part.first(MAX_SOURCES) for name, part in data.pairs.held_out.items()}
        validation = _rows(tokenizer, held_out["validation"].pairs)
        longest = int(max(train.lengths.max(), validation.lengths.max())) - 1
        if longest > settings.sequence_length:
            raise UserError(
                f"The longest line of {data.source} has {longest} tokens ({settings.tokenizer}): "
                f"--sequence-length is at least that. Received: {settings.sequence_length}"
            )
        return TokenData(tokenizer, train, validation, data.pairs.held_out)
    train, held_out = tokenizer.ids(data.train), tokenizer.ids(data.held_out)
    if len(train) <= settings.sequence_length or len(held_out) < 2:
        raise UserError(
            f"{data.source} is shorter than the context: {len(train):,} tokens "
            f"({settings.tokenizer}) to learn from, where --sequence-length "
            f"{settings.sequence_length} needs one more than that. Take a longer text or a shorter "
            "context."
        )
    return TokenData(tokenizer, train, held_out)


MAX_SOURCES = 300  # held-out sentences whose loss is looked at


def _training_texts(data) -> list[str]:
    if isinstance(data, SplitText):
        return [data.train]
    return [prompt_of(source) + target for source, target in data.pairs.train]


def _rows(tokenizer, pairs: Sequence) -> Rows:
    """Lines in the order of their length, so that neighbours fit into one batch."""
    prompts = tokenizer.encode([prompt_of(source) for source, _ in pairs])
    targets = tokenizer.encode([target for _, target in pairs])
    lines = [
        ([START, *prompt], [*target, STOP]) for prompt, target in zip(prompts, targets, strict=True)
    ]
    lines.sort(key=lambda line: len(line[0]) + len(line[1]))
    lengths = np.array([len(prompt) + len(target) for prompt, target in lines], np.int32)
    return Rows(
        ids=np.array([i for line in lines for part in line for i in part], np.int32),
        starts=np.concatenate([[0], lengths.cumsum()[:-1]]).astype(np.int32),
        lengths=lengths,
        answers=np.array([len(prompt) for prompt, _ in lines], np.int32),
    )
