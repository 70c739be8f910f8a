"""French word forms: plurals, agreement, elision, contraction, conjugation."""

import re
from dataclasses import dataclass
from functools import cache

_VOWELS = "aeiouyàâäéèêëîïôöùûüœæ"
# Before these nothing is elided although they begin with h or y.
_ASPIRATED = "hibou|hiboux|haut|haute|hauts|hautes|héros|huit|yaourt"
_VOWEL_SOUND = re.compile(rf"(?!(?:{_ASPIRATED})\b)[h{_VOWELS}]", re.IGNORECASE)
_ELIDED = re.compile(
    rf"\b(?:(le|la|je|me|te|se|ne|de|que|ce) (?={_VOWEL_SOUND.pattern})|(si) (?=ils?\b))",
    re.IGNORECASE,
)
_CONTRACTED = {
    ("à", "le"): "au",
    ("à", "les"): "aux",
    ("de", "le"): "du",
    ("de", "les"): "des",
}


def begins_with_vowel(text: str) -> bool:
    """Whether a word before `text` is elided (l'ami, l'homme, but le hibou)."""
    return _VOWEL_SOUND.match(text) is not None


def elide(text: str) -> str:
    """Elides whatever stands before a vowel.

    >>> elide("si il dit que elle ne aime pas le homme")
    "s'il dit qu'elle n'aime pas l'homme"
    """
    return _ELIDED.sub(lambda match: match[0][:-2] + "'", text)


def contract(preposition: str, phrase: str) -> str:
    """Joins `à` or `de` to a phrase: au, aux, du, des; de + du = de, de + des = de.

    >>> contract("de", "le garçon"), contract("à", "l'homme"), contract("de", "les filles")
    ('du garçon', "à l'homme", 'des filles')
    """
    phrase = elide(phrase)
    if preposition == "de":
        for partitive in ("de la ", "de l'", "du ", "des ", "de ", "d'"):
            if phrase.startswith(partitive):
                return elide("de " + phrase.removeprefix(partitive))
    article, _, rest = phrase.partition(" ")
    contracted = _CONTRACTED.get((preposition, article))
    return elide(f"{contracted} {rest}" if contracted else f"{preposition} {phrase}")


def plural_of(word: str) -> str:
    """The plural of a noun or of an adjective's masculine, by rule."""
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")) and word not in ("bleu", "pneu"):
        return word + "x"
    if word.endswith("al"):
        return word[:-2] + "aux"
    return word + "s"


# Present (je, tu, il, nous, vous, ils), past participle, stem of the future.
_IRREGULAR = {
    "être": ("suis es est sommes êtes sont", "été", "ser"),
    "avoir": ("ai as a avons avez ont", "eu", "aur"),
    "aller": ("vais vas va allons allez vont", "allé", "ir"),
    "faire": ("fais fais fait faisons faites font", "fait", "fer"),
    "dire": ("dis dis dit disons dites disent", "dit", "dir"),
    "venir": ("viens viens vient venons venez viennent", "venu", "viendr"),
    "dormir": ("dors dors dort dormons dormez dorment", "dormi", "dormir"),
    "partir": ("pars pars part partons partez partent", "parti", "partir"),
    "sortir": ("sors sors sort sortons sortez sortent", "sorti", "sortir"),
    "courir": ("cours cours court courons courez courent", "couru", "courr"),
    "mourir": ("meurs meurs meurt mourons mourez meurent", "mort", "mourr"),
    "ouvrir": ("ouvre ouvres ouvre ouvrons ouvrez ouvrent", "ouvert", "ouvrir"),
    "offrir": ("offre offres offre offrons offrez offrent", "offert", "offrir"),
    "lire": ("lis lis lit lisons lisez lisent", "lu", "lir"),
    "conduire": ("conduis conduis conduit conduisons conduisez conduisent", "conduit", "conduir"),
    "écrire": ("écris écris écrit écrivons écrivez écrivent", "écrit", "écrir"),
    "suivre": ("suis suis suit suivons suivez suivent", "suivi", "suivr"),
    "rire": ("ris ris rit rions riez rient", "ri", "rir"),
    "boire": ("bois bois boit buvons buvez boivent", "bu", "boir"),
    "voir": ("vois vois voit voyons voyez voient", "vu", "verr"),
    "recevoir": ("reçois reçois reçoit recevons recevez reçoivent", "reçu", "recevr"),
    "devoir": ("dois dois doit devons devez doivent", "dû", "devr"),
    "vouloir": ("veux veux veut voulons voulez veulent", "voulu", "voudr"),
    "pouvoir": ("peux peux peut pouvons pouvez peuvent", "pu", "pourr"),
    "savoir": ("sais sais sait savons savez savent", "su", "saur"),
    "connaître": (
        "connais connais connaît connaissons connaissez connaissent",
        "connu",
        "connaîtr",
    ),
    "prendre": ("prends prends prend prenons prenez prennent", "pris", "prendr"),
    "mettre": ("mets mets met mettons mettez mettent", "mis", "mettr"),
    "peindre": ("peins peins peint peignons peignez peignent", "peint", "peindr"),
    "pleuvoir": ("- - pleut - - -", "plu", "pleuvr"),
}
# Verbs that go like another one, the prefix aside.
_LIKE = {
    "apprendre": "prendre",
    "comprendre": "prendre",
    "revenir": "venir",
    "souvenir": "venir",
    "sourire": "rire",
}
# The stem of -er verbs where the ending is silent, and in the future.
_STRONG = {
    "acheter": "achèt",
    "lever": "lèv",
    "promener": "promèn",
    "appeler": "appell",
    "nettoyer": "nettoi",
    "envoyer": "envoi",
    "espérer": "espèr",
}
_FUTURE = {"envoyer": "enverr", "espérer": "espérer"}

_IMPERFECT_ENDINGS = ("ais", "ais", "ait", "ions", "iez", "aient")
_FUTURE_ENDINGS = ("ai", "as", "a", "ons", "ez", "ont")


@dataclass(frozen=True)
class Conjugation:
    """The forms of a verb; tuples go je, tu, il, nous, vous, ils."""

    infinitive: str
    present: tuple[str, ...]
    imperfect: tuple[str, ...]
    future: tuple[str, ...]
    participle: str


@cache
def conjugation(infinitive: str) -> Conjugation:
    """Returns the forms of a verb, named without its reflexive pronoun."""
    present, participle, future = _principal_parts(infinitive)
    stem = "ét" if infinitive == "être" else present[3].removesuffix("ons")
    imperfect = tuple(_before_i(stem, ending) + ending for ending in _IMPERFECT_ENDINGS)
    if infinitive == "pleuvoir":
        imperfect = ("-", "-", "pleuvait", "-", "-", "-")
    forms = tuple(future + ending for ending in _FUTURE_ENDINGS)
    return Conjugation(infinitive, present, imperfect, forms, participle)


def _before_i(stem: str, ending: str) -> str:
    """Undoes mange-ons and commenç-ons before an i: nous mangions, vous commenciez."""
    if not ending.startswith("i"):
        return stem
    return stem[:-1] if stem.endswith("ge") else stem.replace("ç", "c")


def _principal_parts(infinitive: str) -> tuple[tuple[str, ...], str, str]:
    if infinitive in _LIKE:
        model = _LIKE[infinitive]
        prefix = infinitive.removesuffix(model)
        present, participle, future = _principal_parts(model)
        return tuple(prefix + form for form in present), prefix + participle, prefix + future
    if infinitive in _IRREGULAR:
        forms, participle, future = _IRREGULAR[infinitive]
        return tuple(forms.split()), participle, future
    stem, ending = infinitive[:-2], infinitive[-2:]
    if ending == "er":
        strong = _STRONG.get(infinitive, stem)
        soft = stem + "e" if stem.endswith("g") else stem
        soft = soft[:-1] + "ç" if soft.endswith("c") else soft
        present = (
            strong + "e", strong + "es", strong + "e", soft + "ons", stem + "ez", strong + "ent",
        )  # fmt: skip
        return present, stem + "é", _FUTURE.get(infinitive, strong + "er")
    if ending == "ir":
        endings = ("is", "is", "it", "issons", "issez", "issent")
        return tuple(stem + end for end in endings), stem + "i", infinitive
    endings = ("s", "s", "", "ons", "ez", "ent")
    return tuple(stem + end for end in endings), stem + "u", infinitive[:-1]


def agree(participle: str, gender: str, plural: bool) -> str:
    """Agreement of a past participle: allé, allée, allés, allées.

    >>> agree("mis", "m", True), agree("mis", "f", True)
    ('mis', 'mises')
    """
    participle = participle.replace("dû", "du") if (gender == "f" or plural) else participle
    form = participle + "e" if gender == "f" else participle
    return form if not plural or form.endswith("s") else form + "s"
