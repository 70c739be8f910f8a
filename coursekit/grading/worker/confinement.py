"""Takes away from a forked child what a homework has no use for: the `basic` walls.

Resource limits come from the kernel. The audit hook is no wall against a determined attacker (native code
passes it by), but it turns the usual attempts into a clear verdict and cannot be removed from Python.
"""

import os
import resource
import sys
from collections.abc import Iterable

from coursekit.grading.worker.forbidden import Forbidden

OUTPUT_LIMIT = 16 * 2**20
_PROCESSES = {
    "os.fork": "starts another process",
    "os.forkpty": "starts another process",
    "os.exec": "starts another program",
    "os.posix_spawn": "starts another program",
    "os.spawn": "starts another program",
    "os.system": "starts another program",
    "subprocess.Popen": "starts another program",
    "pty.spawn": "starts another program",
    "os.kill": "sends signals to processes",
    "os.killpg": "sends signals to processes",
    "socket.connect": "uses the network",
    "socket.bind": "uses the network",
    "socket.getaddrinfo": "uses the network",
}
_CHANGES = frozenset(
    [
        "os.remove",
        "os.rename",
        "os.mkdir",
        "os.rmdir",
        "os.truncate",
        "os.chmod",
        "os.chown",
        "os.symlink",
        "os.link",
    ]
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def limit_resources(memory_bytes: int, cpu_seconds: int) -> None:
    """Sets the kernel's limits; memory counts from what the process holds already."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, OUTPUT_LIMIT)
    _lower(resource.RLIMIT_NOFILE, 256)
    _lower(resource.RLIMIT_CPU, cpu_seconds)
    held = _data_bytes()
    if held is not None:
        _lower(resource.RLIMIT_DATA, held + memory_bytes)


def watch_events(private_folder: str, hidden_folders: Iterable[str], seen: list[str]) -> None:
    """Refuses processes, network, writes outside the private folder and reads of hidden ones.

    What was refused is appended to `seen`, so that swallowing the exception does not hide it.
    """
    private = os.path.realpath(private_folder) + os.sep
    hidden = tuple(os.path.realpath(folder) + os.sep for folder in hidden_folders)

    def refuse(reason: str) -> None:
        seen.append(reason)
        raise Forbidden(reason)

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str | bytes):
                return
            place = os.path.realpath(os.fsdecode(path)) + os.sep
            if place.startswith(hidden):
                refuse("reads a file of the course that is not the student's")
            elif (
                flags & _WRITING and not place.startswith(private) and place != os.devnull + os.sep
            ):
                refuse("writes a file outside its own folder")
        elif event in _CHANGES:
            if any(
                isinstance(path, str | bytes)
                and not os.path.realpath(os.fsdecode(path)).startswith(private)
                for path in arguments[:2]
            ):
                refuse("changes files outside its own folder")
        elif event in _PROCESSES:
            refuse(_PROCESSES[event])

    sys.addaudithook(hook)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _data_bytes() -> int | None:
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmData:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None
