"""Draws questions; French always asks with est-ce que, except for a place (`où est`) and an age."""

from dataclasses import replace
from random import Random

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.actions import action, modal_action, motion, settle, transitive
from coursekit.text.phrasebook.actors import HUMAN, colored, somebody, subject, thing, weighted
from coursekit.text.phrasebook.clauses import (
    Clause,
    english_clause,
    english_question,
    french_clause,
    french_question,
)
from coursekit.text.phrasebook.conditions import human_condition
from coursekit.text.phrasebook.french import elide
from coursekit.text.phrasebook.nouns import nouns_of
from coursekit.text.phrasebook.phrases import HE, YOU, NounPhrase, phrase
from coursekit.text.phrasebook.writing import Pair, finish

_TENSES = {"present": 3, "continuous": 3, "past": 5, "future": 2, "going to": 1}


def yes_no(rng: Random) -> Pair:
    draw = weighted(rng, {action: 6, modal_action: 2, human_condition: 2, motion: 1})
    clause = replace(draw(rng, _asked_about(rng)), frequency=None)
    polarity = "not" if clause.polarity and rng.random() < 0.4 else ""
    polarity = "" if clause.modal is verbs.MUST else polarity
    clause = replace(clause, polarity=polarity)
    clause = clause if clause.modal else settle(clause)
    return finish(english_question(clause), french_question(clause), "?")


def who(rng: Random) -> Pair:
    """The subject is asked for: `who is reading?`, `qui lit ?`"""
    clause = action(rng, NounPhrase("who", "qui", pronoun=HE), polarity="")
    return finish(english_clause(clause), french_clause(clause), "?")


def whom(rng: Random) -> Pair:
    """`Who did she see?`, `qui est-ce qu'elle a vu ?`"""
    verb = rng.choice(
        [entry for entry in verbs.TRANSITIVE if {"person", "relative"} <= {*entry.subjects}
         and "person" in entry.objects]
    )  # fmt: skip
    clause = settle(Clause(_asked_about(rng), verb, tense=weighted(rng, _TENSES)))
    return finish(english_question(clause, "who"), french_question(clause, "qui"), "?")


def what(rng: Random) -> Pair:
    """The object is asked for: `what is she reading?`, `qu'est-ce qu'elle lit ?`"""
    clause = transitive(rng, _asked_about(rng), False)
    while {"person", "vehicle", "pet"} & {*clause.verb.objects}:
        clause = transitive(rng, clause.subject, False)
    clause = settle(replace(clause, object=None, tense=weighted(rng, _TENSES)))
    return finish(english_question(clause, "what"), "que " + french_question(clause), "?")


def where(rng: Random) -> Pair:
    doer = _asked_about(rng)
    kind = rng.random()
    if kind < 0.5:
        verb = rng.choice((verbs.GO, verbs.LIVE, *map(verbs.intransitive, _SOMEWHERE)))
        clause = Clause(doer, verb)
    else:
        verb = verbs.transitive(rng.choice(("buy", "find", "lose", "see", "hide", "meet")))
        while True:
            found = thing(rng, verb.objects, doer, negative=True)
            outdoors = {"building", "transport", "drawn"} & {*found.classes}
            if not (outdoors or found.english_any or found.english.startswith("many ")):
                break
        clause = Clause(doer, verb, object=found)
    clause = settle(replace(clause, tense=weighted(rng, _TENSES)))
    return finish(english_question(clause, "where"), french_question(clause, "où"), "?")


_SOMEWHERE = ("work", "eat", "sleep", "study", "wait", "play")
_SOMETIME = ("leave", "arrive", "come back", "get up", "go to bed", "come home", "eat", "work")


def when(rng: Random) -> Pair:
    doer = _asked_about(rng)
    if rng.random() < 0.5:
        clause = Clause(doer, verbs.intransitive(rng.choice(_SOMETIME)))
    else:
        clause = transitive(rng, doer, False)
        while clause.verb.imparfait or clause.verb.simple:
            clause = transitive(rng, doer, False)
    clause = settle(replace(clause, tense=weighted(rng, _TENSES)))
    return finish(english_question(clause, "when"), french_question(clause, "quand"), "?")


def why(rng: Random) -> Pair:
    polarity = weighted(rng, {"": 6, "not": 3})
    if rng.random() < 0.25:
        clause = human_condition(rng, _asked_about(rng), "present", polarity)
    else:
        clause = action(rng, _asked_about(rng), weighted(rng, _TENSES), polarity)
    clause = replace(clause, frequency=None)
    return finish(english_question(clause, "why"), french_question(clause, "pourquoi"), "?")


def how_many(rng: Random) -> Pair:
    """`How many apples did she eat?`: the participle agrees, `combien de pommes ... mangées`."""
    while True:
        verb = rng.choice([entry for entry in verbs.TRANSITIVE if "relative" in entry.subjects])
        entry = rng.choice(nouns_of(verb.objects))
        if not entry.is_a((*HUMAN, "mass", "drink")) and not verb.imparfait:
            break
    counted = phrase(entry, "many", True)
    clause = Clause(_asked_about(rng), verb, weighted(rng, _TENSES), fronted=counted)
    clause = settle(clause)
    english = english_question(clause, f"how {counted.english}")
    french = french_question(clause, f"combien de {entry.french_plural}")
    return finish(english, french, "?")


def where_is(rng: Random) -> Pair:
    """`Where are my shoes?`, `où sont mes chaussures ?`: of a place, French inverts."""
    if rng.random() < 0.2:
        found = somebody(rng)
    else:
        entry = rng.choice(nouns_of(("go", "thing", "losable", "pair", "pet", "dish", "readable")))
        options = {"the": 5} if entry.is_a(("go",)) else {"the": 4, "my": 3, "your": 2, "our": 1}
        plural = entry.is_a(("pair",)) or (not entry.is_a(("go",)) and rng.random() < 0.25)
        found = phrase(entry, weighted(rng, options), plural, colored(rng, entry, 0.3))
    past = rng.random() < 0.25
    be = ("were" if past else "are") if found.plural else ("was" if past else "is")
    est = verbs.BE.french.imperfect if past else verbs.BE.french.present
    return finish(f"where {be} {found.english}", f"où {est[found.index]} {found.french}", "?")


def how_old(rng: Random) -> Pair:
    asked = somebody(rng)
    be, avoir = ("are", "ont") if asked.plural else ("is", "a")
    return finish(f"how old {be} {asked.english}", f"quel âge {avoir} {asked.french}", "?")


def how_much(rng: Random) -> Pair:
    entry = rng.choice(nouns_of(("food", "clothing", "pair", "vehicle", "gift", "vegetable")))
    plural = entry.is_a(("pair",)) or rng.random() < 0.4
    priced = phrase(entry, weighted(rng, {"the": 4, "this": 3}), plural, colored(rng, entry, 0.4))
    do, cost = ("do", "coûtent") if plural else ("does", "coûte")
    return finish(
        f"how much {do} {priced.english} cost", elide(f"combien {cost} {priced.french}"), "?"
    )


def _asked_about(rng: Random) -> NounPhrase:
    """A subject; nobody asks about themselves."""
    found = subject(rng)
    return YOU.subject() if found.person == 1 else found
