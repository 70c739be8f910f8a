"""How text is cleaned, cut into words, and put together again with the spacing of its language.

`split_words` and `join_words` are inverse to each other on ordinary sentences. The cut is made for
English and French together: `do|n't`, `Tom|'s`, `l'|homme`, `qu'|il`, `est|-ce`, `a|-t-il`, each
piece remembering by its own form on which side it was attached.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

_APOSTROPHES = str.maketrans({"\u2019": "'", "\u02bc": "'", "\u2018": "'", "\u00b4": "'"})
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_ELISION = r"(?:jusqu|lorsqu|puisqu|quoiqu|quelqu|presqu|qu|[cdjlmnst])'"
_ENCLITIC = r"-(?:t-)?(?:je|tu|ils?|elles?|on|nous|vous|ce|les?|la|leur|lui|moi|toi|y|en|ci|là)"

_TOKEN = re.compile(
    rf"""
    \b{_ELISION}(?=\w)                                # l'|homme, qu'|il
  | \b(?:[^\W\d_]\.){{2,}}                             # a.m., U.S.
  | \w+?(?=n't\b)                                     # do|n't
  | (?<=\w)(?:n't|'(?:s|re|ve|ll|d|m))\b              # Tom|'s
  | (?<=\w){_ENCLITIC}\b                              # est|-ce, a|-t-il
  | (?<=\w)-\w+                                       # what follows an enclitic
  | \d+(?:[.,:]\d+)+(?!\w)                            # 10:30, 1,000
  | \w+(?:-(?!{_ENCLITIC[1:]}\b)\w+|'(?!(?:s|re|ve|ll|d|m)\b)\w+)*   # peut-être, o'clock
  | '(?:em|cause|til)\b | \.\.\. | [?!]{{2,}} | -{{2,}} | \S
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ELIDED = re.compile(_ELISION, re.IGNORECASE)
_ATTACHED_LEFT = re.compile(r"(?:n't|'(?:s|re|ve|ll|d|m)|-\w[\w-]*)", re.IGNORECASE)

_CLOSING = frozenset([*".,!?;:%)]}»”'…/", "..."])
_OPENING = frozenset("([{«“$£#/")
# Marks before (for «, after) which some languages put a space: measured on a corpus, see below.
SPACED_MARKS = "?!;:%«»"


def tidy(text: str) -> str:
    """Returns `text` in NFC with plain spaces and apostrophes, and nothing invisible.

    French files put a no-break or narrow no-break space before `?` and `!`; all become one space.

    >>> tidy(" Qu’est-ce\\u202f? ")
    "Qu'est-ce ?"
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).translate(_APOSTROPHES)
        text = _INVISIBLE.sub("", text)
    return " ".join(text.split())


def lower_and_space(text: str) -> str:
    """Returns `text` in lower case with a space before each of `, . ! ?`.

    The form that textbooks use for small experiments: afterwards `str.split` gives the words.

    >>> lower_and_space("He's calm.")
    "he's calm ."
    """
    return " ".join(re.sub(r"([,.!?])", r" \1", tidy(text).lower()).split())


def split_words(text: str) -> list[str]:
    """Returns the words, clitics and marks of a tidy text.

    >>> split_words("Qu'est-ce qu'il n'aime pas ?")
    ["Qu'", 'est', '-ce', "qu'", 'il', "n'", 'aime', 'pas', '?']
    """
    return [word for chunk in text.split() for word in _split_chunk(chunk)]


@lru_cache(maxsize=1 << 17)  # a corpus repeats its words
def _split_chunk(chunk: str) -> list[str]:
    return _TOKEN.findall(chunk)


def spaced_marks(texts: Iterable[str]) -> str:
    """Returns those of `SPACED_MARKS` that `texts` set off with a space more often than not.

    >>> spaced_marks(["Où es-tu ?", "Viens !"])
    '!?'
    """
    spaced: Counter[str] = Counter()
    for text in texts:
        for mark in SPACED_MARKS:
            position = text.find(mark)
            if position >= 0:
                beside = text[position + 1 :] if mark == "«" else text[:position][::-1]
                spaced[mark] += 1 if beside[:1].isspace() else -1
    return "".join(sorted(mark for mark, balance in spaced.items() if balance > 0))


def join_words(words: Sequence[str], spaced: str = "") -> str:
    """Puts words together again, as a person would write them.

    Args:
        words: what `split_words` returned, or a model wrote.
        spaced: the marks that this language sets off with a space, from `spaced_marks`.

    >>> join_words(["Qu'", "a", "-t-il", "vu", "?"], spaced="?!")
    "Qu'a-t-il vu ?"
    >>> join_words(["I", "do", "n't", "know", "."])
    "I don't know."
    """
    closing, opening = _CLOSING - set(spaced), _OPENING - set(spaced)
    text: list[str] = []
    attach = True  # nothing stands before the first word
    inside_quotes = False
    for word in words:
        mark = word[0] if word[0] in "?!" else word
        closes_quotes = word == '"' and inside_quotes
        attached = mark in closing or closes_quotes or _ATTACHED_LEFT.fullmatch(word)
        if not (attach or attached):
            text.append(" ")
        text.append(word)
        if word == '"':
            inside_quotes = not inside_quotes
        attach = bool(word in opening or (word == '"' and inside_quotes) or _ELIDED.fullmatch(word))
    return "".join(text)
