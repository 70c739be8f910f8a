"""Time: loops, sleeps, swallowed limits, what goes on after the answer."""

from ..attack import Attack, at_import, in_call

ATTACKS = [
    Attack("a-loop", in_call("while True: pass"), "timeout"),
    Attack("a-loop-while-loading", at_import("while True: pass"), "timeout"),
    Attack(
        "a-loop-that-swallows",
        in_call("while True:\n    try:\n        while True: pass\n    except BaseException: pass"),
        "timeout",
    ),
    Attack(
        "signals-blocked",
        in_call(
            """
            import signal
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            for number in range(1, 65):
                try:
                    signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError):
                    pass
            while True: pass
            """
        ),
        "timeout",
    ),
    Attack("a-sleep", in_call("import time\nwhile True: time.sleep(1000)"), "timeout"),
    Attack(
        "a-wait-for-a-thread",
        in_call("import threading\nthreading.Event().wait()"),
        "timeout",
        slow=True,
    ),
    Attack("a-read-without-end", in_call("r, w = os.pipe()\nos.read(r, 1)"), "timeout", slow=True),
    Attack(
        "a-loop-in-tensorflow",
        in_call(
            "import tensorflow as tf\ntf.while_loop(lambda i: i >= 0, lambda i: [i * 0], [tf.constant(0)])"
        ),
        "timeout",
    ),
    Attack(
        "a-lock-that-is-held",
        in_call("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()"),
        "timeout",
        slow=True,
    ),
    Attack(
        "busy-threads-after-the-answer",
        at_import(
            """
            import threading
            def busy():
                while True: pass
            def attack_threads():
                for _ in range(4):
                    threading.Thread(target=busy, daemon=True).start()
            attack_threads()
            """
        ),
        "failed",
    ),
    Attack(
        "the-clock-patched",
        at_import(
            "import time\ntime.monotonic = time.time = time.process_time = lambda: 0.0\nwhile True: pass"
        ),
        "timeout",
        slow=True,
    ),
    Attack(
        "processor-time-ignored",
        in_call("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"),
        "timeout",
    ),
]
