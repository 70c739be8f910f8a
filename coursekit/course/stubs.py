"""Makes the students' stubs from the solutions: the only place where the two are related."""

import ast
import re

from coursekit.errors import UserError

_BEGIN = re.compile(r"^(\s*)# BEGIN SOLUTION\s*$")
_END = re.compile(r"^\s*# END SOLUTION\s*$")


def stub_from_solution(unit: str, solution: str) -> str:
    """The solution with each region between the markers replaced by a `raise`.

    Raises:
        UserError: if the markers do not pair up, there are none, or one is outside a function.
    """
    owners = _owners(solution)
    lines: list[str] = []
    opened = 0
    regions = 0
    for number, line in enumerate(solution.splitlines(), 1):
        if begin := _BEGIN.match(line):
            if opened:
                raise UserError(f"solutions/{unit}.py, line {number}: BEGIN inside BEGIN.")
            if number not in owners:
                raise UserError(f"solutions/{unit}.py, line {number}: BEGIN outside a function.")
            opened, regions = number, regions + 1
            lines.append(
                f'{begin[1]}raise NotImplementedError("{unit}: {owners[number]} is not written yet")'
            )
        elif _END.match(line):
            if not opened:
                raise UserError(f"solutions/{unit}.py, line {number}: END without BEGIN.")
            opened = 0
        elif not opened:
            lines.append(line)
    if opened or not regions:
        what = f"BEGIN in line {opened} has no END" if opened else "there is no BEGIN SOLUTION"
        raise UserError(f"solutions/{unit}.py: {what}.")
    return "\n".join(lines) + "\n"


def _owners(source: str) -> dict[int, str]:
    """For each line inside a function: the function's name, with its class."""
    owners: dict[int, str] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                visit(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.FunctionDef):
                for line in range(child.lineno, (child.end_lineno or child.lineno) + 2):
                    owners[line] = prefix + child.name
            else:
                visit(child, prefix)

    visit(ast.parse(source), "")
    return owners
