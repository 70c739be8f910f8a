"""Names from strangers: which are safe to follow, how they are shown, and what a student is called."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from coursekit.grading.submissions.limits import MAX_NAME, MAX_PATH

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.I)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_COPY = re.compile(
    r"(?P<stem>.+?)(?: ?\((?P<browser>[0-9]{1,4})\)|-(?P<canvas>[0-9]{1,4})"
    r"|-(?P<unnumbered>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}))",
    re.S,
)
CANVAS_GIVES_UP = (
    8  # after seven copies of one name Canvas writes a random id in place of the next number
)

_JUNK_FOLDERS = {
    *("__macosx", "__pycache__", ".git", ".hg", ".svn", ".idea", ".vscode", ".ipynb_checkpoints"),
    *(".venv", "venv", "virtualenv", ".env", "site-packages", "node_modules", "$recycle.bin"),
    *(".pytest_cache", ".mypy_cache", ".ruff_cache", ".tox", ".nox", ".eggs"),
}
_JUNK_FILES = frozenset([".ds_store", "thumbs.db", "desktop.ini", ".gitignore", ".gitkeep"])


def shown(name: str, limit: int = 80) -> str:
    """A name as it may stand in a sentence: on one line, of printable characters, not too long."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in name[: 2 * MAX_PATH])
    return clean if len(clean) <= limit else f"{clean[: limit - 30]}...{clean[-27:]}"


def is_junk(parts: Sequence[str]) -> bool:
    """What operating systems, editors and version control leave behind; nobody needs to hear of it."""
    *folders, name = (part.casefold() for part in parts)
    return (
        any(folder in _JUNK_FOLDERS for folder in folders)
        or name in _JUNK_FILES
        or name.startswith("._")
    )


def is_junk_folder(name: str) -> bool:
    return name.casefold() in _JUNK_FOLDERS


def problem_of_name(name: str) -> str:
    """Why a file or folder of this name is not touched; empty if it may be."""
    if _CONTROL.search(name):
        return "has control characters in its name: rename it"
    if _SURROGATE.search(name):
        return "has a name that is not UTF-8: rename it"
    if "\\" in name:
        return "has a backslash in its name: rename it, or pack the zip again with another program"
    if len(name.encode()) > MAX_NAME:
        return f"has a name of more than {MAX_NAME} bytes: rename it"
    if _RESERVED.fullmatch(name) or name != name.rstrip(". "):
        return "has a name that not every system can store: rename it"
    return ""


def parts_of_member(name: str) -> tuple[tuple[str, ...], str]:
    """The folders and the name of a member of a zip, and why it must not be touched, if so."""
    pieces = [piece for piece in re.split(r"[/\\]", name) if piece not in ("", ".")]
    drive = re.match(r"[A-Za-z]:", name)
    if drive and pieces:
        pieces = [piece for piece in (pieces[0][2:], *pieces[1:]) if piece]
    parts = tuple(piece for piece in pieces if piece != "..") or ("?",)
    if not pieces:
        return parts, "has no name in the zip: pack it again"
    if drive or name.startswith(("/", "\\")):
        return parts, "has an absolute name in the zip: pack it again, from within its folder"
    if ".." in pieces:
        return parts, "has a name in the zip that leads out of its folder: pack it again"
    if len(name.encode("utf-8", "replace")) > MAX_PATH:
        return parts, f"has a path of more than {MAX_PATH:,} bytes: rename it"
    if "\\" in name:
        pieces.append(name.replace("/", ""))
    return parts, next(filter(None, map(problem_of_name, pieces)), "")


def without_copy_number(stem: str) -> tuple[str, tuple[int, ...]]:
    """`ex02_lstm (1)` and `ex02_lstm-1` without what browsers and Canvas append, and the numbers."""
    numbers: list[int] = []
    while len(numbers) < 4 and (match := _COPY.fullmatch(stem)):
        stem = match["stem"]
        digits = match["browser"] or match["canvas"]
        numbers.insert(0, int(digits) if digits else CANVAS_GIVES_UP)
    return stem, tuple(numbers)


def same_name_key(text: str) -> str:
    """Equal for names that some file system takes for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def safe_name(text: str) -> str:
    """Letters, digits, `.`, `_` and `-` of ASCII only; may be a file's name everywhere."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[:48].rstrip("._-") or "student"
    return f"{name}_" if _RESERVED.fullmatch(name) else name


def unique_names(labels: Sequence[tuple[str, str]]) -> list[str]:
    """A safe name for each (label, identity).

    Where several labels come to the same name, each gets a few letters made of its identity alone: they stay what they
    are when another student comes or goes.
    """
    names = [safe_name(label) for label, _ in labels]
    count: dict[str, int] = {}
    for name in names:
        count[name.casefold()] = count.get(name.casefold(), 0) + 1
    taken = {name.casefold() for name in names if count[name.casefold()] == 1}
    result = list(names)
    for index in sorted(range(len(names)), key=lambda place: (labels[place][1], place)):
        name, number = names[index], 0
        if count[name.casefold()] == 1:
            continue
        while True:
            identity = f"{labels[index][1]}\0{number}".encode("utf-8", "surrogatepass")
            candidate = f"{name}-{hashlib.sha256(identity).hexdigest()[:6]}"
            if candidate.casefold() not in taken:
                break
            number += 1
        taken.add(candidate.casefold())
        result[index] = candidate
    return result
