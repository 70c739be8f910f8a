"""The results of a class: what `coursekit grade` writes and every report and export reads.

`results.json` is canonical: the same submissions under the same secret give the same bytes, however often the run
was interrupted and wherever it ran. So it holds no times; those are in `times.json` and in the journal.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from coursekit.errors import UserError
from coursekit.grading.verdicts import UnitResult

RESULTS = "results.json"
TIMES = "times.json"


class StudentResult(msgspec.Struct, omit_defaults=False):
    """All units of one student.

    `student` is safe as a file's name; `name` and `lms_id` are untrusted text from the LMS or from file names.
    """

    student: str
    units: list[UnitResult]
    points: int
    max_points: int
    name: str = ""
    lms: str = ""
    lms_id: str = ""
    late: bool = False
    notes: list[str] = []  # of the hand-in: what was ignored or refused
    flags: list[str] = []  # for a person to look at; no point was taken for them


class ClassResults(msgspec.Struct):
    """A graded class, students in the order of their names."""

    students: list[StudentResult]
    units: list[str]
    course: str  # digest of checks, solutions and package: what was graded with
    isolation: Literal["strict", "basic"]
    isolation_reason: str = ""
    version: int = 1

    def to_json(self) -> bytes:
        """Canonical bytes."""
        return b"".join(self.json_parts())

    def json_parts(self) -> Iterator[bytes]:
        """The same bytes student by student: the whole of a large class is longer than its memory."""
        without = msgspec.structs.replace(self, students=[])
        head, _, tail = msgspec.json.format(msgspec.json.encode(without), indent=1).partition(b"[]")
        yield head + b"["
        for number, student in enumerate(self.students):
            text = msgspec.json.format(msgspec.json.encode(student), indent=1)
            yield (b",\n  " if number else b"\n  ") + text.replace(b"\n", b"\n  ")
        yield (b"\n ]" if self.students else b"]") + tail + b"\n"

    @classmethod
    def read(cls, folder: Path) -> "ClassResults":
        """The results in a folder that `coursekit grade` wrote."""
        path = folder / RESULTS
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            raise UserError(
                f"{folder} holds no {RESULTS}. Give the folder that `coursekit grade --out` wrote."
            ) from None
        except (OSError, msgspec.MsgspecError) as error:
            raise UserError(f"{path} cannot be read: {error}.") from error


class CheckTime(msgspec.Struct):
    """How long one check of one student took, of the processor and in all."""

    student: str
    unit: str
    check: str
    seconds: float


def read_times(folder: Path) -> list[CheckTime]:
    """The times beside the results; none if they were not kept."""
    try:
        return msgspec.json.decode((folder / TIMES).read_bytes(), type=list[CheckTime])
    except (OSError, msgspec.MsgspecError):
        return []


def write_times(folder: Path, times: Iterable[CheckTime]) -> None:
    (folder / TIMES).write_bytes(msgspec.json.encode(list(times)))
