"""A class in parts: `--shard 2/5` on as many machines as one likes, then `coursekit merge`."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults, StudentResult, read_times
from coursekit.grading.class_runs.journal import JOURNAL, Journal
from coursekit.grading.submissions.submission import Submission

WHOLE = "the whole"  # what a journal holds that is no part
STATE, FINISHED = "state", "finished"  # in a journal once its results are written


class Shard(NamedTuple):
    """Part `number` of `of`, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """From `2/5`; raises `UserError` for anything else."""
        match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise UserError(f"--shard is a part and a number of parts, as 2/5. Received: {text}")
        return cls(int(match[1]), int(match[2]))

    def words(self) -> str:
        return f"part {self.number}/{self.of}"

    def part_of(self, submissions: Sequence[Submission]) -> list[Submission]:
        """The submissions of this part: a student is always in the same one, whoever else is in the class."""
        return [s for s in submissions if self._holds(s.student)]

    def _holds(self, student: str) -> bool:
        number = int.from_bytes(hashlib.sha256(student.encode()).digest()[:8], "big")
        return number % self.of == self.number - 1


def merge(parts: Sequence[Path], out: Path) -> ClassResults:
    """Joins the results of parts into one folder: results, times, report and a journal to go on with.

    Raises:
        UserError: if a part is missing or unfinished, the parts were not graded alike, or they disagree on a student.
    """
    from coursekit.grading.class_results import write_times
    from coursekit.grading.class_runs.grade_class import write_results
    from coursekit.grading.exports.class_report import write_report

    if (out / JOURNAL).exists():
        raise UserError(f"{out} holds a run already. Give another folder for the joined results.")
    joined = _join([(part, ClassResults.read(part)) for part in parts])
    _check_parts(parts)
    out.mkdir(parents=True, exist_ok=True)
    unfinished = out / f".{JOURNAL}"
    unfinished.unlink(missing_ok=True)
    journal = Journal(unfinished)
    try:
        for part in parts:
            journal.take_over(part / JOURNAL)
        journal.note(STATE, FINISHED)
    finally:
        journal.close()
    times = [time for part in parts for time in read_times(part)]
    write_results(joined, out)
    write_times(out, times)
    write_report(joined, times, out)
    os.replace(unfinished, out / JOURNAL)
    return joined


def _check_parts(parts: Sequence[Path]) -> None:
    """All are finished, of one secret, and none of a class's parts is missing; whole classes are joined as they are."""
    held, secrets = [], []
    for part in parts:
        if not (part / JOURNAL).is_file():
            raise UserError(
                f"{part} holds no {JOURNAL}. Give folders that `coursekit grade` wrote."
            )
        journal = Journal(part / JOURNAL)
        state, secret = journal.about(STATE), journal.about("secret")
        held.append(journal.about("part") or WHOLE)
        journal.close()
        if state != FINISHED:
            raise UserError(
                f"{part} is not finished: its results are older than its verdicts. Go on there with --resume."
            )
        secrets.append(secret)
        if secret != secrets[0]:
            raise UserError(
                f"{part} was graded with another secret than {parts[0]}. Grade all parts with the same --seed-file."
            )
    number_of_parts = {int(words.rpartition("/")[2]) for words in held if words != WHOLE}
    if not number_of_parts:
        return
    wanted = [Shard(i, max(number_of_parts)).words() for i in range(1, max(number_of_parts) + 1)]
    told = [f"{words} is missing" for words in wanted if words not in held]
    told += [
        f"{words} is one too many"
        for words, count in Counter(held).items()
        if count > 1 or words not in wanted
    ]
    if told:
        raise UserError(f"These are not the parts of one class: {'; '.join(told[:6])}.")


def _join(read: Sequence[tuple[Path, ClassResults]]) -> ClassResults:
    first_part, first = read[0]
    students: dict[str, StudentResult] = {}
    for part, results in read:
        for name in ("course", "units", "isolation", "version"):
            if getattr(results, name) != getattr(first, name):
                raise UserError(f"{part} and {first_part} were not graded alike: {name} differs.")
        for student in results.students:
            known = students.setdefault(student.student, student)
            if known != student:
                raise UserError(f"{part}: {student.student} has other results in another part.")
    return ClassResults(
        [students[name] for name in sorted(students)],
        first.units,
        first.course,
        first.isolation,
        first.isolation_reason,
    )
