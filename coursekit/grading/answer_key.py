"""What the reference and the named mistakes answer to a unit's checks, for one seed, kept.

Requests to the reference are made from the check's own inputs, so for a public seed they are always the same:
answers are found by a digest of everything asked in the check so far. For mistakes the whole list of
answers is kept, to be compared with a student's. On disk a key is one msgpack file of arrays,
named by a digest of all it depends on; a key that cannot be read is made again.
"""

import contextlib
import hashlib
import os
import tempfile
import threading
from pathlib import Path

import msgspec

from coursekit.grading.verdicts import Verdict

MAX_KEPT = 4 * 2**20  # of one answer and its request; a check has no larger ones of its own


class Transcript(msgspec.Struct):
    """How a mistake fared in one check, and what it answered."""

    verdict: Verdict
    replies: list[bytes]

    @property
    def failed(self) -> bool:
        return self.verdict != "passed"


class _Contents(msgspec.Struct):
    answers: dict[str, bytes] = {}
    mistakes: dict[str, dict[str, Transcript]] = {}
    touched: dict[str, list[str] | None] = {}


class AnswerKey:
    """Answers of one unit under one seed. With a path, they outlive the process."""

    def __init__(self, path: Path | None = None):
        self._path = path
        self._contents = _Contents()
        self._changed = False
        self.completing = threading.Lock()  # runs that share a key complete it one after the other
        if path is not None:
            with contextlib.suppress(OSError, msgspec.MsgspecError):
                self._contents = msgspec.msgpack.decode(path.read_bytes(), type=_Contents)

    def answer(self, digest: str) -> bytes | None:
        return self._contents.answers.get(digest)

    def keep_answer(self, digest: str, reply: bytes) -> None:
        self._contents.answers[digest] = reply
        self._changed = True

    def transcripts(self, check: str) -> dict[str, Transcript]:
        """The known transcripts of a check, by mistake."""
        return self._contents.mistakes.get(check, {})

    def keep_transcript(self, check: str, mistake: str, transcript: Transcript) -> None:
        self._contents.mistakes.setdefault(check, {})[mistake] = transcript
        self._changed = True

    def touched(self) -> dict[str, list[str] | None]:
        """By check, the functions of the solution that it runs; None where that is not known."""
        return self._contents.touched

    def keep_touched(self, check: str, functions: list[str] | None) -> None:
        self._contents.touched[check] = functions
        self._changed = True

    def save(self) -> None:
        """Writes the file in one piece; a cache that cannot be written is done without."""
        if self._path is None or not self._changed:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._path.parent)
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.msgpack.encode(self._contents))
            os.replace(name, self._path)
            self._changed = False


class Recorded:
    """Looks answers up by everything asked so far in the check."""

    def __init__(self, key: AnswerKey):
        self._key = key
        self._digest = b""

    def begin(self, check: str) -> None:
        self._digest = hashlib.sha256(check.encode()).digest()

    def find(self, request: bytes) -> bytes | None:
        following = self._next(request)
        known = self._key.answer(following.hex())
        if known is not None:
            self._digest = following
        return known

    def add(self, request: bytes, reply: bytes) -> None:
        self._digest = self._next(request)
        if len(request) + len(reply) <= MAX_KEPT:
            self._key.keep_answer(self._digest.hex(), reply)

    def _next(self, request: bytes) -> bytes:
        return hashlib.sha256(self._digest + request).digest()


def cache_folder() -> Path:
    """Where keys are kept: $XDG_CACHE_HOME or ~/.cache, under coursekit/answers."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "coursekit" / "answers"
