"""The sentence pairs of a run, split, tokenized and batched."""

import hashlib
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from coursekit.errors import UserError
from coursekit.text.phrasebook import phrasebook_splits
from coursekit.text.pipeline import BucketedBatches
from coursekit.text.sentence_pairs import SentencePair, keep_short, read_sentence_pairs
from coursekit.text.splits import group_by_source, split_by_source
from coursekit.text.tokenizers import WordPieceTokenizer, WordTokenizer
from coursekit.training.translation_settings import TranslationSettings

_HELD_OUT = {"validation": 0.02, "test": 0.02}
_FEWEST_PAIRS = 100
TOKENIZERS = {"pieces": WordPieceTokenizer, "words": WordTokenizer}


@dataclass
class HeldOut:
    """Sentences that are not trained on, each with all its translations."""

    pairs: list[SentencePair]
    sources: list[str] = field(init=False)
    references: list[list[str]] = field(init=False)

    def __post_init__(self):
        groups = group_by_source(self.pairs)
        self.sources = [source for source, _ in groups]
        self.references = [references for _, references in groups]

    def first(self, sources: int) -> "HeldOut":
        """The pairs of the first few sources."""
        kept = set(self.sources[:sources])
        return HeldOut([pair for pair in self.pairs if pair.source in kept])


@dataclass
class TranslationData:
    """What a run reads."""

    train: list[SentencePair]
    held_out: dict[str, HeldOut]
    source_tokenizer: WordPieceTokenizer | WordTokenizer
    target_tokenizer: WordPieceTokenizer | WordTokenizer
    batches: BucketedBatches
    notes: list[str]

    @property
    def max_length(self) -> int:
        """The most tokens a translation of this corpus may need, STOP included."""
        return 4 + max(bucket.target_length for bucket in self.batches.buckets)

    @property
    def fingerprint(self) -> str:
        """Differs between corpora: a run goes on with the one it began with."""
        return fingerprint(self.train)


def fingerprint(pairs: list[SentencePair]) -> str:
    """Returns a digest of sentence pairs."""
    digest = hashlib.blake2b(digest_size=12)
    for text in chain.from_iterable(pairs):
        digest.update(text.encode() + b"\n")
    return digest.hexdigest()


def split_pairs(settings: TranslationSettings) -> tuple[dict[str, list[SentencePair]], list[str]]:
    """Reads or generates the pairs; returns the splits and what a user should know of them."""
    if settings.pairs is None:
        return phrasebook_splits(seed=settings.seed), ["the phrasebook, generated"]
    pairs, bad_lines = read_sentence_pairs(settings.pairs)
    short = keep_short(pairs, settings.max_words)
    notes = [
        f"{settings.pairs}: {len(short):,} of {len(pairs):,} pairs have at most "
        f"{settings.max_words} words a side"
    ]
    if len(bad_lines):
        notes.append(str(bad_lines))
    if len(short) < _FEWEST_PAIRS:
        raise UserError(
            f"{settings.pairs} has {len(short)} pairs of at most {settings.max_words} words a "
            f"side; training and held-out sentences need at least {_FEWEST_PAIRS}."
        )
    return split_by_source(short, _HELD_OUT, seed=settings.seed), notes


def prepare(settings: TranslationSettings, tokenizers=None) -> TranslationData:
    """Returns the data of a run.

    Args:
        settings: the run's.
        tokenizers: the saved (source, target) tokenizers of a run that goes on; else they are
            trained on the training sentences.
    """
    splits, notes = split_pairs(settings)
    train = splits["train"]
    sources, targets = [pair.source for pair in train], [pair.target for pair in train]
    if tokenizers is None:
        kind: Any = TOKENIZERS[settings.tokenizer]
        tokenizers = tuple(
            kind.train(texts, vocabulary_size=settings.vocabulary_size)
            for texts in (sources, targets)
        )
    source_tokenizer, target_tokenizer = tokenizers
    batches = BucketedBatches(
        source_tokenizer.encode(sources),
        target_tokenizer.encode(targets),
        batch_size=settings.batch_size,
        seed=settings.seed,
    )
    return TranslationData(
        train=train,
        held_out={name: HeldOut(pairs) for name, pairs in splits.items() if name != "train"},
        source_tokenizer=source_tokenizer,
        target_tokenizer=target_tokenizer,
        batches=batches,
        notes=notes,
    )
