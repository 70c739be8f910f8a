"""What an attack is: the text of a hostile hand-in, and what a grader should say to it.

Every attack wraps wrong answers, so any point is its success. What it could not have done against the walls it
reports itself: it prints `ESCAPED`, or says what it has read (`leak`). The texts may name places of the
class they are run in, as `@SOLUTION@`; a real attacker would have to guess them.
"""

import textwrap
from typing import NamedTuple

CALL = "call"
STRICT, BASIC = "strict", "basic"
BOTH = (STRICT, BASIC)

# What a level does not promise, and why.
NO_KERNEL_WALL = "native code passes the audit hook by; only the kernel's walls stop it"
SAME_USER = "below strict the child runs as the judge's user and may read what that user may read"
SAME_SIGNALS = "below strict the child may signal the judge's processes by native code"

PRELUDE = '''
import ctypes
import os
import sys

import numpy as np

libc = ctypes.CDLL(None, use_errno=True)


def native(name, *arguments):
    """A system call that Python does not know of: no audit hook is asked."""
    numbers = {
        "socket": 41, "connect": 42, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62,
        "chmod": 90, "chown": 92, "ptrace": 101, "unshare": 272, "mount": 165, "personality": 135, "utime": 132,
        "keyctl": 250, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "memfd_create": 319,
        "bpf": 321, "execveat": 322, "userfaultfd": 323, "open_by_handle_at": 304, "io_uring_setup": 425,
        "pidfd_open": 434, "pidfd_getfd": 438, "clone3": 435, "prlimit64": 302, "sched_setaffinity": 203,
        "prctl": 157, "chroot": 161, "reboot": 169, "setuid": 105, "perf_event_open": 298, "symlink": 88,
        "open": 2, "unlink": 87, "rename": 82, "truncate": 76, "mknod": 133, "tgkill": 234, "setpriority": 141,
        "pidfd_send_signal": 424, "shmget": 29, "shmctl": 31, "mq_unlink": 241,
        "mq_open": 240, "init_module": 175, "settimeofday": 164,
        "sethostname": 170, "swapon": 167, "acct": 163, "ioctl": 16, "socketpair": 53, "setpgid": 109,
    }
    ready = [
        ctypes.c_char_p(a) if isinstance(a, bytes) else a if not isinstance(a, int) else ctypes.c_long(a)
        for a in arguments
    ]
    ctypes.set_errno(0)
    return libc.syscall(ctypes.c_long(numbers[name]), *ready)


def escaped(what=""):
    print("ESCAPED", what, flush=True)


def leak(text):
    """Tells by every way there is."""
    text = text if isinstance(text, str) else bytes(text).decode("utf-8", "replace")
    print(text[:100000], flush=True)
    raise ValueError(text[:100000])


def native_read(path):
    """The content of a file, without Python's `open`."""
    number = libc.open(path.encode(), 0)
    if number < 0:
        return b""
    buffer = ctypes.create_string_buffer(65536)
    size = libc.read(number, buffer, 65536)
    libc.close(number)
    return buffer.raw[:max(0, size)]

'''

ANSWERS = """

def answer(inputs, factor):
    result = attack(inputs)
    return inputs * 0 if result is None else result


def total(inputs):
    result = attack(inputs)
    return 0.25 if result is None else result
"""


class Attack(NamedTuple):
    """A hostile hand-in and the verdict on each check it gets to (those blocked aside).

    `verdict` is one word, the words that differ by level, or what each check of the unit gets, in order;
    `a|b` where it depends on what the machine offers beyond the level.
    `stopped_at` are the levels that promise to stop it; at others, for which `reason` says why not, it still
    earns no point unless `may_earn`. `not_run_at` are levels at which it would do real harm.
    """

    name: str
    source: str
    verdict: str | tuple[str, ...] | dict[str, str | tuple[str, ...]] = "failed"
    stopped_at: tuple[str, ...] = BOTH
    reason: str = ""
    may_earn: bool = False
    not_run_at: tuple[str, ...] = ()
    slow: bool = False
    words: str = ""  # found in the message of the first check

    def verdict_at(self, level: str) -> str | tuple[str, ...]:
        return self.verdict[level] if isinstance(self.verdict, dict) else self.verdict


def in_call(body: str) -> str:
    """A hand-in whose functions run this and then give wrong answers, or what it returns."""
    inner = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return f"{PRELUDE}\ndef attack(inputs):\n{inner}\n{ANSWERS}"


def at_import(text: str) -> str:
    """A hand-in that runs this while it is loaded; its functions give wrong answers."""
    return (
        f"{PRELUDE}\n{textwrap.dedent(text).strip()}\n\n\ndef attack(inputs):\n    pass\n{ANSWERS}"
    )
