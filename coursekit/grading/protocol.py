"""Frames between the judge and the process that runs student code: msgpack, arrays, nothing else.

Each frame is four bytes of length and a msgpack body. Arrays travel as an extension of dtype, shape
and raw bytes; tuples, handles to objects in the worker and values that mean nothing outside it have
extensions of their own. Nothing is ever unpickled, and a frame that breaks a rule raises
`ProtocolError`, which the judge turns into a verdict.
"""

import math
import socket
import struct
from typing import Any

import msgspec
import numpy as np

MAX_FRAME = 64 * 2**20
MAX_DEPTH = 32
MAX_ITEMS = 100_000  # an item of one byte becomes an object of fifty
DTYPES = frozenset(
    [
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    ]
)

_ARRAY, _TUPLE, _HANDLE, _OPAQUE, _BFLOAT16 = 1, 2, 3, 4, 5
_LENGTH = struct.Struct(">I")


class ProtocolError(Exception):
    """The other side sent something that is not a frame of this protocol."""


class Handle(msgspec.Struct, frozen=True):
    """Names an object that lives in the worker, or a function of the student's module."""

    number: int
    path: str = ""


class Opaque(msgspec.Struct, frozen=True):
    """A value that cannot travel: only the name of its type does."""

    type_name: str


class Request(msgspec.Struct):
    """One thing to do in the worker. `variant` holds the options of the operation."""

    operation: str
    target: Any  # a Handle
    arguments: list[Any] = []
    keywords: dict[str, Any] = {}
    variant: dict[str, Any] = {}


class Failure(msgspec.Struct):
    """What the student's code raised, as far as it may be told."""

    kind: str
    message: str
    line: int | None = None
    source: str = ""


class Reply(msgspec.Struct):
    """Either a value or a failure; `mutated` lists arguments that were changed in place."""

    value: Any = None
    failure: Failure | None = None
    mutated: list[str] = []


def encode(message: msgspec.Struct) -> bytes:
    """Packs a message; raises `ProtocolError` if it cannot travel or is too large."""
    try:
        body = msgspec.msgpack.encode(_packable(message), enc_hook=_refuse)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise ProtocolError(f"cannot encode the message: {error}") from error
    if len(body) > MAX_FRAME:
        raise ProtocolError(f"the message has {len(body):,} bytes; the limit is {MAX_FRAME:,}")
    return body


def decode(body: bytes, message_type: type) -> Any:
    """Unpacks a message of the given type; raises `ProtocolError` on anything else."""
    _refuse_many_items(body)
    try:
        message: Any = msgspec.msgpack.decode(body, type=message_type, ext_hook=_unpack_extension)
    except (msgspec.MsgspecError, ValueError, RecursionError, TypeError, OverflowError) as error:
        raise ProtocolError(f"malformed message: {error}") from error
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if type(value) is not Failure:
            _check(value)
    return message


def _check(value: Any, depth: int = 1) -> None:
    """Refuses what `encode` would not have sent: msgpack has times, any keys and any depth as well."""
    if depth > MAX_DEPTH:
        raise ProtocolError("the value is nested too deeply")
    kind = type(value)
    if kind is list or kind is tuple:
        for item in value:
            _check(item, depth + 1)
    elif kind is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise ProtocolError(f"a key is {type(key).__name__}; only texts are allowed")
            _check(item, depth + 1)
    elif kind not in _TYPES:
        raise ProtocolError(f"{kind.__name__} is no type of this protocol")


def _refuse_many_items(body: bytes) -> None:
    """Walks over the items without making them: 64 MB of empty lists would take 4 GB to unpack.

    It steps over what unpacking steps over, the text of an opaque value among it. What any other extension holds
    is walked over too; if that is no message of its own, unpacking ends there.
    """
    place, items = 0, 0
    while place < len(body):
        items += 1
        if items > MAX_ITEMS:
            raise ProtocolError(f"more than {MAX_ITEMS:,} values; the limit is {MAX_ITEMS:,}")
        kind = body[place]
        place += 1
        size = _SHORT_EXTENSIONS.get(kind, 0)
        if 0xA0 <= kind <= 0xBF:  # a short string
            place += kind & 0x1F
        elif kind in _SIZED:
            size = int.from_bytes(body[place : place + _SIZED[kind]], "big")
            place += _SIZED[kind]
            if size > len(body) - place:
                raise ProtocolError("malformed message: it claims more than it holds")
            if kind not in _CONTAINERS and kind not in _EXTENSIONS:
                place += size
        else:
            place += _FIXED.get(kind, 0)
        if kind in _EXTENSIONS:
            place += 1 + (size if body[place : place + 1] == _OPAQUE_CODE else 0)


# The first byte of an item -> how many bytes give its size, or how many it has beside the first.
_SIZED = {
    **{0xC4: 1, 0xC5: 2, 0xC6: 4},  # bytes
    **{0xC7: 1, 0xC8: 2, 0xC9: 4},  # extensions
    **{0xD9: 1, 0xDA: 2, 0xDB: 4},  # strings
    **{0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4},  # lists and maps
}
_SHORT_EXTENSIONS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_EXTENSIONS = frozenset([0xC7, 0xC8, 0xC9, *_SHORT_EXTENSIONS])
_OPAQUE_CODE = bytes([_OPAQUE])
_CONTAINERS = frozenset([0xDC, 0xDD, 0xDE, 0xDF])
_FIXED = {
    **{0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8},  # integers
    **{0xCA: 4, 0xCB: 8},  # floats
}


def send_frame(connection: socket.socket, body: bytes) -> None:
    connection.sendall(_LENGTH.pack(len(body)) + body)


def frame_length(header: bytes) -> int:
    (length,) = _LENGTH.unpack(header)
    if length > MAX_FRAME:
        raise ProtocolError(f"a frame of {length:,} bytes; the limit is {MAX_FRAME:,}")
    return length


def receive_frame(connection: socket.socket) -> bytes:
    """Reads one frame, blocking; raises `EOFError` when the other side is gone."""
    return _receive(connection, frame_length(_receive(connection, _LENGTH.size)))


def _receive(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 2**20))
        if not part:
            raise EOFError("the connection was closed")
        parts += part
    return bytes(parts)


def _refuse(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} cannot travel")


def _packable(value: Any, depth: int = 0) -> Any:
    """Replaces arrays, tuples, handles and opaque values by extensions, exact types only."""
    if depth > MAX_DEPTH:
        raise ProtocolError("the value is nested too deeply")
    kind = type(value)
    if kind in (Request, Reply):
        return {
            name: _packable(getattr(value, name), depth + 1) for name in value.__struct_fields__
        }
    if kind is Failure:
        return msgspec.to_builtins(value)
    if kind is np.ndarray:
        return _pack_array(value)
    if kind is tuple:
        items = [_packable(item, depth + 1) for item in value]
        return msgspec.msgpack.Ext(_TUPLE, msgspec.msgpack.encode(items, enc_hook=_refuse))
    if kind is Handle:
        body = msgspec.msgpack.encode([value.number, value.path])
        return msgspec.msgpack.Ext(_HANDLE, body)
    if kind is BFloat16:
        bits = (np.ascontiguousarray(value.values).view(np.uint32) >> 16).astype(np.uint16)
        body = msgspec.msgpack.encode([list(value.values.shape), bits.tobytes()])
        return msgspec.msgpack.Ext(_BFLOAT16, body)
    if kind is Opaque:
        return msgspec.msgpack.Ext(_OPAQUE, value.type_name[:200].encode())
    if kind is list:
        return [_packable(item, depth + 1) for item in value]
    if kind is dict:
        return {str(key): _packable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, np.generic):
        return _pack_array(np.asarray(value))
    return value


def _pack_array(array: np.ndarray) -> msgspec.msgpack.Ext:
    name = array.dtype.name
    if array.nbytes > MAX_FRAME:  # before a copy is made: strides of zero cost nothing until then
        raise ProtocolError(f"an array of {array.nbytes:,} bytes; the limit is {MAX_FRAME:,}")
    if name == "bfloat16":
        body = [list(array.shape), np.ascontiguousarray(array).view(np.uint16).tobytes()]
        return msgspec.msgpack.Ext(_BFLOAT16, msgspec.msgpack.encode(body))
    if name not in DTYPES:
        return msgspec.msgpack.Ext(_OPAQUE, f"array of dtype {name}"[:200].encode())
    body = [name, list(array.shape), np.ascontiguousarray(array).tobytes()]
    return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode(body))


def _unpack_extension(code: int, data: memoryview, depth: int = 0) -> Any:
    if code == _ARRAY:
        name, shape, raw = msgspec.msgpack.decode(data, type=tuple[str, list[int], bytes])
        if name not in DTYPES:
            raise ValueError(f"dtype {name!r} is not allowed")
        return _array(raw, np.dtype(name), shape)
    if code == _BFLOAT16:
        shape, raw = msgspec.msgpack.decode(data, type=tuple[list[int], bytes])
        bits = _array(raw, np.dtype(np.uint16), shape)
        return BFloat16(
            np.frombuffer((bits.astype(np.uint32) << 16).tobytes(), np.float32).reshape(shape)
        )
    if code == _TUPLE:
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")

        def deeper(inner_code: int, inner: memoryview) -> Any:
            return _unpack_extension(inner_code, inner, depth + 1)

        return tuple(msgspec.msgpack.decode(data, type=list, ext_hook=deeper))
    if code == _HANDLE:
        number, path = msgspec.msgpack.decode(data, type=tuple[int, str])
        return Handle(number, path)
    if code == _OPAQUE:
        return Opaque(bytes(data[:200]).decode("utf-8", "replace"))
    raise ValueError(f"extension {code} is not known")


def _array(raw: bytes, dtype: np.dtype, shape: list[int]) -> np.ndarray:
    if len(shape) > MAX_DEPTH or any(size < 0 for size in shape):
        raise ValueError(f"shape {shape} is not possible")
    if math.prod(shape) * dtype.itemsize != len(raw):
        raise ValueError(f"{len(raw)} bytes do not make an array of shape {shape}, {dtype}")
    if dtype == np.bool_ and raw.strip(b"\0\1"):
        raise ValueError("a Boolean array holds other bytes than 0 and 1")
    return np.frombuffer(raw, dtype).reshape(shape)


class BFloat16(msgspec.Struct, frozen=True):
    """A bfloat16 array, widened: NumPy has no such dtype of its own."""

    values: np.ndarray


_TYPES = frozenset([type(None), bool, int, float, str, bytes, np.ndarray, Handle, Opaque, BFloat16])
