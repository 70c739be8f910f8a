"""Patching what judges: the comparison, numpy, keras, the protocol and its encoder, the loop that serves."""

from ..attack import Attack, at_import, in_call

ATTACKS = [
    Attack(
        "patch-expect",
        at_import(
            """
            import coursekit.grading.expect as expect
            for name in ("close", "equal", "shape", "finite", "true", "far", "_close_arrays"):
                setattr(expect, name, lambda *arguments, **keywords: None)
            """
        ),
    ),
    Attack(
        "patch-judging",
        at_import(
            """
            import coursekit.grading.judging as judging, coursekit.grading.verdicts as verdicts
            judging.judge = lambda *a, **k: judging.Outcome("passed")
            judging._raised = lambda *a: judging.Outcome("passed")
            verdicts.CheckResult.points = property(lambda self: 100)
            """
        ),
    ),
    Attack(
        "patch-numpy",
        at_import(
            """
            for name in ("allclose", "isfinite", "isnan", "array_equal", "abs", "argwhere"):
                setattr(np, name, lambda *arguments, **keywords: np.bool_(True))
            np.ndarray = type("ndarray", (), {"__eq__": lambda s, o: True})
            """
        ),
        verdict="error",
    ),
    Attack(
        "patch-builtins",
        at_import(
            """
            import builtins
            builtins.abs = lambda x: 0.0
            builtins.len = lambda x: 1
            builtins.isinstance = lambda *a: True
            """
        ),
        verdict="error",
    ),
    Attack(
        "patch-keras",
        at_import(
            """
            import keras
            keras.utils.set_random_seed = keras.utils.clear_session = lambda *a, **k: None
            keras.ops.convert_to_numpy = lambda x: np.zeros(())
            keras.backend.backend = lambda: "anything"
            """
        ),
    ),
    Attack(
        "patch-protocol-encode",
        at_import(
            """
            import coursekit.grading.protocol as protocol, coursekit.grading.worker.child as child
            passed = protocol.encode(protocol.Reply("passed"))
            protocol.encode = child.encode = lambda message: passed
            """
        ),
    ),
    Attack(
        "patch-the-encoder",
        at_import(
            """
            import msgspec
            class Module:
                Ext = msgspec.msgpack.Ext
                encode = staticmethod(lambda *a, **k: b"\\xff" * 64)
                decode = staticmethod(msgspec.msgpack.decode)
            msgspec.msgpack = Module
            import coursekit.grading.protocol as protocol
            protocol.msgspec = msgspec
            """
        ),
        verdict="error",
        words="cannot be read",
    ),
    Attack(
        "patch-the-operations",
        at_import(
            """
            from coursekit.grading.worker import operations
            from coursekit.grading.protocol import Reply
            for name in list(operations._OPERATIONS):
                operations._OPERATIONS[name] = lambda objects, request: Reply("passed")
            """
        ),
    ),
    Attack(
        "patch-the-values",
        at_import(
            """
            from coursekit.grading.worker.values import Objects
            Objects.to_judge = lambda self, value, depth=0: {"verdict": "passed", "points": 10}
            """
        ),
    ),
    Attack(
        "patch-pytest",
        at_import(
            """
            import pytest, _pytest.runner, _pytest.reports
            _pytest.reports.TestReport.outcome = "passed"
            pytest.fail = lambda *a, **k: None
            """
        ),
    ),
    Attack(
        "patch-the-audit-hook-away",
        in_call(
            """
            import gc
            for thing in gc.get_objects():
                if type(thing).__name__ == "function" and thing.__name__ in ("hook", "refuse"):
                    thing.__code__ = (lambda *a, **k: None).__code__.replace(
                        co_freevars=thing.__code__.co_freevars
                    )
            """
        ),
    ),
    Attack(
        "trace-and-profile-the-server",
        at_import(
            """
            import threading
            def trace(frame, event, argument):
                if "failure" in frame.f_locals:
                    frame.f_locals["failure"] = None
                return trace
            sys.settrace(trace)
            sys.setprofile(lambda *a: None)
            threading.settrace_all_threads = threading.settrace(trace)
            """
        ),
    ),
    Attack(
        "replace-the-verdict-in-the-frames",
        in_call(
            """
            frame = sys._getframe()
            while frame is not None:
                for name, value in list(frame.f_locals.items()):
                    if isinstance(value, list) and name == "seen":
                        value.clear()
                    if name in ("status", "points", "max_points"):
                        frame.f_locals[name] = 0
                frame = frame.f_back
            """
        ),
    ),
    Attack(
        "answer-by-an-import-hook",
        at_import(
            """
            import importlib.abc, types
            class Finder(importlib.abc.MetaPathFinder):
                def find_spec(self, name, path, target=None):
                    raise SystemExit(0)
            sys.meta_path.insert(0, Finder())
            sys.path_hooks.clear()
            sys.path[:] = ["@SOLUTION@"]
            for name in [n for n in sys.modules if n.startswith(("coursekit", "msgspec"))]:
                del sys.modules[name]
            """
        ),
    ),
    Attack(
        "replace-the-class-of-a-request",
        in_call(
            """
            import gc
            from coursekit.grading import protocol
            for thing in gc.get_objects():
                if type(thing) is protocol.Request:
                    thing.operation = "load"
                    thing.variant = {"source": open("@SOLUTION@").read()}
            """
        ),
        verdict="forbidden",
    ),
]
