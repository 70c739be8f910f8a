"""An audit hook: it turns the usual attempts into a clear verdict.

It is no wall against a determined attacker, since native code passes it by; the kernel's walls are. But it
cannot be removed from Python, works everywhere, and says what was tried in words.
"""

import os
import socket
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
    "socket.sendto": "uses the network",
    "socket.sendmsg": "uses the network",
}
# Events that change files: which arguments are paths, and which are folders that they are relative to.
_CHANGES = {
    "os.remove": ((0,), (1,)),
    "os.rename": ((0, 1), (2, 3)),
    "os.mkdir": ((0,), (2,)),
    "os.rmdir": ((0,), (1,)),
    "os.truncate": ((0,), ()),
    "os.chmod": ((0,), (2,)),
    "os.chown": ((0,), (3,)),
    "os.symlink": ((0, 1), (2,)),
    "os.link": ((0, 1), (2, 3)),
    "os.utime": ((0,), (3,)),
    "os.setxattr": ((0,), ()),
    "os.removexattr": ((0,), ()),
    "shutil.rmtree": ((0,), (1,)),
    "shutil.move": ((0, 1), ()),
    "shutil.chown": ((0,), ()),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NOTHING = os.path.realpath(os.devnull) + os.sep
_UNIX = getattr(socket, "AF_UNIX", -1)
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
            paths, folders = _CHANGES[event]
            relative_to = [arguments[n] for n in folders if n < len(arguments)] or [None]
            for n in paths:
                path = arguments[n] if n < len(arguments) else None
                folder = relative_to[min(n, len(relative_to) - 1)]
                if isinstance(path, str | bytes) and not _place(path, folder).startswith(private):
                    refuse("changes files outside its own folder")
        elif event == "socket.__new__" and arguments[1] != _UNIX:
            refuse("uses the network")
        elif event in _PROCESSES:
            refuse(_PROCESSES[event])

    sys.addaudithook(hook)


def _place(path: str | bytes, folder: int | None = None) -> str:
    """The real path, with a slash at its end; `folder` is an open one that the path is relative to."""
    name = os.fsdecode(path)
    if folder is not None and folder >= 0:
        try:
            name = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), name)
        except OSError:
            return os.sep  # nobody can say where that is
    return os.path.realpath(name) + os.sep
