"""Draws clauses that say how, where or what somebody or something is."""

from random import Random

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.actors import (
    COLORS,
    HUMAN,
    colored,
    decorated,
    subject,
    thing,
    weighted,
)
from coursekit.text.phrasebook.adjectives import Adjective, adjectives_for, find_adjective
from coursekit.text.phrasebook.clauses import Clause
from coursekit.text.phrasebook.french import contract
from coursekit.text.phrasebook.nouns import Noun, find_noun, nouns_of
from coursekit.text.phrasebook.phrases import NounPhrase, phrase

_DEGREES = {("", ""): 7, ("very", "très"): 3, ("too", "trop"): 1, ("a little", "un peu"): 1}
_ON = ("table", "desk", "chair", "bed", "shelf", "sofa")
_INTO = ("box", "bag", "drawer", "suitcase", "basket")
_ROUND = (("behind", "derrière", ""), ("in front of", "devant", ""), ("near", "près", "de"),
          ("next to", "à côté", "de"))  # fmt: skip
UNGRADED = (
    "delicious", "empty", "open", "closed", "alone", "ready", "ripe", *COLORS,
)  # fmt: skip
# What one can be too much or a little of.
_UNWELCOME = (
    "tired", "sad", "shy", "worried", "hot", "cold", "expensive", "heavy", "dirty", "long",
    "difficult", "boring", "strange", "lazy", "serious", "curious", "sweet", "small", "big",
    "old", "young", "tall", "short",
)  # fmt: skip
# Found in a bag and on a table, so small.
SMALL = ("dish", "thing", "losable")


def human_condition(
    rng: Random,
    who: NounPhrase | None = None,
    tense: str | None = None,
    polarity: str | None = None,
) -> Clause:
    """Somebody is tired, hungry, late, very happy."""
    who = who or subject(rng)
    tense = tense or weighted(rng, {"present": 6, "past": 3, "future": 1})
    if polarity is None:
        polarity = weighted(rng, {"": 7, "not": 3, "never": 0.4, "no longer": 0.5})
    kind = rng.random()
    if kind < 0.25:
        english, french = rng.choice(verbs.HAVE_CONDITIONS)
        very = rng.random() < 0.25
        said = (f"{'very ' * very}{english}", f"{'très ' * very}{french}")
        return Clause(who, verbs.BE_AS_AVOIR, tense, polarity, rest=(said,))
    if kind < 0.4:
        said = rng.choice(verbs.BE_CONDITIONS)
        return Clause(who, verbs.BE, tense, polarity, rest=(said,))
    classes = who.classes
    return _is(rng, who, tense, polarity, rng.choice(adjectives_for(classes)))


def thing_condition(rng: Random) -> Clause:
    """The soup is hot; these dresses are too expensive."""
    while True:
        entry = rng.choice(nouns_of(("food", "mass", "drink", "thing", "readable", "clothing",
            "pair", "openable", "vehicle", "transport", "furniture", "building", "inside",
            "question", "lesson", "watched", "animal", "gift", "dish", "repaired")))  # fmt: skip
        fitting = adjectives_for(entry.classes)
        if fitting:
            break
    owned = not entry.is_a(("wild", "go", "transport", "question", "lesson", "watched"))
    determiner = weighted(rng, {"the": 6, "this": 3, "my": owned, "your": owned, "our": owned})
    several = rng.random() < 0.3 and not entry.is_a(("mass", "drink"))
    plural = several or entry.is_a(("pair",))
    said = rng.choice(fitting)
    about = phrase(entry, determiner, plural, colored(rng, entry) if said.before else ())
    tense = weighted(rng, {"present": 7, "past": 3})
    return _is(rng, about, tense, weighted(rng, {"": 7, "not": 3}), said)


def location(rng: Random, tense: str = "present", polarity: str = "") -> Clause:
    """The key is under the chair; Marie is in the garden."""
    if rng.random() < 0.35:
        who = subject(rng)
        return Clause(who, verbs.BE, tense, polarity, rest=(_somewhere(rng),))
    entry = rng.choice(nouns_of((*SMALL, "pet")))
    who = phrase(
        entry,
        weighted(rng, {"the": 5, "my": 2, "your": 1, "his": 1, "her": 1, "our": 1}),
        entry.is_a(("pair",)) or rng.random() < 0.2,
        decorated(rng, entry, 0.2),
    )
    return Clause(who, verbs.BE, tense, polarity, rest=(spot(rng, entry),))


def spot(rng: Random, entry: Noun) -> tuple[str, str]:
    """Where a small thing or a pet can be: `under the table`, `à côté du lit`."""
    kind = rng.random()
    edible = entry.is_a(("food", "mass"))
    if edible and kind > 0.6:
        return "on the table", "sur la table"
    if kind < 0.35:
        where = phrase(
            find_noun(rng.choice(_ON[:1] if edible else _ON)),
            weighted(rng, {"the": 5, "my": 1, "your": 1}),
        )
        return f"on {where.english}", f"sur {where.french}"
    if kind < 0.6 and not entry.is_a(("animal",)):
        container = find_noun(rng.choice([name for name in _INTO if name != entry.english]))
        where = phrase(container, weighted(rng, {"the": 4, "my": 1, "this": 1}),
                       adjectives=colored(rng, container))  # fmt: skip
        return f"in {where.english}", f"dans {where.french}"
    if kind < 0.75:
        where = phrase(rng.choice(nouns_of(("furniture",))), "the")
        return f"under {where.english}", f"sous {where.french}"
    return _beside(rng, phrase(rng.choice(nouns_of(("furniture",))), "the"))


def _somewhere(rng: Random) -> tuple[str, str]:
    if rng.random() < 0.4:
        where = phrase(rng.choice(nouns_of(("inside",))), "the")
        return f"in {where.english}", f"dans {where.french}"
    if rng.random() < 0.5:
        where = phrase(rng.choice(nouns_of(("go",))), "the")
        return f"at {where.english}", contract("à", where.french)
    return _beside(rng, phrase(rng.choice(nouns_of(("building",))), "the"))


def _beside(rng: Random, where: NounPhrase) -> tuple[str, str]:
    english, french, preposition = rng.choice(_ROUND)
    joined = contract(preposition, where.french) if preposition else where.french
    return f"{english} {where.english}", f"{french} {joined}"


def _is(rng: Random, who: NounPhrase, tense: str, polarity: str, said: Adjective) -> Clause:
    english, french = weighted(rng, _DEGREES)
    refused = said.english in UNGRADED or (english != "very" and said.english not in _UNWELCOME)
    if refused or (polarity and english != "very"):
        english = french = ""
    agreeing = said.agreeing(who.gender, who.plural)
    pair = (f"{english} {said.english}".strip(), f"{french} {agreeing}".strip())
    return Clause(who, verbs.BE, tense, polarity, rest=(pair,))


def comparison(rng: Random) -> Clause:
    """Marie is taller than her brother; the red dress is as expensive as the blue dress."""
    if rng.random() < 0.3:
        entry = rng.choice(nouns_of(("clothing", "pair", "vehicle", "carried")))
        plural = entry.is_a(("pair",)) or rng.random() < 0.2
        first, second = rng.sample([find_adjective(color) for color in COLORS], 2)
        who = phrase(entry, "the", plural, (first,))
        other = phrase(entry, "the", plural, (second,))
        classes = entry.classes
    else:
        who = subject(rng)
        other = thing(rng, HUMAN, who)
        classes = who.classes
    fitting = [entry for entry in adjectives_for(classes) if entry.comparative]
    said = rng.choice(fitting or [find_adjective("expensive")])
    agreeing = said.agreeing(who.gender, who.plural)
    if rng.random() < 0.35:
        english, french = f"as {said.english} as", f"aussi {agreeing} que"
    else:
        english, french = f"{said.comparative} than", f"plus {agreeing} que"
    words = (f"{english} {other.english}", f"{french} {other.french}")
    tense = weighted(rng, {"present": 5, "past": 1})
    return Clause(who, verbs.BE, tense, weighted(rng, {"": 6, "not": 2}), rest=(words,))
