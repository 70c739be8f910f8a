"""More than there is: memory, disk, output, descriptors, recursion, shapes, patterns, archives."""

from ..attack import NO_KERNEL_WALL, STRICT, Attack, at_import, in_call

ATTACKS = [
    Attack("heap", in_call("return np.ones(50 * 2**27)"), "out-of-memory"),
    Attack(
        "heap-in-small-pieces",
        in_call("kept = []\nwhile True:\n    kept.append(bytearray(2**24))"),
        "out-of-memory",
    ),
    Attack(
        "heap-swallowed",
        in_call(
            "kept = []\nwhile True:\n    try:\n        kept.append(bytearray(2**24))\n    except MemoryError:\n        pass"
        ),
        "timeout|out-of-memory",
    ),
    Attack(
        "tensors",
        in_call("import tensorflow as tf\nreturn tf.ones((50 * 2**28,))"),
        "out-of-memory",
    ),
    Attack(
        "shared-anonymous-memory",
        in_call(
            """
            import mmap
            kept = []
            while True:
                one = mmap.mmap(-1, 2**26)
                one.write(b"\\1" * 2**26)
                kept.append(one)
            """
        ),
        "out-of-memory|timeout",
    ),
    Attack(
        "memory-in-a-nameless-file",
        in_call(
            """
            for _ in range(40):
                number = native("memfd_create", b"m", 0)
                if number < 0:
                    break
                for _ in range(16):
                    if libc.write(number, bytes(2**20), 2**20) <= 0:
                        break
            """
        ),
        {STRICT: "failed", "basic": "failed|out-of-memory"},
    ),
    Attack(
        "memory-in-a-shared-folder",
        in_call(
            """
            for folder in (b"/dev/shm", b"/run/shm", b"/tmp"):
                number = libc.open(folder + b"/coursekit-attack", os.O_RDWR | os.O_CREAT, 0o600)
                if number >= 0:
                    native("unlink", folder + b"/coursekit-attack")
                    escaped(folder)
            """
        ),
        stopped_at=(STRICT,),
        reason=NO_KERNEL_WALL,
    ),
    Attack(
        "one-huge-file",
        in_call(
            "with open('big', 'wb') as file:\n    while True:\n        file.write(bytes(2**20))"
        ),
        "error",
    ),
    Attack(
        "a-sparse-file",
        in_call("with open('big', 'wb') as file:\n    file.truncate(2**50)"),
        "error",
    ),
    Attack(
        "many-files",
        in_call(
            """
            for number in range(400):
                with open(f"{number}", "wb") as file:
                    file.write(bytes(2**20))
            escaped("400 MB on the disk")
            """
        ),
        "error",
    ),
    Attack(
        "many-folders",
        in_call("number = 0\nwhile True:\n    os.mkdir(str(number))\n    number += 1"),
        "error",
    ),
    Attack(
        "a-deep-folder",
        in_call(
            """
            for _ in range(1500):
                if libc.mkdir(b"d", 0o700) or libc.chdir(b"d"):
                    break
            """
        ),
        "failed|timeout",
        slow=True,
    ),
    Attack(
        "output", in_call("while True:\n    print('x' * 10**6)"), "error", words="prints or writes"
    ),
    Attack(
        "output-natively",
        in_call(
            "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nfor _ in range(1000):\n    os.write(1, b'y' * 10**6)"
        ),
        "error",
    ),
    Attack(
        "descriptors",
        in_call("kept = []\nwhile True:\n    kept.append(os.open('/dev/null', os.O_RDONLY))"),
        "error",
    ),
    Attack(
        "descriptors-held-to-the-end",
        in_call("try:\n    while True:\n        os.dup(0)\nexcept OSError:\n    pass"),
    ),
    Attack(
        "recursion",
        in_call("def deeper(): return deeper()\nreturn deeper()"),
        "error",
        words="RecursionError",
    ),
    Attack(
        "recursion-without-a-limit",
        in_call(
            "sys.setrecursionlimit(10**9)\nclass Deep:\n    __getattr__ = lambda self, name: getattr(self, name)\nreturn Deep().x"
        ),
        "crashed",
    ),
    Attack(
        "recursion-in-c",
        in_call("sys.setrecursionlimit(10**9)\nimport json\nreturn json.loads('[' * 10**6)"),
        "crashed",
    ),
    Attack("a-huge-shape", in_call("return np.zeros((2**31, 2**31), 'float32')"), "error"),
    Attack(
        "a-huge-shape-in-tensorflow",
        in_call("import tensorflow as tf\nreturn tf.zeros((2**31, 2**30))"),
        "out-of-memory",
    ),
    Attack("a-huge-power", in_call("return 7 ** 7 ** 9"), "timeout"),
    Attack(
        "a-pattern-without-end", in_call("import re\nre.match('(a+)+$', 'a' * 60 + 'b')"), "timeout"
    ),
    Attack(
        "a-hash-collision",
        in_call("return len({(2**61 - 1) * number: 0 for number in range(10**5)})"),
        "timeout",
    ),
    Attack(
        "an-archive-bomb",
        in_call(
            """
            import io, zipfile, zlib
            packed = zlib.compress(bytes(2**26), 1)
            kept = [zlib.decompress(packed) for _ in range(100)]
            """
        ),
        "out-of-memory|timeout",
    ),
    Attack("a-literal-bomb", at_import("size = 10**11\nx = 1 << size"), "out-of-memory"),
    Attack("attribute-chains", ("os" + ".a" * 1000 + "\n") * 100 + in_call("return None"), "error"),
    Attack("nested-source", "x = " + "(" * 5000 + ")" * 5000, "error"),
    Attack("nested-operators", "x = " + "-" * 100_000 + "1", "out-of-memory"),
    Attack("a-long-line", "x = '" + "a" * 900_000 + "'\n" + in_call("return x[:3]")),
    Attack("a-source-of-5-MB", "#" * 5_000_000, "error", words="1 MB"),
]
