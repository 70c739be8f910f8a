"""Ending: exits of all kinds, what is left for the end, exceptions that are traps themselves."""

from ..attack import Attack, at_import, in_call

ATTACKS = [
    Attack("os-exit-zero", in_call("os._exit(0)"), "crashed", words="exit code 0"),
    Attack("os-exit-while-loading", at_import("os._exit(0)"), "crashed"),
    Attack("exit", in_call("exit()"), "error", words="exit()"),
    Attack("exit-while-loading", at_import("sys.exit(0)"), "error"),
    Attack("keyboard-interrupt", in_call("raise KeyboardInterrupt"), "error"),
    Attack("generator-exit", in_call("raise GeneratorExit"), "error"),
    Attack(
        "pytest-exit", in_call("import pytest\npytest.exit('all passed', returncode=0)"), "error"
    ),
    Attack("pytest-skip", in_call("import pytest\npytest.skip('not for me')"), "error"),
    Attack(
        "atexit-and-finalizers",
        at_import(
            """
            import atexit, weakref, gc
            class Late:
                def __del__(self):
                    escaped("at exit")
            kept = Late()
            kept.itself = kept
            atexit.register(escaped, "atexit")
            weakref.finalize(Late, escaped, "finalize")
            sys.unraisablehook = lambda *a: escaped("unraisable")
            """
        ),
    ),
    Attack(
        "exit-of-libc",
        in_call("call = ctypes.CFUNCTYPE(None)(lambda: None)\nlibc.exit(0)"),
        "crashed",
    ),
    Attack(
        "an-exception-whose-text-raises",
        in_call(
            """
            class Trap(Exception):
                def __str__(self): raise SystemExit(0)
                __repr__ = __str__
            raise Trap
            """
        ),
        "error",
    ),
    Attack(
        "an-exception-whose-text-loops",
        in_call(
            """
            class Trap(Exception):
                def __str__(self):
                    while True: pass
            raise Trap
            """
        ),
        "timeout",
    ),
    Attack(
        "an-exception-whose-text-recurs",
        in_call(
            """
            class Trap(Exception):
                def __str__(self): return str(self)
            raise Trap
            """
        ),
        "error",
    ),
    Attack(
        "an-exception-whose-text-exits",
        in_call(
            """
            class Trap(Exception):
                def __str__(self): os._exit(0)
            raise Trap
            """
        ),
        "crashed",
    ),
    Attack(
        "an-exception-whose-text-is-no-text",
        in_call(
            """
            class Text(str):
                def __contains__(self, part): return True
                def split(self, *a): return [self] * 10**6
                def strip(self, *a): return self
            class Trap(Exception):
                def __str__(self): return Text("in user code:")
            raise Trap
            """
        ),
        "error",
    ),
    Attack(
        "an-exception-of-an-odd-class",
        in_call(
            """
            class Meta(type):
                __name__ = property(lambda self: "Forbidden" * 1000)
                __instancecheck__ = lambda *a: True
            raise Meta("X", (Exception,), {})("x")
            """
        ),
        "error",
    ),
    Attack(
        "an-exception-named-after-ours",
        in_call("raise type('Forbidden', (Exception,), {})('is worth ten points')"),
        "forbidden",
    ),
    Attack(
        "exceptions-in-exceptions",
        in_call(
            """
            error = ValueError("end")
            for _ in range(100000):
                outer = ValueError("x")
                outer.__cause__ = outer.__context__ = error
                error = outer
            raise error
            """
        ),
        "error",
    ),
    Attack(
        "an-exception-group-in-itself",
        in_call(
            """
            error = ExceptionGroup("x", [ValueError("y")])
            for _ in range(5000):
                error = ExceptionGroup("x", [error])
            raise error
            """
        ),
        "error",
    ),
    Attack(
        "a-traceback-without-end",
        in_call(
            "def deeper(n):\n    if n: deeper(n - 1)\n    raise ValueError('x' * 10**6)\nsys.setrecursionlimit(6000)\ndeeper(5000)"
        ),
        "error",
    ),
    Attack(
        "callbacks-of-the-collector",
        at_import(
            """
            import gc
            gc.callbacks.append(lambda phase, info: os._exit(0) if phase == "now" else None)
            gc.disable()
            gc.set_threshold(1)
            """
        ),
    ),
    Attack(
        "faulthandler-ends-it",
        in_call(
            "import faulthandler, time\nfaulthandler.dump_traceback_later(0.05, exit=True)\ntime.sleep(5)"
        ),
        "crashed",
    ),
    Attack(
        "exit-by-an-audit-hook",
        at_import(
            "sys.addaudithook(lambda event, a: os._exit(0) if event == 'open' else None)\nopen(__file__)"
        ),
        "crashed",
    ),
    Attack("exit-by-a-trace", at_import("sys.settrace(lambda *a: os._exit(3))"), "crashed"),
    Attack(
        "standard-streams-gone",
        at_import(
            "sys.stdout.close()\nsys.stderr = sys.stdin = None\nos.close(1)\nos.close(2)\nos.close(0)"
        ),
    ),
]
