"""What this machine offers: every wall tried by doing what it forbids, and the level that results.

No version is read and nothing is taken for granted: a confined child makes the attempts (`worker/walls/attempts.py`),
and a wall stands if it was built and every attempt against it was refused.
"""

import contextlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec
import psutil

from coursekit import __version__
from coursekit.errors import UserError
from coursekit.grading import cgroups
from coursekit.grading.child_process import Clock, Worker, WorkerDied
from coursekit.grading.isolation import WALLS, Isolation, Wall, isolation_of
from coursekit.grading.protocol import Handle, Request
from coursekit.grading.workers import JobRequest, Zygote

_MEMORY = 64 * 2**20
_PACKAGES = ("keras", "tensorflow", "keras-hub", "tensorboard", "numpy", "msgspec", "pytest")


class Attempt(msgspec.Struct):
    """One thing tried, whether it was refused, and what came of it."""

    wall: str
    attempt: str
    refused: bool
    result: str


class Examination(msgspec.Struct):
    """The level, wall by wall. The stable form of `coursekit doctor --json`."""

    isolation: str
    isolation_reason: str
    walls: dict[str, dict[str, Any]]
    attempts: list[Attempt]
    machine: dict[str, Any]
    versions: dict[str, str]

    @property
    def strict(self) -> bool:
        return self.isolation == "strict"


def examine() -> Examination:
    """Builds the walls as for a submission and tries each of them; takes about a second.

    Raises:
        UserError: if the trial itself fails, so that nothing can be said.
    """
    with Zygote(bare=True) as zygote, _canary() as canary:
        built = zygote.isolation().walls
        attempts = [
            *_try_inside(zygote, [n for n, wall in built.items() if wall.stands], canary),
            *_try_fatal(zygote, built),
            *_try_watchdog(zygote),
        ]
        if not (reason := cgroups.reason_for_none()):
            attempts.append(_try_group(zygote))
    walls = dict(built)
    walls["cgroup"] = Wall(not reason, reason or "memory and threads of each child")
    walls["watchdog"] = Wall(True, "wall time, memory")
    for attempt in attempts:
        if not attempt.refused:
            walls[attempt.wall] = Wall(False, f"it could {attempt.attempt}: {attempt.result}")
    reached = isolation_of(walls)
    if reached.level == "strict" and not walls["watchdog"].stands:
        reached = Isolation("basic", f"watchdog: {walls['watchdog'].words}", walls)
    return Examination(
        reached.level,
        reached.reason,
        {
            name: {"stands": wall.stands, "holds_back": WALLS[name], "detail": wall.words}
            for name, wall in walls.items()
        },
        attempts,
        _machine(),
        {"coursekit": __version__, "python": platform.python_version()}
        | {package: _version(package) for package in _PACKAGES},
    )


def _try_inside(zygote: Zygote, walls: list[str], canary: str) -> list[Attempt]:
    options = {
        "walls": walls,
        "canary": canary,
        "other": os.getppid(),
        "user": os.getuid() if os.getuid() == 0 else -1,
        "network": os.readlink("/proc/self/ns/net") if sys.platform == "linux" else "",
        "memory_bytes": 4 * _MEMORY,
    }
    with _child(zygote) as worker:
        try:
            return [Attempt(*row) for row in _ask(worker, options, seconds=20)]
        except WorkerDied as died:
            raise UserError(
                f"The walls could not be tried: {died} {worker.output()}".strip()
            ) from died


def _try_fatal(zygote: Zygote, built: dict[str, Wall]) -> list[Attempt]:
    if "seccomp" not in built or not built["seccomp"].stands:
        return []
    with _child(zygote) as worker:
        try:
            [row] = _ask(worker, {"walls": ["fatal"]}, seconds=5)
        except WorkerDied as died:
            return [Attempt("seccomp", "trace", died.verdict == "forbidden", str(died))]
        return [Attempt("seccomp", "trace", row[2], row[3])]


def _try_watchdog(zygote: Zygote) -> list[Attempt]:
    attempts = []
    for name, verdict, seconds in (("time", "timeout", 0.05), ("memory", "out-of-memory", 10)):
        options = {"walls": [name], "memory_bytes": 4 * _MEMORY, "pause": 0.001}
        with _child(zygote) as worker:
            try:
                result = str(_ask(worker, options, seconds)[0][3])
                attempts.append(Attempt("watchdog", name, False, result))
            except WorkerDied as died:
                attempts.append(Attempt("watchdog", name, died.verdict == verdict, str(died)))
    return attempts


def _try_group(zygote: Zygote) -> Attempt:
    """A child whose own limits are far off takes memory until its group's limit ends it."""
    with _child(zygote, memory_bytes=2**32) as worker:
        group = cgroups.confine(worker.pid, _MEMORY, "doctor")
        options = {"walls": ["memory"], "memory_bytes": _MEMORY, "pause": 0.0}
        try:
            result = str(_ask(worker, options, 20)[0][3])
            return Attempt("cgroup", "memory", False, result)
        except WorkerDied as died:
            killed = group is not None and group.ran_out()
            return Attempt("cgroup", "memory", killed, str(died))
        finally:
            worker.close()
            if group is not None:
                group.remove()


def _ask(worker: Worker, options: dict, seconds: float) -> list[list[Any]]:
    return worker.ask(Request("attempt", Handle(0), variant=options), Clock(seconds)).value


@contextlib.contextmanager
def _child(zygote: Zygote, memory_bytes: int = 4 * _MEMORY) -> Iterator[Worker]:
    worker = zygote.spawn(JobRequest("attempts", memory_bytes=memory_bytes))
    try:
        yield worker
    finally:
        worker.close()


@contextlib.contextmanager
def _canary() -> Iterator[str]:
    """A file that everybody could read and remove, were it not for the walls."""
    with tempfile.TemporaryDirectory(prefix="coursekit-canary-") as folder:
        os.chmod(folder, 0o777)
        for name in ("canary", "canary-to-remove"):
            path = Path(folder, name)
            path.write_text("a file of another")
            path.chmod(0o666)
        yield str(Path(folder, "canary"))


def _machine() -> dict[str, Any]:
    return {
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "user": "root" if hasattr(os, "geteuid") and os.geteuid() == 0 else "ordinary",
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
