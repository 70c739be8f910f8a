"""An audit hook: it turns the usual attempts into a clear verdict.

It is no wall against a determined attacker, since native code passes it by; the kernel's walls are. But it
cannot be removed from Python, works everywhere, and says what was tried in words.
"""

import os
import sys
from collections.abc import Iterable

from coursekit.grading.worker.forbidden import Forbidden

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
    "socket.gethostbyname": "uses the network",
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
        "os.utime",
        "os.setxattr",
        "os.removexattr",
    ]
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NOTHING = os.path.realpath(os.devnull) + os.sep
_SYSTEM = tuple(f"/{name}/" for name in ("usr", "lib", "lib64", "etc", "dev", "proc", "sys", "opt"))


def watch_events(
    private_folder: str, hidden_folders: Iterable[str], readable: Iterable[str], seen: list[str]
) -> None:
    """Refuses processes, network, writes outside the private folder, and reads of what is not its own.

    What was refused is appended to `seen`, so that swallowing the exception does not hide it. Of the
    system's own files nothing is said: libraries look at them, and the kernel's walls decide.
    """
    private = _place(private_folder)
    hidden = tuple(map(_place, hidden_folders))
    allowed = (private, *map(_place, readable), *_SYSTEM)

    def refuse(reason: str) -> None:
        seen.append(reason)
        raise Forbidden(reason)

    def hook(event: str, arguments: tuple) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str | bytes):
                return
            place = _place(path)
            if place.startswith(hidden):
                refuse("reads a file of the course that is not the student's")
            elif flags & _WRITING and not place.startswith(private) and place != _NOTHING:
                refuse("writes a file outside its own folder")
            elif not place.startswith(allowed) and os.path.isfile(place[:-1]):
                refuse("reads a file that is not its own")
        elif event in ("os.listdir", "os.scandir"):
            if isinstance(arguments[0], str | bytes) and _place(arguments[0]).startswith(hidden):
                refuse("reads a folder of the course that is not the student's")
        elif event in _CHANGES:
            if any(
                isinstance(path, str | bytes) and not _place(path).startswith(private)
                for path in arguments[:2]
            ):
                refuse("changes files outside its own folder")
        elif event in _PROCESSES:
            refuse(_PROCESSES[event])

    sys.addaudithook(hook)


def _place(path: str | bytes) -> str:
    return os.path.realpath(os.fsdecode(path)) + os.sep
