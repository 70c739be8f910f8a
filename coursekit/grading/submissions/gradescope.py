"""Gradescope's `submission_metadata.yml`: who handed in which folder of an export, and when."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

import yaml

from coursekit.grading.submissions.entry import Unreadable

_KEPT = (":name", ":sid", ":email")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,6})?\d*\s*(Z|[+-]\d\d:?\d\d)?")
_DEEPEST = 100
_LONGEST = 200  # characters of a name that are kept


class Submitter(NamedTuple):
    """One of those who handed in together."""

    name: str = ""
    sid: str = ""
    email: str = ""


class Metadata(NamedTuple):
    """What the export says about one folder."""

    submitters: tuple[Submitter, ...] = ()
    created_at: float = 0.0


def read_metadata(content: bytes) -> dict[str, Metadata]:
    """Folder -> what is said of it; raises `Unreadable`.

    Read as a stream of events: results and history, which make most of the file and hold what student code
    printed, build nothing; no tag is followed and no alias expanded.
    """
    found: dict[str, Metadata] = {}
    try:
        _Events(found).read(content)
    except (yaml.YAMLError, ValueError) as error:
        raise Unreadable("is not YAML that can be read") from error
    return found


class _Events:
    """Follows three levels of mappings: folder, field, field of a submitter."""

    def __init__(self, found: dict[str, Metadata]):
        self.found = found
        self.path: list[str | None] = []  # key at each open level; None: a list, or a key is next
        self.is_mapping: list[bool] = []
        self.submitters: list[dict[str, str]] = []
        self.created_at = 0.0

    def read(self, content: bytes) -> None:
        for event in yaml.parse(content, Loader=_LOADER):
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                if len(self.path) == 3 and self.path[1] == ":submitters":
                    self.submitters.append({})
                self.is_mapping.append(isinstance(event, yaml.MappingStartEvent))
                self.path.append(None)
                if len(self.path) > _DEEPEST:
                    raise ValueError("nested too deeply")
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                self.path.pop()
                self.is_mapping.pop()
                self._value_ended()
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(event.value)
            elif isinstance(event, yaml.AliasEvent):
                self._scalar("")

    def _scalar(self, value: str) -> None:
        if not self.path:
            return
        if self.is_mapping[-1] and self.path[-1] is None:
            self.path[-1] = value
            return
        if len(self.path) == 2 and self.path[1] == ":created_at":
            self.created_at = seconds(value)
        elif len(self.path) == 4 and self.path[1] == ":submitters" and self.path[3] in _KEPT:
            self.submitters[-1][self.path[3]] = value[:_LONGEST].strip()
        self._value_ended()

    def _value_ended(self) -> None:
        if not self.path or not self.is_mapping[-1]:
            return
        if len(self.path) == 1:
            submitters = tuple(
                Submitter(*(each.get(key, "") for key in _KEPT)) for each in self.submitters
            )
            self.found[str(self.path[0])] = Metadata(submitters, self.created_at)
            self.submitters, self.created_at = [], 0.0
        self.path[-1] = None


_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def seconds(time: str) -> float:
    """Since 1970, of a time as Ruby writes it (`2024-03-01 12:30:05.123456789 Z`); 0 if it is none."""
    match = _TIME.fullmatch(time.strip())
    if not match:
        return 0.0
    day, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}")
        offset = datetime.strptime(zone.replace(":", ""), "%z") if zone and zone != "Z" else None
        exact = moment.replace(tzinfo=offset.tzinfo if offset else UTC)
        return exact.timestamp() + float(fraction or 0)
    except (ValueError, OverflowError):
        return 0.0
