"""Corpus BLEU with as many references as a sentence has, and the signature that says how."""

from collections.abc import Sequence
from typing import NamedTuple


class Bleu(NamedTuple):
    """A score from 0 to 100, and sacreBLEU's signature."""

    score: float
    signature: str


def corpus_bleu(translations: Sequence[str], references: Sequence[Sequence[str]]) -> Bleu:
    """Scores translations against all references of each.

    Args:
        translations: n sentences.
        references: for each, at least one right translation.

    >>> corpus_bleu(["le chat dort ici ."], [["un chat", "le chat dort ici ."]]).score
    100.0
    """
    from sacrebleu.metrics import BLEU

    most = max(map(len, references))
    columns = [[row[i] if i < len(row) else None for row in references] for i in range(most)]
    bleu = BLEU()
    score = bleu.corpus_score(list(translations), columns).score  # type: ignore[arg-type]
    return Bleu(round(score, 4), str(bleu.get_signature()))
