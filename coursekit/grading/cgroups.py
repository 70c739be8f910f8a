"""Control groups: the kernel's own count of a child's memory and threads, where this process may make groups.

A second wall behind RLIMIT_DATA and the watchdog: it counts what those do not, such as files in memory. Version 1
(one tree for each controller) and version 2 (one tree) are both known; root has them, ordinary users seldom.
"""

import contextlib
import os
from functools import cache
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_THREADS = 512


class Unavailable(Exception):
    """No groups can be made here; the message says why."""


class Group:
    """The groups of one child: one folder for each tree."""

    def __init__(self, folders: list[Path]):
        self._folders = folders

    def ran_out(self) -> bool:
        """Whether the kernel ended a process of the group because its memory was used up."""
        for folder in self._folders:
            for name in ("memory.oom_control", "memory.events"):
                with contextlib.suppress(OSError):
                    counts = dict(line.split() for line in (folder / name).read_text().splitlines())
                    if int(counts.get("oom_kill", 0)):
                        return True
        return False

    def remove(self) -> None:
        """Removes the groups; the child must have been reaped."""
        for folder in self._folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


def confine(pid: int, memory_bytes: int, name: str = "child") -> Group | None:
    """Puts the process into a group of its own; None where there are no groups to be had."""
    try:
        trees = _trees()
    except Unavailable:
        return None
    made: list[Path] = []
    try:
        for tree, limits in trees.items():
            folder = tree / f"coursekit-{os.getpid()}-{pid}-{name}"
            folder.mkdir()
            made.append(folder)
            for limit, value in limits.items():
                (folder / limit).write_text(str(memory_bytes if value is None else value))
            (folder / "cgroup.procs").write_text(str(pid))
    except OSError:
        Group(made).remove()
        return None
    return Group(made)


def reason_for_none() -> str:
    """Why no groups can be made here; empty where they can."""
    try:
        _trees()
    except Unavailable as error:
        return str(error)
    return ""


@cache
def _trees() -> dict[Path, dict[str, int | None]]:
    """Folders in which groups can be made, with the limits to write; None stands for the memory."""
    own = {}
    try:
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            own[controllers] = path.lstrip("/")
    except (OSError, ValueError):
        raise Unavailable("control groups are a part of Linux") from None
    found: dict[Path, dict[str, int | None]] = {}
    for controllers, path in own.items():
        names = controllers.split(",")
        if "memory" in names:
            found[_ROOT / controllers / path] = {"memory.limit_in_bytes": None}
        elif "pids" in names:
            found[_ROOT / controllers / path] = {"pids.max": _THREADS}
    if not found:
        found = {_ROOT / own.get("", ""): {"memory.max": None, "pids.max": _THREADS}}
    for tree, limits in found.items():
        _try(tree, limits)
        _sweep(tree)
    return found


def _sweep(tree: Path) -> None:
    """Removes what a judge left behind that was killed: its groups are empty by now, or stay."""
    for folder in tree.glob("coursekit-*-*"):
        owner = folder.name.split("-")[1]
        if owner.isdigit() and not Path("/proc", owner).exists():
            with contextlib.suppress(OSError):
                folder.rmdir()


def _try(tree: Path, limits: dict[str, int | None]) -> None:
    trial = tree / f"coursekit-{os.getpid()}-trial"
    try:
        trial.mkdir()
    except OSError as error:
        raise Unavailable(f"{tree}: {error.strerror}") from None
    try:
        missing = [name for name in limits if not (trial / name).exists()]
        if missing and "memory.max" in limits:
            (tree / "cgroup.subtree_control").write_text("+memory +pids")
            missing = [name for name in limits if not (trial / name).exists()]
        if missing:
            raise Unavailable(f"{tree} has no {missing[0]}")
    except OSError as error:
        raise Unavailable(f"{tree}: {error.strerror}") from None
    finally:
        with contextlib.suppress(OSError):
            trial.rmdir()
