"""Landlock: which files the child may read or write; no TCP, no signals and abstract sockets to others.

Needs no privilege. What is not allowed here does not exist for the child, whoever owns it. Programs may not
be executed at all: no rule grants it. Reference: https://docs.kernel.org/userspace-api/landlock.html
"""

import ctypes
import os
from collections.abc import Iterable

from coursekit.grading.worker.walls.kernel import IS_LINUX, system_call

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION_FLAG, _PATH_BENEATH = 1, 1

_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (
    1 << 1,
    1 << 2,
    1 << 3,
    1 << 4,
    1 << 5,
)
_MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 13, 1 << 14
_READ = _READ_FILE | _READ_DIR
_WRITE = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_FILE_ONLY = _WRITE_FILE | _READ_FILE | _TRUNCATE

# Rights that each version of the interface knows: 13 at first, then refer, truncate, ioctl on devices.
_KNOWN = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP_SINCE, _BIND_AND_CONNECT = 4, 3
_SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 3


class _Ruleset(ctypes.Structure):
    _fields_ = [
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("access", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """The version of the interface that the kernel offers; raises `OSError` if it has none."""
    if not IS_LINUX:
        raise OSError(0, "Landlock is a part of Linux")
    return system_call(_CREATE, None, 0, _VERSION_FLAG)


def restrict(readable: Iterable[str], writable: Iterable[str]) -> str:
    """Closes the file system but for these; paths that do not exist are left out.

    Needs `no_new_privs`. Returns what was closed, in words; raises `OSError` if nothing could be.
    """
    offered = version()
    known = _KNOWN[max(v for v in _KNOWN if v <= offered)]
    rules = _Ruleset(
        known,
        _BIND_AND_CONNECT if offered >= _TCP_SINCE else 0,
        _ABSTRACT_SOCKETS_AND_SIGNALS if offered >= _SCOPES_SINCE else 0,
    )
    size = 8 if offered < _TCP_SINCE else 16 if offered < _SCOPES_SINCE else 24
    ruleset = system_call(_CREATE, ctypes.byref(rules), size, 0)
    try:
        for path in readable:
            _allow(ruleset, path, _READ & known)
        for path in writable:
            _allow(ruleset, path, (_READ | _WRITE) & known)
        system_call(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
    more = [
        words
        for since, words in (
            (_TCP_SINCE, "TCP"),
            (_SCOPES_SINCE, "signals and abstract sockets to others"),
        )
        if offered >= since
    ]
    return ", ".join(["files", *more])


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not os.path.isdir(path):
            access &= _FILE_ONLY
        rule = _PathRule(access, place)
        system_call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(place)
