"""The verbs of the phrasebook, and what can be their subject and object.

One verb a line: English (with irregular past and gerund after slashes), French, the classes of
its subjects, the classes of its objects, and notes:

* `simple`: English has no continuous form (she sees, she knows).
* `imparfait`: a state, whose French past is the imparfait (he knew, il connaissait).
* `event`: not said in the present (he is losing his key).
* `placed`: may be followed by a place (she is reading in the garden).
* `être`: the compound past takes être, as it does for reflexive verbs.
"""

from dataclasses import dataclass

from coursekit.text.phrasebook.english import EnglishVerb, verb_forms
from coursekit.text.phrasebook.french import Conjugation, conjugation


@dataclass(frozen=True)
class Verb:
    """A verb in both languages; `french` is without its reflexive pronoun."""

    english: EnglishVerb
    french: Conjugation
    subjects: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    simple: bool = False
    imparfait: bool = False
    event: bool = False
    placed: bool = False
    with_etre: bool = False
    reflexive: bool = False
    french_tail: str = ""

    @property
    def same_past(self) -> bool:
        """Whether the English present and past are spelled alike (read, cut, put)."""
        return self.english.base == self.english.past


def verb(english: str, french: str, subjects: str = "", objects: str = "", notes: str = "") -> Verb:
    """Returns a verb from a line of a table."""
    bare = french.removeprefix("se ").removeprefix("s'")
    infinitive, _, tail = bare.partition(" ")
    known = {"simple", "imparfait", "event", "placed", "être"}
    if unknown := set(notes.split()) - known:
        raise ValueError(f"Notes are {sorted(known)}. Received: {sorted(unknown)}")
    return Verb(
        verb_forms(english),
        conjugation(infinitive),
        tuple(subjects.split()),
        tuple(objects.split()),
        simple="simple" in notes,
        imparfait="imparfait" in notes,
        event="event" in notes,
        placed="placed" in notes,
        with_etre="être" in notes or bare != french,
        reflexive=bare != french,
        french_tail=tail,
    )


def _table(text: str) -> tuple[Verb, ...]:
    return tuple(
        verb(*(part.strip() for part in line.split("|"))) for line in text.strip().splitlines()
    )


TRANSITIVE = _table("""
eat/ate | manger | person relative | food mass | placed
eat/ate | manger | plant_eater | plant |
eat/ate | manger | meat_eater | meat |
drink/drank | boire | person relative | drink | placed
read/read | lire | person relative | readable | placed
write/wrote | écrire | person relative | writable | placed
buy/bought | acheter | person relative | food mass drink clothing thing vehicle possession vegetable |
sell/sold | vendre | person | food vegetable clothing vehicle possession |
see/saw | voir | person relative | person animal vehicle building transport drawn | simple placed
hear/heard | entendre | person relative | animal heard transport | simple
look for | chercher | person relative | losable pair known pet thing building | placed
find/found | trouver | person relative | losable thing pet | event placed
lose/lost | perdre | person relative | losable | event placed
forget/forgot/forgetting | oublier | person relative | losable thing readable | event
take/took | prendre | person relative | thing transport losable |
open | ouvrir | person relative | openable |
close | fermer | person relative | openable |
wash | laver | person relative | vehicle clothing dish vegetable |
clean | nettoyer | person relative | cleaned |
repair | réparer | person relative | repaired |
break/broke | casser | person relative | breakable | event
carry | porter | person relative | carried |
wear/wore | porter | person relative | clothing pair | imparfait
choose/chose | choisir | person relative | clothing gift cooked readable | event
draw/drew | dessiner | person relative | animal drawn | placed
paint | peindre | person | painted | placed
look at | regarder | person relative | watched animal thing drawn |
listen to | écouter | person relative | heard worker flyer |
wait for | attendre | person relative | person transport |
help | aider | person relative | person |
know/knew | connaître | person relative | person sung told | simple imparfait
visit | visiter | person relative | sight |
call | appeler | person relative | person |
follow | suivre | person relative | person pet |
thank | remercier | person relative | person |
invite | inviter | person relative | person |
meet/met | rencontrer | person relative | person | event placed
feed/fed | nourrir | person relative | pet farm |
cut/cut/cutting | couper | person relative | cuttable vegetable |
prepare | préparer | person relative | cooked |
hide/hid/hiding | cacher | person relative | gift thing | event
learn | apprendre | person | learned |
understand/understood | comprendre | person relative | question lesson readable | simple
finish | finir | person relative | writable | event
sing/sang | chanter | person relative | sung |
tell/told | raconter | person relative | told |
drive/drove | conduire | person relative | driven |
receive | recevoir | person relative | gift readable | event
""")

# Objects in general: "likes cats", "aime les chats".
TASTES = _table("""
like | aimer | person relative | food mass drink animal vegetable | simple imparfait
love | adorer | person relative | food mass drink animal vegetable | simple imparfait
""")

INTRANSITIVE = _table("""
sleep/slept | dormir | person relative pet farm wild | | placed
work | travailler | person relative | | placed
laugh | rire | person relative | | placed
cry | pleurer | person relative | | placed
sing/sang | chanter | person relative flyer | | placed
dance | danser | person relative | | placed
run/ran/running | courir | person relative pet farm | | placed
swim/swam/swimming | nager | person relative swimmer | |
smile | sourire | person relative | |
play | jouer | person relative pet | | placed
walk | marcher | person relative | | placed
travel | voyager | person relative | |
study | étudier | person relative | | placed
cook | cuisiner | person relative | |
drive/drove | conduire | person relative | |
speak/spoke | parler | person relative | |
wait | attendre | person relative pet | | placed
eat/ate | manger | person relative animal | | placed
leave/left | partir | person relative | | être
arrive | arriver | person relative | | être
go/went out | sortir | person relative | | être
come/came back | revenir | person relative pet | | être
come/came home | rentrer | person relative | | être
fall/fell | tomber | person relative pet | | être event
get/got/getting up | se lever | person relative | |
go/went to bed | se coucher | person relative | |
wake/woke/waking up | se réveiller | person relative | |
get/got/getting dressed | s'habiller | person relative | |
rest | se reposer | person relative | |
hurry | se dépêcher | person relative | |
go/went for a walk | se promener | person relative | |
""")


def intransitive(base: str) -> Verb:
    """Returns the verb of `INTRANSITIVE` with this English infinitive."""
    return next(entry for entry in INTRANSITIVE if entry.english.base == base)


def transitive(base: str) -> Verb:
    """Returns the verb of `TRANSITIVE` with this English infinitive and a human subject."""
    return next(
        entry for entry in TRANSITIVE if entry.english.base == base and "person" in entry.subjects
    )


PLAY = verb("play", "jouer")
SPEAK = verb("speak/spoke", "parler")
LEARN = verb("learn", "apprendre")

GO = verb("go/went", "aller", "person relative", "go", "être")
COME_BACK = verb("come/came back", "revenir", "person relative", "go", "être")
COME_FROM = verb("come/came", "venir", "person relative", "", "simple être")
STAY = verb("stay", "rester", "person relative", "", "être")
LIVE = verb("live", "habiter", "person relative", "", "simple imparfait")
BE = verb("be", "être", notes="simple imparfait")
HAVE = verb(
    "have/had", "avoir", "person relative", "possession vehicle clothing pet", "simple imparfait"
)
WANT = verb("want to", "vouloir", notes="simple imparfait")
CAN = verb("can/could", "pouvoir", notes="simple imparfait")
MUST = verb("must", "devoir", notes="simple imparfait")

# The thing given, then à and a person.
DITRANSITIVE = _table("""
give/gave | donner | person relative | gift thing clothing food
show | montrer | person relative | thing gift watched clothing possession
send/sent | envoyer | person relative | gift readable
lend/lent | prêter | person relative | possession vehicle clothing
bring/brought | apporter | person relative | food gift clothing thing
offer | offrir | person relative | gift food
sell/sold | vendre | person | vehicle possession clothing
""")

# à + person or thing; de + person or thing.
WITH_A = _table("""
talk to | parler | person relative | person
think/thought about | penser | person relative | person
answer | répondre | person relative | question
""")
WITH_DE = _table("""
talk about | parler | person relative | readable watched worker
need | avoir besoin | person relative | thing possession losable person clothing | simple imparfait
remember | se souvenir | person relative | told sung watched question person | simple imparfait
take/took care of | s'occuper | person relative | pet farm
""")
# "She is afraid of the dog": English be, French avoir.
BE_AS_AVOIR = verb("be", "avoir", notes="simple imparfait")

# English, French after jouer.
PLAYED = (
    ("the piano", "du piano"),
    ("the guitar", "de la guitare"),
    ("the violin", "du violon"),
    ("the flute", "de la flûte"),
    ("soccer", "au football"),
    ("tennis", "au tennis"),
    ("cards", "aux cartes"),
    ("chess", "aux échecs"),
)
LANGUAGES = (
    ("French", "français"),
    ("English", "anglais"),
    ("Spanish", "espagnol"),
    ("Italian", "italien"),
    ("German", "allemand"),
    ("Japanese", "japonais"),
)
# Conditions: English after "be", French after avoir.
HAVE_CONDITIONS = (
    ("hungry", "faim"),
    ("thirsty", "soif"),
    ("sleepy", "sommeil"),
    ("cold", "froid"),
    ("hot", "chaud"),
    ("afraid", "peur"),
)
# Prices have no past here: "it cost" is spelled like "they cost".
COST = verb("cost/cost", "coûter", notes="simple imparfait")
BE_CONDITIONS = (
    ("late", "en retard"),
    ("early", "en avance"),
    ("angry", "en colère"),
    ("on vacation", "en vacances"),
    ("at home", "à la maison"),
    ("at work", "au travail"),
    ("in danger", "en danger"),
)
