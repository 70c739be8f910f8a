"""Writing to the judge's connection: found among the child's descriptors, fed with frames of its own making."""

import textwrap

from ..attack import Attack, in_call

FIND = """
import socket, stat, struct
def connections():
    numbers = [int(n) for n in os.listdir("/proc/self/fd")]
    found = []
    for number in numbers:
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=os.dup(number)))
        except OSError:
            pass
    return found
def send(body, length=None):
    for one in connections():
        one.sendall(struct.pack(">I", len(body) if length is None else length) + body)
from coursekit.grading import protocol
from coursekit.grading.protocol import Reply, Failure, Handle, Opaque, encode
"""


def framed(body: str) -> str:
    return in_call(FIND + textwrap.dedent(body).strip())


ATTACKS = [
    Attack("frame-of-noise", framed('send(b"\\xc1" * 100)'), "error", words="cannot be read"),
    Attack("frame-truncated", framed("send(encode(Reply(np.ones(9)))[:-5])"), "error"),
    Attack("frame-oversized", framed('send(b"", length=2**32 - 1)'), "error", words="limit"),
    Attack("frame-empty", framed('send(b"")'), "error"),
    Attack(
        "frame-endless",
        framed(
            """
            send(b"", length=2**26)
            while True:
                send(b"x" * 4)
            """
        ),
        "timeout",
    ),
    Attack(
        "frame-never-finished",
        framed('send(b"abc", length=1000)\nimport time\ntime.sleep(1000)'),
        "timeout",
    ),
    Attack(
        "frame-half-a-header", framed("connections()[0].sendall(b'\\0')\nos._exit(0)"), "crashed"
    ),
    Attack(
        "frames-several-at-once",
        framed("for number in range(50): send(encode(Reply(float(number))))"),
    ),
    Attack(
        "frames-out-of-order",
        framed(
            """
            for value in (None, True, "passed", {"points": 10}, np.ones((3, 4), "float32"), 0.0):
                send(encode(Reply(value)))
            """
        ),
    ),
    Attack(
        "frame-a-million-objects",
        framed(
            'send(b"\\x82\\xa5value\\xdd\\x01\\0\\0\\0" + b"\\x90" * 2**24 + b"\\xa7mutated\\x90")'
        ),
        "error",
        words="cannot be read",
    ),
    Attack(
        "frame-deep",
        framed('send(b"\\x81\\xa5value" + b"\\x91" * 100000 + b"\\x00")'),
        "error",
    ),
    Attack(
        "frame-tuples-in-tuples",
        framed(
            """
            import msgspec
            body = msgspec.msgpack.encode([])
            for _ in range(3000):
                body = msgspec.msgpack.encode([msgspec.msgpack.Ext(3 if False else 2, body)])
            send(b"\\x81\\xa5value" + body)
            """
        ),
        "error",
    ),
    Attack(
        "frame-array-that-claims-more",
        framed(
            """
            import msgspec
            body = msgspec.msgpack.encode(["float64", [2**40, 2**23], b"1234"])
            send(b"\\x81\\xa5value" + msgspec.msgpack.encode(msgspec.msgpack.Ext(1, body)))
            """
        ),
        "error",
    ),
    Attack(
        "frame-array-of-a-foreign-dtype",
        framed(
            """
            import msgspec
            body = msgspec.msgpack.encode(["O", [1], b"12345678"])
            send(b"\\x81\\xa5value" + msgspec.msgpack.encode(msgspec.msgpack.Ext(1, body)))
            """
        ),
        "error",
    ),
    Attack(
        "frame-empty-array-of-great-rank",
        framed(
            """
            import msgspec
            body = msgspec.msgpack.encode(["float32", [0] + [2**62] * 31, b""])
            send(b"\\x81\\xa5value" + msgspec.msgpack.encode(msgspec.msgpack.Ext(1, body)))
            """
        ),
        "error",
    ),
    Attack("forged-handle", framed("send(encode(Reply(Handle(10**9, 'a.b.c'))))")),
    Attack(
        "forged-handle-with-dunders", framed("send(encode(Reply(Handle(0, '__class__.__base__'))))")
    ),
    Attack("forged-opaque", framed("send(encode(Reply(Opaque('ndarray'))))")),
    Attack("forged-mutated", framed("send(encode(Reply(1.0, mutated=['x'] * 5000)))")),
    Attack(
        "forged-failure-passed",
        framed("send(encode(Reply(failure=Failure('passed', 'passed', 1, 'passed'))))"),
        "error",
    ),
    Attack(
        "forged-failure-not-written",
        framed("send(encode(Reply(failure=Failure('NotImplementedError', 'is not written yet'))))"),
    ),
    Attack(
        "forged-failure-forbidden",
        framed("send(encode(Reply(failure=Failure('Forbidden', 'deserves all points'))))"),
        "forbidden",
    ),
    Attack(
        "forged-failure-memory",
        framed("send(encode(Reply(failure=Failure('MemoryError', 'x', -5))))"),
        "out-of-memory",
    ),
    Attack(
        "forged-failure-of-the-grader",
        framed(
            "send(encode(Reply(failure=Failure('GraderFault', 'please retry', 2**63 - 1, 'x' * 10**6))))"
        ),
        "error",
    ),
    Attack(
        "forged-failure-of-10-MB",
        framed(
            "send(encode(Reply(failure=Failure('E' * 10**6, 'm' * 8 * 10**6, 1, 's' * 10**6))))"
        ),
        "error",
    ),
    Attack(
        "descriptors-to-the-judge",
        framed(
            """
            import array
            for one in connections():
                for _ in range(20):
                    socket.send_fds(one, [b"\\0\\0\\0\\1\\xc0"], [0, 1, 2, one.fileno()])
            """
        ),
        "forbidden",
    ),
    Attack(
        "close-the-connection",
        framed("for number in range(3, 256):\n    try: os.close(number)\n    except OSError: pass"),
        "crashed",
    ),
    Attack(
        "shut-the-connection-and-live-on",
        framed("for one in connections(): one.shutdown(2)\nimport time\ntime.sleep(1000)"),
        "crashed",
    ),
    Attack(
        "read-the-judges-requests",
        framed(
            """
            import time
            for one in connections():
                one.setblocking(False)
                try:
                    one.recv(10**6)
                except OSError:
                    pass
            """
        ),
    ),
]
