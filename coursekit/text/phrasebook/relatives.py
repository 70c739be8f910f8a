"""Draws sentences with a relative clause: the boy who is crying, the soup that Paul prepared."""

from dataclasses import replace
from random import Random

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.actions import action, settle, transitive
from coursekit.text.phrasebook.actors import HUMAN, subject, weighted
from coursekit.text.phrasebook.adjectives import adjectives_for, find_adjective
from coursekit.text.phrasebook.clauses import (
    Clause,
    english_clause,
    english_predicate,
    french_clause,
    french_predicate,
)
from coursekit.text.phrasebook.conditions import UNGRADED, human_condition
from coursekit.text.phrasebook.nouns import nouns_of
from coursekit.text.phrasebook.phrases import NounPhrase, phrase
from coursekit.text.phrasebook.writing import Half, both


def who_half(rng: Random) -> Half:
    """A relative clause about the subject: `the boy who is crying is my cousin`."""
    who = _described(rng)
    relative = action(rng, who, polarity=weighted(rng, {"": 4, "not": 1}), extended=False)
    relative = replace(relative, frequency=None)
    described = replace(
        who,
        english=f"{who.english} who {english_predicate(relative)}",
        french=f"{who.french} qui {french_predicate(relative)}",
    )
    return both(_said_of(rng, described))


def that_half(rng: Random) -> Half:
    """A relative clause about a thing: `the soup that Paul prepared`, `... que Paul a préparée`."""
    maker = subject(rng)
    clause = transitive(rng, maker, False)
    while {"person", "transport"} & {*clause.verb.objects} or clause.verb.imparfait:
        clause = transitive(rng, maker, False)
    entry = rng.choice([e for e in nouns_of(clause.verb.objects) if not e.is_a(HUMAN)])
    plural = entry.is_a(("pair",)) or (rng.random() < 0.3 and not entry.is_a(("mass", "drink")))
    named = phrase(entry, "the", plural)
    clause = settle(Clause(maker, clause.verb, weighted(rng, {"past": 5, "continuous": 1}),
                           fronted=named))  # fmt: skip
    described = replace(
        named,
        english=f"{named.english} that {english_clause(clause)}",
        french=f"{named.french} que {french_clause(clause)}",
    )
    return both(_thing_is(rng, described))


def _described(rng: Random) -> NounPhrase:
    """Somebody of whom a relative clause can tell more."""
    while True:
        who = subject(rng)
        if "person" in who.classes and who.english.startswith(("the ", "this ")):
            return who


def _said_of(rng: Random, who: NounPhrase) -> Clause:
    if rng.random() < 0.6 or who.plural or "child" in who.classes:
        return human_condition(rng, who, "present", weighted(rng, {"": 4, "not": 1}))
    same = [entry for entry in nouns_of(("relative", "ours")) if entry.gender == who.gender
            and entry != who.noun and entry.english not in ("wife", "husband")]  # fmt: skip
    shown = phrase(rng.choice(same), rng.choice(("my", "your", "our")))
    return Clause(who, verbs.BE, rest=((shown.english, shown.french),))


def _thing_is(rng: Random, what: NounPhrase) -> Clause:
    said = rng.choice(adjectives_for(what.classes) or (find_adjective("expensive"),))
    very = rng.random() < 0.2 and said.english not in UNGRADED
    agreeing = said.agreeing(what.gender, what.plural)
    pair = (f"{'very ' * very}{said.english}", f"{'très ' * very}{agreeing}")
    tense = weighted(rng, {"present": 3, "past": 1})
    return Clause(what, verbs.BE, tense, weighted(rng, {"": 4, "not": 1}), rest=(pair,))
