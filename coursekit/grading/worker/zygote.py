"""A process that imports TensorFlow once and forks a child for each file to be judged.

Run as `python -m coursekit.grading.worker.zygote FD FOLDER LEVEL [bare]`, with a Unix socket at that descriptor.
It never starts TensorFlow's runtime and has one thread, or a fork would hang; it holds no answers, no
results, no names of students and nothing of what they wrote. Commands are msgpack frames; each `Spawn` is
followed by two descriptors, the child's end of the connection to the judge and the file that takes its
output; the answer to it brings a descriptor of the child's process. `bare` imports nothing: for trying the walls.
"""

import contextlib
import gc
import itertools
import os
import signal
import socket
import sys

import msgspec

from coursekit.grading.isolation import Wall
from coursekit.grading.protocol import receive_frame, send_frame
from coursekit.grading.worker.child import Job, Place, live
from coursekit.grading.worker.trees import remove_tree
from coursekit.grading.worker.walls import identity, kernel, namespaces
from coursekit.grading.worker.walls.confine import python_folders


class Spawn(msgspec.Struct, tag=True):
    """Fork a child for this job (packed, so that the zygote need not look into it)."""

    job: bytes


class Reap(msgspec.Struct, tag=True):
    """Wait for a child that has ended or was killed, and end what it left behind."""

    pid: int


class Answer(msgspec.Struct):
    """`pid` of a new child, or the wait status of a reaped one; `problem` when neither."""

    pid: int = 0
    status: int = 0
    problem: str = ""


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    folder, level, *bare = sys.argv[2:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C belongs to the judge
    children: set[int] = set()
    try:
        apart = _go_apart(level, folder)
        _become_subreaper()
        if not bare:
            _warm_up()
        gc.collect()
        gc.freeze()
        _answer(control, Answer())
        _obey(control, children, level != "basic", apart)
    except (EOFError, ConnectionError):  # the judge is gone
        pass
    finally:
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        remove_tree(folder)  # the judge may have been killed


def _go_apart(level: str, folder: str) -> Wall:
    """Enters namespaces, unless the level is `basic`; goes on without where they cannot be had."""
    if level == "basic":
        return Wall(False, "not asked for")
    try:
        return Wall(True, namespaces.enter([*python_folders(), folder]))
    except OSError as error:
        return Wall(False, error.strerror or str(error))


def _obey(control: socket.socket, children: set[int], strict: bool, apart: Wall) -> None:
    """Forks and reaps as told, until the judge closes the connection."""
    for count in itertools.count():
        command = msgspec.msgpack.decode(receive_frame(control), type=Spawn | Reap)
        if isinstance(command, Reap):
            status = os.waitpid(command.pid, 0)[1] if command.pid in children else 0
            children.discard(command.pid)
            _end_strays(children)
            _answer(control, Answer(status=status))
            continue
        _, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        process = None
        if (threads := len(os.listdir("/proc/self/task")) if _PROC else 1) != 1:
            answer = Answer(problem=f"the zygote has {threads} threads")
        elif (pid := os.fork()) == 0:
            control.close()
            place = Place(strict, apart, identity.user_of_child(count))
            _become_child(command.job, place, descriptors)  # never returns
        else:
            children.add(pid)
            answer = Answer(pid=pid)
            process = os.pidfd_open(pid) if _PROC else None
        for descriptor in descriptors:
            os.close(descriptor)
        _answer(control, answer)
        if process is not None:
            socket.send_fds(control, [b"\0"], [process])
            os.close(process)


def _become_child(packed: bytes, place: Place, descriptors: list[int]) -> None:
    try:
        connection, output = descriptors
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        job = msgspec.msgpack.decode(packed, type=Job)
        live(job, place, socket.socket(fileno=connection), output)
    finally:
        os._exit(1)  # whatever happens, a child does not go on as a zygote


def _warm_up() -> None:
    """Imports all that a child needs, so that no child imports it again; runs no operation."""
    import keras
    import tensorflow as tf

    import coursekit.grading.worker.operations
    import coursekit.layers  # noqa: F401

    tf.get_logger().setLevel("ERROR")  # checks trace often, which TensorFlow warns of
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    assert keras.backend.backend() == "tensorflow"


def _answer(control: socket.socket, answer: Answer) -> None:
    send_frame(control, msgspec.msgpack.encode(answer))


def _become_subreaper() -> None:
    """Children that a child leaves behind become the zygote's, which ends them."""
    if _PROC:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)


def _end_strays(children: set[int]) -> None:
    if not _PROC:
        return
    for _ in range(100):  # ending one stray may orphan its own children, so look again
        with open("/proc/thread-self/children") as listed:
            strays = [pid for pid in map(int, listed.read().split()) if pid not in children]
        if not strays:
            return
        for pid in strays:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


_PROC = os.path.isdir("/proc/self/task")

if __name__ == "__main__":
    main()
