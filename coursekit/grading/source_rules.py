"""Reads a submission without running it: does it use what it should write?"""

import ast
from collections.abc import Iterable
from typing import NamedTuple


class ForbiddenUse(NamedTuple):
    """A forbidden name and the line that uses it."""

    name: str
    line: int


def forbidden_uses(source: str, names: Iterable[str]) -> list[ForbiddenUse]:
    """Uses of forbidden dotted names, through any import; none if the source does not parse.

    `keras.layers.LSTM` is also found as `tf.keras.layers.LSTM`, as a name imported under another name, and as
    `keras.src.(...).LSTM`.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    aliases = _imported_names(tree)
    rules = [(name, name.split(".")) for name in names]
    found = []
    for node in ast.walk(tree):
        for used in _used_names(node, aliases):
            for name, parts in rules:
                if _matches(used.split("."), parts):
                    found.append(ForbiddenUse(name, getattr(node, "lineno", 0)))
    return sorted(set(found), key=lambda use: use.line)


def _imported_names(tree: ast.AST) -> dict[str, str]:
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                local = item.asname or item.name.split(".")[0]
                aliases[local] = item.name if item.asname else local
        elif isinstance(node, ast.ImportFrom) and node.module:
            for item in node.names:
                aliases[item.asname or item.name] = f"{node.module}.{item.name}"
    return aliases


def _used_names(node: ast.AST, aliases: dict[str, str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [item.name for item in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{item.name}" for item in node.names]
    if isinstance(node, ast.Attribute):
        parts = [node.attr]
        inner: ast.AST = node.value
        while isinstance(inner, ast.Attribute):
            parts.append(inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and inner.id in aliases:
            return [".".join([aliases[inner.id], *reversed(parts)])]
    return []


def _matches(used: list[str], rule: list[str]) -> bool:
    if used[:2] == ["tensorflow", "keras"]:
        used = used[1:]
    if used[: len(rule)] == rule:
        return True
    return used[:2] == ["keras", "src"] and rule[0] == "keras" and rule[-1] in used[2:]
