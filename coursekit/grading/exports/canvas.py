"""Canvas: a gradebook file to import, by itself or filled into the instructor's own export.

Canvas finds a student by the column ID, an assignment by the number in brackets in a column's head. The row
`Points Possible` stands before the students.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from coursekit.errors import UserError
from coursekit.grading.class_results import ClassResults, StudentResult
from coursekit.grading.exports.class_figures import unit_title
from coursekit.grading.exports.csv_tables import Table, cell_text, read_table, write_table
from coursekit.grading.exports.exported import Exported
from coursekit.grading.exports.row_matching import match_rows, same_name

HEADER = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
POINTS_POSSIBLE = "Points Possible"
_ASSIGNMENT = re.compile(r"(.*) \((\d+)\)", re.S)


def write_canvas(
    results: ClassResults, path: Path, assignment: str = "", section: str = ""
) -> Exported:
    """A gradebook from what is known: one assignment a unit, or all units together in one.

    Args:
        results: the class.
        path: the file to write.
        assignment: the title of one assignment for all points, as Canvas calls it; with `(number)` Canvas finds it
            for certain.
        section: what stands in the column Section.

    Raises:
        UserError: if the file cannot be written.
    """
    columns = [assignment] if assignment else [_title(unit) for unit in results.units]
    largest = _maxima(results)
    possible = [sum(largest.values())] if assignment else [largest[u] for u in results.units]
    rows = [[f"    {POINTS_POSSIBLE}", "", "", "", "", *(str(points) for points in possible)]]
    warnings = []
    for student in results.students:
        known = student.lms_id if student.lms == "canvas" else ""
        points = {unit.unit: str(unit.points) for unit in student.units}
        scores = [str(student.points)] if assignment else [points.get(u, "") for u in results.units]
        name = cell_text(student.name) or student.student
        rows.append([name, cell_text(known), "", "", section, *scores])
    nameless = sum(student.lms != "canvas" or not student.lms_id for student in results.students)
    if nameless:
        warnings.append(
            f"{nameless} students have no Canvas ID: Canvas looks for them by name. "
            "Give --gradebook EXPORTED.csv to match them here."
        )
    write_table(path, Table([*HEADER, *columns], rows))
    return Exported("canvas", str(path), len(results.students), warnings=warnings)


def fill_canvas(
    results: ClassResults, gradebook: Path, path: Path, assignment: str = "", by_name: bool = False
) -> Exported:
    """The instructor's own gradebook with the points filled in; all else stays as it is.

    Args:
        results: the class.
        gradebook: the file that Canvas exported.
        path: the file to write.
        assignment: the title or number of the one assignment that gets the sum of all units. Without it each unit
            goes to the assignment whose title begins with the unit's name (`ex02_lstm`, `ex02`) or is its title.
        by_name: whether students are matched by name. Names can be chosen freely; numbers cannot.

    Raises:
        UserError: if the file is no gradebook, a column or a match is not clear, or nothing matches.
    """
    table = read_table(gradebook, "Student", "ID")
    columns = _columns(table, results, assignment)
    students = [place for place, row in enumerate(table.rows) if _is_student(table, row)]
    rows = [_padded(table.rows[place], len(table.header)) for place in students]
    matched = match_rows(
        results.students,
        rows,
        lambda student: _student_keys(student, by_name),
        lambda row: _row_keys(table, row, by_name),
        lambda row: row[0],
    )
    if results.students and not matched:
        raise UserError(
            f"No student of the results is in {gradebook}. Is it this course's gradebook? "
            "If names are all there is, add --by-name."
        )
    done = Exported("canvas", str(path), len(matched), warnings=_possible(table, results, columns))
    filled = [list(row) for row in table.rows]
    for place, row in enumerate(rows):
        student = matched.get(place)
        if student is None:
            done.not_in_results.append(row[0])
            continue
        for column, units in columns.items():
            found = [unit.points for unit in student.units if unit.unit in units]
            if not found:
                continue
            before, points = row[column].strip(), str(sum(found))
            if before.casefold() == "ex":
                done.kept.append(f"{row[0]}: excused from {table.header[column]}")
                continue
            if before not in ("", "-") and _differs(before, points):
                done.replaced.append(f"{row[0]}: {before} to {points} in {table.header[column]}")
            row[column] = points
        filled[students[place]] = row
    placed = {student.student for student in matched.values()}
    done.not_in_file = [s.student for s in results.students if s.student not in placed]
    write_table(path, table._replace(rows=filled))
    return done


def _title(unit: str) -> str:
    title = unit_title(unit)
    return f"{unit}: {title}" if title else unit


def _maxima(results: ClassResults) -> dict[str, int]:
    largest = dict.fromkeys(results.units, 0)
    for student in results.students:
        for unit in student.units:
            largest[unit.unit] = max(largest.get(unit.unit, 0), unit.max_points)
    return largest


def _columns(table: Table, results: ClassResults, assignment: str) -> dict[int, set[str]]:
    """Which columns get the points of which units."""
    titles = {}
    for place, head in enumerate(table.header):
        found = _ASSIGNMENT.fullmatch(head.strip())
        if found:
            titles[place] = (found[1].strip(), found[2])
    if assignment:
        wanted = assignment.strip()
        hits = [p for p, (t, n) in titles.items() if wanted in (t, n, f"{t} ({n})")]
        if len(hits) == 1:
            return {hits[0]: set(results.units)}
        names = ", ".join(f"{t} ({n})" for t, n in titles.values()) or "none"
        how = "is named by several assignments" if hits else "is no assignment"
        raise UserError(f"{assignment!r} {how} of the gradebook. Its assignments: {names}.")
    columns: dict[int, set[str]] = {}
    for unit in results.units:
        hits = [place for place, (title, _) in titles.items() if _means(title, unit)]
        if len(hits) > 1:
            raise UserError(
                f"{unit} fits several assignments ({', '.join(table.header[p] for p in hits)}). "
                "Name one with --assignment, and the unit with --unit."
            )
        for place in hits:
            columns.setdefault(place, set()).add(unit)
    if not columns:
        names = ", ".join(f"{t} ({n})" for t, n in titles.values()) or "none"
        raise UserError(
            f"No assignment of the gradebook is called like a unit. Name one for the sum of all units with "
            f"--assignment. Its assignments: {names}."
        )
    return columns


def _means(title: str, unit: str) -> bool:
    said = title.casefold()
    number = unit.split("_", maxsplit=1)[0]
    begins = re.match(rf"({re.escape(unit)}|{re.escape(number)})(?![a-z0-9_])", said)
    return bool(begins) or (said != "" and said == unit_title(unit).casefold())


def _is_student(table: Table, row: list[str]) -> bool:
    """The first rows tell of points and posting, not of students; others may be empty."""
    if not row or not any(cell.strip() for cell in row):
        return False
    if POINTS_POSSIBLE in row[0]:
        return False
    number = table.column("ID")
    return bool(row[0].strip()) or (number is not None and number < len(row) and bool(row[number]))


def _padded(row: list[str], width: int) -> list[str]:
    return [*row, *[""] * (width - len(row))]


def _student_keys(student: StudentResult, by_name: bool) -> Iterable[str]:
    if student.lms == "canvas" and student.lms_id:
        yield f"id {student.lms_id.strip()}"
    else:
        for known in {student.student, student.lms_id} - {""}:
            yield f"sis {known.strip().casefold()}"
    if by_name and (student.name or student.student):
        yield f"name {same_name(student.name or student.student)}"


def _row_keys(table: Table, row: list[str], by_name: bool) -> Iterable[str]:
    for name, kind in (("ID", "id"), ("SIS User ID", "sis"), ("SIS Login ID", "sis")):
        place = table.column(name)
        if place is not None and row[place].strip():
            yield f"{kind} {row[place].strip().casefold()}"
    if by_name:
        yield f"name {same_name(row[0])}"


def _possible(table: Table, results: ClassResults, columns: dict[int, set[str]]) -> list[str]:
    """What to say where Canvas counts other points than the checks."""
    warnings = []
    largest = _maxima(results)
    missing = set(results.units) - {unit for units in columns.values() for unit in units}
    if missing:
        names = ", ".join(unit for unit in results.units if unit in missing)
        warnings.append(f"No assignment was found for {names}: its points are not in the file.")
    for row in table.rows:
        if not row or POINTS_POSSIBLE not in row[0]:
            continue
        for column, units in columns.items():
            ours, theirs = sum(largest[unit] for unit in units), row[column].strip()
            if theirs and _differs(theirs, str(ours)):
                warnings.append(
                    f"{table.header[column]} has {theirs} points possible in Canvas, the checks have {ours}. Points "
                    "are written as they are: change one of the two."
                )
    return warnings


def _differs(one: str, other: str) -> bool:
    try:
        return float(one.replace(",", ".")) != float(other.replace(",", "."))
    except ValueError:
        return one != other
