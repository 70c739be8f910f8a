"""The sentence pairs of a run, split, tokenized and batched."""

import hashlib
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar

from coursekit.errors import UserError
from coursekit.text.phrasebook import phrasebook_splits
from coursekit.text.pipeline import BucketedBatches
from coursekit.text.sentence_pairs import SentencePair, keep_short, read_sentence_pairs
from coursekit.text.splits import group_by_source, split_by_source
from coursekit.text.tokenizers import WordPieceTokenizer, WordTokenizer
from coursekit.training.translation_settings import TranslationSettings

_SHARE = 0.02  # of the source sentences, for validation and for the test, each
_FEWEST_HELD_OUT = 50
_FEWEST_SOURCES = 50
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

    held_out: dict[str, HeldOut]
    source_tokenizer: WordPieceTokenizer | WordTokenizer
    target_tokenizer: WordPieceTokenizer | WordTokenizer
    batches: BucketedBatches

    @property
    def max_length(self) -> int:
        """The most tokens a translation of this corpus may need, STOP included."""
        return 4 + max(bucket.target_length for bucket in self.batches.buckets)


@dataclass
class SplitPairs:
    """The sentence pairs of a run before any of them is tokenized.

    Args:
        train: what is trained on.
        held_out: what is not, by the name of the split.
        notes: what a user should know of them.
        source: where they come from, as a user calls it.
    """

    train: list[SentencePair]
    held_out: dict[str, HeldOut]
    notes: list[str]
    source: str = "the phrasebook"
    made_of: ClassVar[str] = "sentences"

    @property
    def fingerprint(self) -> str:
        """Differs between corpora: a run goes on with the one it began with."""
        digest = hashlib.blake2b(digest_size=12)
        for text in chain.from_iterable(self.train):
            digest.update(text.encode() + b"\n")
        return digest.hexdigest()


def split_pairs(settings: TranslationSettings) -> SplitPairs:
    """Reads or generates the pairs of a run; needs no TensorFlow."""
    if settings.pairs is None:
        splits, notes = phrasebook_splits(seed=settings.seed), ["the phrasebook, generated"]
    else:
        splits, notes = _splits_of_file(settings)
    train = splits.pop("train")
    held_out = {name: HeldOut(pairs) for name, pairs in splits.items()}
    return SplitPairs(train, held_out, notes, settings.pairs or "the phrasebook")


def _splits_of_file(settings: TranslationSettings):
    pairs, bad_lines = read_sentence_pairs(settings.pairs)
    short = keep_short(pairs, settings.max_words)
    notes = [
        f"{settings.pairs}: {len(short):,} of {len(pairs):,} pairs have at most "
        f"{settings.max_words} words a side"
    ]
    if len(bad_lines):
        notes.append(str(bad_lines))
    sources = len({pair.source for pair in short})
    if sources < _FEWEST_SOURCES:
        raise UserError(
            f"{settings.pairs} has {sources} source sentences in pairs of at most "
            f"{settings.max_words} words a side; a run needs at least {_FEWEST_SOURCES}."
        )
    # Of a small file a share would be a handful: a tenth, up to fifty sentences.
    size = _SHARE if sources * _SHARE > _FEWEST_HELD_OUT else min(_FEWEST_HELD_OUT, sources // 10)
    held_out = {"validation": size, "test": size}
    return split_by_source(short, held_out, seed=settings.seed), notes


def tokenize(pairs: SplitPairs, settings: TranslationSettings, tokenizers=None) -> TranslationData:
    """Returns the data of a run.

    Args:
        pairs: of the run.
        settings: the run's.
        tokenizers: the saved (source, target) tokenizers of a run that goes on; else they are
            trained on the training sentences.
    """
    sources = [pair.source for pair in pairs.train]
    targets = [pair.target for pair in pairs.train]
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
    return TranslationData(pairs.held_out, source_tokenizer, target_tokenizer, batches)
