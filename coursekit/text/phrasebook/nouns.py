"""The nouns, names and places of the phrasebook.

One noun a line: English, French, gender, and the classes that verbs and adjectives ask for.
A plural that no rule gives stands after a slash. English is American.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from coursekit.text.phrasebook.english import plural_of as english_plural
from coursekit.text.phrasebook.french import plural_of as french_plural


@dataclass(frozen=True)
class Noun:
    """A noun in both languages."""

    english: str
    english_plural: str
    french: str
    french_plural: str
    gender: str
    classes: tuple[str, ...]

    @cached_property
    def _class_set(self) -> frozenset[str]:
        return frozenset(self.classes)

    def is_a(self, classes: Iterable[str]) -> bool:
        """Whether the noun belongs to one of the classes."""
        return not self._class_set.isdisjoint(classes)


_NOUNS = """
boy | garçon | m | person child
girl | fille | f | person child
child/children | enfant | m | person child
man/men | homme | m | person adult
woman/women | femme | f | person adult pretty
lady | dame | f | person adult
teacher | professeur | m | person adult worker ours
doctor | médecin | m | person adult worker ours
nurse | infirmière | f | person adult worker
student | étudiant | m | person young worker ours
baker | boulanger | m | person adult worker ours
farmer | fermier | m | person adult worker
neighbor | voisin | m | person adult known ours
friend | ami | m | person known ours
actor | acteur | m | person adult worker
actress | actrice | f | person adult worker pretty
waiter | serveur | m | person young worker
waitress | serveuse | f | person young worker
singer | chanteur | m | person adult heard
gardener | jardinier | m | person adult worker ours
customer | client | m | person ours
tourist | touriste | m | person
lawyer | avocat | m | person adult worker ours
king | roi | m | person adult royal
queen | reine | f | person adult royal pretty
prince | prince | m | person young royal
princess | princesse | f | person young royal pretty
mother | mère | f | relative
father | père | m | relative
brother | frère | m | relative several
sister | sœur | f | relative several
son | fils | m | relative several
daughter | fille | f | relative several
uncle | oncle | m | relative several
aunt | tante | f | relative several
cousin | cousin | m | relative several
nephew | neveu | m | relative several
niece | nièce | f | relative several
grandfather | grand-père/grands-pères | m | relative
grandmother | grand-mère/grands-mères | f | relative
husband | mari | m | relative
wife/wives | femme | f | relative
dog | chien | m | animal pet meat_eater big
cat | chat | m | animal pet meat_eater
horse | cheval | m | animal farm plant_eater big pretty
rabbit | lapin | m | animal pet plant_eater
cow | vache | f | animal farm plant_eater big
goat | chèvre | f | animal farm plant_eater
donkey | âne | m | animal farm plant_eater
hen | poule | f | animal farm
duck | canard | m | animal farm swimmer
mouse/mice | souris | f | animal wild
bird | oiseau | m | animal wild flyer pretty
owl | hibou/hiboux | m | animal wild flyer
fox | renard | m | animal wild meat_eater
wolf/wolves | loup | m | animal wild meat_eater big
bear | ours | m | animal wild big swimmer
monkey | singe | m | animal wild
elephant | éléphant | m | animal wild big
frog | grenouille | f | animal wild swimmer
squirrel | écureuil | m | animal wild
apple | pomme | f | food fruit plant
orange | orange | f | food fruit
pear | poire | f | food fruit plant
banana | banane | f | food fruit
peach | pêche | f | food fruit
strawberry | fraise | f | food fruit
cherry | cerise | f | food fruit
carrot | carotte | f | food plant vegetable
tomato/tomatoes | tomate | f | food fruit vegetable
potato/potatoes | pomme de terre/pommes de terre | f | vegetable
onion | oignon | m | vegetable
mushroom | champignon | m | food vegetable
egg | œuf | m | food
cake | gâteau | m | food baked cooked cuttable
sandwich | sandwich | m | food cuttable
cookie | biscuit | m | food baked
pizza | pizza | f | food cooked cuttable warm
bread | pain | m | mass staple baked cuttable warm
cheese | fromage | m | mass staple cuttable meat
meat | viande | f | mass staple cuttable meat
ham | jambon | m | mass staple meat
chicken | poulet | m | mass meat
rice | riz | m | mass staple
soup | soupe | f | mass cooked warm
chocolate | chocolat | m | mass
butter | beurre | m | mass spread
jam | confiture | f | mass spread
honey | miel | m | mass spread
salad | salade | f | mass plant
ice cream | glace | f | mass
water | eau | f | drink chilled
milk | lait | m | drink warm
coffee | café | m | drink warm
tea | thé | m | drink warm
wine | vin | m | drink
beer | bière | f | drink chilled
orange juice | jus d'orange/jus d'orange | m | drink chilled
lemonade | limonade | f | drink chilled
book | livre | m | printed readable writable gift possession thing
letter | lettre | f | readable writable lasting openable
newspaper | journal | m | readable possession thing
poem | poème | m | printed readable writable learned
story | histoire | f | readable writable told
novel | roman | m | printed readable writable lasting gift
message | message | m | readable writable
song | chanson | f | sung learned
question | question | f | question
lesson | leçon | f | lesson learned
film | film | m | watched lasting
shirt | chemise | f | clothing colored
coat | manteau | m | clothing colored losable
hat | chapeau | m | clothing colored losable
dress | robe | f | clothing colored pretty hers
skirt | jupe | f | clothing colored hers
sweater | pull | m | clothing colored
scarf/scarves | écharpe | f | clothing colored losable
jacket | veste | f | clothing colored
tie | cravate | f | clothing colored his
shoe | chaussure | f | pair colored
boot | botte | f | pair colored
glove | gant | m | pair colored losable
sock | chaussette | f | pair colored
door | porte | f | openable colored painted
window | fenêtre | f | openable breakable cleaned
box | boîte | f | openable container colored carried
suitcase | valise | f | openable container carried colored
drawer | tiroir | m | openable container
bag | sac | m | openable container carried possession losable colored
basket | panier | m | container carried
bottle | bouteille | f | openable breakable
umbrella | parapluie | m | openable possession losable colored single
key | clé | f | thing losable
phone | téléphone | m | thing losable possession single
watch | montre | f | thing losable gift possession repaired jewel
ring | bague | f | thing losable gift jewel
wallet | portefeuille | m | thing losable single
ticket | billet | m | thing losable
pen | stylo | m | thing losable possession
pencil | crayon | m | thing possession
map | carte | f | thing
photo | photo | f | thing watched pretty
gift | cadeau | m | thing
flower | fleur | f | gift colored pretty drawn
toy | jouet | m | thing repaired
ball | ballon | m | thing colored possession
glass | verre | m | dish breakable
cup | tasse | f | dish breakable
plate | assiette | f | dish breakable
knife/knives | couteau | m | dish possession
spoon | cuillère | f | dish
fork | fourchette | f | dish
vase | vase | m | breakable pretty
lamp | lampe | f | breakable repaired
mirror | miroir | m | breakable
clock | horloge | f | repaired
computer | ordinateur | m | possession repaired single
table | table | f | furniture cleaned
chair | chaise | f | furniture repaired colored
bed | lit | m | furniture
armchair | fauteuil | m | furniture
sofa | canapé | m | furniture
desk | bureau | m | furniture cleaned
shelf/shelves | étagère | f | furniture
car | voiture | f | vehicle driven colored repaired cleaned possession
bike | vélo | m | vehicle colored repaired possession
boat | bateau | m | vehicle colored painted possession drawn
truck | camion | m | vehicle driven colored repaired big
motorcycle | moto | f | vehicle driven colored repaired
bus/buses | bus | m | transport driven rail
train | train | m | transport rail
plane | avion | m | transport drawn
taxi | taxi | m | transport
house | maison | f | building drawn painted pretty possession colored
castle | château | m | building drawn sight go
museum | musée | m | building sight go
church | église | f | building sight go
hotel | hôtel | m | building go leisure
restaurant | restaurant | m | building go leisure
station | gare | f | building go leisure
bank | banque | f | building go
library | bibliothèque | f | building go leisure
hospital | hôpital | m | building go
theater | théâtre | m | building go
pharmacy | pharmacie | f | building go
bakery | boulangerie | f | building go
post office | poste | f | go
market | marché | m | go leisure
beach | plage | f | go leisure
park | parc | m | go inside
airport | aéroport | m | go
swimming pool | piscine | f | go
university | université | f | go leisure
kitchen | cuisine | f | inside cleaned
garden | jardin | m | inside pretty
living room | salon | m | inside cleaned
bedroom | chambre | f | inside cleaned
forest | forêt | f | inside wild_place
village | village | m | inside sight pretty
tree | arbre | m | drawn big pretty
mountain | montagne | f | drawn pretty
"""

# English, French, gender of first names; some begin with a vowel for the sake of elision.
NAMES = (
    ("Paul", "m"),
    ("Marie", "f"),
    ("Thomas", "m"),
    ("Claire", "f"),
    ("Nicolas", "m"),
    ("Sophie", "f"),
    ("Antoine", "m"),
    ("Alice", "f"),
    ("Olivier", "m"),
    ("Emma", "f"),
    ("Louis", "m"),
    ("Julie", "f"),
)

# English, "in" or "to" in French, "from" in French.
CITIES_AND_COUNTRIES = (
    ("Paris", "à Paris", "de Paris"),
    ("Lyon", "à Lyon", "de Lyon"),
    ("Rome", "à Rome", "de Rome"),
    ("London", "à Londres", "de Londres"),
    ("Brussels", "à Bruxelles", "de Bruxelles"),
    ("Geneva", "à Genève", "de Genève"),
    ("Athens", "à Athènes", "d'Athènes"),
    ("France", "en France", "de France"),
    ("Italy", "en Italie", "d'Italie"),
    ("Spain", "en Espagne", "d'Espagne"),
    ("Germany", "en Allemagne", "d'Allemagne"),
    ("Belgium", "en Belgique", "de Belgique"),
    ("Switzerland", "en Suisse", "de Suisse"),
    ("Canada", "au Canada", "du Canada"),
    ("Japan", "au Japon", "du Japon"),
    ("Portugal", "au Portugal", "du Portugal"),
    ("Morocco", "au Maroc", "du Maroc"),
    ("the United States", "aux États-Unis", "des États-Unis"),
)


def _parse(line: str) -> Noun:
    english, french, gender, classes = (part.strip() for part in line.split("|"))
    english, _, many = english.partition("/")
    french, _, plusieurs = french.partition("/")
    return Noun(
        english,
        many or english_plural(english),
        french,
        plusieurs or french_plural(french),
        gender,
        tuple(classes.split()),
    )


NOUNS = tuple(_parse(line) for line in _NOUNS.strip().splitlines())


@cache
def nouns_of(classes: tuple[str, ...]) -> tuple[Noun, ...]:
    """Returns the nouns that belong to one of the classes, in the order of the table."""
    found = tuple(noun for noun in NOUNS if noun.is_a(classes))
    if not found:
        raise ValueError(f"No noun is of the classes {classes}.")
    return found


def find_noun(english: str) -> Noun:
    """Returns the noun with this English singular."""
    return next(entry for entry in NOUNS if entry.english == english)
