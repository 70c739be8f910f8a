"""The adjectives of the phrasebook: agreement, place, and the nouns they go with."""

from dataclasses import dataclass
from functools import cache

from coursekit.text.phrasebook.french import plural_of


@dataclass(frozen=True)
class Adjective:
    """An adjective in both languages.

    `before` tells whether it stands before the noun in French, None that it is only said of a
    noun (`elle est prête`); `predicative` that it can be said of one (not so `nouveau`: a new car
    is `une nouvelle voiture` but `la voiture est neuve`). `classes` are the nouns it goes with.
    """

    english: str
    masculine: str
    feminine: str
    masculine_plural: str
    feminine_plural: str
    masculine_before_vowel: str
    before: bool | None
    predicative: bool
    classes: tuple[str, ...]
    comparative: str

    def agreeing(self, gender: str, plural: bool) -> str:
        if plural:
            return self.masculine_plural if gender == "m" else self.feminine_plural
        return self.masculine if gender == "m" else self.feminine


# English, French (masculine/feminine/masculine before a vowel), place, classes of nouns, English
# comparative. "=" says that the French word does not change. Places: before or after the noun;
# beside: before it, and never said of it; only: said of it, and never beside it.
_ADJECTIVES = """
red | rouge | after | colored |
blue | bleu | after | colored |
green | vert | after | colored |
yellow | jaune | after | colored |
white | blanc/blanche | after | colored pet farm |
black | noir | after | colored pet farm |
gray | gris | after | colored pet |
brown | marron/= | after | colored pet |
big | grand | before | big building furniture container vehicle breakable inside |
small | petit | before | child animal building furniture container vehicle breakable thing inside |
beautiful | beau/belle/bel | before | pretty |
old | vieux/vieille/vieil | before | adult known building furniture vehicle clothing pet thing | older
new | nouveau/nouvelle/nouvel | beside | vehicle clothing furniture readable thing transport worker known |
new | neuf/neuve | only | vehicle clothing pair furniture thing transport |
young | jeune | before | adult child young pet | younger
good | bon/bonne | before | food mass drink readable watched |
bad | mauvais | before | readable watched |
hot | chaud | after | warm |
cold | froid | after | drink warm |
expensive | cher/chère | after | clothing vehicle gift furniture jewel | more expensive
heavy | lourd | after | container furniture carried | heavier
dirty | sale | after | clothing vehicle dish pair cleaned |
clean | propre | after | clothing vehicle dish pair cleaned |
empty | vide | after | container bottle |
interesting | intéressant | after | readable watched question lesson | more interesting
boring | ennuyeux/ennuyeuse | after | readable watched lesson | more boring
difficult | difficile | after | question lesson learned | more difficult
easy | facile | after | question lesson learned | easier
long | long/longue | before | lasting | longer
ripe | mûr | after | fruit |
sweet | sucré | after | fruit spread | sweeter
delicious | délicieux/délicieuse | after | food mass |
strange | étrange | after | readable watched question told | stranger
kind | gentil/gentille | before | person relative | kinder
intelligent | intelligent | after | person relative pet | more intelligent
famous | célèbre | after | worker royal printed sung sight | more famous
rich | riche | after | adult young relative | richer
happy | heureux/heureuse | after | person relative | happier
sad | triste | after | person relative told sung | sadder
shy | timide | after | person relative pet | shyer
polite | poli | after | person relative | more polite
patient | patient | after | person relative | more patient
curious | curieux/curieuse | after | person relative pet | more curious
serious | sérieux/sérieuse | after | person relative | more serious
lazy | paresseux/paresseuse | after | person relative pet | lazier
brave | courageux/courageuse | after | person relative pet | braver
elegant | élégant | after | adult young | more elegant
strong | fort | only | person relative farm big | stronger
tall | grand | only | person relative | taller
short | petit | only | person relative | shorter
funny | drôle | only | person relative told watched | funnier
tired | fatigué | only | person relative pet farm |
sick | malade | only | person relative pet farm |
ready | prêt | only | person relative |
busy | occupé | only | person relative |
proud | fier/fière | only | person relative | prouder
alone | seul | only | person relative |
surprised | surpris | only | person relative |
worried | inquiet/inquiète | only | person relative |
thin | mince | only | person relative | thinner
open | ouvert | only | go openable |
closed | fermé | only | go openable |
calm | calme | only | person relative pet | calmer
"""


def _parse(line: str) -> Adjective:
    english, french, place, classes, comparative = (part.strip() for part in line.split("|"))
    masculine, feminine, before_vowel = (*french.split("/"), "", "")[:3]
    unchanging = feminine == "="
    if unchanging:
        feminine = masculine
    elif not feminine:
        feminine = masculine if masculine.endswith("e") else masculine + "e"
    return Adjective(
        english,
        masculine,
        feminine,
        masculine if unchanging else plural_of(masculine),
        feminine if unchanging else feminine + "s",
        before_vowel or masculine,
        {"before": True, "beside": True, "after": False, "only": None}[place],
        place != "beside",
        tuple(classes.split()),
        comparative,
    )


ADJECTIVES = tuple(_parse(line) for line in _ADJECTIVES.strip().splitlines())


@cache
def adjectives_for(classes: tuple[str, ...], attributive: bool = False) -> tuple[Adjective, ...]:
    """Returns the adjectives said of nouns of these classes, or set beside such nouns."""
    return tuple(
        adjective
        for adjective in ADJECTIVES
        if any(name in adjective.classes for name in classes)
        and (adjective.before is not None if attributive else adjective.predicative)
    )


def find_adjective(english: str) -> Adjective:
    """Returns the adjective with this English form."""
    return next(entry for entry in ADJECTIVES if entry.english == english)
