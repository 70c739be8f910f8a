"""Draws clauses in which somebody does something."""

from dataclasses import replace
from random import Random

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.actors import (
    HUMAN,
    decorated,
    subject,
    thing,
    weighted,
)
from coursekit.text.phrasebook.adverbials import TIMES, with_adverbials
from coursekit.text.phrasebook.clauses import Clause
from coursekit.text.phrasebook.french import contract, elide
from coursekit.text.phrasebook.nouns import CITIES_AND_COUNTRIES, nouns_of
from coursekit.text.phrasebook.phrases import NUMBERS, PRONOUNS, NounPhrase, phrase
from coursekit.text.phrasebook.verbs import Verb

_INDEFINITE = ("see", "buy", "sell", "hear", "wear", "receive")


def action(
    rng: Random,
    who: NounPhrase | None = None,
    tense: str | None = None,
    polarity: str | None = None,
    extended: bool = True,
) -> Clause:
    """Draws a clause.

    Args:
        rng: the source of chance.
        who: the subject, a human being. Drawn if None.
        tense: drawn if None.
        polarity: drawn if None.
        extended: whether places and times may follow.
    """
    build = weighted(rng, _FRAMES)
    if polarity is None:
        polarity = weighted(rng, {"": 68, "not": 24, "never": 5, "no longer": 3})
    clause = build(rng, who, bool(polarity))
    tense = tense or _tense(rng, clause.verb)
    clause = settle(replace(clause, tense=tense, polarity=polarity))
    return with_adverbials(rng, clause) if extended else clause


def settle(clause: Clause) -> Clause:
    """Changes what cannot be said, or would be spelled like another meaning."""
    tense, polarity, verb = clause.tense, clause.polarity, clause.verb
    if verb.simple and tense in ("continuous", "was doing"):
        tense = "present" if tense == "continuous" else "past"
    if verb.event and tense in ("present", "continuous", "was doing") and not clause.modal:
        tense = "past"
    if verb in verbs.TASTES and tense == "future":
        tense = "present"
    if verb is verbs.COME_FROM:
        tense = "present"
    if verb is verbs.GO and tense == "going to":
        tense = "future"
    if verb is verbs.HAVE and polarity == "never":
        polarity = "not"
    if polarity in ("never", "no longer") and tense not in ("present", "past", "future"):
        tense = "present"
    if polarity == "no longer" and (tense != "present" or verb.event):
        polarity = "not"
    third = clause.subject.person == 3 and not clause.subject.plural
    if verb.same_past and tense == "present" and not third and polarity != "not":
        # "They read a book": today or yesterday?
        tense, polarity = "continuous", "not" if polarity else ""
    if tense == "present" and verb.event and not clause.modal:
        tense = "past"
    return replace(clause, tense=tense, polarity=polarity)


def modal_action(rng: Random, who: NounPhrase | None = None) -> Clause:
    """Somebody wants to, can or must do something."""
    modal = weighted(rng, {verbs.WANT: 5, verbs.CAN: 3, verbs.MUST: 3})
    while True:
        clause = action(rng, who, "present", weighted(rng, {"": 3, "not": 2}), extended=False)
        if not clause.verb.simple and not clause.verb.event and not clause.frequency:
            break
    past = modal is not verbs.MUST and rng.random() < 0.2
    clause = replace(clause, modal=modal, tense="past" if past else "present", manner=None)
    time = TIMES["past" if past else "future"]
    rest = (rng.choice(time),) if rng.random() < 0.25 else ()
    return replace(clause, rest=clause.rest + rest)


def motion(rng: Random, who: NounPhrase | None = None) -> Clause:
    """Somebody goes to or comes from a place, stays or lives there."""
    who = who or subject(rng)
    verb = weighted(
        rng,
        {verbs.GO: 6, verbs.COME_BACK: 2, verbs.COME_FROM: 1, verbs.STAY: 1, verbs.LIVE: 2},
    )
    if verb is verbs.STAY:
        return Clause(who, verb, rest=(("at home", "à la maison"),))
    if verb in (verbs.LIVE, verbs.COME_FROM) or rng.random() < 0.25:
        english, there, from_there = rng.choice(CITIES_AND_COUNTRIES)
        french = there if verb in (verbs.GO, verbs.LIVE) else from_there
        preposition = {verbs.GO: "to", verbs.LIVE: "in"}.get(verb, "from")
        return Clause(who, verb, rest=((f"{preposition} {english}", french),))
    if verb is verbs.GO and rng.random() < 0.15:
        return Clause(who, verb, rest=(("to school", "à l'école"),))
    where = phrase(rng.choice(nouns_of(("go",))), "the")
    english, french = ("to", "à") if verb is verbs.GO else ("from", "de")
    return Clause(who, verb, rest=((f"{english} {where.english}", contract(french, where.french)),))


def transitive(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    fitting = [verb for verb in verbs.TRANSITIVE if who is None or "relative" in verb.subjects]
    verb = rng.choice(fitting)
    who = who or subject(rng, verb.subjects)
    return Clause(who, verb, object=thing(rng, verb.objects, who, negative))


def _refused(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    """What one has or sees, buys or gets: with these, "a" may stand in a negation."""
    verb = rng.choice([verb for verb in verbs.TRANSITIVE if verb.english.base in _INDEFINITE])
    noun = rng.choice(nouns_of(verb.objects))
    while noun.is_a((*HUMAN, "mass", "drink", "pair", "his", "hers")):
        noun = rng.choice(nouns_of(verb.objects))
    return Clause(who or subject(rng), verb, object=phrase(noun, "a", False, decorated(rng, noun)))


def _taste(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    verb = verbs.TASTES[0] if negative else rng.choice(verbs.TASTES)
    noun = rng.choice(nouns_of(verb.objects))
    plural = not noun.is_a(("mass", "drink"))
    return Clause(who or subject(rng), verb, object=phrase(noun, "general", plural))


def _intransitive(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    verb = rng.choice(verbs.INTRANSITIVE)
    while who is not None and "relative" not in verb.subjects:
        verb = rng.choice(verbs.INTRANSITIVE)
    return Clause(who or subject(rng, verb.subjects), verb)


def _motion(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    return motion(rng, who)


def _with_pronoun(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    who = who or subject(rng)
    verb = rng.choice([verb for verb in verbs.TRANSITIVE if "person" in verb.objects])
    if "relative" not in verb.subjects:
        verb = rng.choice(verbs.WITH_A[:1])
    return Clause(who, verb, direct=_other(rng, who))


def _ditransitive(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    who = who or subject(rng)
    verb = rng.choice(verbs.DITRANSITIVE)
    given = thing(rng, verb.objects, who, negative)
    if rng.random() < 0.45:
        return Clause(who, verb, object=given, indirect=_other(rng, who))
    receiver = thing(rng, HUMAN, who)
    to = (f"to {receiver.english}", contract("à", receiver.french))
    return Clause(who, verb, object=given, rest=(to,))


def _with_preposition(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    verb = rng.choice(verbs.WITH_A + verbs.WITH_DE)
    who = who or subject(rng)
    if verb is verbs.WITH_A[0] and rng.random() < 0.4:
        return Clause(who, verb, indirect=_other(rng, who))
    about = thing(rng, verb.objects, who, negative)
    while about.english_any and negative:
        about = thing(rng, verb.objects, who, negative)
    preposition = "à" if verb in verbs.WITH_A else "de"
    return Clause(who, verb, rest=((about.english, contract(preposition, about.french)),))


def _playing(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    return Clause(who or subject(rng), verbs.PLAY, rest=(rng.choice(verbs.PLAYED),))


def _language(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    verb = weighted(rng, {verbs.SPEAK: 2, verbs.LEARN: 1})
    english, french = rng.choice(verbs.LANGUAGES)
    if verb is verbs.LEARN:
        french = elide(f"le {french}")
    return Clause(who or subject(rng), verb, rest=((english, french),))


def _having(rng: Random, who: NounPhrase | None, negative: bool) -> Clause:
    who = who or subject(rng)
    if rng.random() < 0.25:
        noun = rng.choice(nouns_of(("several", "ours")))
        number = {"a": 3} if negative else {"a": 2, "two": 2, "three": 1}
        determiner = weighted(rng, number)
        return Clause(who, verbs.HAVE, object=phrase(noun, determiner, determiner != "a"))
    while True:
        found = thing(rng, verbs.HAVE.objects, who, negative)
        if found.french_negated or found.english.startswith(("many ", *NUMBERS)):
            return Clause(who, verbs.HAVE, object=found)


_FRAMES = {
    transitive: 40,
    _refused: 2,
    _intransitive: 16,
    _motion: 8,
    _ditransitive: 10,
    _with_pronoun: 7,
    _with_preposition: 7,
    _taste: 5,
    _playing: 3,
    _language: 2,
    _having: 5,
}


def _tense(rng: Random, verb: Verb) -> str:
    if verb.simple:
        return weighted(rng, {"present": 6, "past": 3, "future": 1})
    return weighted(
        rng,
        {"present": 20, "continuous": 18, "past": 30, "was doing": 5, "future": 16, "going to": 11},
    )


def _other(rng: Random, who: NounPhrase):
    """A pronoun for another person than the subject's."""
    return rng.choice(
        [pronoun for pronoun in PRONOUNS if pronoun.person == 3 or pronoun.person != who.person]
    )
