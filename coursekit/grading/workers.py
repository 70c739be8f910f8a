"""The judge's side of the workers: starts the zygote, asks children, kills those that overstay.

Nothing here trusts a child: what it sends is decoded with limits, its time and memory are watched from
outside, and how it ended is told by the kernel.
"""

import contextlib
import os
import select
import signal
import site
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Literal

import msgspec
import psutil

from coursekit.errors import UserError
from coursekit.grading import cgroups
from coursekit.grading.isolation import Isolation, Wall, isolation_of
from coursekit.grading.protocol import (
    ProtocolError,
    Reply,
    Request,
    decode,
    encode,
    frame_length,
    receive_frame,
    send_frame,
)
from coursekit.grading.verdicts import Verdict
from coursekit.grading.worker.trees import has_more_than, remove_tree

Asked = Literal["best", "strict", "basic"]

START_SECONDS = 120
MEMORY_BYTES = 2 * 2**30
CPU_SECONDS = 300
FOLDER_BYTES, FOLDER_FILES = 256 * 2**20, 4096  # where the private folder has no limit of its own
THREADS = 512  # where no control group counts them
OUTPUT_SHOWN = 4000
_LOOK_SECONDS = 0.02
_FOLDER_LOOK_SECONDS = 0.2
# What the zygote inherits of the judge's environment.
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "TMPDIR")
_ZYGOTE = "coursekit.grading.worker.zygote"


class WorkerDied(Exception):
    """The child is gone, or had to be ended; carries the verdict and a sentence for the student."""

    def __init__(self, verdict: Verdict, message: str):
        super().__init__(message)
        self.verdict = verdict


class GraderFault(Exception):
    """Something of ours failed; never charged to the student."""


class Clock:
    """The time a child may take: `seconds` of its processor, and four times that on the wall.

    Processor time is fair on a busy machine; wall time ends what sleeps. The wall's clock runs only while the
    child is asked something: what the judge and the reference take is not the student's.
    """

    def __init__(self, seconds: float):
        self.seconds = seconds
        self._wall_left = 4 * seconds
        self._wall_end = 0.0
        self._processor_end: float | None = None

    def __enter__(self) -> "Clock":
        self._wall_end = time.monotonic() + self._wall_left
        return self

    def __exit__(self, *_exception: object) -> None:
        self._wall_left = self.wall_left()

    def wall_left(self) -> float:
        return self._wall_end - time.monotonic()

    def is_over(self, pid: int) -> bool:
        used = _processor_seconds(pid)
        if self._processor_end is None:
            self._processor_end = used + self.seconds
        return used > self._processor_end or self.wall_left() < 0


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

    def spawn(self, job: "JobRequest") -> "Worker":
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

    def _spawn(self, job: "JobRequest") -> "Worker":
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
        return Worker(self, answer["pid"], pid, process, ours, output, folder, job)

    def _look_at_walls(self, worker: "Worker") -> None:
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


class Worker:
    """One child. `ask` sends a request and waits for its reply, until a deadline."""

    def __init__(
        self,
        zygote: Zygote,
        number: int,
        pid: int,
        process: int | None,
        connection: socket.socket,
        output,
        folder: str,
        job: JobRequest,
    ):
        """`number` is the process in the zygote's world, `pid` the same one in ours."""
        self._zygote = zygote
        self._generation = zygote.generation
        self._number = number
        self.pid = pid
        self._process = process
        self._connection = connection
        self._output = output
        self._folder = folder
        self._memory_bytes = job.memory_bytes
        self._memory_limit = _resident_bytes(pid) + job.memory_bytes
        self._group = cgroups.confine(pid, job.memory_bytes)
        self._folder_is_limited = False
        self._folder_seen = 0.0
        self.alive = True

    def walls(self) -> dict[str, Wall]:
        """What the child says of its walls, before any student's code has reached it."""
        try:
            self._connection.settimeout(START_SECONDS)
            frame = receive_frame(self._connection)
            walls = msgspec.msgpack.decode(frame, type=dict[str, Wall])
            self._folder_is_limited = "private folder" in walls and walls["private folder"].stands
            return walls
        except (OSError, EOFError, ProtocolError, msgspec.MsgspecError) as error:
            raise GraderFault(
                f"a worker could not be confined: {self.output() or error}"
            ) from error

    def ask(self, request: Request, clock: Clock) -> Reply:
        """The reply; raises `WorkerDied` when there is none."""
        body = encode(request)
        try:
            with clock:
                self._connection.settimeout(max(0.1, clock.wall_left()))
                if select.select([self._connection], [], [], 0)[0] and not self._has_ended():
                    raise ProtocolError("it came before the question")
                send_frame(self._connection, body)
                received = self._receive(clock)
            reply = decode(received, Reply)
        except (EOFError, ConnectionError):
            raise self._how_it_ended() from None
        except TimeoutError:
            raise self._kill("timeout", _took_too_long(clock.seconds)) from None
        except ProtocolError as error:
            raise self._kill("error", f"The answer cannot be read: {error}.") from error
        if reply.failure is not None and reply.failure.kind == "MemoryError":
            raise self._kill("out-of-memory", self._too_much_memory(reply.failure.line))
        return reply

    def _receive(self, clock: Clock) -> bytes:
        received = bytearray()
        wanted, length, looked = 4, None, time.monotonic()
        while True:
            ready, _, _ = select.select([self._connection], [], [], _LOOK_SECONDS)
            if ready:
                part = self._connection.recv(min(wanted - len(received), 2**20))
                if not part:
                    raise EOFError
                received += part
                if len(received) == wanted:
                    if length is not None:
                        return bytes(received)
                    wanted = length = frame_length(bytes(received))
                    received = bytearray()
                    if length == 0:
                        return b""
            if time.monotonic() < looked + _LOOK_SECONDS:
                continue
            looked = time.monotonic()
            if clock.is_over(self.pid):
                raise self._kill("timeout", _took_too_long(clock.seconds))
            if _resident_bytes(self.pid) > self._memory_limit:
                raise self._kill("out-of-memory", self._too_much_memory())
            if not self._folder_is_limited and looked > self._folder_seen + _FOLDER_LOOK_SECONDS:
                self._folder_seen = looked
                if has_more_than(self._folder, FOLDER_BYTES, FOLDER_FILES):
                    words = (
                        f"Your code wrote more than {_size(FOLDER_BYTES)} or {FOLDER_FILES} files."
                    )
                    raise self._kill("forbidden", words)
            if self._group is None and _threads(self.pid) > THREADS:
                words = f"Your code started more than {THREADS} threads."
                raise self._kill("forbidden", words)

    def _has_ended(self) -> bool:
        """Whether what can be read is the end of the connection."""
        return not self._connection.recv(1, socket.MSG_PEEK)

    def _too_much_memory(self, line: int | None = None) -> str:
        where = f" (line {line})" if line else ""
        return f"Your code asked for more than {_size(self._memory_bytes)} of memory{where}."

    def _kill(self, verdict: Verdict, message: str) -> WorkerDied:
        self.close()
        return WorkerDied(verdict, message)

    def _how_it_ended(self) -> WorkerDied:
        ran_out = self._group is not None and self._group.ran_out()
        status = self.close(kill=False)
        if status is None:
            raise GraderFault("the process that starts workers has ended")
        if ran_out:
            return WorkerDied("out-of-memory", self._too_much_memory())
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            if number == signal.SIGXCPU:
                return WorkerDied("timeout", "Your code used up its processor time.")
            if number == signal.SIGSYS:
                words = "The code makes a system call that no homework needs."
                return WorkerDied("forbidden", words)
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            return WorkerDied("crashed", f"Your code ended the process that ran it ({name}).")
        code = os.waitstatus_to_exitcode(status)
        return WorkerDied("crashed", f"Your code ended the process that ran it (exit code {code}).")

    def output(self) -> str:
        """The end of what the student's code printed."""
        with contextlib.suppress(OSError, ValueError):
            size = os.fstat(self._output.fileno()).st_size
            start = max(0, size - OUTPUT_SHOWN)
            text = os.pread(self._output.fileno(), OUTPUT_SHOWN, start).decode("utf-8", "replace")
            return ("... " if start else "") + text
        return ""

    def close(self, kill: bool = True) -> int | None:
        """Ends the child, if it still runs; returns its wait status, None if nobody knows it."""
        if not self.alive:
            return None
        self.alive = False
        self._connection.close()
        if not kill:  # it closed its end itself: give it a moment to be gone
            gone = time.monotonic() + 0.5
            while _is_running(self.pid) and time.monotonic() < gone:
                time.sleep(0.005)
        with contextlib.suppress(ProcessLookupError):
            if self._process is not None:
                signal.pidfd_send_signal(self._process, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGKILL)  # not yet reaped: the number is still the child's
        try:
            return self._zygote.reap(self._number, self._generation)
        finally:
            if self._process is not None:
                os.close(self._process)
            if self._group is not None:
                self._group.remove()
            remove_tree(self._folder)


def _took_too_long(seconds: float) -> str:
    return f"Your code did not answer within {seconds:g} s. Is there a loop that never ends?"


def _number_of(process: int) -> int:
    """The process that a descriptor stands for, as this process knows it."""
    with open(f"/proc/self/fdinfo/{process}") as info:
        for line in info:
            if line.startswith("Pid:"):
                return int(line.split()[1])
    raise GraderFault("a worker ended as it began")


def _resident_bytes(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _threads(pid: int) -> int:
    try:
        return psutil.Process(pid).num_threads()
    except psutil.Error:
        return 0


def _processor_seconds(pid: int) -> float:
    try:
        used = psutil.Process(pid).cpu_times()
        return used.user + used.system
    except psutil.Error:
        return 0.0


def _is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def require_supported_platform() -> None:
    """Grading forks and passes descriptors: it needs a POSIX system."""
    if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
        raise UserError("Grading needs Linux or macOS (on Windows: WSL). Nothing was graded.")


def _size(count: int) -> str:
    return f"{count / 2**30:.0f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
