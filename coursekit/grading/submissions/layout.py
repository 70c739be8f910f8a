"""Whose is what in a folder or zip of a class: by the names that Canvas, Moodle and Gradescope give, or plain ones."""

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

import msgspec

from coursekit.grading.submissions.entry import Entry, Unreadable
from coursekit.grading.submissions.gradescope import Metadata, Submitter, read_metadata
from coursekit.grading.submissions.limits import MAX_METADATA
from coursekit.grading.submissions.names import same_name_key, shown, without_copy_number

METADATA = "submission_metadata.yml"

# lastnamefirstname[_LATE]_user_attachment_file; without names: [LATE_]anon_id_attachment_file
_CANVAS = re.compile(
    r"(?P<name>\w+?)_(?P<late>LATE_)?(?P<user>[0-9]{1,20})_(?P<attachment>[0-9]{1,20})_(?P<file>.+)"
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?(?P<name>anon)_(?P<user>[0-9A-Za-z]{1,20})_(?P<attachment>[0-9]{1,20})_(?P<file>.+)"
)
_CANVAS_TEXT = re.compile(
    r"(?:(?P<name>\w+?)_)?(?P<late>LATE_)?(?P<user>[0-9]{1,20}|anon_[0-9A-Za-z]{1,20})_(?:text|link)\.html"
)
# Full Name_participant_assignsubmission_file_/..., and the same before the file's name in one folder for all
_MOODLE = re.compile(
    r"(?P<name>.*?)(?:_(?P<user>[0-9]{1,20}))?_assignsubmission_(?P<kind>[a-z]+?)(?:_(?P<file>.*))?"
)
_GRADESCOPE = re.compile(r"submission_(?P<id>[0-9]{1,20})")
_DOWNLOADED_AGAIN = re.compile(r"(?P<stem>.+) \([0-9]{1,4}\)")


class Top(NamedTuple):
    """A file or folder directly in what the instructor pointed at. `load` raises `Unreadable`."""

    name: str
    is_folder: bool
    load: Callable[[], list[Entry]]


class HandIn(msgspec.Struct):
    """What one student, or those who handed in together, gave."""

    label: str  # what the student's short name is made of
    name: str = ""
    lms: str = ""
    lms_id: str = ""
    late: bool = False
    tops: list[
        tuple[Top, str, int]
    ] = []  # with the file's own name, empty for a folder, and its order
    notes: list[str] = []
    submitters: tuple[Submitter, ...] = ()
    created_at: float = 0.0

    @property
    def identity(self) -> str:
        return "\0".join((self.lms, self.lms_id, self.label, self.name))


def hand_ins(tops: list[Top], units: Collection[str], notes: list[str]) -> list[HandIn]:
    """All hand-ins of a class. What belongs to none is told in `notes`."""
    found: dict[tuple[str, ...], HandIn] = {}
    stray: list[str] = []
    ordered = sorted(tops, key=lambda top: (top.name, top.is_folder))
    metadata: dict[str, Metadata] | None = None
    for top in ordered:
        if top.name == METADATA and not top.is_folder:
            metadata = _metadata(top, notes)
    names = {top.name for top in tops}
    for top in ordered:
        if not (
            _gradescope(top, found, metadata)
            or _moodle(top, found)
            or _canvas(top, found)
            or _plain(top, found, units, names)
            or top.name == METADATA
        ):
            stray.append(shown(top.name))
    for folder in sorted(set(metadata or {}) - names):
        notes.append(f"{METADATA} names {shown(folder)}, which is not in the export.")
    if stray:
        more = f" and {len(stray) - 10} more" if len(stray) > 10 else ""
        notes.append(f"Ignored, of no student: {', '.join(stray[:10])}{more}.")
    return list(found.values())


def _metadata(top: Top, notes: list[str]) -> dict[str, Metadata] | None:
    try:
        (entry,) = top.load()
        if entry.problem:
            raise Unreadable(entry.problem)
        return read_metadata(entry.read(MAX_METADATA))
    except Unreadable as error:
        notes.append(
            f"{METADATA} {error}: students are called by the numbers of their submissions."
        )
        return None


def _gradescope(
    top: Top, found: dict[tuple[str, ...], HandIn], metadata: dict[str, Metadata] | None
) -> bool:
    match = _GRADESCOPE.fullmatch(top.name)
    known = (metadata or {}).get(top.name)
    if not top.is_folder or not (match or known):
        return False
    number = match["id"] if match else shown(top.name)
    hand_in = HandIn(number, lms="gradescope", lms_id=number, tops=[(top, "", 0)])
    if known:
        hand_in.submitters, hand_in.created_at = known.submitters, known.created_at
    elif metadata is not None:
        hand_in.notes.append(f"{METADATA} does not say who handed in {shown(top.name)}.")
    found["gradescope", top.name] = hand_in
    return True


def _moodle(top: Top, found: dict[tuple[str, ...], HandIn]) -> bool:
    match = _MOODLE.fullmatch(top.name)
    if not match or (not top.is_folder and not match["file"]):
        return False
    name, user = match["name"], match["user"] or ""
    hand_in = found.setdefault(
        ("moodle", user or name), HandIn(user or name, name, "moodle", user, tops=[], notes=[])
    )
    if match["kind"] == "file":
        hand_in.tops.append((top, "" if top.is_folder else match["file"], 0))
    else:
        hand_in.notes.append(f"Ignored: {shown(top.name)} is no file that was handed in.")
    return True


def _canvas(top: Top, found: dict[tuple[str, ...], HandIn]) -> bool:
    file = _CANVAS_ANONYMOUS.fullmatch(top.name) or _CANVAS.fullmatch(top.name)
    match = file or _CANVAS_TEXT.fullmatch(top.name)
    if top.is_folder or not match:
        return False
    user = match["user"].removeprefix("anon_")
    name = "" if match["name"] == "anon" else match["name"] or ""
    hand_in = found.setdefault(
        ("canvas", user), HandIn(user, name, "canvas", user, tops=[], notes=[])
    )
    hand_in.late = hand_in.late or bool(match["late"])
    if file:
        hand_in.tops.append((top, file["file"], int(file["attachment"])))
    else:
        hand_in.notes.append(f"Ignored: {shown(top.name)} is no file that was handed in.")
    return True


def _plain(
    top: Top, found: dict[tuple[str, ...], HandIn], units: Collection[str], names: set[str]
) -> bool:
    stem, _, suffix = top.name.rpartition(".")
    suffix = suffix.lower()
    if top.is_folder:
        who, file = top.name, ""
    elif suffix == "zip" and stem:
        who, file = stem, top.name
        again = _DOWNLOADED_AGAIN.fullmatch(stem)
        if again and f"{again['stem']}.zip" in names:
            who = again["stem"]
    elif suffix in ("py", "ipynb") and stem:
        who, unit = student_of_file(stem, units)
        if not who:
            return False
        file = f"{unit}.{suffix}" if unit else top.name
    else:
        return False
    hand_in = found.setdefault(("plain", who), HandIn(who, who, tops=[], notes=[]))
    hand_in.tops.append((top, file, 0))
    return True


def student_of_file(stem: str, units: Collection[str]) -> tuple[str, str]:
    """Student and unit of a file like `ada_ex02_lstm`; the unit with its copy's number, if it has one.

    A unit's own name alone is no student's.
    """
    bare, numbers = without_copy_number(stem)
    for unit in sorted(units, key=len, reverse=True):
        key, length = same_name_key(bare), len(unit)
        if key == same_name_key(unit):
            return "", unit
        if len(bare) <= length or len(key) != len(bare):
            continue
        if key.endswith(same_name_key(unit)) and bare[-length - 1] in "_- .":
            who = bare[: -length - 1].strip("_- .")
        elif key.startswith(same_name_key(unit)) and bare[length] in "_- .":
            who = bare[length + 1 :].strip("_- .")
        else:
            continue
        return who, unit + "".join(f"-{number}" for number in numbers)
    return stem, ""
