"""Reads a submission without running it: does it use what it should write?"""

import ast
import threading
from collections.abc import Iterable
from typing import NamedTuple


class ForbiddenUse(NamedTuple):
    """A forbidden name and the line that uses it."""

    name: str
    line: int


_parsing = threading.Lock()


def parse(source: str) -> ast.Module:
    """`ast.parse`, one at a time: Python 3.11 counts the depth of all threads' trees together."""
    with _parsing:
        return ast.parse(source)


def forbidden_uses(source: str, names: Iterable[str]) -> list[ForbiddenUse]:
    """Uses of forbidden dotted names, through any import; none if the source does not parse.

    `keras.layers.LSTM` is also found as `tf.keras.layers.LSTM`, as a name imported under another name, and as
    `keras.src.(...).LSTM`.
    """
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last: nested too deeply
        return []
    aliases = _imported_names(tree)
    rules = [(name, name.split(".")) for name in names]
    found = []
    # A chain a.b.c is looked at once, as a whole: what it begins with is found in it.
    inner = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    for node in ast.walk(tree):
        if id(node) in inner and isinstance(node, ast.Attribute):
            continue
        for used in _used_names(node, aliases):
            for name, parts in rules:
                if _matches(used.split("."), parts):
                    found.append(ForbiddenUse(name, getattr(node, "lineno", 0)))
    return sorted(set(found), key=lambda use: use.line)


# What a homework has no use for. None of it is forbidden: the walls hold without this list.
_REMARKABLE_MODULES = frozenset(
    [
        *("atexit", "cffi", "cloudpickle", "code", "codecs", "ctypes", "dill", "faulthandler"),
        *("gc", "importlib", "inspect", "marshal", "mmap", "multiprocessing", "pickle"),
        *("pkgutil", "platform", "psutil", "pty", "resource", "runpy", "shutil", "signal"),
        *("site", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "urllib"),
        *("weakref", "zipimport"),
    ]
)
_REMARKABLE_CALLS = frozenset(
    ["__import__", "breakpoint", "compile", "eval", "exec", "globals", "open", "vars"]
)
_REMARKABLE_ATTRIBUTES = frozenset(
    ["__subclasses__", "__code__", "__globals__", "__builtins__", "_getframe", "f_back", "tb_frame"]
)


def remarkable_uses(source: str) -> list[str]:
    """What a person may want to look at, as `line 3: imports ctypes`; at most five, none if it does not parse."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: dict[str, int] = {}
    for node in ast.walk(tree):
        words = _remarkable(node)
        if words:
            found.setdefault(words, getattr(node, "lineno", 0))
    return [f"line {line}: {words}" for words, line in sorted(found.items(), key=lambda f: f[1])][
        :5
    ]


def _remarkable(node: ast.AST) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = (
            [item.name for item in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
        for name in names:
            if name.split(".")[0] in _REMARKABLE_MODULES:
                return f"imports {name}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in _REMARKABLE_CALLS:
            return f"calls {node.func.id}"
    elif isinstance(node, ast.Attribute) and node.attr in _REMARKABLE_ATTRIBUTES:
        return f"uses {node.attr}"
    return ""


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
    if used[:2] == ["keras", "src"] and rule[0] == "keras":
        return rule[-1] in used[2:]
    # The same thing by the file that it lies in: coursekit.layers.lstm_cell.LSTMCell.
    return used[: len(rule) - 1] == rule[:-1] and rule[-1] in used[len(rule) :]
