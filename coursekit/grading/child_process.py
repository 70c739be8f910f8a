"""The judge's side of one child: asks it, watches its time, memory, folder and threads, ends it when it overstays.

Nothing here trusts the child: what it sends is decoded with limits, what it takes is looked at from outside, and how it
ended is told by the kernel.
"""

import contextlib
import os
import select
import signal
import socket
import time
from typing import Protocol

import msgspec
import psutil

from coursekit.grading import cgroups
from coursekit.grading.isolation import Wall
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

FOLDER_BYTES, FOLDER_FILES = 256 * 2**20, 4096  # where the private folder has no limit of its own
THREADS = 512  # where no control group counts them
OUTPUT_SHOWN = 4000
_CONFINED_SECONDS = 120  # until a child has built its walls, on a machine however busy
_LOOK_SECONDS = 0.02
_FOLDER_LOOK_SECONDS = 0.2


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


class Reaper(Protocol):
    """Who started the child and can say how it ended: the zygote, which may be replaced."""

    generation: int

    def reap(self, pid: int, generation: int) -> int | None: ...


class Worker:
    """One child. `ask` sends a request and waits for its reply, until a deadline."""

    def __init__(
        self,
        zygote: Reaper,
        number: int,
        pid: int,
        process: int | None,
        connection: socket.socket,
        output,
        folder: str,
        memory_bytes: int,
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
        self._memory_bytes = memory_bytes
        self._memory_limit = _resident_bytes(pid) + memory_bytes
        self._group = cgroups.confine(pid, memory_bytes)
        self._folder_is_limited = False
        self._folder_seen = 0.0
        self.alive = True

    def walls(self) -> dict[str, Wall]:
        """What the child says of its walls, before any student's code has reached it."""
        try:
            self._connection.settimeout(_CONFINED_SECONDS)
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


def _size(count: int) -> str:
    return f"{count / 2**30:.0f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
