"""One student's latest hand-in, as text: nothing of it has been run or written to disk."""

import hashlib

import msgspec


class Submission(msgspec.Struct, frozen=True):
    """The files of the units that a student handed in.

    `student` is a short name, unique in the class, of letters, digits, `.`, `_` and `-` only: it may be used
    as a file's name. `name` and `lms_id` are as the LMS gives them and may hold anything.
    """

    student: str
    files: dict[str, str] = {}  # unit -> text of its file
    refused: dict[str, str] = {}  # unit -> why its file cannot be judged, a sentence
    notes: list[str] = []  # what was ignored, for the instructor
    name: str = ""
    lms: str = ""  # "", "canvas", "moodle" or "gradescope"
    lms_id: str = ""
    late: bool = False
    problem: str = ""  # why nothing of the hand-in could be read, a sentence; empty if it could

    def digest(self, unit: str) -> str:
        """Of what is judged of one unit: the same text, the same digest, whoever handed it in."""
        text = self.files.get(unit)
        refused = self.refused.get(unit) or (self.problem if text is None else None)
        body = f"{text is None}\0{text or ''}\0{refused or ''}"
        return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
