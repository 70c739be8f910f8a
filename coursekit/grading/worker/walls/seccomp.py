"""seccomp: system calls that no homework makes. Needs no privilege, and holds for every thread.

Three answers: `refused` fails with EPERM, as a library may try it and live without; `fatal` ends the process by
SIGSYS, for there is no honest reason; some are refused unless they concern the process itself. What the kernel
learns after this list was written is ENOSYS. Reference: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

import ctypes
import errno
import os
import platform
import struct

from coursekit.grading.worker.walls.kernel import IS_LINUX, prctl

# name: (x86_64, aarch64); None where the architecture has no such call.
_FATAL = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "open_by_handle_at": (304, 265),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "setns": (308, 268),
    "unshare": (272, 97),
    "bpf": (321, 280),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
_REFUSED = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    # Sockets: the one to the judge is open already, and is used by sendto and recvfrom alone.
    "socket": (41, 198),
    "socketpair": (53, 199),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "connect": (42, 203),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "sendmmsg": (307, 269),
    "recvmmsg": (299, 243),
    # Other processes.
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "setpgid": (109, 154),
    "setsid": (112, 157),
    # Memory that no limit counts, and ways round the other walls.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "shmctl": (31, 195),
    "semctl": (66, 191),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgctl": (71, 187),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "name_to_handle_at": (303, 264),
    "personality": (135, 92),
    "syslog": (103, 116),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "vhangup": (153, 58),
    "sync": (162, 81),
    "syncfs": (306, 267),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "fanotify_init": (300, 262),
    # Who owns a file and what may be done with it: Landlock does not watch over these.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "mknod": (133, None),
    "mknodat": (259, 33),
    # Who one is.
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setgroups": (116, 159),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
}
_OWN_PROCESS_ONLY = {  # its first argument names a process: this one, or 0 for it
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
}
_CLONE, _CLONE3, _PRCTL, _IOCTL, _FCNTL = (56, 220), (435, 435), (157, 167), (16, 29), (72, 25)
_CLONE_THREAD = 0x10000
_PRCTL_REFUSED = (1, 4, 35, 36, 0x59616D61)  # PDEATHSIG, DUMPABLE, MM, CHILD_SUBREAPER, PTRACER
# TIOCSTI and TIOCLINUX write into a terminal; FIOSETOWN and SIOCSPGRP say who gets a file's signals.
_IOCTL_REFUSED = (0x5412, 0x541C, 0x8901, 0x8902)
_FCNTL_REFUSED = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: any signal to any process
_NEWEST_KNOWN = 467  # later calls did not exist when this was written

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16


def install() -> str:
    """Puts the filter in place. Needs `no_new_privs`; raises `OSError` where there is no seccomp."""
    program = _program()
    instructions = ctypes.create_string_buffer(program)
    count = len(program) // 8
    header = struct.pack("HxxxxxxP", count, ctypes.addressof(instructions))
    pointer = ctypes.create_string_buffer(header)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(pointer)), 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return f"{len(_FATAL) + len(_REFUSED) + 8} system calls"


def is_installed() -> bool:
    """Whether a filter holds for this process."""
    return prctl(21) == 2  # PR_GET_SECCOMP; 2 is "by a filter"


def _program() -> bytes:
    """The filter as classic BPF: eight bytes an instruction."""
    machine = platform.machine()
    if not IS_LINUX:
        raise OSError(errno.ENOSYS, "seccomp is a part of Linux")
    if machine not in _ARCHITECTURES:
        raise OSError(errno.ENOSYS, f"the list of system calls is not known for {machine}")
    column, architecture = _ARCHITECTURES[machine]
    code: list[bytes] = []

    def add(operation: int, value: int, if_true: int = 0, if_false: int = 0) -> None:
        code.append(struct.pack("HBBI", operation, if_true, if_false, value))

    def answer(numbers: dict, result: int) -> None:
        for number in numbers.values():
            if number[column] is not None:
                add(_EQUAL, number[column], 0, 1)
                add(_RETURN, result)

    def load_argument(index: int) -> None:
        add(_LOAD, _ARGUMENTS_AT + 8 * index)  # the lower half: little-endian

    refused = _ERRNO | errno.EPERM
    add(_LOAD, _ARCHITECTURE_AT)
    add(_EQUAL, architecture, 1, 0)
    add(_RETURN, _KILL)  # another ABI has other numbers
    add(_LOAD, _NUMBER_AT)
    add(_GREATER, 0x3FFFFFFF, 0, 1)
    add(_RETURN, _KILL)  # x32
    add(_GREATER, _NEWEST_KNOWN, 0, 1)
    add(_RETURN, _ERRNO | errno.ENOSYS)
    add(_EQUAL, _CLONE3[column], 0, 1)
    add(_RETURN, _ERRNO | errno.ENOSYS)  # its flags lie in memory; clone is used instead
    answer(_FATAL, _KILL)
    answer(_REFUSED, refused)
    add(_EQUAL, _CLONE[column], 0, 4)
    load_argument(0)
    add(_ANY_BIT, _CLONE_THREAD, 1, 0)
    add(_RETURN, refused)
    add(_RETURN, _ALLOW)
    for own in _OWN_PROCESS_ONLY.values():
        add(_EQUAL, own[column], 0, 5)
        load_argument(0)
        add(_EQUAL, os.getpid(), 2, 0)
        add(_EQUAL, 0, 1, 0)
        add(_RETURN, refused)
        add(_RETURN, _ALLOW)
    for call, argument, options in (
        (_PRCTL, 0, _PRCTL_REFUSED),
        (_IOCTL, 1, _IOCTL_REFUSED),
        (_FCNTL, 1, _FCNTL_REFUSED),
    ):
        add(_EQUAL, call[column], 0, 2 + 2 * len(options))
        load_argument(argument)
        for option in options:
            add(_EQUAL, option, 0, 1)
            add(_RETURN, refused)
        add(_RETURN, _ALLOW)
    add(_RETURN, _ALLOW)
    return b"".join(code)
