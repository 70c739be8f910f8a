"""Noun phrases: a determiner, adjectives and a noun, in both languages at once."""

from dataclasses import dataclass, replace

from coursekit.text.phrasebook.adjectives import Adjective
from coursekit.text.phrasebook.english import with_article
from coursekit.text.phrasebook.french import begins_with_vowel, contract, elide
from coursekit.text.phrasebook.nouns import Noun

HUMAN = ("person", "relative")


@dataclass(frozen=True)
class NounPhrase:
    """What can be a subject or an object.

    Attributes:
        english: as in a statement ("some milk").
        french: with its determiner ("du lait").
        pronoun: the pronoun itself, or the one that stands for the phrase.
        gender: "m" or "f".
        plural: bool.
        person: 1, 2 or 3.
        english_any: in a negation or question ("any milk"); "" means no different.
        french_negated: as the object of a negated verb ("de lait"); "" means no different.
        noun: None for names and pronouns.
    """

    english: str
    french: str
    pronoun: "Pronoun"
    gender: str = "m"
    plural: bool = False
    person: int = 3
    english_any: str = ""
    french_negated: str = ""
    noun: Noun | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """What the phrase is; names and pronouns are human beings."""
        return self.noun.classes if self.noun else HUMAN

    @property
    def index(self) -> int:
        """The place of its verb form among je, tu, il, nous, vous, ils."""
        if self.person == 2:
            return 4  # vous
        return {1: 0, 3: 2}[self.person] + 3 * self.plural


@dataclass(frozen=True)
class Pronoun:
    """A person in both languages.

    "you" is always the polite vous. Agreement that English does not show is fixed: I and you
    are a man, we and they a group with one, unless "they" takes up women named before.
    """

    english: str
    english_object: str
    possessive: str
    french: str
    direct: str
    indirect: str
    stressed: str
    person: int
    plural: bool
    gender: str = "m"

    def subject(self) -> NounPhrase:
        return NounPhrase(self.english, self.french, self, self.gender, self.plural, self.person)


I = Pronoun("I", "me", "my", "je", "me", "me", "moi", 1, False)  # noqa: E741
YOU = Pronoun("you", "you", "your", "vous", "vous", "vous", "vous", 2, False)
HE = Pronoun("he", "him", "his", "il", "le", "lui", "lui", 3, False)
SHE = Pronoun("she", "her", "her", "elle", "la", "lui", "elle", 3, False, "f")
WE = Pronoun("we", "us", "our", "nous", "nous", "nous", "nous", 1, True)
THEY = Pronoun("they", "them", "their", "ils", "les", "leur", "eux", 3, True)
THEY_WOMEN = replace(THEY, french="elles", stressed="elles", gender="f")
# Things have a gender in French: these only take up what the sentence has named.
IT_M = replace(HE, english="it", english_object="it", possessive="its")
IT_F = replace(SHE, english="it", english_object="it", possessive="its")

PRONOUNS = (I, YOU, HE, SHE, WE, THEY)
NUMBERS = {
    "two": "deux", "three": "trois", "four": "quatre", "five": "cinq", "six": "six",
    "seven": "sept", "eight": "huit", "nine": "neuf", "ten": "dix",
}  # fmt: skip

# Masculine, feminine, plural; English possessive adjectives.
_POSSESSIVES = {
    "my": ("mon", "ma", "mes"),
    "your": ("votre", "votre", "vos"),
    "his": ("son", "sa", "ses"),
    "her": ("son", "sa", "ses"),
    "our": ("notre", "notre", "nos"),
    "their": ("leur", "leur", "leurs"),
}
POSSESSIVES = tuple(_POSSESSIVES)


def name(english: str, gender: str) -> NounPhrase:
    """A first name, the same in both languages."""
    return NounPhrase(english, english, HE if gender == "m" else SHE, gender)


def phrase(
    noun: Noun, determiner: str, plural: bool = False, adjectives: tuple[Adjective, ...] = ()
) -> NounPhrase:
    """Builds a noun phrase.

    Args:
        noun: the noun.
        determiner: "the"; "a"; "some" or "bare" (plural or mass: "some milk", "milk", both "du
            lait"); "this"; "every"; "many"; "general" (a kind: "cats", "les chats"); a number; a
            possessive.
        plural: bool.
        adjectives: at most one on each side of the French noun.
    """
    gender = noun.gender
    english = " ".join(
        [adjective.english for adjective in adjectives]
        + [noun.english_plural if plural else noun.english]
    )
    before = [adjective for adjective in adjectives if adjective.before]
    after = [adjective for adjective in adjectives if not adjective.before]
    head = noun.french_plural if plural else noun.french
    core = " ".join(
        [
            adjective.masculine_before_vowel
            if not plural and gender == "m" and begins_with_vowel(head)
            else adjective.agreeing(gender, plural)
            for adjective in before
        ]
        + [head]
        + [adjective.agreeing(gender, plural) for adjective in after]
    )
    vowel = begins_with_vowel(core)
    pronoun = _standing_for(noun, plural)
    result = NounPhrase(english, core, pronoun, gender, plural, noun=noun)

    if determiner == "the":
        return _with(result, f"the {english}", f"{_definite(gender, plural)} {core}")
    if determiner == "general":
        return _with(result, english, f"{_definite(gender, plural)} {core}")
    if determiner == "a":
        indefinite = "un" if gender == "m" else "une"
        return _with(result, with_article(english), f"{indefinite} {core}", negated=f"de {core}")
    if determiner in ("some", "bare"):
        singular = "de l'" if vowel else "du" if gender == "m" else "de la"
        some = ("de" if before else "des") if plural else singular
        french = f"{some} {core}".replace("' ", "'")
        some, any_ = ("some ", "any ") if determiner == "some" else ("", "")
        return _with(result, some + english, french, any_ + english, negated=f"de {core}")
    if determiner == "this":
        this = "ces" if plural else "cette" if gender == "f" else "cet" if vowel else "ce"
        return _with(result, f"{'these' if plural else 'this'} {english}", f"{this} {core}")
    if determiner == "every":
        return _with(result, f"every {english}", f"chaque {core}")
    if determiner == "many":
        return _with(result, f"many {english}", f"beaucoup de {core}")
    if determiner in NUMBERS:
        return _with(result, f"{determiner} {english}", f"{NUMBERS[determiner]} {core}")
    masculine, feminine, several = _POSSESSIVES[determiner]
    possessive = several if plural else masculine if gender == "m" or vowel else feminine
    return _with(result, f"{determiner} {english}", f"{possessive} {core}")


def belonging_to(thing: Noun, owner: NounPhrase, plural: bool = False) -> NounPhrase:
    """`Marie's dog`, `le chien de Marie`; `the boys' dog`, `le chien des garçons`."""
    several = owner.plural and owner.english.endswith("s")
    owned = phrase(thing, "the", plural)
    english = f"{owner.english}'{'' if several else 's'} {owned.english.removeprefix('the ')}"
    return replace(owned, english=english, french=f"{owned.french} {contract('de', owner.french)}")


def _definite(gender: str, plural: bool) -> str:
    return "les" if plural else "le" if gender == "m" else "la"


def _standing_for(noun: Noun, plural: bool) -> Pronoun:
    if plural:
        return THEY if noun.gender == "m" else THEY_WOMEN
    if noun.is_a(("person", "relative")):
        return HE if noun.gender == "m" else SHE
    return IT_M if noun.gender == "m" else IT_F


def _with(
    core: NounPhrase, english: str, french: str, any_english: str = "", negated: str = ""
) -> NounPhrase:
    return replace(
        core,
        english=english,
        french=elide(french),
        english_any=any_english,
        french_negated=elide(negated),
    )
