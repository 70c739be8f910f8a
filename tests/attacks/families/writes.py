"""Writing: results, the journal, the course, the grader's package, the zygote's folder, other children's folders."""

from ..attack import BASIC, NO_KERNEL_WALL, STRICT, Attack, in_call

NATIVE = {"stopped_at": (STRICT,), "reason": NO_KERNEL_WALL, "not_run_at": (BASIC,)}
TARGETS = (
    '["@JOURNAL@", "@RESULTS@/results.json", "@SOLUTION@", "@CHECKS@", "@NEIGHBOUR@",'
    ' "@PRIVATE@/notes.txt", "@ZYGOTE@/zygote.log", "@HOME@/.netrc", "@KEYS@/secret.msgpack"]'
)


def on_all(action: str) -> str:
    return in_call(
        f"""
        import shutil
        for path in {TARGETS}:
            try:
                {action}
            except BaseException:
                pass
        """
    )


def natively_on_all(call: str) -> str:
    return in_call(
        f"""
        for path in {TARGETS}:
            if {call} >= 0:
                escaped(path)
        """
    )


ATTACKS = [
    Attack("overwrite", on_all('open(path, "w").write("x")'), "forbidden"),
    Attack(
        "append", on_all('os.write(os.open(path, os.O_WRONLY | os.O_APPEND), b"x")'), "forbidden"
    ),
    Attack("truncate", on_all("os.truncate(path, 0)"), "forbidden"),
    Attack("remove", on_all("os.remove(path)"), "forbidden"),
    Attack(
        "remove-the-tree",
        on_all("shutil.rmtree(os.path.dirname(path))"),
        "forbidden",
    ),
    Attack("replace", on_all("open('x', 'w').close() or os.replace('x', path)"), "forbidden"),
    Attack("rename-away", on_all("os.rename(path, 'taken')"), "forbidden"),
    Attack("change-rights", on_all("os.chmod(path, 0o777)"), "forbidden"),
    Attack("change-owner", on_all("os.chown(path, 12345, 12345)"), "forbidden"),
    Attack("change-times", on_all("os.utime(path, (1, 1))"), "forbidden"),
    Attack("link-to-keep", on_all("os.link(path, 'kept')"), "forbidden"),
    Attack(
        "leave-a-conftest",
        on_all("open(os.path.dirname(path) + '/conftest.py', 'w').write('1 / 0')"),
        "forbidden",
    ),
    Attack(
        "leave-a-sitecustomize",
        on_all("open(os.path.dirname(path) + '/sitecustomize.py', 'w').write('')"),
        "forbidden",
    ),
    Attack(
        "write-into-site-packages",
        in_call(
            """
            import site
            for folder in [*site.getsitepackages(), os.path.dirname(np.__file__), sys.prefix, "/tmp", "/var/tmp", "/dev/shm"]:
                try:
                    open(os.path.join(folder, "coursekit_attack.pth"), "w").write("import os")
                    os.remove(os.path.join(folder, "coursekit_attack.pth"))
                    escaped(folder)
                except BaseException:
                    pass
            """
        ),
        "forbidden",
    ),
    Attack(
        "overwrite-natively",
        natively_on_all("libc.open(path.encode(), os.O_WRONLY | os.O_TRUNC)"),
        **NATIVE,
    ),
    Attack("remove-natively", natively_on_all('native("unlink", path.encode())'), **NATIVE),
    Attack(
        "rename-natively", natively_on_all('native("rename", path.encode(), b"taken")'), **NATIVE
    ),
    Attack("truncate-natively", natively_on_all('native("truncate", path.encode(), 0)'), **NATIVE),
    Attack(
        "change-rights-natively", natively_on_all('native("chmod", path.encode(), 0o777)'), **NATIVE
    ),
    Attack(
        "change-owner-natively",
        natively_on_all('native("chown", path.encode(), 12345, 12345)'),
        **NATIVE,
    ),
    Attack("change-times-natively", natively_on_all('native("utime", path.encode(), 0)'), **NATIVE),
    Attack(
        "write-by-tensorflow",
        in_call(
            f"""
            import tensorflow as tf
            for path in {TARGETS}:
                try:
                    tf.io.gfile.GFile(path, "w").write("x")
                    escaped(path)
                except Exception:
                    pass
            """
        ),
        **NATIVE,
    ),
    Attack(
        "open-the-package-for-writing",
        in_call(
            """
            for name in ("errors.py", "grading/judging.py", "grading/worker/child.py", "grading"):
                if libc.open(("@PACKAGE@/" + name).encode(), os.O_WRONLY) >= 0:
                    escaped(name)
                if libc.access(("@PACKAGE@/" + name).encode(), os.W_OK) == 0 and libc.geteuid() == 0:
                    escaped("as root")
            """
        ),
        stopped_at=(STRICT,),
        reason=NO_KERNEL_WALL,
    ),
    Attack(
        "make-devices-and-links-natively",
        in_call(
            """
            for where in ("@RESULTS@", "@PRIVATE@", "/tmp", "/dev/shm"):
                path = (where + "/coursekit-attack").encode()
                if native("mknod", path, 0o10666, 0) == 0 or native("symlink", b"/etc/passwd", path) == 0:
                    native("unlink", path)
                    escaped(where)
            """
        ),
        **NATIVE,
    ),
    Attack(
        "change-the-judges-output-file",
        in_call(
            """
            os.ftruncate(1, 0)
            os.pwrite(1, b"\\x1b[2Jall points\\n" * 100, 0)
            os.lseek(1, 2**40, 0)
            """
        ),
    ),
]
