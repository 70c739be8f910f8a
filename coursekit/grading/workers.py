"""Starts the zygote, and through it the children that student code runs in.

Nothing secret is ever in the zygote: no answers, no results, no student's text, nothing of the judge's environment.
"""

import contextlib
import os
import site
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Literal

import msgspec

from coursekit.errors import UserError
from coursekit.grading.child_process import GraderFault, Worker
from coursekit.grading.isolation import Isolation, isolation_of
from coursekit.grading.protocol import receive_frame, send_frame
from coursekit.grading.worker.trees import remove_tree

Asked = Literal["best", "strict", "basic"]

START_SECONDS = 120
MEMORY_BYTES = 2 * 2**30
CPU_SECONDS = 300
# What the zygote inherits of the judge's environment.
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "TMPDIR")
_ZYGOTE = "coursekit.grading.worker.zygote"


class Zygote:
    """A warm process that forks workers. Starts in the background; `spawn` waits until it is warm."""

    def __init__(self, isolation: Asked = "best", bare: bool = False):
        """`bare`: without TensorFlow, for trying the walls."""
        self._asked = isolation
        self._bare = bare
        self._reached: Isolation | None = None
        self._process: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._warm = False
        self._closed = False
        self.generation = 0  # how many processes this object has had
        self._talking = threading.Lock()  # one command and its answer at a time
        self.folder = tempfile.TemporaryDirectory(prefix="coursekit-", ignore_cleanup_errors=True)
        os.chmod(
            self.folder.name, 0o711
        )  # children may be other users, each with a folder of its own

    def start(self) -> None:
        """Starts the process and returns at once."""
        ours, theirs = socket.socketpair()
        environment = {
            # Nothing else: what the judge's environment holds is not for student code to read.
            **{name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
            "OPENBLAS_NUM_THREADS": "1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            # oneDNN's allocator waits ten seconds before it says that memory is short.
            "TF_ENABLE_ONEDNN_OPTS": "0",
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "-1",
            "PYTHONHASHSEED": "0",
            "PYTHONSAFEPATH": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUSERBASE": site.getuserbase(),
            "HOME": os.path.join(self.folder.name, "home"),
            "KERAS_HOME": os.path.join(self.folder.name, "home"),
            # The package itself, wherever it was found.
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        }
        with theirs:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", _ZYGOTE, str(theirs.fileno()), self.folder.name),
                    *(self._asked, *(["bare"] if self._bare else [])),
                ],
                pass_fds=[theirs.fileno()],
                env=environment,
                cwd=self.folder.name,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=open(os.path.join(self.folder.name, "zygote.log"), "wb"),  # noqa: SIM115
                start_new_session=True,
            )
        self._control = ours
        self._warm = False
        self.generation += 1

    def spawn(self, job: "JobRequest") -> Worker:
        """Forks a child for the job. A zygote that cannot is replaced once."""
        for attempt in (1, 2):
            generation = self.generation
            try:
                with self._talking:
                    worker = self._spawn(job)
                self._look_at_walls(worker)
                return worker
            except (GraderFault, OSError, EOFError) as error:
                with self._talking:
                    if self.generation == generation and not self._closed:
                        self._stop()  # unless somebody has replaced it in the meantime
                if self._closed or attempt == 2:
                    raise GraderFault(f"no worker could be started: {error}") from error
        raise AssertionError

    def _spawn(self, job: "JobRequest") -> Worker:
        self._wait_until_warm()
        assert self._control is not None
        folder = tempfile.mkdtemp(dir=self.folder.name)
        output = tempfile.TemporaryFile()  # noqa: SIM115
        ours, theirs = socket.socketpair()
        with theirs:
            packed = msgspec.msgpack.encode(job.in_folder(folder))
            send_frame(self._control, msgspec.msgpack.encode({"type": "Spawn", "job": packed}))
            socket.send_fds(self._control, [b"\0"], [theirs.fileno(), output.fileno()])
        answer = self._answer()
        if answer["problem"]:
            raise GraderFault(answer["problem"])
        process = self._process_descriptor()
        pid = _number_of(process) if process is not None else answer["pid"]
        return Worker(self, answer["pid"], pid, process, ours, output, folder, job.memory_bytes)

    def _look_at_walls(self, worker: Worker) -> None:
        """Before any student's code is sent: are the walls what was asked for, and those of the first child?"""
        try:
            reached = isolation_of(worker.walls())
            if self._asked == "strict" and reached.level != "strict":
                raise UserError(f"The strict walls cannot be had here: {reached.reason}.")
            if self._reached is not None and reached.level != self._reached.level:
                raise GraderFault(f"a worker has other walls than the first: {reached.reason}")
        except BaseException:
            worker.close()
            raise
        self._reached = reached

    def isolation(self) -> Isolation:
        """The level that children reach, found by building the walls for one; waits until warm."""
        if self._reached is None:
            self.spawn(JobRequest("trial")).close()
        assert self._reached is not None
        return self._reached

    def _process_descriptor(self) -> int | None:
        if sys.platform != "linux":
            return None
        assert self._control is not None
        _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        return descriptors[0]

    def reap(self, pid: int, generation: int) -> int | None:
        """The wait status of a child that has ended; ends what it left behind.

        None if the child's zygote is gone: it took its children with it, whatever they did.
        """
        with self._talking, contextlib.suppress(GraderFault, OSError):
            if self._control is None or generation != self.generation:
                return None
            send_frame(self._control, msgspec.msgpack.encode({"type": "Reap", "pid": pid}))
            return self._answer()["status"]
        return None

    def _wait_until_warm(self) -> None:
        if self._closed:
            raise GraderFault("grading was stopped")
        if self._process is None or self._process.poll() is not None:
            self.start()
        if not self._warm:
            self._answer(START_SECONDS)
            self._warm = True

    def _answer(self, seconds: float = 30) -> dict:
        assert self._control is not None and self._process is not None
        self._control.settimeout(seconds)
        try:
            return msgspec.msgpack.decode(receive_frame(self._control), type=dict)
        except (OSError, EOFError) as error:
            log = (
                Path(self.folder.name, "zygote.log").read_bytes()[-2000:].decode("utf-8", "replace")
            )
            last = log.strip().splitlines()[-1:] or ["no message"]
            raise GraderFault(f"the zygote does not answer ({error}): {last[0]}") from error

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Ends the process and all its children; nothing can be started any more."""
        self._closed = True
        self._stop()
        remove_tree(self.folder.name)
        self.folder.cleanup()

    def __enter__(self) -> "Zygote":
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class JobRequest(msgspec.Struct):
    """What the judge asks the zygote for; mirrors the worker's `Job`."""

    module: str
    forbidden: list[str] = []
    hidden_folders: list[str] = []
    memory_bytes: int = MEMORY_BYTES
    cpu_seconds: int = CPU_SECONDS

    def in_folder(self, folder: str) -> dict:
        return {**msgspec.to_builtins(self), "folder": folder}


def _number_of(process: int) -> int:
    """The process that a descriptor stands for, as this process knows it."""
    with open(f"/proc/self/fdinfo/{process}") as info:
        for line in info:
            if line.startswith("Pid:"):
                return int(line.split()[1])
    raise GraderFault("a worker ended as it began")


def require_supported_platform() -> None:
    """Grading forks and passes descriptors: it needs a POSIX system."""
    if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
        raise UserError("Grading needs Linux or macOS (on Windows: WSL). Nothing was graded.")
