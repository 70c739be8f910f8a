"""What the phrasebook's grammar writes, phenomenon by phenomenon, against French written by hand."""

from dataclasses import replace

import pytest

from coursekit.text.phrasebook import verbs
from coursekit.text.phrasebook.adjectives import find_adjective
from coursekit.text.phrasebook.clauses import (
    Clause,
    english_infinitive,
    english_question,
    french_imperative,
    french_question,
)
from coursekit.text.phrasebook.french import contract
from coursekit.text.phrasebook.nouns import find_noun
from coursekit.text.phrasebook.phrases import (
    HE,
    SHE,
    THEY,
    THEY_WOMEN,
    WE,
    YOU,
    I,
    belonging_to,
    name,
    phrase,
)
from coursekit.text.phrasebook.writing import finish, stated

MARIE, PAUL, ALICE = name("Marie", "f"), name("Paul", "m"), name("Alice", "f")


def np(determiner, noun, *adjectives, plural=False):
    return phrase(find_noun(noun), determiner, plural, tuple(map(find_adjective, adjectives)))


def do(subject, base, *tense_and_polarity, **parts):
    who = subject.subject() if hasattr(subject, "subject") else subject
    everything = (*verbs.TRANSITIVE, *verbs.TASTES, *verbs.INTRANSITIVE, *verbs.DITRANSITIVE)
    named = {"be": verbs.BE, "have": verbs.HAVE, "go": verbs.GO, "be+avoir": verbs.BE_AS_AVOIR}
    verb = named.get(base) or next(v for v in everything if v.english.base == base)
    return Clause(who, verb, *tense_and_polarity, **parts)


def be(subject, adjective, *tense_and_polarity):
    who = subject.subject() if hasattr(subject, "subject") else subject
    agreeing = find_adjective(adjective).agreeing(who.gender, who.plural)
    return do(who, "be", *tense_and_polarity, rest=((adjective, agreeing),))


def asked(clause, english="", french=""):
    return finish(english_question(clause, english), french_question(clause, french), "?")


def ordered(clause):
    start = {"you": "don't " if clause.polarity else "", "we": "let's "}[clause.subject.english]
    return finish(start + english_infinitive(clause), french_imperative(clause))


PHENOMENA = {
    "determiners and elision": [
        (do(HE, "see", object=np("the", "apple")), "He sees the apple.", "Il voit la pomme."),
        (do(I, "see", object=np("the", "egg")), "I see the egg.", "Je vois l'œuf."),
        (do(I, "love", object=np("the", "tree")), "I love the tree.", "J'adore l'arbre."),
        (do(I, "hear", object=np("the", "owl")), "I hear the owl.", "J'entends le hibou."),
        (
            do(WE, "see", object=np("many", "owl", plural=True)),
            "We see many owls.",
            "Nous voyons beaucoup de hiboux.",
        ),
        (
            do(HE, "have", object=np("many", "friend", plural=True)),
            "He has many friends.",
            "Il a beaucoup d'amis.",
        ),
        (
            do(np("every", "child"), "sleep", "continuous"),
            "Every child is sleeping.",
            "Chaque enfant dort.",
        ),
    ],
    "plurals": [
        (
            do(SHE, "like", object=np("general", "horse", plural=True)),
            "She likes horses.",
            "Elle aime les chevaux.",
        ),
        (
            do(THEY, "read", "continuous", object=np("some", "newspaper", plural=True)),
            "They are reading some newspapers.",
            "Ils lisent des journaux.",
        ),
        (
            do(I, "buy", "past", object=np("two", "cake", plural=True)),
            "I bought two cakes.",
            "J'ai acheté deux gâteaux.",
        ),
        (
            do(HE, "see", object=np("the", "mouse", plural=True)),
            "He sees the mice.",
            "Il voit les souris.",
        ),
        (
            do(SHE, "help", object=np("my", "grandmother", plural=True)),
            "She helps my grandmothers.",
            "Elle aide mes grands-mères.",
        ),
        (
            do(WE, "like", object=np("general", "potato", plural=True)),
            "We like potatoes.",
            "Nous aimons les pommes de terre.",
        ),
    ],
    "possessives": [
        (do(HE, "call", object=np("my", "friend")), "He calls my friend.", "Il appelle mon ami."),
        (
            do(SHE, "lose", "past", object=np("her", "umbrella")),
            "She lost her umbrella.",
            "Elle a perdu son parapluie.",
        ),
        (
            do(HE, "lose", "past", object=np("his", "watch")),
            "He lost his watch.",
            "Il a perdu sa montre.",
        ),
        (
            do(HE, "wear", "continuous", object=np("his", "scarf")),
            "He is wearing his scarf.",
            "Il porte son écharpe.",
        ),
        (
            do(HE, "wear", "continuous", object=np("his", "scarf", "old")),
            "He is wearing his old scarf.",
            "Il porte sa vieille écharpe.",
        ),
        (
            do(YOU, "sell", "past", object=np("your", "glove", plural=True)),
            "You sold your gloves.",
            "Vous avez vendu vos gants.",
        ),
        (
            do(HE, "follow", "continuous", object=belonging_to(find_noun("dog"), np("the", "boy"))),
            "He is following the boy's dog.",
            "Il suit le chien du garçon.",
        ),
        (
            do(
                HE, "take", "past",
                object=belonging_to(find_noun("car"), np("the", "girl", plural=True)),
            ),
            "He took the girls' car.",
            "Il a pris la voiture des filles.",
        ),
        (
            do(HE, "see", object=belonging_to(find_noun("cat"), ALICE)),
            "He sees Alice's cat.",
            "Il voit le chat d'Alice.",
        ),
    ],
    "adjectives": [
        (
            do(SHE, "have", object=np("a", "dress", "red")),
            "She has a red dress.",
            "Elle a une robe rouge.",
        ),
        (
            do(SHE, "have", object=np("a", "car", "small", "white")),
            "She has a small white car.",
            "Elle a une petite voiture blanche.",
        ),
        (
            do(WE, "draw", "past", object=np("a", "tree", "beautiful")),
            "We drew a beautiful tree.",
            "Nous avons dessiné un bel arbre.",
        ),
        (
            do(WE, "look at", "continuous", object=np("this", "bird", "beautiful")),
            "We are looking at this beautiful bird.",
            "Nous regardons ce bel oiseau.",
        ),
        (
            do(I, "take", "past", object=np("this", "plane")),
            "I took this plane.",
            "J'ai pris cet avion.",
        ),
        (
            do(HE, "invite", "past", object=np("his", "friend", "old")),
            "He invited his old friend.",
            "Il a invité son vieil ami.",
        ),
        (
            do(HE, "invite", "past", object=np("the", "actor", "new")),
            "He invited the new actor.",
            "Il a invité le nouvel acteur.",
        ),
        (
            do(SHE, "wear", object=np("her", "boot", "brown", plural=True)),
            "She wears her brown boots.",
            "Elle porte ses bottes marron.",
        ),
        (
            do(SHE, "buy", "past", object=np("some", "flower", "beautiful", plural=True)),
            "She bought some beautiful flowers.",
            "Elle a acheté de belles fleurs.",
        ),
        (
            do(SHE, "buy", "past", object=np("some", "flower", "yellow", plural=True)),
            "She bought some yellow flowers.",
            "Elle a acheté des fleurs jaunes.",
        ),
        (be(np("the", "soup"), "cold"), "The soup is cold.", "La soupe est froide."),
        (be(MARIE, "happy"), "Marie is happy.", "Marie est heureuse."),
        (
            be(np("the", "queen", plural=True), "proud", "past"),
            "The queens were proud.",
            "Les reines étaient fières.",
        ),
        (be(YOU, "tired", "present", "not"), "You aren't tired.", "Vous n'êtes pas fatigué."),
        (be(THEY_WOMEN, "ready"), "They are ready.", "Elles sont prêtes."),
    ],
    "partitive": [
        (do(HE, "drink", object=np("bare", "milk")), "He drinks milk.", "Il boit du lait."),
        (
            do(HE, "drink", "continuous", object=np("some", "water")),
            "He is drinking some water.",
            "Il boit de l'eau.",
        ),
        (
            do(HE, "eat", "past", object=np("some", "meat", "good")),
            "He ate some good meat.",
            "Il a mangé de la bonne viande.",
        ),
        (
            do(HE, "drink", "present", "not", object=np("some", "water")),
            "He doesn't drink any water.",
            "Il ne boit pas d'eau.",
        ),
        (
            do(SHE, "eat", "present", "never", object=np("bare", "meat")),
            "She never eats meat.",
            "Elle ne mange jamais de viande.",
        ),
        (
            do(SHE, "like", "present", "not", object=np("general", "meat")),
            "She doesn't like meat.",
            "Elle n'aime pas la viande.",
        ),
    ],
    "negation": [
        (do(I, "sing", "present", "not"), "I don't sing.", "Je ne chante pas."),
        (
            do(HE, "have", "present", "not", object=np("a", "cat")),
            "He doesn't have a cat.",
            "Il n'a pas de chat.",
        ),
        (
            do(SHE, "open", "past", "not", object=np("the", "door")),
            "She didn't open the door.",
            "Elle n'a pas ouvert la porte.",
        ),
        (do(PAUL, "work", "present", "no longer"), "Paul no longer works.", "Paul ne travaille plus."),
        (
            do(WE, "sing", "future", "never"),
            "We will never sing.",
            "Nous ne chanterons jamais.",
        ),
        (
            do(HE, "eat", "going to", "not", object=np("the", "egg", plural=True)),
            "He isn't going to eat the eggs.",
            "Il ne va pas manger les œufs.",
        ),
        (
            do(HE, "eat", "present", "not", modal=verbs.WANT, object=np("some", "bread")),
            "He doesn't want to eat any bread.",
            "Il ne veut pas manger de pain.",
        ),
    ],
    "tenses": [
        (do(SHE, "dance", "continuous"), "She is dancing.", "Elle danse."),
        (do(SHE, "dance", "was doing"), "She was dancing.", "Elle dansait."),
        (do(WE, "eat", "was doing"), "We were eating.", "Nous mangions."),
        (do(WE, "eat", "continuous"), "We are eating.", "Nous mangeons."),
        (do(YOU, "laugh", "was doing"), "You were laughing.", "Vous riiez."),
        (do(I, "send", "future", object=np("a", "letter")), "I will send a letter.",
         "J'enverrai une lettre."),
        (do(YOU, "see", "future", object=np("the", "castle")), "You will see the castle.",
         "Vous verrez le château."),
        (do(THEY, "go", "future", rest=(("to Rome", "à Rome"),)), "They will go to Rome.",
         "Ils iront à Rome."),
        (do(HE, "leave", "going to"), "He is going to leave.", "Il va partir."),
        (do(HE, "know", "past", object=np("the", "king")), "He knew the king.",
         "Il connaissait le roi."),
        (do(HE, "read", "past", object=np("the", "book")), "He read the book.", "Il a lu le livre."),
    ],
    "participles": [
        (do(SHE, "leave", "past"), "She left.", "Elle est partie."),
        (do(WE, "arrive", "past"), "We arrived.", "Nous sommes arrivés."),
        (
            do(np("the", "girl", plural=True), "fall", "past", "not"),
            "The girls didn't fall.",
            "Les filles ne sont pas tombées.",
        ),
        (do(MARIE, "get up", "past"), "Marie got up.", "Marie s'est levée."),
        (do(I, "rest", "past", "not"), "I didn't rest.", "Je ne me suis pas reposé."),
        (do(HE, "help", "past", direct=SHE), "He helped her.", "Il l'a aidée."),
        (do(HE, "meet", "past", direct=THEY), "He met them.", "Il les a rencontrés."),
        (do(SHE, "call", "past", "not", direct=WE), "She didn't call us.",
         "Elle ne nous a pas appelés."),
        (do(HE, "open", "past", object=np("the", "box")), "He opened the box.",
         "Il a ouvert la boîte."),
    ],
    "pronouns": [
        (do(I, "see", direct=HE), "I see him.", "Je le vois."),
        (do(HE, "invite", direct=I), "He invites me.", "Il m'invite."),
        (do(I, "wait for", "future", direct=SHE), "I will wait for her.", "Je l'attendrai."),
        (do(HE, "see", modal=verbs.WANT, direct=THEY), "He wants to see them.", "Il veut les voir."),
        (do(WE, "help", "going to", direct=YOU), "We are going to help you.",
         "Nous allons vous aider."),
        (do(SHE, "give", "past", object=np("a", "book"), indirect=HE), "She gave him a book.",
         "Elle lui a donné un livre."),
        (do(SHE, "show", "present", "not", object=np("the", "map"), indirect=THEY),
         "She doesn't show them the map.", "Elle ne leur montre pas la carte."),
        (do(I, "get up", modal=verbs.MUST), "I must get up.", "Je dois me lever."),
        (do(YOU, "rest", modal=verbs.CAN), "You can rest.", "Vous pouvez vous reposer."),
    ],
    "contractions": [
        (do(HE, "go", "past", rest=(("to the market", contract("à", "le marché")),)),
         "He went to the market.", "Il est allé au marché."),
        (do(SHE, "go", "present", rest=(("to the church", contract("à", "la église")),)),
         "She goes to the church.", "Elle va à l'église."),
        (do(HE, "give", "future", object=np("the", "key"),
            rest=(("to the children", contract("à", "les enfants")),)),
         "He will give the key to the children.", "Il donnera la clé aux enfants."),
        (Clause(HE.subject(), verbs.COME_BACK, "continuous",
                rest=(("from the park", contract("de", "le parc")),)),
         "He is coming back from the park.", "Il revient du parc."),
        (Clause(HE.subject(), verbs.WITH_DE[1], rest=(("some water", contract("de", "de l'eau")),)),
         "He needs some water.", "Il a besoin d'eau."),
        (Clause(SHE.subject(), verbs.PLAY, "future", rest=(verbs.PLAYED[7],)),
         "She will play chess.", "Elle jouera aux échecs."),
    ],
    "idioms with avoir": [
        (do(SHE, "be+avoir", rest=(("hungry", "faim"),)), "She is hungry.", "Elle a faim."),
        (do(WE, "be+avoir", "past", "not", rest=(("cold", "froid"),)), "We weren't cold.",
         "Nous n'avions pas froid."),
    ],
    "adverbs": [
        (do(HE, "work", manner=("a lot", "beaucoup")), "He works a lot.", "Il travaille beaucoup."),
        (do(HE, "sleep", "past", manner=("well", "bien")), "He slept well.", "Il a bien dormi."),
        (do(SHE, "sing", "present", "not", frequency=("often", "souvent")),
         "She doesn't often sing.", "Elle ne chante pas souvent."),
    ],
}  # fmt: skip

QUESTIONS = [
    (asked(do(HE, "sleep")), "Does he sleep?", "Est-ce qu'il dort ?"),
    (asked(do(ALICE, "leave", "past")), "Did Alice leave?", "Est-ce qu'Alice est partie ?"),
    (asked(do(YOU, "have", object=np("some", "apple", plural=True))), "Do you have any apples?",
     "Est-ce que vous avez des pommes ?"),
    (asked(do(YOU, "like", "present", "not", object=np("general", "tea"))), "Don't you like tea?",
     "Est-ce que vous n'aimez pas le thé ?"),
    (asked(do(SHE, "read", "continuous"), "what", "que"), "What is she reading?",
     "Qu'est-ce qu'elle lit ?"),
    (asked(do(YOU, "go", "continuous"), "where", "où"), "Where are you going?",
     "Où est-ce que vous allez ?"),
    (asked(do(YOU, "eat", "past", fronted=np("many", "apple", plural=True)), "how many apples",
           "combien de pommes"), "How many apples did you eat?",
     "Combien de pommes est-ce que vous avez mangées ?"),
    (asked(do(THEY, "cry", "continuous"), "why", "pourquoi"),
     "Why are they crying?", "Pourquoi est-ce qu'ils pleurent ?"),
]  # fmt: skip

ORDERS = [
    (ordered(do(YOU, "open", object=np("the", "window"))), "Open the window.",
     "Ouvrez la fenêtre."),
    (ordered(do(YOU, "open", "present", "not", object=np("the", "window"))),
     "Don't open the window.", "N'ouvrez pas la fenêtre."),
    (ordered(do(YOU, "get up")), "Get up.", "Levez-vous."),
    (ordered(do(YOU, "get up", "present", "not")), "Don't get up.", "Ne vous levez pas."),
    (ordered(do(YOU, "wait for", direct=I)), "Wait for me.", "Attendez-moi."),
    (ordered(do(YOU, "follow", "present", "not", direct=HE)), "Don't follow him.",
     "Ne le suivez pas."),
    (ordered(do(YOU, "give", object=np("the", "key"), indirect=THEY)), "Give them the key.",
     "Donnez-leur la clé."),
    (ordered(do(WE, "hurry")), "Let's hurry.", "Dépêchons-nous."),
]  # fmt: skip

EXPECTED = [
    pytest.param(*(stated(clause), english, french), id=f"{kind}: {english}")
    for kind, cases in PHENOMENA.items()
    for clause, english, french in cases
] + [pytest.param(*case, id=case[1]) for case in QUESTIONS + ORDERS]


@pytest.mark.parametrize(("written", "english", "french"), EXPECTED)
def test_written(written, english, french):
    assert written == (english, french)


def test_participle_agrees_with_what_stands_before():
    named = np("the", "soup")
    clause = do(PAUL, "prepare", "past", fronted=named)
    described = replace(
        named, english=f"{named.english} that Paul prepared",
        french=f"{named.french} que {stated(clause)[1].removesuffix('.')}",
    )  # fmt: skip
    assert stated(be(described, "hot")) == (
        "The soup that Paul prepared is hot.", "La soupe que Paul a préparée est chaude.",
    )  # fmt: skip
