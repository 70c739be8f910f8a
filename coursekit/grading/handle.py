"""The handles a check holds: `student` and `reference`, their functions and their objects.

A `Party` is one piece of code under judgement (a submission, the solution, a named mistake) with the
worker that runs it. It remembers what it was asked and answered in the current check; when its
worker dies the next check gets a fresh one.
"""

import hashlib
from typing import Any

import numpy as np

from coursekit.grading.answer_key import Recorded
from coursekit.grading.child_process import Clock, Worker, WorkerDied
from coursekit.grading.expect import CheckFailed, StudentError
from coursekit.grading.protocol import Handle, Reply, Request, decode, encode
from coursekit.grading.workers import JobRequest, Zygote

LOAD_SECONDS = 20.0
KEPT_BYTES = 16 * 2**20  # of the answers to one check; of what comes after, only digests
MODULE = Handle(0)


class WeightInfo(tuple):
    """Name, shape, dtype and trainability of one weight."""

    __slots__ = ()
    name = property(lambda self: self[0])
    shape = property(lambda self: self[1])
    dtype = property(lambda self: self[2])
    trainable = property(lambda self: self[3])


class Gradients:
    """Gradients with respect to the asked arguments, and to the owner's trainable weights."""

    def __init__(self, value: dict):
        self.arguments: list[Any] = value["arguments"]
        self.weights: list[Any] = value["weights"]


class Party:
    """Code under judgement and the worker that runs it."""

    def __init__(
        self, zygote: Zygote, job: JobRequest, source: str, recorded: Recorded | None = None
    ):
        self._zygote = zygote
        self._job = job
        self._source = source  # sent to the worker itself: the zygote never holds a student's text
        self._recorded = recorded
        self._worker: Worker | None = None
        self._unloadable: Exception | None = None
        self._seed = 0
        self._clock = Clock(0.0)
        self._watched = False
        self._asked: list[Request] = []
        self._kept = 0
        self._live = False
        self.replies: list[bytes] = []
        self.output = ""

    @property
    def is_unloadable(self) -> bool:
        """Whether the file could not be loaded; it is not tried again."""
        return self._unloadable is not None

    def replace_source(self, source: str) -> None:
        """Goes on with other code in the same worker: for code of the course only, never a student's."""
        self._source = source
        self._unloadable = None
        if self._worker is not None and self._worker.alive:
            self._load(self._worker)

    def watch(self) -> None:
        """From now on notes which functions of the file each check runs: for code of the course only."""
        self._watched = True

    def touched(self) -> list[str]:
        """The functions that ran since the check began."""
        return self._ask_worker(Request("touched", MODULE)).value

    def begin(self, check: str, seed: int, seconds: float) -> None:
        """Starts a check: no objects, this seed, a new clock."""
        self._seed = seed
        self._clock = Clock(seconds)
        self._asked, self.replies, self._kept, self._live = [], [], 0, False
        if self._recorded is not None:
            self._recorded.begin(check)
        else:
            self._begin_live()

    def ask(self, request: Request) -> Reply:
        """The worker's reply, or the recorded one; what the student's code raised is raised here."""
        if self._recorded is not None and not self._live:
            known = self._recorded.find(encode(request))
            if known is not None:
                self._asked.append(request)
                return self._take(known)
            self._begin_live()
            for earlier in self._asked:  # bring the worker to where the recording stopped
                self._ask_worker(earlier)
        reply = self._ask_worker(request)
        self._asked.append(request)
        body = encode(reply)
        if self._recorded is not None:
            self._recorded.add(encode(request), body)
        return self._take(body)

    def _take(self, body: bytes) -> Reply:
        self._keep(body)
        reply = decode(body, Reply)
        if reply.failure is not None:
            failure = reply.failure
            if failure.kind == "Forbidden":
                raise WorkerDied("forbidden", f"The code {failure.message}.")
            raise StudentError(failure.kind, failure.message, failure.line, failure.source)
        if reply.mutated:
            raise CheckFailed(
                f"The call changes {', '.join(reply.mutated)} in place; the caller's values must stay "
                "as they are.",
                "mutation",
            )
        return reply

    def _keep(self, body: bytes) -> None:
        """Remembers an answer for the naming of mistakes: equal ones stay equal, and the judge stays small."""
        self._kept += len(body)
        self.replies.append(body if self._kept <= KEPT_BYTES else hashlib.sha256(body).digest())

    def _begin_live(self) -> None:
        if self._unloadable is not None:
            raise self._unloadable
        if self._worker is None or not self._worker.alive:
            self._worker = self._zygote.spawn(self._job)
            self._load(self._worker)
            self._clock = Clock(self._clock.seconds)
        variant = {"seed": self._seed, "watch": self._watched}
        self._ask_worker(Request("begin", MODULE, variant=variant))
        self._live = True

    def _load(self, worker: Worker) -> None:
        """Runs the file. A file that cannot be loaded gives every check the same verdict."""
        request = Request("load", MODULE, variant={"source": self._source})
        try:
            reply = worker.ask(request, Clock(LOAD_SECONDS))
            if reply.failure is not None:
                failure = reply.failure
                if failure.kind == "Forbidden":
                    raise WorkerDied("forbidden", f"The code {failure.message}.")
                raise StudentError(failure.kind, failure.message, failure.line, failure.source)
        except (WorkerDied, StudentError) as error:
            self._unloadable = error
            self.output = worker.output() or self.output
            worker.close()
            raise

    def _ask_worker(self, request: Request) -> Reply:
        assert self._worker is not None
        try:
            return self._worker.ask(request, self._clock)
        except WorkerDied:
            self.output = self._worker.output() or self.output
            raise

    def close(self) -> None:
        if self._worker is not None:
            self.output = self._worker.output() or self.output
            self._worker.close()
            self._worker = None


class RemoteFunction:
    """A function, class or method in the worker. Calling it sends the arguments there."""

    def __init__(self, party: Party, target: Handle, operation: str = "call", variant: Any = None):
        self._party = party
        self._target = target
        self._operation = operation
        self._variant = variant or {}

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        request = Request(
            self._operation,
            self._target,
            [_outgoing(value) for value in arguments],
            {name: _outgoing(value) for name, value in keywords.items()},
            self._variant,
        )
        value = self._party.ask(request).value
        if self._operation == "gradients":
            return Gradients(value)
        return _incoming(self._party, value)

    def _as(self, operation: str, **variant: Any) -> "RemoteFunction":
        return RemoteFunction(self._party, self._target, operation, variant)

    def numpy(self) -> "RemoteFunction":
        """With NumPy arrays in place of tensors; fails if an argument is changed in place."""
        return self._as("numpy")

    def traced(
        self, dynamic: dict[int | str, tuple[int, ...]] | None = None, calls: int | None = None
    ) -> "RemoteFunction":
        """Under `tf.function`; the named axes of the named arguments have unknown length.

        With `calls` the one graph runs that many times, and the results come as a list.
        """
        axes = [[str(name), list(which)] for name, which in (dynamic or {}).items()]
        return self._as("traced", dynamic=axes, calls=calls)

    def compiled(self) -> "RemoteFunction":
        """Under `tf.function(jit_compile=True)`."""
        return self._as("compiled")

    def gradients(
        self, wrt: tuple[int | str, ...] = (), output: int | None = None
    ) -> "RemoteFunction":
        """Gradients of the sum of the outputs times fixed random cotangents."""
        return self._as("gradients", wrt=list(wrt), output=output)

    def fitted(
        self,
        labels: np.ndarray,
        sample_weight: np.ndarray,
        steps: int = 60,
        learning_rate: float = 0.01,
    ) -> "RemoteFunction":
        """The logits after `steps` of Adam on their weighted cross-entropy."""
        return self._as(
            "fitted", data=[labels, sample_weight], steps=steps, learning_rate=learning_rate
        )


class RemoteObject(RemoteFunction):
    """An object in the worker: call it, call its methods, read its attributes."""

    def __getattr__(self, name: str) -> RemoteFunction:
        if name.startswith("_"):
            raise AttributeError(name)
        path = f"{self._target.path}.{name}" if self._target.path else name
        return RemoteFunction(self._party, Handle(self._target.number, path))

    def attribute(self, name: str) -> Any:
        """The value of an attribute."""
        return self.__getattr__(name)._as("attribute")()

    def weights_info(self) -> list[WeightInfo]:
        """Name, shape, dtype and trainability of each weight, in the order of `.weights`."""
        rows = self._as("weights_info")()
        return [WeightInfo((name, tuple(shape), dtype, flag)) for name, shape, dtype, flag in rows]


class RemoteModule(RemoteObject):
    """The student's file (or the solution's): its functions and classes by name."""

    def __init__(self, party: Party):
        super().__init__(party, MODULE)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        raise TypeError("a module is not called; call one of its functions")

    def make(self, toy: str, *arguments: Any, **keywords: Any) -> RemoteObject:
        """A toy of the course's own beside the student's code, by its name in `worker/toys.py`."""
        return self._as("make", toy=toy)(*arguments, **keywords)


def _outgoing(value: Any) -> Any:
    if isinstance(value, RemoteFunction):
        return value._target
    if isinstance(value, list | tuple):
        return type(value)(_outgoing(item) for item in value)
    return value


def _incoming(party: Party, value: Any) -> Any:
    if isinstance(value, Handle):
        return RemoteObject(party, value)
    if isinstance(value, list | tuple):
        return type(value)(_incoming(party, item) for item in value)
    return value
