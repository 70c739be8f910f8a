"""Builds the walls round this process, from the outside in, and says which of them stand.

A wall that cannot be built is told with the reason, and the next one is built all the same: whether what stands
is enough is for the judge to say, before it sends any student's code.
"""

import os
import signal
import site
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from coursekit.grading.isolation import Wall
from coursekit.grading.worker.walls import identity, landlock, limits, namespaces, seccomp
from coursekit.grading.worker.walls.kernel import IS_LINUX, PR_SET_PDEATHSIG, prctl

_SYSTEM_READABLE = [
    *("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime"),
    *("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm"),
    "/sys/devices/system",
]


Walls = dict[str, Wall]

_PACKAGE = Path(__file__).resolve().parents[3]


@cache
def python_folders() -> tuple[str, ...]:
    """Where Python, its packages and coursekit lie: what a child must be able to read."""
    folders = [
        sys.prefix,
        sys.base_prefix,
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *([site.getusersitepackages()] if site.ENABLE_USER_SITE else []),
        str(_PACKAGE),
        # What .pth files added; never the folder that the package lies in, which may hold the solutions.
        *(entry for entry in sys.path if entry and not _PACKAGE.is_relative_to(entry)),
    ]
    kept: list[str] = []
    for folder in sorted({os.path.realpath(f) for f in folders if os.path.isdir(f)}, key=len):
        if not any(folder.startswith(above + os.sep) for above in kept):
            kept.append(folder)
    return tuple(kept)


def confine(
    folder: str, user: int, memory_bytes: int, cpu_seconds: int, strict: bool, apart: Wall
) -> Walls:
    """Confines this process to `folder`. `apart` tells of the namespaces that it was born in."""
    walls: Walls = {}

    def build(name: str, wall: Callable[[], str]) -> None:
        try:
            walls[name] = Wall(True, wall())
        except OSError as error:
            reason = error.strerror or str(error)
            walls[name] = Wall(False, reason)

    own_user = False
    if strict:
        walls["namespaces"] = apart
        build("private folder", lambda: _private_folder(folder, user, apart.stands))
    _live_in(folder)
    if strict:
        build("user", lambda: identity.become(user, [*python_folders(), folder]))
        own_user = walls["user"].stands
    if IS_LINUX:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user takes it away, so it comes after
    if strict:
        build("capabilities", identity.lose_capabilities)
        build("dumpable", identity.hide_memory)
        build("no_new_privs", identity.gain_nothing)
    build("limits", lambda: limits.limit_resources(memory_bytes, cpu_seconds, own_user))
    if strict:
        build("landlock", lambda: _close_files(folder))
        build("seccomp", seccomp.install)
    return walls


def _private_folder(folder: str, user: int, may_mount: bool) -> str:
    if os.geteuid() == 0:
        os.chown(folder, user, user)
    if not may_mount:
        raise OSError(0, "it has no size limit without namespaces; the judge watches over its size")
    namespaces.private_folder(folder, user)
    return f"{namespaces.FOLDER_BYTES // 2**20} MB"


def _close_files(folder: str) -> str:
    return landlock.restrict([*_SYSTEM_READABLE, *python_folders()], [folder, "/dev/null"])


def _live_in(folder: str) -> None:
    os.chdir(folder)
    for name in ("HOME", "TMPDIR", "KERAS_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = folder
    tempfile.tempdir = folder
