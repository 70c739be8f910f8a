"""From words to a written sentence: elision, capital letter, punctuation."""

from coursekit.text.phrasebook.clauses import Clause, english_clause, french_clause
from coursekit.text.phrasebook.french import elide

# A written sentence, and a part of one, in English and French.
Pair = tuple[str, str]
Half = tuple[str, str]


def both(clause: Clause) -> Half:
    """The clause in both languages, to be joined to another."""
    return english_clause(clause), french_clause(clause)


def finish(english: str, french: str, mark: str = ".") -> Pair:
    """Writes both sentences out; French sets a question mark off with a space.

    >>> finish("does he sleep", "est-ce que il dort", "?")
    ('Does he sleep?', "Est-ce qu'il dort ?")
    """
    french = elide(french)
    end = "." if mark == "." else f" {mark}"
    return f"{english[0].upper()}{english[1:]}{mark}", f"{french[0].upper()}{french[1:]}{end}"


def stated(clause: Clause) -> Pair:
    """The clause as a statement."""
    return finish(*both(clause))
