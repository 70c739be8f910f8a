"""Processes, signals and threads: that start, that outlive, that hit others."""

from ..attack import BASIC, NO_KERNEL_WALL, SAME_SIGNALS, STRICT, Attack, at_import, in_call

NATIVE = {"stopped_at": (STRICT,), "reason": NO_KERNEL_WALL}
SIGNALS = {"stopped_at": (STRICT,), "reason": SAME_SIGNALS}


def trying(call: str) -> str:
    return in_call(f"try:\n    {call}\nexcept BaseException:\n    pass")


def native_child(call: str) -> str:
    """Starts a child that lingers, if it can."""
    return in_call(
        f"""
        import time
        pid = {call}
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        if pid > 0:
            escaped(pid)
        """
    )


ATTACKS = [
    Attack("fork", trying("os.fork()"), "forbidden"),
    Attack("forkpty", trying("os.forkpty()"), "forbidden"),
    Attack("system", trying("os.system('sleep 60 &')"), "forbidden"),
    Attack("exec", trying("os.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED'])"), "forbidden"),
    Attack(
        "posix-spawn",
        trying("os.posix_spawn('/bin/sh', ['sh', '-c', 'echo ESCAPED'], {})"),
        "forbidden",
    ),
    Attack(
        "popen",
        trying("import subprocess; subprocess.Popen(['sh', '-c', 'echo ESCAPED'])"),
        "forbidden",
    ),
    Attack(
        "popen-without-the-hook",
        trying("import _posixsubprocess; _posixsubprocess.fork_exec()"),
        "failed",
    ),
    Attack(
        "multiprocessing",
        trying("import multiprocessing as m; m.get_context('fork').Process(target=print).start()"),
        "forbidden",
    ),
    Attack(
        "process-pool",
        trying("import concurrent.futures as c; c.ProcessPoolExecutor(1).submit(print).result(1)"),
        {STRICT: "failed", BASIC: "forbidden"},
    ),
    Attack("pty", trying("import pty; pty.spawn(['sh', '-c', 'echo ESCAPED'])"), "forbidden"),
    Attack("kill-the-parent", trying("os.kill(os.getppid(), 18)"), "forbidden"),
    Attack("kill-the-judge", trying("os.kill(@JUDGE@, 18)"), "forbidden"),
    Attack("kill-everybody", trying("os.kill(-1, 18)"), "forbidden"),
    Attack("kill-the-group", trying("os.killpg(0, 18)"), "forbidden"),
    Attack(
        "pidfd-kill",
        trying("import signal; signal.pidfd_send_signal(os.pidfd_open(@JUDGE@), 18)"),
        {STRICT: "failed", BASIC: "failed"},
        **SIGNALS,
    ),
    Attack("fork-natively", native_child('native("fork")'), **NATIVE),
    Attack(
        "fork-of-libc",
        in_call(
            "if hasattr(libc, 'fork'):\n    pid = libc.fork()\n    if pid == 0:\n        import time\n        time.sleep(60)\n    elif pid > 0:\n        escaped()"
        ),
        **NATIVE,
    ),
    Attack("clone-natively", native_child('native("clone", 17, 0, 0, 0, 0)'), **NATIVE),
    Attack(
        "clone3-natively",
        native_child(
            'native("clone3", ctypes.create_string_buffer(bytes(32) + (17).to_bytes(8, "little") + bytes(48)), 88)'
        ),
        **NATIVE,
    ),
    Attack(
        "double-fork-daemon",
        in_call(
            """
            import time
            if native("fork") == 0:
                os.setsid()
                if native("fork") == 0:
                    time.sleep(60)
                os._exit(0)
            """
        ),
        **NATIVE,
    ),
    Attack(
        "fork-bomb",
        in_call(
            """
            import time
            for _ in range(4):
                if native("fork") > 0:
                    escaped()
            if os.getpid() != os.getsid(0):
                time.sleep(60)
            """
        ),
        {STRICT: "failed", BASIC: "failed|timeout"},
        **NATIVE,
    ),
    Attack(
        "exec-natively",
        in_call(
            """
            arguments = (ctypes.c_char_p * 4)(b"sh", b"-c", b"echo ESCAPED", None)
            native("execve", b"/bin/sh", ctypes.byref(arguments), 0)
            """
        ),
        {STRICT: "failed", BASIC: "crashed"},
        **NATIVE,
    ),
    Attack(
        "exec-from-memory",
        in_call(
            """
            number = native("memfd_create", b"tool", 0)
            if number >= 0:
                libc.write(number, b"#!/bin/sh\\necho ESCAPED\\n", 25)
                arguments = (ctypes.c_char_p * 2)(b"tool", None)
                native("execveat", number, b"", ctypes.byref(arguments), 0, 0x1000)
                native("execve", f"/proc/self/fd/{number}".encode(), ctypes.byref(arguments), 0)
            """
        ),
        {STRICT: "failed", BASIC: "crashed"},
        **NATIVE,
    ),
    Attack(
        "signal-the-judge-natively",
        in_call(
            """
            for pid in (@JUDGE@, os.getppid()):
                if native("kill", pid, 23) == 0 or native("kill", pid, 0) == 0:
                    escaped(pid)
            """
        ),
        **SIGNALS,
    ),
    Attack(
        "signal-everybody-natively",
        in_call('if native("kill", -1, 18) == 0:\n    escaped()'),
        **SIGNALS,
    ),
    Attack(
        "signal-a-thread-natively",
        in_call('if native("tgkill", @JUDGE@, @JUDGE@, 18) == 0:\n    escaped()'),
        **SIGNALS,
    ),
    Attack(
        "signal-the-owner-of-a-pipe",
        in_call(
            """
            import fcntl
            read, write = os.pipe()
            for pid in (@JUDGE@, os.getppid()):
                try:
                    fcntl.fcntl(read, fcntl.F_SETFL, fcntl.fcntl(read, fcntl.F_GETFL) | os.O_ASYNC | os.O_NONBLOCK)
                    fcntl.fcntl(read, 10, 23)  # F_SETSIG: this signal rather than SIGIO
                    fcntl.fcntl(read, fcntl.F_SETOWN, pid)
                    os.write(write, b"x")
                    os.read(read, 1)
                except OSError:
                    pass
            """
        ),
        **SIGNALS,
    ),
    Attack(
        "the-process-at-the-other-end",
        in_call(
            """
            import socket, stat
            for number in range(3, 256):
                size, found = ctypes.c_int(4), ctypes.c_int(-1)
                # SO_PEERPIDFD: a descriptor of the process that made the connection, the judge.
                if libc.getsockopt(number, 1, 77, ctypes.byref(found), ctypes.byref(size)) == 0:
                    if native("pidfd_send_signal", found.value, 23, 0, 0) == 0:
                        escaped("signalled")
                    if native("setns", found.value, 0x20000) == 0:
                        escaped("entered")
            """
        ),
        {STRICT: "forbidden", BASIC: "failed"},
        **SIGNALS,
    ),
    Attack(
        "threads-of-small-stacks",
        in_call(
            """
            import threading, time
            threading.stack_size(32768)
            started = 0
            try:
                for _ in range(3000):
                    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                    started += 1
            except RuntimeError:
                pass
            if started > 1000:
                escaped(started)
            """
        ),
        "failed|timeout",
    ),
    Attack(
        "kill-the-zygote-natively",
        in_call('if native("kill", os.getppid(), 9) == 0:\n    escaped()'),
        stopped_at=(STRICT,),
        reason="below strict it hits the hand-ins judged beside it, which are then judged again",
        not_run_at=(BASIC,),
    ),
    Attack("stop-oneself", in_call('native("kill", os.getpid(), 19)'), "timeout"),
    Attack(
        "end-oneself-by-a-signal",
        in_call("import signal\nsignal.raise_signal(15)"),
        "crashed",
        words="SIGTERM",
    ),
    Attack("abort", in_call("os.abort()"), "crashed", words="SIGABRT"),
    Attack("segfault", in_call("ctypes.string_at(0)"), "crashed", words="SIGSEGV"),
    Attack(
        "real-time-signal", in_call('native("tgkill", os.getpid(), os.getpid(), 40)'), "crashed"
    ),
    Attack(
        "threads-that-outlive",
        in_call(
            """
            import threading, time
            for _ in range(20):
                threading.Thread(target=time.sleep, args=(60,)).start()
            """
        ),
    ),
    Attack(
        "thread-bomb",
        in_call(
            """
            import threading, time
            for _ in range(20000):
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            """
        ),
        "error",
    ),
    Attack(
        "a-thread-that-answers-for-others",
        at_import(
            """
            import threading, time
            def busy():
                while True:
                    time.sleep(0.001)
                    for frame in sys._current_frames().values():
                        frame.f_locals.pop("failure", None)
            threading.Thread(target=busy, daemon=True).start()
            """
        ),
    ),
]
