"""Who the child is: another user where the zygote is root, no capabilities, no way to gain any."""

import os

from coursekit.grading.worker.walls.kernel import (
    IS_LINUX,
    PR_CAPBSET_DROP,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    drop_capabilities,
    prctl,
)

FIRST_USER, USERS = 61184, 4096  # a range that systems keep free for users who come and go


def user_of_child(count: int) -> int:
    """The user of the zygote's `count`-th child: nobody else's at the time, where the zygote is root."""
    return FIRST_USER + count % USERS if os.geteuid() == 0 else os.geteuid()


def become(user: int, needed: list[str]) -> str:
    """Becomes that user, if this is root; raises `OSError` if that cannot be, or if it could not read Python."""
    if not IS_LINUX or os.geteuid() != 0:
        raise OSError(0, "only root can become another user, and this is not root")
    for folder in needed:
        barrier = first_barrier(os.path.realpath(folder))
        if barrier is not None:
            raise OSError(0, f"another user could not read {folder}: only root may enter {barrier}")
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    return f"user {user}"


def first_barrier(path: str) -> str | None:
    """The first folder on the way to this absolute path that others may not enter."""
    parts = path.strip("/").split("/")
    for count in range(1, len(parts)):
        ancestor = "/" + "/".join(parts[:count])
        if not os.stat(ancestor).st_mode & 0o001:
            return ancestor
    return None


def gain_nothing() -> str:
    """Whatever is executed gains no privilege."""
    if not IS_LINUX:
        raise OSError(0, "a part of Linux")
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    return "no_new_privs"


def lose_capabilities() -> str:
    """No capability is left, though the user be root."""
    if not IS_LINUX:
        raise OSError(0, "capabilities are a part of Linux")
    last = 40
    if os.geteuid() == 0 or _has_capabilities():
        for number in range(last + 1):
            try:
                prctl(PR_CAPBSET_DROP, number)
            except (
                OSError
            ):  # an older kernel knows fewer; without the right to drop there is none to gain
                break
    drop_capabilities()
    return "no capabilities"


def hide_memory() -> str:
    """Nobody but root may look into this process, trace it, or make it leave a core file."""
    if not IS_LINUX:
        raise OSError(0, "a part of Linux")
    prctl(PR_SET_DUMPABLE, 0)
    return "not dumpable"


def _has_capabilities() -> bool:
    with open("/proc/self/status") as status:
        return any(line.startswith("CapEff:") and int(line.split()[1], 16) for line in status)
