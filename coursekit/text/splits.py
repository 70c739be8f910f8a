"""Splits sentence pairs so that no held-out sentence was seen in training.

Files of translations give one source several targets, on lines of their own: a split by line puts
almost half of a held-out set's sources into training. Here a *source sentence* goes as a whole to
one split, and sentences that differ only in case, spacing or punctuation count as the same.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from hashlib import blake2b

from coursekit.text.sentence_pairs import SentencePair

_APOSTROPHE = re.compile("['\u2019\u02bc\u2018]")
_WORD = re.compile(r"[^\W_]+")


def sentence_key(text: str) -> str:
    """Returns what two sentences share when they differ in case and punctuation only.

    >>> sentence_key("I'm  home!") == sentence_key("i’m home.")
    True
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORD.findall(_APOSTROPHE.sub("", folded))) or folded.strip()


def split_by_source(
    pairs: Iterable[SentencePair],
    held_out: Mapping[str, float | int] | None = None,
    seed: int = 0,
) -> dict[str, list[SentencePair]]:
    """Splits pairs by their source sentence.

    Where a sentence goes depends on the sentence and the seed alone: not on its place in the file,
    nor, for a share, on the other sentences, so that a file may grow without a test sentence ever
    moving to training.

    Args:
        pairs: the sentence pairs.
        held_out: size of each held-out split: a share of the sources (a float below 1), or a
            number of sources (an int). Defaults to 2% each for "validation" and "test".
        seed: int. Another seed gives another split.

    Returns:
        dict of lists: "train" and the names in `held_out`, each in the order of `pairs`.

    Raises:
        ValueError: the sizes are negative, a share of 1 or more, or leave nothing for training.
    """
    held_out = {"validation": 0.02, "test": 0.02} if held_out is None else dict(held_out)
    pairs = list(pairs)
    keys = [sentence_key(pair.source) for pair in pairs]
    places = {key: _place(key, seed) for key in set(keys)}
    _check_sizes(held_out, len(places))

    split_of: dict[str, str] = {}
    ranked = sorted(places, key=lambda key: (places[key], key))
    lower = 0.0
    for name, size in held_out.items():
        if isinstance(size, float):
            upper = lower + size
            split_of.update((key, name) for key in ranked if lower <= places[key] < upper)
            lower = upper
    rest = [key for key in ranked if key not in split_of]
    for name, size in held_out.items():
        if not isinstance(size, float):
            split_of.update((key, name) for key in rest[len(rest) - size :])
            del rest[len(rest) - size :]

    splits: dict[str, list[SentencePair]] = {"train": [], **{name: [] for name in held_out}}
    for pair, key in zip(pairs, keys, strict=True):
        splits[split_of.get(key, "train")].append(pair)
    return splits


def group_by_source(pairs: Iterable[SentencePair]) -> list[tuple[str, list[str]]]:
    """Gathers all translations of each source: `[(source, [target, ...]), ...]` in file order.

    For held-out BLEU with several references; equal targets are kept once.
    """
    groups: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        groups.setdefault(source, {})[target] = None
    return [(source, list(targets)) for source, targets in groups.items()]


def _place(key: str, seed: int) -> float:
    """A number in [0, 1) that is a function of the sentence and the seed."""
    digest = blake2b(f"{seed}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _check_sizes(held_out: Mapping[str, float | int], num_sources: int) -> None:
    shares = [size for size in held_out.values() if isinstance(size, float)]
    counts = [size for size in held_out.values() if not isinstance(size, float)]
    if any(size < 0 for size in held_out.values()) or sum(shares) >= 1:
        raise ValueError(
            "A held-out size is a share (a float below 1) or a number of sources (an int), and "
            f"the shares leave something for training. Received: held_out={dict(held_out)}"
        )
    if sum(shares) * num_sources + sum(counts) >= max(num_sources, 1):
        raise ValueError(
            f"The held-out splits leave none of {num_sources} source sentences for training. "
            f"Received: held_out={dict(held_out)}"
        )
