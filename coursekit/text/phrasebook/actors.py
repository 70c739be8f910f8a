"""Draws who acts and what is acted upon, so that the sentence could be said."""

from random import Random

from coursekit.text.phrasebook.adjectives import Adjective, adjectives_for, find_adjective
from coursekit.text.phrasebook.nouns import NAMES, Noun, find_noun, nouns_of
from coursekit.text.phrasebook.phrases import (
    HUMAN,
    NUMBERS,
    POSSESSIVES,
    PRONOUNS,
    NounPhrase,
    belonging_to,
    name,
    phrase,
)

# What nobody calls theirs, a house apart.
_NOT_OWNED = ("wild", "go", "transport", "question", "watched", "drawn", "sight", "building")
_SPOUSES = {"wife": (("my", "your", "his"), "m"), "husband": (("my", "your", "her"), "f")}
_EVERYBODY = tuple(
    map(find_noun, ("child", "student", "teacher", "customer", "tourist", "boy", "girl"))
)
# What one eats, reads or likes any number of: "he reads books", but not "he forgets pens".
_IN_GENERAL = ("food", "vegetable", "readable", "animal", "pair")
COLORS = ("red", "blue", "green", "yellow", "white", "black", "gray", "brown")


def weighted(rng: Random, options: dict):
    """Draws a key of `options` in proportion to its value."""
    return rng.choices(list(options), list(options.values()))[0]


def somebody(rng: Random) -> NounPhrase:
    """A human being, never a pronoun."""
    return name(*rng.choice(NAMES)) if rng.random() < 0.4 else _human(rng, nouns_of(HUMAN))


def subject(rng: Random, classes: tuple[str, ...] = HUMAN) -> NounPhrase:
    """A subject for a verb that asks for `classes`."""
    classes = tuple(classes)
    if "person" in classes and rng.random() < 0.9:
        if rng.random() < 0.45:
            return rng.choice(PRONOUNS).subject()
        return somebody(rng) if rng.random() < 0.95 else phrase(rng.choice(_EVERYBODY), "every")
    noun = rng.choice(nouns_of(classes))
    if noun.is_a(HUMAN):
        return _human(rng, (noun,))
    if noun.is_a(("animal",)):
        return _animal(rng, noun)
    return phrase(noun, weighted(rng, {"the": 6, "this": 2, "my": 1}), rng.random() < 0.2)


def thing(
    rng: Random, classes: tuple[str, ...], owner: NounPhrase, negative: bool = False
) -> NounPhrase:
    """An object of one of `classes`; `negative` leaves out what sounds odd after a negation."""
    classes = tuple(classes)
    while True:
        noun = rng.choice(nouns_of(classes))
        if (noun.is_a(("hers",)) and owner.gender == "m") or (
            noun.is_a(("his",)) and (owner.gender == "f")
        ):
            continue
        if noun.is_a(HUMAN):
            found = somebody(rng) if rng.random() < 0.35 else _human(rng, (noun,))
        else:
            found = _object(rng, noun, owner, negative, only_plural=noun.is_a(("pair",)))
        if found.english != owner.english and found.noun != (owner.noun or "nobody"):
            return found


def decorated(rng: Random, noun: Noun, chance: float = 0.3) -> tuple[Adjective, ...]:
    """Adjectives beside a noun: mostly none, sometimes one, seldom `big red`."""
    fitting = adjectives_for(noun.classes, attributive=True)
    if not fitting or rng.random() > chance:
        return ()
    first = rng.choice(fitting)
    if first.english in ("big", "small", "old", "new", "beautiful") and rng.random() < 0.2:
        colors = [entry for entry in fitting if entry.english in COLORS]
        if colors:
            return first, rng.choice(colors)
    return (first,)


def colored(rng: Random, noun: Noun, chance: float = 0.2) -> tuple[Adjective, ...]:
    """A color beside a noun that has one, for nouns of which something else is said."""
    if noun.is_a(("colored",)) and rng.random() < chance:
        return (find_adjective(rng.choice(COLORS)),)
    return ()


def _human(rng: Random, nouns: tuple[Noun, ...]) -> NounPhrase:
    noun = rng.choice(nouns)
    if noun.is_a(("relative",)):
        plural = noun.is_a(("several",)) and rng.random() < 0.2
        possessives, genders = _SPOUSES.get(noun.english, (POSSESSIVES, "mf"))
        names = [entry for entry in NAMES if entry[1] in genders]
        if rng.random() < 0.2:
            return belonging_to(noun, name(*rng.choice(names)), plural)
        return phrase(noun, rng.choice(possessives), plural)
    plural = rng.random() < 0.22
    options = {"the": 8, "this": 2} if noun.english != "friend" else {}
    if noun.is_a(("ours",)):
        options |= dict.fromkeys(POSSESSIVES, 1)
    if plural:
        options |= {rng.choice(list(NUMBERS)[:3]): 2}
    return phrase(noun, weighted(rng, options), plural, decorated(rng, noun, 0.12))


def _animal(rng: Random, noun: Noun) -> NounPhrase:
    plural = rng.random() < 0.3
    options = {"the": 8, "this": 2}
    if noun.is_a(("pet", "farm")):
        options |= dict.fromkeys(POSSESSIVES, 1)
    if plural:
        options |= {rng.choice(list(NUMBERS)[:3]): 2}
    elif noun.is_a(("pet",)) and rng.random() < 0.15:
        return belonging_to(noun, somebody(rng))
    return phrase(noun, weighted(rng, options), plural, decorated(rng, noun, 0.15))


def _object(
    rng: Random, noun: Noun, owner: NounPhrase, negative: bool, only_plural: bool
) -> NounPhrase:
    adjectives = decorated(rng, noun)
    human = owner.pronoun.possessive in POSSESSIVES
    own = {owner.pronoun.possessive: 1} if human else {}
    if noun.is_a(("mass", "drink")):
        options = {"the": 5, "bare": 6, "some": 4, "this": 1} | own
        return phrase(noun, weighted(rng, options), False, adjectives)
    owned = human and (noun.is_a(("possession",)) or not noun.is_a(_NOT_OWNED))
    plural = only_plural or (rng.random() < 0.28 and not noun.is_a(("single",)))
    options = {"the": 8, "this": 2}
    if owned:
        often = 10 if noun.is_a(("losable",)) else 5
        options |= {rng.choice(POSSESSIVES): 1} | dict.fromkeys(own, often)
    if plural:
        options |= {"some": 3, "many": 1}
        options |= {"bare": 4} if noun.is_a(_IN_GENERAL) else {}
        if not negative:
            options |= {rng.choice(list(NUMBERS)): 3}
    elif not negative:
        options |= {"a": 8}
    choice = weighted(rng, options)
    if owned and noun.is_a(("pet", "vehicle", "possession")) and rng.random() < 0.06:
        return belonging_to(noun, somebody(rng))
    return phrase(noun, choice, plural, adjectives)
