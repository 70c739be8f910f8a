"""Draws what follows the verb and its objects: how, with whom, where, when, how often."""

from dataclasses import replace
from random import Random

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.actors import somebody
from coursekit.text.phrasebook.clauses import Clause
from coursekit.text.phrasebook.french import contract
from coursekit.text.phrasebook.nouns import nouns_of
from coursekit.text.phrasebook.phrases import HE, NUMBERS, SHE, THEY, phrase

TIMES = {
    "present": (
        ("every day", "tous les jours"),
        ("every morning", "tous les matins"),
        ("every evening", "tous les soirs"),
        ("on Sundays", "le dimanche"),
        ("on Saturdays", "le samedi"),
        ("in the morning", "le matin"),
        ("in the evening", "le soir"),
    ),
    "continuous": (
        ("now", "maintenant"),
        ("at the moment", "en ce moment"),
        ("this morning", "ce matin"),
        ("today", "aujourd'hui"),
    ),
    "past": (
        ("yesterday", "hier"),
        ("last night", "hier soir"),
        ("yesterday morning", "hier matin"),
        ("last week", "la semaine dernière"),
        ("last year", "l'année dernière"),
        ("two days ago", "il y a deux jours"),
        ("three weeks ago", "il y a trois semaines"),
        ("this morning", "ce matin"),
        ("on Monday", "lundi"),
        ("on Thursday", "jeudi"),
    ),
    "was doing": (
        ("at that moment", "à ce moment-là"),
        ("yesterday at noon", "hier à midi"),
        ("at five o'clock", "à cinq heures"),
        ("at eight o'clock", "à huit heures"),
    ),
    "future": (
        ("tomorrow", "demain"),
        ("tomorrow morning", "demain matin"),
        ("this evening", "ce soir"),
        ("next week", "la semaine prochaine"),
        ("next month", "le mois prochain"),
        ("next year", "l'année prochaine"),
        ("on Tuesday", "mardi"),
        ("on Friday", "vendredi"),
    ),
}
TIMES["going to"] = TIMES["future"]
_FREQUENCIES = (("often", "souvent"), ("always", "toujours"), ("sometimes", "parfois"))
_QUANTITY = ("a lot", "beaucoup")
_MANNERS = {
    "sing": (("well", "bien"), ("badly", "mal")),
    "dance": (("well", "bien"), ("badly", "mal")),
    "cook": (("well", "bien"), ("badly", "mal")),
    "swim": (("well", "bien"), ("badly", "mal")),
    "sleep": (("well", "bien"), ("badly", "mal"), _QUANTITY),
    "work": (("well", "bien"), _QUANTITY),
    "travel": (_QUANTITY,),
    "study": (_QUANTITY,),
    "laugh": (_QUANTITY,),
    "cry": (_QUANTITY,),
}
_SPEEDS = (("slowly", "lentement"), ("fast", "vite"))
_FAST_OR_SLOW = ("run", "walk", "drive", "swim", "speak", "eat")
_VAGUE = ("a", "an", "some", "many", *NUMBERS)
_OUTDOORS = ("building", "transport", "vehicle", "drawn", "animal")


def with_adverbials(rng: Random, clause: Clause) -> Clause:
    """Adds, or does not add, what goes with the verb and the tense."""
    base = clause.verb.english.base
    extra: list[tuple[str, str]] = []
    goes = clause.verb in (verbs.GO, verbs.COME_BACK)
    noun = clause.object.noun if clause.object else None
    plain = clause.object is None and not clause.rest
    if plain and base in _MANNERS and clause.tense != "going to" and rng.random() < 0.4:
        clause = replace(clause, manner=rng.choice(_MANNERS[base]))
    elif plain and base in _FAST_OR_SLOW and rng.random() < 0.3:
        extra.append(rng.choice(_SPEEDS))
    elif (
        plain
        and base in ("play", "dance", "eat", "walk", "work", "travel")
        and (clause.subject.pronoun.person == 3 and rng.random() < 0.25)
    ):
        extra.append(company(rng))
    if clause.verb.placed and not (noun and noun.is_a(_OUTDOORS)) and rng.random() < 0.25:
        extra.append(place(rng))
    habit = clause.tense == "present" and clause.polarity in ("", "not") and not clause.verb.simple
    vague = clause.object and clause.object.english.split()[0] in _VAGUE
    if habit and not clause.manner and not vague and rng.random() < 0.3:
        clause = replace(clause, frequency=rng.choice(_FREQUENCIES[: 2 if clause.polarity else 3]))
    elif (
        clause.polarity in ("", "not")
        and not clause.verb.simple
        and rng.random() < (0.7 if clause.tense == "was doing" else 0.35)
        and not (goes and clause.tense == "was doing")
    ):
        extra.append(rng.choice(TIMES[clause.tense]))
    return replace(clause, rest=clause.rest + tuple(extra))


def company(rng: Random) -> tuple[str, str]:
    """With whom: `with him`, `avec lui`."""
    if rng.random() < 0.3:
        pronoun = rng.choice((HE, SHE, THEY))
        return f"with {pronoun.english_object}", f"avec {pronoun.stressed}"
    with_whom = somebody(rng)
    return f"with {with_whom.english}", f"avec {with_whom.french}"


def place(rng: Random) -> tuple[str, str]:
    """Where something is done: `in the kitchen`, `à la gare`."""
    noun = rng.choice(nouns_of(("leisure", "inside")))
    where = phrase(noun, "the")
    if noun.is_a(("inside",)):
        return f"in {where.english}", f"dans {where.french}"
    return f"at {where.english}", contract("à", where.french)
