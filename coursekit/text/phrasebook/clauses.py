"""Clauses: who does what when, and how English and French say it.

A `Clause` holds one meaning. `english_clause`, `french_clause` and their questions write it in
either language, without capital and full stop, so that clauses can be joined to longer ones.
"""

from dataclasses import dataclass

from coursekit.text.phrasebook.french import agree, conjugation
from coursekit.text.phrasebook.phrases import NounPhrase, Pronoun
from coursekit.text.phrasebook.verbs import BE, CAN, MUST, Verb

TENSES = ("present", "continuous", "past", "was doing", "future", "going to")
_NEGATIONS = {"not": "pas", "never": "jamais", "no longer": "plus"}
_AFTER_IMPERATIVE = {"me": "moi"}
_REFLEXIVE = ("me", "te", "se", "nous", "vous", "se")


@dataclass(frozen=True)
class Clause:
    """One subject and what is said of it.

    Attributes:
        subject: who.
        verb: does what.
        tense: one of `TENSES`. "present" and "continuous" are both the French present;
            "past" is the passé composé, or the imparfait of a verb that is a state; "was doing"
            is the imparfait; "future" the futur simple and "going to" the futur proche.
        polarity: "", "not", "never" or "no longer".
        modal: a verb that puts `verb` into the infinitive (want to, can, must).
        object: the direct object.
        direct: a pronoun as the direct object, before the French verb.
        indirect: a pronoun for à + person, before the French verb.
        fronted: the direct object where it stands before the clause ("how many apples", "the
            apple that"): not written here, but the French participle agrees with it.
        frequency: (English, French) beside the verb: often, always.
        manner: (English, French) after the object or verb in English: well, a lot.
        rest: (English, French) pieces after the objects: places, times.
    """

    subject: NounPhrase
    verb: Verb
    tense: str = "present"
    polarity: str = ""
    modal: Verb | None = None
    object: NounPhrase | None = None
    direct: Pronoun | None = None
    indirect: Pronoun | None = None
    fronted: NounPhrase | None = None
    frequency: tuple[str, str] | None = None
    manner: tuple[str, str] | None = None
    rest: tuple[tuple[str, str], ...] = ()


# --- English ---------------------------------------------------------------------------------


def english_clause(clause: Clause) -> str:
    """The clause as a statement."""
    helper, main = _english_verb(clause, with_do=clause.polarity == "not")
    frequency = clause.frequency[0] if clause.frequency else ""
    if clause.polarity == "not":
        words = [_negated(helper), frequency, main]
    else:
        words = [helper, clause.polarity, frequency, main]
    words = [clause.subject.english, *words]
    return _join_english(clause, words, bool(clause.polarity))


def english_question(clause: Clause, asked: str = "") -> str:
    """The clause as a question; `asked` is the question word, if any ("where")."""
    helper, main = _english_verb(clause, with_do=True)
    helper = _negated(helper) if clause.polarity == "not" else helper
    words = [asked, helper, clause.subject.english, main]
    return _join_english(clause, words, negative=bool(clause.polarity) or not asked)


def english_predicate(clause: Clause) -> str:
    """The clause without its subject."""
    return english_clause(clause).removeprefix(clause.subject.english).strip()


def english_infinitive(clause: Clause) -> str:
    """What follows to: `open the door`."""
    return _join_english(clause, [clause.verb.english.base], bool(clause.polarity))


def _english_verb(clause: Clause, with_do: bool) -> tuple[str, str]:
    """The auxiliary, "" where there is none, and the rest of the verb."""
    subject, tense = clause.subject, clause.tense
    if clause.modal in (CAN, MUST):
        forms = clause.modal.english
        return forms.past if tense == "past" else forms.base, clause.verb.english.base
    forms = clause.modal.english if clause.modal else clause.verb.english
    following = f" {clause.verb.english.base}" if clause.modal else ""
    if tense == "future":
        return "will", forms.base + following
    if tense == "going to":
        return _be(subject, "present"), f"going to {forms.base}{following}"
    if tense in ("continuous", "was doing"):
        return _be(subject, "past" if tense == "was doing" else "present"), forms.gerund + following
    if forms == BE.english:
        return _be(subject, tense), ""
    third = subject.person == 3 and not subject.plural
    if with_do:
        do = "did" if tense == "past" else "does" if third else "do"
        return do, forms.base + following
    return "", (forms.past if tense == "past" else forms.third if third else forms.base) + following


def _be(subject: NounPhrase, tense: str) -> str:
    first = subject.person == 1 and not subject.plural
    several = subject.plural or subject.person == 2
    if tense == "past":
        return "were" if several else "was"
    return "am" if first else "are" if several else "is"


def _negated(helper: str) -> str:
    irregular = {"am": "am not", "will": "won't", "can": "can't", "must": "must not"}
    return irregular.get(helper, helper + "n't")


def _join_english(clause: Clause, words: list[str], negative: bool) -> str:
    thing = clause.object
    words.append(clause.indirect.english_object if clause.indirect else "")
    words.append(clause.direct.english_object if clause.direct else "")
    if thing:
        words.append(thing.english_any if negative and thing.english_any else thing.english)
    words.append(clause.manner[0] if clause.manner else "")
    words += [english for english, _ in clause.rest]
    return " ".join(word for word in words if word)


# --- French ----------------------------------------------------------------------------------


def french_clause(clause: Clause) -> str:
    """The clause as a statement; elision is left to the whole sentence."""
    return " ".join([clause.subject.french, *_french_predicate(clause)])


def french_question(clause: Clause, asked: str = "") -> str:
    """The clause as a question with est-ce que."""
    words = [asked, "est-ce que", french_clause(clause)]
    return " ".join(word for word in words if word)


def french_predicate(clause: Clause) -> str:
    """The clause without its subject."""
    return " ".join(_french_predicate(clause))


def french_infinitive(clause: Clause) -> str:
    """What follows pour: `ouvrir la porte`."""
    return " ".join([clause.verb.french.infinitive, *_french_rest(clause)])


def french_imperative(clause: Clause) -> str:
    """An order to the subject, vous or nous: `ouvrez la porte`, `ne lui parlez pas`."""
    verb = clause.verb.french.present[clause.subject.index]
    negation = _NEGATIONS.get(clause.polarity)
    pronoun = _REFLEXIVE[clause.subject.index] if clause.verb.reflexive else ""
    if clause.direct:
        pronoun = clause.direct.direct
    elif clause.indirect:
        pronoun = clause.indirect.indirect
    if negation:
        words = ["ne", pronoun, verb, negation]
    else:
        words = [f"{verb}-{_AFTER_IMPERATIVE.get(pronoun, pronoun)}" if pronoun else verb]
    words += [clause.verb.french_tail, *_french_rest(clause)]
    return " ".join(word for word in words if word)


def _french_predicate(clause: Clause) -> list[str]:
    verb, subject = clause.verb, clause.subject
    helper = clause.modal.french if clause.modal else None
    if clause.tense == "going to":
        helper = conjugation("aller")
    composed = clause.tense == "past" and not verb.imparfait and not clause.modal
    clitics = [_REFLEXIVE[subject.index]] if verb.reflexive else []
    clitics += [clause.direct.direct] if clause.direct else []
    clitics += [clause.indirect.indirect] if clause.indirect else []

    if helper:
        finite = _finite(helper, clause)
        before, after = [], [*clitics, verb.french.infinitive]
    elif composed:
        finite = conjugation("être" if verb.with_etre else "avoir").present[subject.index]
        before, after = clitics, [_participle(clause)]
    else:
        finite = _finite(verb.french, clause)
        before, after = clitics, []

    words = ["ne"] if clause.polarity else []
    words += [*before, finite]
    words += [_NEGATIONS[clause.polarity]] if clause.polarity else []
    words += [clause.frequency[1]] if clause.frequency else []
    words += [clause.manner[1]] if clause.manner else []
    words += after
    words += [verb.french_tail] if verb.french_tail else []
    return words + _french_rest(clause)


def _finite(forms, clause: Clause) -> str:
    index = clause.subject.index
    if clause.tense == "future":
        return forms.future[index]
    if clause.tense in ("past", "was doing"):
        return forms.imperfect[index]
    return forms.present[index]


def _participle(clause: Clause) -> str:
    """With être it agrees with the subject, with avoir with a direct object that comes before."""
    participle = clause.verb.french.participle
    if clause.verb.with_etre:
        return agree(participle, clause.subject.gender, clause.subject.plural)
    before = clause.direct or clause.fronted
    return agree(participle, before.gender, before.plural) if before else participle


def _french_rest(clause: Clause) -> list[str]:
    words = []
    thing = clause.object
    if thing:
        negated = clause.polarity and thing.french_negated
        words.append(thing.french_negated if negated else thing.french)
    return words + [french for _, french in clause.rest]
