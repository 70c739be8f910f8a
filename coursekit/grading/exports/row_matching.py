"""Which row of an LMS's file belongs to which student: by number, or not at all."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from coursekit.errors import UserError
from coursekit.grading.class_results import StudentResult
from coursekit.grading.exports.plain_text import one_line


def match_rows(
    students: Sequence[StudentResult],
    rows: Sequence[list[str]],
    keys_of_student: Callable[[StudentResult], Iterable[str]],
    keys_of_row: Callable[[list[str]], Iterable[str]],
    name_of_row: Callable[[list[str]], str],
) -> dict[int, StudentResult]:
    """The student of each row, by the row's place. Rows and students without a partner are left out.

    Raises:
        UserError: if a student fits several rows, or a row several students: points of one must not be written
            for another.
    """
    places: dict[str, set[int]] = defaultdict(set)
    for place, row in enumerate(rows):
        for key in keys_of_row(row):
            places[key].add(place)
    found: dict[int, StudentResult] = {}
    for student in students:
        hits = {place for key in keys_of_student(student) for place in places.get(key, ())}
        if len(hits) > 1:
            names = ", ".join(one_line(name_of_row(rows[place]), 60) for place in sorted(hits)[:5])
            raise UserError(
                f"{student.student} fits {len(hits)} rows of the file ({names}). Nothing was written: remove the "
                "rows that are not meant."
            )
        for place in hits:
            if place in found:
                raise UserError(
                    f"{found[place].student} and {student.student} both fit the row "
                    f"{one_line(name_of_row(rows[place]), 60)!r}. Nothing was written: keep one of the hand-ins."
                )
            found[place] = student
    return found


def same_name(text: str) -> str:
    """A name so that `Byron, Ada` and `ada  byron` are the same."""
    last, comma, first = text.partition(",")
    whole = f"{first} {last}" if comma else text
    return " ".join(whole.casefold().split())
