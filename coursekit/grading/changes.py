"""Which functions of a solution a mistake changes, read from the two texts."""

import ast
from collections.abc import Collection

from coursekit.grading.source_rules import parse

MODULE = "<module>"


def changed_functions(solution: str, mistaken: str) -> set[str]:
    """Qualified names of functions and methods that differ; `<module>` for a change anywhere else.

    Raises:
        SyntaxError: if one of the texts is no Python.
    """
    one, other = _functions(solution), _functions(mistaken)
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def may_show(changed: Collection[str], touched: Collection[str] | None) -> bool:
    """Whether a change can be seen where these functions ran; `None` for not knowing which."""
    if touched is None or MODULE in changed:
        return True
    return any(name in touched or name.rpartition(".")[2] in touched for name in changed)


def _functions(text: str) -> dict[str, str]:
    found: dict[str, str] = {}

    def take_out(body: list[ast.stmt], prefix: str) -> None:
        for index, node in enumerate(body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[prefix + node.name] = ast.dump(node)
                body[index] = ast.Expr(ast.Name(prefix + node.name))
            elif isinstance(node, ast.ClassDef):
                take_out(node.body, f"{prefix}{node.name}.")

    tree = parse(text)
    take_out(tree.body, "")
    found[MODULE] = ast.dump(tree)
    return found
