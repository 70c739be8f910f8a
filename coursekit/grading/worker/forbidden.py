"""What a submission may not use: the exception, and the poisoned names that raise it."""

import importlib
import sys
from collections.abc import Iterable


class Forbidden(Exception):
    """The submission did something that no homework needs, or used what it should write."""


class _Poisoned:
    """Stands where a ready-made layer was; using it in any way says what is wrong."""

    def __init__(self, name: str, seen: list[str]):
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "_seen", seen)

    def __getattr__(self, name: str):
        if name.startswith("__"):  # the interpreter looks at modules and classes on its own account
            raise AttributeError(name)
        self._refuse()

    def _refuse(self, *_args, **_kwargs):
        reason = f"uses {self._name}, which is what this unit asks you to write"
        self._seen.append(reason)
        raise Forbidden(reason)

    __call__ = __mro_entries__ = _refuse


def poison(names: Iterable[str], seen: list[str]) -> None:
    """Replaces each dotted name: an attribute by a refusing object, a module by nothing to import."""
    for name in names:
        parent_name, _, last = name.rpartition(".")
        parent = importlib.import_module(parent_name) if parent_name else None
        if parent is not None and isinstance(getattr(parent, last, None), type):
            setattr(parent, last, _Poisoned(name, seen))
        else:
            for loaded in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
                del sys.modules[loaded]
            sys.modules[name] = _Poisoned(name, seen)  # type: ignore[assignment]
