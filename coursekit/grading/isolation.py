"""The level of isolation: which walls `strict` needs, and what a machine reaches."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Level = Literal["strict", "basic"]

# What `strict` promises rests on these alone; the other walls stand behind them.
REQUIRED = ("limits", "landlock", "seccomp", "no_new_privs", "dumpable", "capabilities")

WALLS = {
    "limits": "memory, processor time, number and size of files (rlimits)",
    "landlock": "files that are not its own, programs, TCP, signals (Landlock)",
    "seccomp": "processes, sockets, and system calls that no homework makes (seccomp)",
    "no_new_privs": "gaining privileges (no_new_privs)",
    "dumpable": "looking into the process from outside (not dumpable)",
    "capabilities": "the rights of root",
    "user": "files and processes of the user who grades",
    "namespaces": "seeing network, processes and mounts at all",
    "private folder": "filling the disk",
    "cgroup": "memory and threads in all (control group)",
    "watchdog": "wall time and resident memory, by SIGKILL from outside",
}


class Wall(msgspec.Struct, array_like=True):
    """Whether a wall stands; what it holds back, or why it could not be built."""

    stands: bool
    words: str


class Isolation(msgspec.Struct):
    """The level reached, and why not more."""

    level: Level
    reason: str
    walls: dict[str, Wall]


def isolation_of(walls: Mapping[str, Wall]) -> Isolation:
    """The level that these walls make; the reason names what is missing."""
    if "landlock" not in walls:
        return Isolation("basic", "the strict walls were not asked for", dict(walls))
    missing = [
        f"{name}: {walls[name].words if name in walls else 'not built'}"
        for name in REQUIRED
        if name not in walls or not walls[name].stands
    ]
    return Isolation("basic" if missing else "strict", "; ".join(missing), dict(walls))
