"""Draws sentences of two or more clauses: and, but, because, when, if, who, that, to."""

from dataclasses import replace
from random import Random

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.actions import action, modal_action, settle
from coursekit.text.phrasebook.actors import somebody, subject, thing, weighted
from coursekit.text.phrasebook.adjectives import find_adjective
from coursekit.text.phrasebook.clauses import (
    Clause,
    english_clause,
    english_infinitive,
    english_predicate,
    french_clause,
    french_infinitive,
    french_predicate,
)
from coursekit.text.phrasebook.conditions import human_condition
from coursekit.text.phrasebook.french import contract
from coursekit.text.phrasebook.nouns import find_noun, nouns_of
from coursekit.text.phrasebook.phrases import NounPhrase, phrase
from coursekit.text.phrasebook.relatives import that_half, who_half
from coursekit.text.phrasebook.writing import Half, Pair, both, finish

# What somebody does, or does not do, in a condition: polarity, verb; for any of the conditions.
_CAUSES = (
    (("tired", "sick"), "not", ("work", "dance", "run", "sing", "travel", "study", "play")),
    (("tired", "sick", "sleepy"), "", ("rest", "sleep", "go to bed")),
    (("hungry",), "", ("eat", "cook")),
    (("happy",), "", ("smile", "sing", "dance", "laugh")),
    (("sad", "hungry", "alone", "afraid"), "", ("cry",)),
    (("late",), "", ("hurry", "run")),
    (("busy", "late"), "not", ("wait", "play", "go for a walk", "rest")),
    (("angry", "worried"), "not", ("smile", "sleep", "laugh")),
)
_BELIEFS = (
    verbs.verb("think/thought", "penser"),
    verbs.verb("say/said", "dire"),
    verbs.verb("know/knew", "savoir"),
)
_HOPE = verbs.verb("hope", "espérer")
_ERRANDS = (
    ("market", "buy", ("vegetable", "fruit", "meat")),
    ("bakery", "buy", ("baked",)),
    ("library", "read", ("readable",)),
    ("library", "look for", ("readable",)),
    ("station", "take", ("rail",)),
    ("station", "wait for", ("person",)),
    ("restaurant", "meet", ("person",)),
    ("park", "draw", ("drawn", "animal")),
    ("garden", "look for", ("pet", "losable")),
    ("kitchen", "prepare", ("cooked",)),
    ("hospital", "see", ("person",)),
)


def pronoun_for(who: NounPhrase) -> NounPhrase:
    """The pronoun that takes up a subject: `Marie` ... `she`, `the girls` ... `they`, `elles`."""
    return who.pronoun.subject()


def joined(first: Half, english: str, french: str, second: Half) -> Half:
    return f"{first[0]}{english} {second[0]}", f"{first[1]}{french} {second[1]}"


def and_half(rng: Random) -> Half:
    """Two people do two things at once, or one after the other."""
    tense = weighted(rng, {"continuous": 3, "past": 3, "future": 2})
    first = _dynamic(rng, subject(rng), tense)
    second = _dynamic(rng, _somebody_else(rng, first.subject), tense)
    if tense == "continuous" and rng.random() < 0.5:
        return joined(both(first), " while", " pendant que", both(second))
    return joined(both(first), " and", " et", both(second))


def two_deeds(rng: Random) -> Half:
    """One person does two things: `Marie takes the bag and opens it.`"""
    tense = weighted(rng, {"past": 4, "future": 2})
    who = subject(rng)
    found = thing(rng, ("thing", "gift", "clothing"), who, negative=True)
    while found.plural or found.english_any or found.noun is None:
        found = thing(rng, ("thing", "gift", "clothing"), who, negative=True)
    first = verbs.transitive(rng.choice(("find", "choose", "take", "buy")))
    receiver = somebody(rng)
    while receiver.english == who.english:
        receiver = somebody(rng)
    second = rng.choice([entry for entry in verbs.DITRANSITIVE if entry.english.base in (
        "give", "show", "send", "offer")])  # fmt: skip
    to = (f"to {receiver.english}", contract("à", receiver.french))
    one = Clause(who, first, tense, object=found)
    two = Clause(who, second, tense, direct=found.pronoun, rest=(to,))
    return joined(both(one), " and", " et", (english_predicate(two), french_predicate(two)))


def but_half(rng: Random) -> Half:
    who = subject(rng)
    again = pronoun_for(who)
    kind = rng.random()
    if kind < 0.35:
        classes = rng.choice((("food", "vegetable"), ("drink",), ("animal",), ("mass",)))
        liked, disliked = rng.sample(nouns_of(classes), 2)
        plural = not liked.is_a(("mass", "drink"))
        like = verbs.TASTES[0]
        first = Clause(who, like, object=phrase(liked, "general", plural))
        second = Clause(again, like, polarity="not", object=phrase(disliked, "general", plural))
        return joined(both(first), ", but", ", mais", both(second))
    if kind < 0.7:
        first = modal_action(rng, who)
        first = replace(first, modal=verbs.WANT, tense="present", polarity="")
        trouble = rng.choice(("tired", "sick", "busy", "late"))
        return joined(both(first), ", but", ", mais", both(_condition(again, trouble)))
    conditions, _, bases = rng.choice([cause for cause in _CAUSES if cause[1] == "not"])
    first = _condition(who, rng.choice(conditions))
    second = Clause(again, verbs.intransitive(rng.choice(bases)), "continuous")
    return joined(both(first), ", but", ", mais", both(second))


def because_half(rng: Random) -> Half:
    conditions, polarity, bases = rng.choice(_CAUSES)
    who = subject(rng)
    tense = weighted(rng, {"continuous": 3, "past": 2})
    first = settle(Clause(who, verbs.intransitive(rng.choice(bases)), tense, polarity))
    when = "past" if tense == "past" else "present"
    second = _condition(pronoun_for(who), rng.choice(conditions), when)
    return joined(both(first), " because", " parce que", both(second))


def when_half(rng: Random) -> Half:
    """`When Paul arrived, Marie was reading`; `when he arrives, we will eat` (French: future)."""
    arrival = verbs.intransitive(rng.choice(("arrive", "come back", "leave", "come home")))
    who = subject(rng)
    other = _somebody_else(rng, who)
    if rng.random() < 0.5:
        first = both(Clause(who, arrival, "past"))
        second = both(_dynamic(rng, other, "was doing"))
    else:
        coming = Clause(who, arrival, "present")
        first = english_clause(coming), french_clause(replace(coming, tense="future"))
        second = both(_dynamic(rng, other, "future"))
    if rng.random() < 0.6:
        return joined((f"when {first[0]}", f"quand {first[1]}"), ",", ",", second)
    return joined(second, " when", " quand", first)


def if_half(rng: Random) -> Half:
    """`If it rains tomorrow, I will stay at home`: the present after if and after si."""
    if rng.random() < 0.5:
        english, french = rng.choice((
            ("it rains tomorrow", "il pleut demain"),
            ("it snows tomorrow", "il neige demain"),
            ("it is cold tomorrow", "il fait froid demain"),
            ("it is sunny tomorrow", "il y a du soleil demain"),
        ))  # fmt: skip
        first = (english, french)
        second = _dynamic(rng, subject(rng), "future")
    else:
        conditions, polarity, bases = rng.choice(_CAUSES)
        who = subject(rng)
        first = both(_condition(who, rng.choice(conditions)))
        verb = verbs.intransitive(rng.choice(bases))
        second = Clause(pronoun_for(who), verb, "future", polarity)
    return joined((f"if {first[0]}", f"si {first[1]}"), ",", ",", both(second))


def belief_half(rng: Random) -> Half:
    """`Marie says that her brother is sick`; `we hope that you will come back`."""
    who = subject(rng)
    other = _somebody_else(rng, who)
    if rng.random() < 0.25:
        first = Clause(who, _HOPE)
        second = _dynamic(rng, other, "future")
    else:
        first = Clause(who, rng.choice(_BELIEFS if who.person == 3 else _BELIEFS[::2]))
        if rng.random() < 0.5:
            second = human_condition(rng, other, "present", weighted(rng, {"": 3, "not": 1}))
        else:
            second = _dynamic(rng, other, rng.choice(("continuous", "past", "future")))
    return joined(both(first), " that", " que", both(second))


def errand_half(rng: Random) -> Half:
    """`Paul is going to the market to buy bread`, `pour acheter du pain`."""
    place, base, classes = rng.choice(_ERRANDS)
    who = subject(rng)
    where = phrase(find_noun(place), "the")
    inside = "inside" in where.classes and place != "park"
    there = f"dans {where.french}" if inside else contract("à", where.french)
    tense = weighted(rng, {"continuous": 2, "past": 3, "future": 1})
    first = Clause(who, verbs.GO, tense, rest=((f"to {where.english}", there),))
    purpose = Clause(who, verbs.transitive(base), object=thing(rng, classes, who))
    second = english_infinitive(purpose), french_infinitive(purpose)
    return joined(both(first), " to", " pour", second)


def before_half(rng: Random) -> Half:
    """`She washes the potato before cutting it`, `avant de la couper`."""
    who = subject(rng)
    first, second, classes = rng.choice((
        ("wash", "cut", ("vegetable", "fruit")),
        ("wash", "eat", ("fruit",)),
        ("read", "send", ("readable",)),
        ("look at", "buy", ("clothing", "gift")),
        ("clean", "sell", ("vehicle",)),
        ("repair", "sell", ("vehicle",)),
        ("choose", "buy", ("clothing", "gift")),
    ))  # fmt: skip
    entry = rng.choice(nouns_of(classes))
    done = phrase(entry, weighted(rng, {"the": 4, "this": 1}), rng.random() < 0.3)
    verb = {entry.english.base: entry for entry in (*verbs.DITRANSITIVE, *verbs.TRANSITIVE)}[second]
    clause = Clause(who, verbs.transitive(first), weighted(rng, {"past": 3, "future": 2}),
                    object=done)  # fmt: skip
    pronoun = done.pronoun
    after = (f"{verb.english.gerund} {pronoun.english_object}",
             f"{pronoun.direct} {verb.french.infinitive}")  # fmt: skip
    return joined(both(clause), " before", " avant de", after)


HALVES = {
    and_half: 4, two_deeds: 3, but_half: 4, because_half: 4, when_half: 4, if_half: 3,
    who_half: 4, that_half: 4, belief_half: 4, errand_half: 2, before_half: 1,
}  # fmt: skip


def compound(rng: Random) -> Pair:
    """One sentence of two clauses."""
    return finish(*weighted(rng, HALVES)(rng))


def long_sentence(rng: Random) -> Pair:
    """Sentences of two clauses joined once more."""
    first = weighted(rng, HALVES)(rng)
    if rng.random() < 0.35:
        return finish(*first)
    second = weighted(rng, {**HALVES, if_half: 0, when_half: 0})(rng)
    return finish(*joined(first, ", and", ", et", second))


def _dynamic(rng: Random, who: NounPhrase, tense: str) -> Clause:
    """An action that can be going on, in the tense asked for."""
    while True:
        clause = action(rng, who, tense, "", extended=False)
        if not (clause.verb.simple or clause.verb.event) and clause.tense == tense:
            return replace(clause, frequency=None)


def _somebody_else(rng: Random, who: NounPhrase) -> NounPhrase:
    while True:
        other = subject(rng)
        third = other.pronoun.person == 3
        same = other.english == who.english or (other.noun is not None and other.noun == who.noun)
        # A second "he" or "they" would seem to be the first.
        confusing = third and other.noun is None and other.french in _PRONOUNS
        if not (same or confusing):
            return other


_PRONOUNS = ("il", "elle", "ils", "elles")


def _condition(who: NounPhrase, said: str, tense: str = "present") -> Clause:
    """The clause that `who` is `said`."""
    for english, french in verbs.HAVE_CONDITIONS:
        if english == said:
            return Clause(who, verbs.BE_AS_AVOIR, tense, rest=((english, french),))
    for english, french in verbs.BE_CONDITIONS:
        if english == said:
            return Clause(who, verbs.BE, tense, rest=((english, french),))
    agreeing = find_adjective(said).agreeing(who.gender, who.plural)
    return Clause(who, verbs.BE, tense, rest=((said, agreeing),))
