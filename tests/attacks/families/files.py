"""Reading what is not the student's: solutions, keys, neighbours, the environment, the home, other processes."""

from ..attack import BASIC, NO_KERNEL_WALL, SAME_USER, STRICT, Attack, at_import, in_call

NATIVE = {"stopped_at": (STRICT,), "reason": NO_KERNEL_WALL}
USER = {"stopped_at": (STRICT,), "reason": SAME_USER}
# Where the child has mounts of its own, these places are not even there to be refused.
HIDDEN = {STRICT: "failed|forbidden", BASIC: "forbidden"}
EARNS = {**NATIVE, "may_earn": True}


def reading(place: str) -> str:
    return in_call(
        f"""
        try:
            text = open("{place}", "rb").read()
        except BaseException:
            return None
        leak(text)
        """
    )


def natively(place: str) -> str:
    return in_call(f'text = native_read("{place}")\nif text:\n    leak(text)')


SOLVE_BY_THE_SOLUTION = """
names = {}
text = native_read("@SOLUTION@")
exec(text.decode(), names)


def answer(inputs, factor):
    return names["answer"](inputs, factor) if "answer" in names else inputs * 0


def total(inputs):
    return names["total"](inputs) if "total" in names else 0.25
"""

ATTACKS = [
    Attack("read-the-solution", reading("@SOLUTION@"), "forbidden"),
    Attack("read-the-checks", reading("@CHECKS@"), "forbidden"),
    Attack("read-the-neighbour", reading("@NEIGHBOUR@"), HIDDEN),
    Attack("read-the-journal", reading("@JOURNAL@"), HIDDEN),
    Attack("read-the-home", reading("@HOME@/.netrc"), HIDDEN),
    Attack("read-the-key", reading("@HOME@/.ssh/id_ed25519"), HIDDEN),
    Attack("read-the-answer-key", reading("@KEYS@/secret.msgpack"), "forbidden"),
    Attack("read-another-childs-folder", reading("@PRIVATE@/notes.txt"), "forbidden"),
    Attack(
        "read-by-other-means",
        in_call(
            """
            import io, linecache, mmap, pathlib, runpy, tokenize
            def mapped(path):
                number = os.open(path, os.O_RDONLY)
                return mmap.mmap(number, 0, prot=mmap.PROT_READ)[:]
            ways = [
                io.FileIO, mapped, runpy.run_path, tokenize.open, lambda path: pathlib.Path(path).read_bytes(),
                lambda path: "".join(linecache.getlines(path)), lambda path: np.fromfile(path, "u1").tobytes(),
                lambda path: np.memmap(path, "u1", "r").tobytes(), lambda path: np.loadtxt(path, str),
            ]
            for way in ways:
                try:
                    found = way("@SOLUTION@")
                    print(found if isinstance(found, (str, bytes)) else repr(found))
                except BaseException:
                    pass
            """
        ),
        "forbidden",
    ),
    Attack(
        "read-through-links",
        in_call(
            """
            for make in (os.symlink, os.link):
                try:
                    make("@SOLUTION@", "mine.py")
                    print(open("mine.py").read())
                except BaseException:
                    pass
            """
        ),
        "forbidden",
    ),
    Attack(
        "read-through-proc-root",
        in_call(
            """
            for base in ("/proc/self/root", "/proc/self/task/self/root", f"/proc/{os.getppid()}/root", "/proc/1/root"):
                try:
                    print(open(base + "@SOLUTION@").read())
                except BaseException:
                    pass
            """
        ),
        "forbidden",
    ),
    Attack(
        "read-through-a-kept-folder",
        in_call(
            """
            for number in range(256):
                for name in ("solutions/ex02_lstm.py", "../solutions/ex02_lstm.py", "@SOLUTION@"):
                    try:
                        print(os.read(os.open(name, os.O_RDONLY, dir_fd=number), 10**5))
                    except BaseException:
                        pass
            """
        ),
        "forbidden",
    ),
    Attack(
        "list-the-course",
        in_call(
            """
            for folder in ("@COURSE@/solutions", "@COURSE@/tests/autograder", "@COURSE@/tests/mistakes"):
                try:
                    if os.listdir(folder):
                        escaped("listed")
                except BaseException:
                    pass
            """
        ),
        "forbidden",
    ),
    Attack(
        "list-the-neighbours",
        in_call(
            """
            for folder in ("@RESULTS@", "@HOME@", "@KEYS@", "@ZYGOTE@", "@NEIGHBOUR@/.."):
                number = libc.open(folder.encode(), os.O_DIRECTORY)
                if number >= 0:
                    buffer = ctypes.create_string_buffer(4096)
                    if libc.syscall(ctypes.c_long(217), ctypes.c_long(number), buffer, ctypes.c_long(4096)) > 0:
                        escaped(folder)
            """
        ),
        **NATIVE,
    ),
    Attack(
        "import-the-solution",
        at_import('sys.path.insert(0, "@COURSE@/solutions")\nimport ex02_lstm as theirs'),
        "failed",
    ),
    Attack(
        "import-the-solution-by-its-path",
        at_import(
            """
            import importlib.util
            spec = importlib.util.spec_from_file_location("theirs", "@SOLUTION@")
            theirs = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(theirs)
            """
        ),
        "forbidden",
    ),
    Attack(
        "read-the-solution-natively",
        natively("@SOLUTION@"),
        {STRICT: "failed", BASIC: "error"},
        **NATIVE,
    ),
    Attack(
        "read-the-neighbour-natively",
        natively("@NEIGHBOUR@"),
        {STRICT: "failed", BASIC: "error"},
        **NATIVE,
    ),
    Attack(
        "read-the-journal-natively",
        natively("@JOURNAL@"),
        {STRICT: "failed", BASIC: "error"},
        **NATIVE,
    ),
    Attack(
        "read-the-answer-key-natively",
        natively("@KEYS@/secret.msgpack"),
        {STRICT: "failed", BASIC: "error"},
        **NATIVE,
    ),
    Attack(
        "read-the-home-natively",
        natively("@HOME@/.netrc"),
        {STRICT: "failed", BASIC: "error"},
        **NATIVE,
    ),
    Attack(
        "read-another-childs-folder-natively",
        natively("@PRIVATE@/notes.txt"),
        {STRICT: "failed", BASIC: "error"},
        **NATIVE,
    ),
    Attack("solve-by-the-solution", at_import("") + SOLVE_BY_THE_SOLUTION, "failed", **EARNS),
    Attack(
        "read-by-tensorflow",
        in_call(
            """
            import tensorflow as tf
            for path in ("@SOLUTION@", "@NEIGHBOUR@", "@JOURNAL@"):
                try:
                    print(tf.io.gfile.GFile(path).read())
                except Exception:
                    pass
            """
        ),
        **NATIVE,
    ),
    Attack(
        "read-accounts",
        in_call(
            """
            for path in ("/etc/shadow", "/etc/gshadow", "/root/.bash_history", "/var/log/auth.log"):
                if native_read(path):
                    escaped(path)
            """
        ),
        **USER,
    ),
    Attack("read-the-environment", in_call("leak(repr(dict(os.environ)))"), "error"),
    Attack(
        "read-the-environment-of-libc",
        in_call(
            """
            libc.getenv.restype = ctypes.c_char_p
            found = libc.getenv(b"COURSEKIT_CANARY")
            if found:
                leak(found)
            leak(native_read("/proc/self/environ") + b".")
            """
        ),
        "error",
    ),
    Attack(
        "read-the-environment-of-others",
        in_call(
            """
            for pid in (os.getppid(), @JUDGE@, 1):
                if native_read(f"/proc/{pid}/environ"):
                    escaped(pid)
            """
        ),
        **USER,
    ),
    Attack(
        "read-the-memory-of-others",
        in_call(
            """
            for pid in (os.getppid(), @JUDGE@):
                for line in native_read(f"/proc/{pid}/maps").decode().splitlines()[:40]:
                    start = int(line.split("-")[0], 16)
                    number = libc.open(f"/proc/{pid}/mem".encode(), 0)
                    if number >= 0:
                        buffer = ctypes.create_string_buffer(4096)
                        libc.pread.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
                        if libc.pread(number, buffer, 4096, start) > 0:
                            escaped(pid)
                            return None
            """
        ),
        **USER,
    ),
    Attack(
        "read-the-command-lines-of-others",
        in_call(
            """
            for pid in map(str, range(1, 4096)):
                if int(pid) != os.getpid() and native_read(f"/proc/{pid}/cmdline"):
                    escaped(pid)
            """
        ),
        **USER,
    ),
    Attack(
        "open-the-descriptors-of-others",
        in_call(
            """
            for pid in (os.getppid(), @JUDGE@):
                try:
                    if os.listdir(f"/proc/{pid}/fd"):
                        escaped(pid)
                except OSError:
                    pass
            """
        ),
        **USER,
    ),
    Attack(
        "search-the-own-memory",
        in_call(
            """
            import gc
            needle = "-".join(["canary", "solution"])
            for thing in gc.get_objects():
                for value in gc.get_referents(thing):
                    if isinstance(value, str) and needle in value or isinstance(value, bytes) and needle.encode() in value:
                        leak(value)
            """
        ),
    ),
    Attack(
        "search-the-own-heap",
        in_call(
            """
            import re
            for line in open("/proc/self/maps"):
                span, rights = line.split()[:2]
                start, end = (int(part, 16) for part in span.split("-"))
                if rights.startswith("rw") and ("[heap]" in line or "[stack]" in line) and end - start < 2**28:
                    text = ctypes.string_at(start, end - start)
                    found = re.search(rb"canary-[a-z]+-[0-9a-f]{16}", text)
                    if found:
                        leak(found.group())
            """
        ),
    ),
    Attack(
        "seed-and-inputs-of-others",
        in_call(
            """
            import gc
            for thing in gc.get_objects():
                if isinstance(thing, dict) and thing.get("seed") == @SEED@:
                    escaped("the run's seed")
            """
        ),
    ),
]
