"""Draws statements and orders of one clause."""

from dataclasses import replace
from random import Random

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.actions import action, modal_action
from coursekit.text.phrasebook.actors import (
    HUMAN,
    decorated,
    somebody,
    subject,
    thing,
    weighted,
)
from coursekit.text.phrasebook.adverbials import TIMES
from coursekit.text.phrasebook.clauses import Clause, english_infinitive, french_imperative
from coursekit.text.phrasebook.conditions import (
    comparison,
    human_condition,
    location,
    spot,
    thing_condition,
)
from coursekit.text.phrasebook.nouns import find_noun, nouns_of
from coursekit.text.phrasebook.phrases import (
    NUMBERS,
    POSSESSIVES,
    PRONOUNS,
    WE,
    YOU,
    belonging_to,
    phrase,
)
from coursekit.text.phrasebook.writing import Pair, finish, stated

_NUMBERS = {
    **NUMBERS, "eleven": "onze", "twelve": "douze", "thirteen": "treize", "fifteen": "quinze",
    "sixteen": "seize", "eighteen": "dix-huit", "twenty": "vingt", "thirty": "trente",
    "forty": "quarante", "fifty": "cinquante", "sixty": "soixante",
    "seventy": "soixante-dix", "eighty": "quatre-vingts", "ninety": "quatre-vingt-dix",
}  # fmt: skip
WEATHER = (
    ("it is raining", "il pleut"),
    ("it is snowing", "il neige"),
    ("it is cold", "il fait froid"),
    ("it is hot", "il fait chaud"),
    ("it is sunny", "il y a du soleil"),
    ("it is windy", "il y a du vent"),
)
_ORDERS = (
    "eat", "drink", "read", "buy", "look for", "take", "open", "close", "wash", "clean",
    "repair", "carry", "choose", "draw", "look at", "listen to", "wait for", "help", "call",
    "follow", "thank", "invite", "cut", "prepare", "learn", "sing",
)  # fmt: skip
_REFUSALS = ("open", "close", "take", "eat", "drink", "buy", "cut", "forget", "lose", "break",
             "follow", "call", "invite", "wash", "read")  # fmt: skip
_PLAIN_ORDERS = ("work", "wait", "eat", "sing", "dance", "rest", "hurry", "get up", "come back",
                 "wake up", "study", "get dressed")  # fmt: skip
_PLAIN_REFUSALS = ("cry", "laugh", "run", "wait", "leave", "dance", "fall", "hurry", "get up",
                   "go out")  # fmt: skip


def statement(rng: Random) -> Pair:
    return stated(action(rng))


def modal(rng: Random) -> Pair:
    return stated(modal_action(rng))


def human_state(rng: Random) -> Pair:
    return stated(human_condition(rng))


def state(rng: Random) -> Pair:
    return stated(thing_condition(rng))


def whereabouts(rng: Random) -> Pair:
    return stated(location(rng, weighted(rng, {"present": 4, "past": 2}),
                           weighted(rng, {"": 7, "not": 2})))  # fmt: skip


def compared(rng: Random) -> Pair:
    return stated(comparison(rng))


def order(rng: Random) -> Pair:
    """`Open the door, please.`, `Don't follow him.`, `Let's wait.`"""
    to = weighted(rng, {YOU: 7, WE: 2})
    negative = rng.random() < 0.3
    clause = Clause(to.subject(), verbs.BE, polarity="not" if negative else "")
    kind = rng.random()
    if kind < 0.2:
        bases = _PLAIN_REFUSALS if negative else _PLAIN_ORDERS
        clause = replace(clause, verb=verbs.intransitive(rng.choice(bases)))
    elif kind < 0.4:
        verb = rng.choice(verbs.DITRANSITIVE)
        given = thing(rng, verb.objects, clause.subject, negative)
        others = [pronoun for pronoun in PRONOUNS if pronoun is not YOU and pronoun.person != (
            to.person)]  # fmt: skip
        clause = replace(clause, verb=verb, object=given, indirect=rng.choice(others))
    elif kind < 0.5:
        verb = verbs.transitive(rng.choice(("help", "follow", "call", "invite", "wait for")))
        others = [pronoun for pronoun in PRONOUNS if pronoun.person not in (2, to.person)]
        clause = replace(clause, verb=verb, direct=rng.choice(others))
    else:
        verb = verbs.transitive(rng.choice(_REFUSALS if negative else _ORDERS))
        clause = replace(clause, verb=verb, object=thing(rng, verb.objects, clause.subject, True))
    start = {(YOU, False): "", (YOU, True): "don't ", (WE, False): "let's ",
             (WE, True): "let's not "}[to, negative]  # fmt: skip
    please = to is YOU and rng.random() < 0.3
    english = start + english_infinitive(clause) + ", please" * please
    return finish(english, french_imperative(clause) + ", s'il vous plaît" * please)


def there_is(rng: Random) -> Pair:
    """`There are three dogs in the garden`, `il y a`; asked and denied too."""
    if rng.random() < 0.5:
        entry = rng.choice(nouns_of(("food", "mass", "thing", "dish", "pet")))
        somewhere = spot(rng, entry)
    else:
        outdoors = nouns_of(("animal", "person"))
        entry = rng.choice([entry for entry in outdoors if not entry.is_a(("royal",))])
        where = phrase(find_noun(rng.choice(("garden", "park", "forest", "village"))), "the")
        somewhere = (f"in {where.english}", f"dans {where.french}")
    mass = entry.is_a(("mass",))
    plural = not mass and rng.random() < 0.5
    asked, denied = rng.random() < 0.25, rng.random() < 0.25
    options = {"some": 1} if mass else {"some": 3, "many": 1} if plural else {"a": 1}
    if plural and not denied:
        options[rng.choice(list(NUMBERS))] = 3
    found = phrase(entry, weighted(rng, options), plural, decorated(rng, entry))
    past = rng.random() < 0.25
    be = ("were" if past else "are") if plural else "was" if past else "is"
    avait = "avait" if past else "a"
    what = found.english_any if (asked or denied) and found.english_any else found.english
    if asked:
        french = f"est-ce que il y {avait} {found.french} {somewhere[1]}"
        return finish(f"{be} there {what} {somewhere[0]}", french, "?")
    if denied:
        missing = found.french_negated or found.french
        french = f"il ne y {avait} pas {missing} {somewhere[1]}"
        return finish(f"there {be}n't {what} {somewhere[0]}", french)
    return finish(
        f"there {be} {what} {somewhere[0]}", f"il y {avait} {found.french} {somewhere[1]}"
    )


def presentation(rng: Random) -> Pair:
    """`This is my sister`, `c'est ma sœur`; `these are not your shoes`; `is this your hat?`"""
    entry = rng.choice(nouns_of((*HUMAN, "possession", "clothing", "pair", "losable", "building",
                                 "pet", "vehicle", "gift")))  # fmt: skip
    plural = entry.is_a(("pair",)) or rng.random() < 0.25
    if entry.english in ("wife", "husband") or entry.is_a(("his", "hers")):
        options, plural = {"my": 1, "your": 1}, False
    elif entry.is_a(("relative", "pair", "clothing", "losable", "ours")):
        options = dict.fromkeys(POSSESSIVES, 2)
    elif plural:
        options = {"my": 2, "your": 1, "our": 1} if entry.is_a(("possession", "pet")) else {
            "bare": 1}  # fmt: skip
    else:
        options = {"a": 4}
    plural = plural and entry.english not in ("mother", "father")
    if entry.is_a(("possession", "pet", "vehicle")) and rng.random() < 0.4:
        shown = belonging_to(entry, somebody(rng), plural)
    else:
        shown = phrase(
            entry,
            weighted(rng, options),
            plural,
            decorated(rng, entry, 0 if entry.is_a(("relative",)) else 0.4),
        )
    this, be, ce = ("these", "are", "ce sont") if plural else ("this", "is", "ce est")
    kind = weighted(rng, {"stated": 6, "denied": 2, "asked": 2})
    if kind == "asked":
        return finish(f"{be} {this} {shown.english}", f"est-ce que {ce} {shown.french}", "?")
    if kind == "denied":
        ce, est = ce.split()
        return finish(f"{this} {be} not {shown.english}", f"{ce} ne {est} pas {shown.french}")
    return finish(f"{this} {be} {shown.english}", f"{ce} {shown.french}")


def age(rng: Random) -> Pair:
    who = subject(rng)
    numbers = list(_NUMBERS)
    if "child" in who.classes:
        numbers = numbers[:13]
    elif who.noun and "several" not in who.classes:
        numbers = numbers[15:]
    number = rng.choice(numbers)
    be = Clause(who, verbs.BE_AS_AVOIR, rest=((f"{number} years old", f"{_NUMBERS[number]} ans"),))
    return stated(replace(be, tense=weighted(rng, {"present": 5, "past": 1})))


def price(rng: Random) -> Pair:
    entry = rng.choice(nouns_of(("food", "clothing", "pair", "vehicle", "gift", "vegetable")))
    plural = entry.is_a(("pair",)) or rng.random() < 0.4
    priced = phrase(entry, weighted(rng, {"the": 4, "this": 3}), plural, decorated(rng, entry))
    cheap, dear = entry.is_a(("food", "vegetable")), entry.is_a(("vehicle",))
    number = rng.choice(list(_NUMBERS)[: 8 if cheap else 16 if dear else None])
    english, french = ("thousand euros", "mille euros") if dear else ("euros", "euros")
    amount = (f"{number} {english}", f"{_NUMBERS[number]} {french}")
    return stated(Clause(priced, verbs.COST, rest=(amount,)))


def timetable(rng: Random) -> Pair:
    """`The train leaves at six o'clock.`"""
    what = phrase(
        rng.choice(nouns_of(("transport",))), weighted(rng, {"the": 3, "our": 1, "this": 1})
    )
    who = what if rng.random() < 0.4 else subject(rng)
    verb = verbs.intransitive(rng.choice(("leave", "arrive") if who is what else (
        "leave", "arrive", "get up", "go to bed", "come home", "wake up", "go out")))  # fmt: skip
    hour = rng.choice(list(_NUMBERS)[:10])
    tense = weighted(rng, {"present": 3, "past": 3, "future": 2})
    at = (f"at {hour} o'clock", f"à {_NUMBERS[hour]} heures")
    return stated(Clause(who, verb, tense, weighted(rng, {"": 5, "not": 1}), rest=(at,)))


def weather(rng: Random) -> Pair:
    english, french = rng.choice(WEATHER)
    when = rng.choice(TIMES["continuous"])
    return finish(f"{english} {when[0]}", f"{french} {when[1]}")
