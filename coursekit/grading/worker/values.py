"""Between the arrays of the protocol and the tensors and objects of the student's code."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from coursekit.grading.protocol import MAX_DEPTH, Handle, Opaque


class Objects:
    """The objects a check has made, by number; number 0 is the student's module."""

    def __init__(self, module: Any):
        self._objects: list[Any] = [module]

    def clear(self) -> None:
        del self._objects[1:]

    def find(self, handle: Handle) -> Any:
        if not 0 <= handle.number < len(self._objects):
            raise LookupError(f"object {handle.number} is not known")
        found = self._objects[handle.number]
        for name in filter(None, handle.path.split(".")):
            found = getattr(found, name)
        return found

    def owner(self, handle: Handle) -> Any:
        """The object whose method the handle names."""
        return self._objects[handle.number]

    def keep(self, value: Any) -> Handle:
        self._objects.append(value)
        return Handle(len(self._objects) - 1)

    def to_student(self, value: Any, as_numpy: bool = False) -> Any:
        """Arrays become tensors (or writable arrays), handles become objects."""
        if isinstance(value, np.ndarray):
            return value.copy() if as_numpy else tf.constant(value)
        if isinstance(value, Handle):
            return self.find(value)
        if isinstance(value, list | tuple):
            return type(value)(self.to_student(item, as_numpy) for item in value)
        if isinstance(value, dict):
            return {key: self.to_student(item, as_numpy) for key, item in value.items()}
        return value

    def to_judge(self, value: Any, depth: int = 0) -> Any:
        """Tensors become arrays; layers stay here and travel as handles; the rest is opaque.

        Exact types only: a subclass of float or list is an object like any other.
        """
        if depth > MAX_DEPTH:
            return Opaque("a value nested too deeply")
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            if kind is int and not -(2**63) <= value < 2**64:
                return Opaque("an integer of more than 64 bits")
            return value
        if kind is np.ndarray or isinstance(value, np.generic):
            return np.asarray(value)
        if isinstance(value, tf.IndexedSlices):
            return tf.convert_to_tensor(value).numpy()
        if isinstance(value, tf.Tensor | tf.Variable | keras.Variable):
            return _array(value)
        if kind is list or (isinstance(value, list) and kind.__module__.startswith("keras.")):
            return [self.to_judge(item, depth + 1) for item in value]
        if kind is tuple or (isinstance(value, tuple) and hasattr(kind, "_fields")):
            return tuple(self.to_judge(item, depth + 1) for item in tuple(value))
        if kind is dict:
            return {str(key): self.to_judge(item, depth + 1) for key, item in value.items()}
        if isinstance(value, keras.layers.Layer) or kind.__module__ == self._objects[0].__name__:
            return self.keep(value)
        return Opaque(kind.__name__)


def _array(value: Any) -> Any:
    tensor = value.value if isinstance(value, keras.Variable) else value
    try:
        array = tensor.numpy()
    except (AttributeError, NotImplementedError, TypeError):
        return Opaque("symbolic tensor")
    return array if isinstance(array, np.ndarray) else np.asarray(array)
