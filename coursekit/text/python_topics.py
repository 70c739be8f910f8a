"""A text that is always there: what CPython's `help()` knows about the language.

Half a megabyte of English prose and examples, in the module `pydoc_data.topics` of every Python.
"""

import re

_ASCII = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})
_RULED = re.compile(r"^\s*([-=*~^\"'.+|#_]{3,}|[+|].*[+|])\s*$")  # underlines and tables


def python_topics_text() -> str:
    """Returns the topics as plain ASCII text, each headed by its title.

    Underlines, tables and asterisks around words are left out; wrapped lines stay as they are.
    """
    from pydoc_data.topics import topics

    return "\n\n".join(_plain(topics[name]) for name in sorted(topics)) + "\n"


def _plain(topic: str) -> str:
    lines = [
        re.sub(r"\*(\w[^*\n]*)\*", r"\1", line).rstrip()
        for line in topic.translate(_ASCII).splitlines()
        if not _RULED.match(line)
    ]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return text.encode("ascii", "ignore").decode("ascii")
