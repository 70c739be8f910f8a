"""The life of a forked child: build the walls, load one file, answer requests until told to go."""

import importlib.util
import io
import os
import re
import socket
import sys
import traceback
from typing import Any

import msgspec

from coursekit.grading.isolation import Wall
from coursekit.grading.protocol import (
    Failure,
    ProtocolError,
    Reply,
    Request,
    decode,
    encode,
    receive_frame,
    send_frame,
)
from coursekit.grading.worker.forbidden import poison
from coursekit.grading.worker.touched import Touched
from coursekit.grading.worker.walls.audit import watch_events
from coursekit.grading.worker.walls.confine import confine, python_folders


class Job(msgspec.Struct):
    """What a child is for: one file of one unit. The file itself comes later, and not through the zygote."""

    module: str
    folder: str
    forbidden: list[str]
    hidden_folders: list[str]
    memory_bytes: int
    cpu_seconds: int


class Place(msgspec.Struct):
    """Where a child is born: the level to reach, the namespaces it is in, and the user it should become."""

    strict: bool
    namespaces: Wall
    user: int


def live(job: Job, place: Place, connection: socket.socket, output: int) -> None:
    """Never returns to the caller's code path: the process ends here."""
    status = 1
    try:
        _leave_the_zygote(connection.fileno(), output)
        walls = confine(
            job.folder,
            place.user,
            job.memory_bytes,
            job.cpu_seconds,
            place.strict,
            place.namespaces,
        )
        send_frame(connection, msgspec.msgpack.encode(walls))
        _serve(job, connection)
        status = 0
    except (EOFError, ConnectionError):
        status = 0
    except BaseException:  # whatever it is, the judge sees a closed connection
        traceback.print_exc()
    finally:
        os._exit(status)


def _leave_the_zygote(connection: int, output: int) -> None:
    """A session of its own, its own standard files, and no other file that the zygote had open."""
    os.setsid()
    devnull = os.open(os.devnull, os.O_RDONLY)
    os.dup2(devnull, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, connection)
    os.closerange(connection + 1, 1024)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = io.TextIOWrapper(
        io.FileIO(1, "w", closefd=False), "utf-8", "replace", write_through=True
    )
    sys.stderr = io.TextIOWrapper(
        io.FileIO(2, "w", closefd=False), "utf-8", "replace", write_through=True
    )


def _serve(job: Job, connection: socket.socket) -> None:
    request = decode(receive_frame(connection), Request)
    if request.operation == "attempt":  # the judge tries the walls before it trusts them
        from coursekit.grading.worker.walls.attempts import attempt

        while True:
            send_frame(connection, encode(Reply(attempt(request.variant))))
            request = decode(receive_frame(connection), Request)

    seen: list[str] = []
    poison(job.forbidden, seen)
    watch_events(job.folder, job.hidden_folders, python_folders(), seen)
    del seen[:]
    file = File(job.module, job.folder)
    while True:
        send_frame(connection, _answer(file, request, seen))
        request = decode(receive_frame(connection), Request)


def _answer(file: "File", request: Request, seen: list[str]) -> bytes:
    del seen[:]
    try:
        reply = file.answer(request)
    except BaseException as error:  # SystemExit and KeyboardInterrupt of student code too
        reply = Reply(failure=_failure(error, file.name))
    if seen:
        reply = Reply(failure=Failure("Forbidden", seen[0]))
    try:
        return encode(reply)
    except ProtocolError as error:
        return encode(Reply(failure=Failure("ProtocolError", str(error))))


class File:
    """The file under judgement: its text, its module, and the objects that the present check has made."""

    def __init__(self, name: str, folder: str):
        from coursekit.grading.worker.operations import perform
        from coursekit.grading.worker.values import Objects

        self.name = name
        self._folder = folder
        self._perform, self._new_objects = perform, Objects
        self._objects = Objects(None)
        self._source = ""
        self._loads = 0
        self._used = False
        self._touched = Touched(folder)

    def answer(self, request: Request) -> Reply:
        """Does what is asked; what student code raises passes through."""
        if request.operation == "load":
            self._source = request.variant["source"]
            self._load()
        elif request.operation == "begin":
            self._begin(request.variant["seed"], request.variant["watch"])
        elif request.operation == "touched":
            return Reply(self._touched.stop())
        else:
            return self._perform(self._objects, request)
        return Reply()

    def _begin(self, seed: int, watch: bool) -> None:
        """A check finds nothing that an earlier one left behind."""
        import keras

        if watch:
            self._touched.start()
        self._objects.clear()
        if self._used or watch:
            self._load()
        self._used = True
        keras.utils.clear_session(free_memory=False)
        keras.utils.set_random_seed(seed)

    def _load(self) -> None:
        """Runs the file from the start: whatever it keeps at its top level is fresh."""
        self._loads += 1
        folder = os.path.join(self._folder, str(self._loads))
        self._objects = self._new_objects(_load(self.name, self._source, folder))
        self._used = False


def _load(name: str, source: str, folder: str) -> Any:
    """Runs the file from a folder of its own, so that nothing remembers an earlier one by its path."""
    os.mkdir(folder)
    path = os.path.join(folder, name + ".py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # The text itself, as the rules have read it: a coding line in it means nothing.
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    return module


def _failure(error: BaseException, module: str) -> Failure:
    """What was raised and which line of the student's file was running."""
    kind = type(error).__name__
    if isinstance(error, MemoryError) or "ResourceExhausted" in kind:
        kind = "MemoryError"
    line, source = None, ""
    for frame in traceback.extract_tb(error.__traceback__):
        if os.path.basename(frame.filename) == module + ".py":
            line, source = frame.lineno, frame.line or ""
    if isinstance(error, SyntaxError):
        line, source = error.lineno, (error.text or "").strip()
        return Failure(kind, str(error.msg), line, source[:200])
    return Failure(kind, _brief(error), line, source.strip()[:200])


def _brief(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException:  # a student's own __str__ may do anything
        return "(its message cannot be shown)"
    if "in user code:" in text:  # AutoGraph repeats the traceback; the cause comes last
        paragraphs = [part.strip() for part in text.strip().split("\n\n") if part.strip()]
        text = paragraphs[-1]
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)  # Keras prints its errors in bold
    text = re.sub(
        r"\{\{function_node .*?\}\}", "", text
    )  # TensorFlow's name for a place of its own
    text = text.split("Arguments received by")[0]  # Keras repeats whole tensors there
    return " ".join(text.split())[:400]
