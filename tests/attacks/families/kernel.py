"""System calls that a homework has no use for, made by number."""

from ..attack import NO_KERNEL_WALL, STRICT, Attack, in_call

FATAL = {"strict": "forbidden", "basic": "failed"}
NATIVE = {"stopped_at": (STRICT,), "reason": NO_KERNEL_WALL}


def opening(call: str) -> str:
    """Succeeds when the call gives a descriptor or zero."""
    return in_call(f"if {call} >= 0:\n    escaped()")


ATTACKS = [
    Attack("ptrace-the-judge", opening('native("ptrace", 0x4206, @JUDGE@, 0, 0)'), FATAL, **NATIVE),
    Attack("ptrace-me", opening('native("ptrace", 0, 0, 0, 0)'), FATAL, **NATIVE),
    Attack(
        "process-vm-readv",
        in_call(
            """
            here = ctypes.create_string_buffer(64)
            there = int(native_read("/proc/self/maps").split(b"-")[0], 16)
            mine = (ctypes.c_uint64 * 2)(ctypes.addressof(here), 64)
            theirs = (ctypes.c_uint64 * 2)(there, 64)
            for pid in (@JUDGE@, os.getppid()):
                for name in ("process_vm_readv", "process_vm_writev"):
                    # Nothing is written: no address of theirs is given.
                    if native(name, pid, mine, 1, theirs, 0 if name.endswith("writev") else 1, 0) >= 0:
                        escaped(name)
            """
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "pidfd-getfd",
        in_call(
            'number = native("pidfd_open", os.getpid(), 0)\nif native("pidfd_getfd", number, 0, 0) >= 0:\n    escaped()'
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "open-by-handle",
        in_call(
            'native("open_by_handle_at", -100, ctypes.create_string_buffer(bytes([8, 0, 0, 0, 1, 0, 0, 0]) + bytes(16)), 0)\nif ctypes.get_errno() not in (1, 38):\n    escaped(ctypes.get_errno())'
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "io-uring",
        opening('native("io_uring_setup", 4, ctypes.create_string_buffer(120))'),
        **NATIVE,
    ),
    Attack("userfaultfd", opening('native("userfaultfd", 1)'), **NATIVE),
    Attack("unshare-user", opening('native("unshare", 0x10000000)'), FATAL, **NATIVE),
    Attack("unshare-mounts", opening('native("unshare", 0x20000)'), FATAL, **NATIVE),
    Attack(
        "mount",
        in_call(
            'native("mount", b"none", b"/nowhere", b"tmpfs", 0, 0)\nif ctypes.get_errno() not in (1, 13, 38):\n    escaped(ctypes.get_errno())'
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "setns",
        opening('native("setns", libc.open(b"/proc/1/ns/mnt", 0), 0)'),
        FATAL,
        stopped_at=(STRICT,),
        reason=NO_KERNEL_WALL,
    ),
    Attack("chroot", opening('native("chroot", b"/")'), FATAL, **NATIVE),
    Attack("keyctl", opening('native("keyctl", 0, -3, 1)'), **NATIVE),
    Attack(
        "bpf",
        in_call(
            'native("bpf", 0, ctypes.create_string_buffer(128), 128)\nif ctypes.get_errno() not in (1, 38):\n    escaped(ctypes.get_errno())'
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "perf",
        in_call(
            'native("perf_event_open", ctypes.create_string_buffer(128), 0, -1, -1, 0)\nif ctypes.get_errno() not in (1, 13, 38):\n    escaped(ctypes.get_errno())'
        ),
        **NATIVE,
    ),
    Attack("personality", opening('native("personality", 0x0040000)'), **NATIVE),
    Attack(
        "become-root",
        in_call('if os.getuid() == 0 or native("setuid", 0) == 0:\n    escaped()'),
        **NATIVE,
    ),
    Attack(
        "dumpable-again",
        in_call(
            'if native("prctl", 4, 1, 0, 0, 0) == 0 and native("prctl", 3, 0, 0, 0, 0) == 1:\n    escaped()'
        ),
        **NATIVE,
    ),
    Attack(
        "outlive-the-zygote",
        in_call('if native("prctl", 1, 0, 0, 0, 0) == 0 and os.getppid() > 1:\n    escaped()'),
        **NATIVE,
    ),
    Attack("subreaper", opening('native("prctl", 36, 1, 0, 0, 0)'), **NATIVE),
    Attack(
        "limits-of-others",
        opening('native("prlimit64", @JUDGE@, 7, 0, ctypes.create_string_buffer(16))'),
        **NATIVE,
    ),
    Attack(
        "raise-own-limits",
        in_call(
            """
            import resource
            for which in (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU, resource.RLIMIT_NOFILE):
                try:
                    resource.setrlimit(which, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
                    escaped(which)
                except (OSError, ValueError):
                    pass
            """
        ),
        **NATIVE,
    ),
    Attack(
        "affinity-of-others",
        opening(
            'native("sched_setaffinity", @JUDGE@, 8, ctypes.create_string_buffer(bytes([255]) + bytes(127)))'
        ),
        **NATIVE,
    ),
    Attack("priority-of-others", opening('native("setpriority", 0, @JUDGE@, 0)'), **NATIVE),
    Attack(
        "system-v-shared-memory",
        in_call(
            'number = native("shmget", 0, 4096, 0o1600)\nif number >= 0:\n    native("shmctl", number, 0, 0)\n    escaped()'
        ),
        **NATIVE,
    ),
    Attack(
        "message-queues",
        in_call(
            'if native("mq_open", b"coursekit-attack", 0o100 | 2, 0o600, 0) >= 0:\n    native("mq_unlink", b"coursekit-attack")\n    escaped()'
        ),
        **NATIVE,
    ),
    Attack(
        "the-clock",
        in_call(
            'native("settimeofday", 0, 0)\nif ctypes.get_errno() not in (1, 38):\n    escaped(ctypes.get_errno())'
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "kernel-modules",
        in_call(
            'native("init_module", 0, 0, b"")\nif ctypes.get_errno() not in (1, 38):\n    escaped(ctypes.get_errno())'
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "type-into-the-terminal",
        in_call('if native("ioctl", 1, 0x5412, ctypes.c_char_p(b"x")) == 0:\n    escaped()'),
    ),
    Attack(
        "calls-of-the-32-bit-table",
        in_call(
            """
            import mmap
            code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            # mov eax, 20 (getpid of the old table); int 0x80; ret
            code.write(bytes([0x53, 0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0x5B, 0xC3]))
            place = ctypes.addressof(ctypes.c_char.from_buffer(code))
            if ctypes.CFUNCTYPE(ctypes.c_int)(place)() > 0:
                escaped()
            """
        ),
        FATAL,
        **NATIVE,
    ),
    Attack(
        "calls-of-the-x32-table",
        in_call("if libc.syscall(ctypes.c_long(0x40000000 + 39)) > 0:\n    escaped()"),
        FATAL,
        stopped_at=(STRICT,),
        reason=NO_KERNEL_WALL,
    ),
]
