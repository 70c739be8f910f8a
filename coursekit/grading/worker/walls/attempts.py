"""Tries what the walls forbid, from inside a confined child, and says what happened.

Run by `coursekit doctor` and at the start of a class run, in a child that never sees a student's code. Each attempt
returns in words what it could do; an attempt that is refused raises `OSError` or `MemoryError`.
"""

import ctypes
import mmap
import os
import platform
import resource
import signal
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from coursekit.grading.worker.walls.kernel import (
    PR_GET_DUMPABLE,
    PR_GET_NO_NEW_PRIVS,
    prctl,
    system_call,
)
from coursekit.grading.worker.walls.limits import OUTPUT_LIMIT

_EXECVE, _CLONE, _PTRACE = {"x86_64": (59, 56, 101), "aarch64": (221, 220, 117)}.get(
    platform.machine(), (59, 56, 101)
)


def attempt(options: Mapping[str, Any]) -> list[list[Any]]:
    """Tries everything that concerns the walls in `options["walls"]`: rows of wall, attempt, refused?, words."""
    rows = []
    for wall in options["walls"]:
        for name, trial in _ATTEMPTS[wall].items():
            try:
                rows.append([wall, name, False, trial(options)])
            except (OSError, MemoryError, ValueError) as error:  # ValueError: setrlimit refused
                rows.append(
                    [wall, name, True, getattr(error, "strerror", None) or type(error).__name__]
                )
    return rows


def _read_a_file(options: Mapping) -> str:
    with open(options["canary"], "rb") as file:
        return f"read {len(file.read())} bytes"


def _write_a_file(options: Mapping) -> str:
    with open(options["canary"] + "-written", "wb") as file:
        file.write(b"x")
    return "wrote a file"


def _remove_a_file(options: Mapping) -> str:
    os.unlink(options["canary"] + "-to-remove")
    return "removed a file"


def _run_a_program(_: Mapping) -> str:
    arguments = (ctypes.c_char_p * 1)(None)
    try:
        system_call(_EXECVE, ctypes.c_char_p(b"/nonexistent"), arguments, arguments)
    except FileNotFoundError:
        return "the kernel looked for the program"
    return "ran a program"


def _start_a_process(_: Mapping) -> str:
    if (pid := system_call(_CLONE, int(signal.SIGCHLD), 0, 0, 0, 0)) == 0:
        os._exit(0)
    return f"started process {pid}"


def _open_a_socket(_: Mapping) -> str:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()
    return "opened a UDP socket"


def _open_a_unix_socket(_: Mapping) -> str:
    socket.socket(socket.AF_UNIX).close()
    return "opened a Unix socket"


def _signal_another(options: Mapping) -> str:
    os.kill(options["other"], 0)
    return f"could send a signal to process {options['other']}"


def _change_rights(_: Mapping) -> str:
    with open("rights", "wb"):
        pass
    os.chmod("rights", 0o644)
    return "changed the rights of a file"


def _raise_a_limit(_: Mapping) -> str:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))
    return "raised a limit of its own"


def _be_traced(_: Mapping) -> str:
    if prctl(PR_GET_DUMPABLE) == 0:
        raise PermissionError(1, "not dumpable")
    return "others of the same user may look into it"


def _gain_privileges(_: Mapping) -> str:
    if prctl(PR_GET_NO_NEW_PRIVS) == 1:
        raise PermissionError(1, "no_new_privs is set")
    return "programs with the set-user-id bit would gain it privileges"


def _be_root(_: Mapping) -> str:
    if os.getuid() != 0:
        raise PermissionError(1, f"user {os.getuid()}")
    return "is root"


def _be_the_grader(options: Mapping) -> str:
    if os.getuid() != options["user"]:
        raise PermissionError(1, f"user {os.getuid()}")
    return "is the user who grades"


def _use_the_same_network(options: Mapping) -> str:
    if os.readlink("/proc/self/ns/net") != options["network"]:
        raise PermissionError(1, "an empty network of its own")
    return "is in the network of the judge"


def _take_memory(options: Mapping) -> str:
    size = options["memory_bytes"] + 2**20
    mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    return f"got {size >> 20} MB"


def _write_a_large_file(_: Mapping) -> str:
    try:
        with open("large", "wb") as file:
            file.truncate(OUTPUT_LIMIT + 1)
    finally:
        os.unlink("large")
    return f"wrote more than {OUTPUT_LIMIT >> 20} MB"


def _open_many_files(_: Mapping) -> str:
    opened: list[int] = []
    try:
        for _n in range(2000):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for number in opened:
            os.close(number)
    return "opened 2,000 files"


def _fill_the_folder(_: Mapping) -> str:
    names = [f"fill-{n}" for n in range(5)]
    try:
        for name in names:
            with open(name, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, OUTPUT_LIMIT)
    finally:
        for name in names:
            if os.path.exists(name):
                os.unlink(name)
    return f"wrote {5 * OUTPUT_LIMIT >> 20} MB"


def _trace(_: Mapping) -> str:
    system_call(_PTRACE, 0, 0, 0, 0)
    return "may be traced by its parent"


def _sleep(_: Mapping) -> str:
    time.sleep(60)
    return "slept for a minute"


def _share_memory(options: Mapping) -> str:
    """Shared memory is in no rlimit; only what watches from outside sees it."""
    block = mmap.mmap(-1, 64 * options["memory_bytes"])
    for start in range(0, len(block), 2**20):
        block[start : start + 2**20] = b"x" * 2**20
        time.sleep(options["pause"])
    return f"filled {len(block) >> 20} MB"


_ATTEMPTS: dict[str, dict[str, Callable[[Mapping], str]]] = {
    "landlock": {
        "read a file of another": _read_a_file,
        "write a file elsewhere": _write_a_file,
        "remove a file elsewhere": _remove_a_file,
    },
    "seccomp": {
        "run a program": _run_a_program,
        "start a process": _start_a_process,
        "open a UDP socket": _open_a_socket,
        "open a Unix socket": _open_a_unix_socket,
        "send a signal": _signal_another,
        "change rights of a file": _change_rights,
    },
    "no_new_privs": {"gain privileges": _gain_privileges},
    "dumpable": {"be looked into": _be_traced},
    "capabilities": {"raise a limit": _raise_a_limit},
    "user": {"be root": _be_root, "be the user who grades": _be_the_grader},
    "namespaces": {"use the judge's network": _use_the_same_network},
    "limits": {
        "take more memory": _take_memory,
        "write a large file": _write_a_large_file,
        "open 2,000 files": _open_many_files,
    },
    "private folder": {"fill the folder": _fill_the_folder},
    # Each ends its child, so each is tried in one of its own.
    "fatal": {"trace": _trace},
    "time": {"sleep": _sleep},
    "memory": {"share memory": _share_memory},
}
