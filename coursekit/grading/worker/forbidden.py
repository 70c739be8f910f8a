"""What a submission may not use: the exception, and the closing of names that raise it.

A forbidden name is closed as a thing and not as a word: its functions refuse, whoever reaches them by whichever
way, and the files that it was loaded from cannot be read or loaded once more. Native code passes that by.
"""

import importlib
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import NoReturn

# The work of a ready-made layer, done elsewhere: a forbidden name that ends so closes these, too.
_RECURRENT = (
    *(
        f"keras.src.backend.tensorflow.rnn.{name}"
        for name in ("lstm", "gru", "_cudnn_lstm", "_cudnn_gru")
    ),
    *("tensorflow.python.ops.gen_rnn_ops", "tensorflow.python.ops.gen_cudnn_rnn_ops"),
    # TensorFlow's old Keras, module by module: its layers.core takes part in every operation that fails.
    *(
        f"tensorflow.python.keras.layers.{name}"
        for name in ("recurrent", "convolutional_recurrent", "legacy_rnn", "recurrent_v2")
    ),
    "tf_keras",
)
_ATTENTION = (
    "keras.src.ops.nn.DotProductAttention",
    "keras.src.backend.tensorflow.nn.dot_product_attention",
    "keras.src.backend.tensorflow.nn._dot_product_attention_xla",
    *(
        f"tensorflow.python.keras.layers.{name}"
        for name in ("dense_attention", "multi_head_attention")
    ),
    "tf_keras",
)
_SAME_WORK = {
    **dict.fromkeys(
        ("LSTM", "LSTMCell", "GRU", "GRUCell", "SimpleRNN", "SimpleRNNCell"), _RECURRENT
    ),
    **dict.fromkeys(("dot_product_attention", "MultiHeadAttention", "Attention"), _ATTENTION),
}


class Forbidden(Exception):
    """The submission did something that no homework needs, or used what it should write."""


class _Poisoned:
    """Stands where a ready-made layer was; using it in any way says what is wrong."""

    def __init__(self, refuse: Callable[..., NoReturn]):
        object.__setattr__(self, "_refuse", refuse)

    def __getattr__(self, name: str):
        if name.startswith("__"):  # the interpreter looks at modules and classes on its own account
            raise AttributeError(name)
        self._refuse()

    def __call__(self, *_arguments, **_keywords):
        self._refuse()

    __mro_entries__ = __call__


def poison(names: Iterable[str], seen: list[str]) -> None:
    """Closes each dotted name, and what does the same work; what was tried is told in `seen`."""
    closed: dict[str, Callable[..., NoReturn]] = {}  # files, without their ending, and folders
    done: set[str] = set()
    for name in names:
        refuse = _refusal(name, seen)
        for one in (name, *_SAME_WORK.get(name.rpartition(".")[2], ())):
            if one not in done:
                done.add(one)
                closed.update(dict.fromkeys(_close(one, refuse), refuse))
    _watch(closed)


def _refusal(name: str, seen: list[str]) -> Callable[..., NoReturn]:
    def refuse(*_arguments, **_keywords) -> NoReturn:
        reason = f"uses {name}, which is what this unit asks you to write"
        seen.append(reason)
        raise Forbidden(reason)

    return refuse


def _close(name: str, refuse: Callable[..., NoReturn]) -> list[str]:
    """Closes a class, a function or a module with all in it; returns the files that it comes from."""
    parent_name, _, last = name.rpartition(".")
    thing = _loaded(name)
    if isinstance(thing, type):
        _close_class(thing, refuse)
        setattr(sys.modules[parent_name], last, _Poisoned(refuse))
        # A file is closed for the sake of what it is about, not of a helper in it.
        return [_stem(sys.modules[thing.__module__].__file__)] if _is_of_its_own(thing) else []
    if isinstance(thing, types.FunctionType):
        _close_function(thing, refuse)
        return []
    files = _files_of(name)
    is_package = hasattr(sys.modules.get(name), "__path__")
    inner = [m for m in sys.modules if m.startswith(name + ".")] if is_package else []
    for module_name in [n for n in (name, *inner) if n in sys.modules]:
        module = sys.modules[module_name]
        for part in list(vars(module).values()):
            if getattr(part, "__module__", None) == module_name:
                if isinstance(part, type):
                    _close_class(part, refuse)
                elif isinstance(part, types.FunctionType):
                    _close_function(part, refuse)
        del sys.modules[module_name]
    sys.modules[name] = _Poisoned(refuse)  # type: ignore[assignment]
    if parent_name in sys.modules and hasattr(sys.modules[parent_name], last):
        setattr(sys.modules[parent_name], last, sys.modules[name])
    return files


def _loaded(name: str) -> object:
    """The thing of this name, if the module that holds it can be had; None else."""
    parent_name, _, last = name.rpartition(".")
    if not parent_name:
        return sys.modules.get(name)
    try:
        return getattr(importlib.import_module(parent_name), last, None)
    except ImportError:
        return None


def _is_of_its_own(thing: type) -> bool:
    """Whether the module that defines this class is named after it, as `lstm_cell` is after `LSTMCell`."""
    squeezed = thing.__module__.rpartition(".")[2].replace("_", "")
    return thing.__name__.lower() in squeezed or squeezed in thing.__name__.lower()


def _close_class(closing: type, refuse: Callable[..., NoReturn]) -> None:
    for part in list(vars(closing).values()):
        for function in _functions_of(part):
            _close_function(function, refuse)
    for name in ("__new__", "__init__", "__call__", "call", "build", "__init_subclass__"):
        if name not in vars(closing):  # what it inherits does its work all the same
            setattr(closing, name, _function_that_refuses(refuse))


def _functions_of(part: object) -> Iterator[types.FunctionType]:
    if isinstance(part, types.FunctionType):
        yield part
    elif isinstance(part, staticmethod | classmethod):
        yield from _functions_of(part.__func__)
    elif isinstance(part, property):
        for function in (part.fget, part.fset, part.fdel):
            yield from _functions_of(function)


def _close_function(function: types.FunctionType, refuse: Callable[..., NoReturn]) -> None:
    """Puts refusing code into the function itself, and into what it wraps: all that hold it hold that."""
    while isinstance(function, types.FunctionType):
        wrapped = getattr(function, "__wrapped__", None)
        function.__code__ = _refusing_code(len(function.__code__.co_freevars), refuse)
        function = wrapped  # type: ignore[assignment]


@cache
def _refusing_code(free: int, refuse: Callable[..., NoReturn]) -> types.CodeType:
    """Code with so many variables of an enclosing scope, since a function's code can only be replaced by such."""
    names = [f"free_{number}" for number in range(free)]
    text = (
        f"def enclosing({', '.join(names)}):\n"
        f"    def refusing(*_arguments, **_keywords):\n"
        f"        {', '.join(names) or 'None'}\n"
        f"        refuse = 'the place of the function that refuses'\n"
        f"        return refuse()\n"
        f"    return refusing\n"
    )
    scope: dict[str, Callable] = {}
    exec(compile(text, __file__, "exec"), scope)
    code = scope["enclosing"](*names).__code__
    constants = tuple(refuse if isinstance(c, str) else c for c in code.co_consts)
    return code.replace(co_consts=constants)


def _function_that_refuses(refuse: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    return lambda *_arguments, **_keywords: refuse()


def _files_of(module: str) -> list[str]:
    """The file or folder that a module is loaded from, loaded or not."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [os.path.realpath(place) + os.sep for place in spec.submodule_search_locations]
    return [_stem(spec.origin)] if spec.origin else []


def _stem(path: str | None) -> str:
    """A file of source or byte code, whichever, without ending and cache folder."""
    place, name = os.path.split(os.path.realpath(path or ""))
    if os.path.basename(place) == "__pycache__":
        place = os.path.dirname(place)
    return os.path.join(place, name.partition(".")[0])


def _watch(closed: dict[str, Callable[..., NoReturn]]) -> None:
    """Refuses to open the files: a module loaded once more would be a new one, and its text could be run."""
    folders = tuple(place for place in closed if place.endswith(os.sep))

    def hook(event: str, arguments: tuple) -> None:
        if event == "open" and isinstance(arguments[0], str):
            place = os.path.realpath(arguments[0])
            if place.endswith((".py", ".pyc")):
                if (stem := _stem(place)) in closed:
                    closed[stem]()
                for folder in folders:
                    if place.startswith(folder):
                        closed[folder]()

    if closed:
        sys.addaudithook(hook)
