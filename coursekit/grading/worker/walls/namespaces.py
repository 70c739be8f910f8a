"""Namespaces: a world without network, other processes or other people's mounts.

The zygote enters them once, before it imports anything; its children are born in them. Needs root, or a kernel
that gives ordinary users namespaces of their own. Not needed for `strict`; one wall more where it can be had.
"""

import contextlib
import os
import signal
from collections.abc import Iterable

from coursekit.grading.worker.walls.identity import first_barrier
from coursekit.grading.worker.walls.kernel import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    IS_LINUX,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_REC,
    PR_SET_PDEATHSIG,
    mount,
    prctl,
    unshare,
)

FOLDER_BYTES = 64 * 2**20
_FOLDER_FILES = 4096
_ALL = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWCGROUP


def enter(needed: Iterable[str]) -> str:
    """Moves this process into namespaces of its own; returns in words what it has, or raises `OSError`.

    It returns in a child that is the first process of its world: when it ends, all that it started ends. The
    process that called waits for that child and ends as it did. `needed` folders stay readable for
    users who are not root even where they lie in a folder of root's.
    """
    if not IS_LINUX:
        raise OSError(0, "namespaces are a part of Linux")
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        unshare(_ALL)
    else:
        unshare(_ALL | CLONE_NEWUSER)
        for name, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    if user == 0:
        _open_ways(needed)
    pid = os.fork()
    if pid:
        _stand_in_for(pid)
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):  # some containers do not allow it; the old one hides less
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    return "user, " * (user != 0) + "processes, network, mounts, IPC, host name, control groups"


def private_folder(folder: str, user: int) -> None:
    """Puts a file system of limited size, in memory, on the folder; it goes with the process."""
    unshare(CLONE_NEWNS)
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    options = f"size={FOLDER_BYTES},nr_inodes={_FOLDER_FILES},mode=700,uid={user}"
    mount("coursekit", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options)


def _stand_in_for(pid: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.closerange(3, 4096)  # the judge must see the connection close when the child ends
    status = os.waitpid(pid, 0)[1]
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _open_ways(needed: Iterable[str]) -> None:
    """Where a needed folder lies behind one that only root may enter, an empty folder takes that one's place.

    It holds nothing but the way to the needed folders: what else was there cannot even be named.
    """
    closed: dict[str, dict[str, int]] = {}
    for path in {os.path.realpath(folder) for folder in needed}:
        barrier = first_barrier(path)
        if barrier is not None and os.path.isdir(path):
            closed.setdefault(barrier, {})[path] = os.open(path, os.O_PATH)
    for barrier, paths in closed.items():
        mount("coursekit", barrier, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
        for path, place in sorted(paths.items()):
            with contextlib.suppress(FileExistsError):
                os.makedirs(path)
            if not os.listdir(path):  # not inside another one that is here already
                mount(f"/proc/self/fd/{place}", path, None, MS_BIND | MS_REC)
            os.close(place)
