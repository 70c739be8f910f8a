"""English word forms: plurals, a or an, verb forms, do-support."""

from dataclasses import dataclass

# Pronounced otherwise than written, as far as a and an go.
_SOUNDS_LIKE_CONSONANT = ("university", "uniform")


def plural_of(noun: str) -> str:
    """The plural of a noun, by rule."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def with_article(phrase: str) -> str:
    """Puts a or an before a phrase."""
    vowel = phrase[0] in "aeiou" and not phrase.startswith(_SOUNDS_LIKE_CONSONANT)
    return f"an {phrase}" if vowel else f"a {phrase}"


@dataclass(frozen=True)
class EnglishVerb:
    """The forms of a verb; what belongs to it (`look for`) is a part of every form."""

    base: str
    third: str
    past: str
    gerund: str


def verb_forms(entry: str) -> EnglishVerb:
    """Returns the forms of `look for`, `eat/ate`, or `run/ran/running`.

    >>> verb_forms("carry").third, verb_forms("dance").gerund, verb_forms("look for").past
    ('carries', 'dancing', 'looked for')
    """
    word, _, particle = entry.partition(" ")
    base, past, gerund = (*word.split("/"), "", "")[:3]
    after_consonant_y = base.endswith("y") and base[-2] not in "aeiou"
    if base == "be":
        third = "is"
    elif base == "have":
        third = "has"
    elif after_consonant_y:
        third = base[:-1] + "ies"
    else:
        third = base + "es" if base.endswith(("s", "x", "ch", "sh", "o")) else base + "s"
    if not past and after_consonant_y:
        past = base[:-1] + "ied"
    elif not past:
        past = base + ("d" if base.endswith("e") else "ed")
    if not gerund:
        dropped = base.endswith("e") and not base.endswith(("ee", "ie")) and base != "be"
        gerund = (base[:-1] if dropped else base) + "ing"
    particle = f" {particle}" if particle else ""
    return EnglishVerb(*(form + particle for form in (base, third, past, gerund)))
