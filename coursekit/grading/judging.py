"""Runs one check against one piece of code and says what came of it."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from coursekit.grading.child_process import GraderFault, WorkerDied
from coursekit.grading.expect import CheckFailed, StudentError
from coursekit.grading.handle import Party, RemoteModule
from coursekit.grading.verdicts import Verdict

DEFAULT_SECONDS = 10.0
MAX_MESSAGE = 1000


class Check(NamedTuple):
    """One graded test: what it is worth and what must have passed before."""

    name: str
    title: str
    points: int
    seconds: float
    needs: tuple[str, ...]
    function: Callable

    @classmethod
    def from_item(cls, item: pytest.Function) -> "Check":
        """Reads a collected test; raises `ValueError` if its marks make no sense."""
        worth = item.get_closest_marker("points")
        if worth is None or not isinstance(worth.args[0], int) or worth.args[0] < 1:
            raise ValueError(f"{item.nodeid} has no @points(n) with a whole number")
        limit = item.get_closest_marker("time_limit")
        needed = item.get_closest_marker("needs")
        text = (item.function.__doc__ or item.name).strip()
        return cls(
            item.name,
            text.splitlines()[0],
            worth.args[0],
            float(limit.args[0]) if limit else DEFAULT_SECONDS,
            tuple(needed.args) if needed else (),
            item.function,
        )


class Outcome(NamedTuple):
    """The verdict on one piece of code in one check."""

    verdict: Verdict
    message: str = ""
    category: str = ""


def judge(check: Check, party: Party, reference: Party, unit: str, seed: int) -> Outcome:
    """Runs the check; everything that can happen ends in exactly one verdict.

    Its message is one line of printable text, however much of it came from the code under judgement.
    """
    outcome = _outcome(check, party, reference, unit, seed)
    return outcome._replace(message=_tellable(outcome.message))


def _outcome(check: Check, party: Party, reference: Party, unit: str, seed: int) -> Outcome:
    own_seed = check_seed(seed, unit, check.name)
    try:
        party.begin(check.name, own_seed, check.seconds)
        reference.begin(check.name, own_seed, max(check.seconds, 60.0))
        check.function(
            **{
                name: value
                for name, value in (
                    ("student", RemoteModule(party)),
                    ("reference", _Trusted(reference)),
                    ("rng", np.random.default_rng(own_seed)),
                )
                if name
                in check.function.__code__.co_varnames[: check.function.__code__.co_argcount]
            }
        )
    except CheckFailed as failed:
        return Outcome("failed", str(failed), failed.category)
    except StudentError as error:
        return _raised(error, unit)
    except WorkerDied as died:
        return Outcome(died.verdict, str(died), died.verdict)
    except ReferenceFailed as error:
        return Outcome("grader-fault", f"The reference failed: {error}. Please report this.")
    except GraderFault as error:
        return Outcome("grader-fault", f"{error}. Please try again.")
    except (KeyboardInterrupt, SystemExit):
        raise
    except Exception as error:  # a fault of the check or, more likely, an answer it did not foresee
        return _unforeseen(error, party)
    return Outcome("passed")


class ReferenceFailed(Exception):
    """The reference did not answer: a fault of ours."""


class _Trusted(RemoteModule):
    """The reference's module; what goes wrong there is never the student's fault."""

    def __init__(self, party: Party):
        super().__init__(_TrustedParty(party))  # type: ignore[arg-type]


class _TrustedParty:
    """Passes requests on and turns every failure into `ReferenceFailed`."""

    def __init__(self, party: Party):
        self._party = party

    def ask(self, request):
        try:
            return self._party.ask(request)
        except (StudentError, WorkerDied, CheckFailed) as error:
            raise ReferenceFailed(str(error)) from error


def _tellable(text: str) -> str:
    """No line breaks, control sequences, hidden or reversed writing, and not without end."""
    line = " ".join(text[: 4 * MAX_MESSAGE].split())[:MAX_MESSAGE]
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )


def check_seed(seed: int, unit: str, check: str) -> int:
    """The seed of one check in one run."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{unit}/{check}".encode()).digest()[:4], "big")


def _raised(error: StudentError, unit: str) -> Outcome:
    where = f"{unit}.py, line {error.line}: " if error.line else f"{unit}.py: "
    if error.kind == "NotImplementedError" and "is not written yet" in error.detail:
        return Outcome("failed", f"Not written yet ({where.rstrip(': ')}).", "not-written")
    if error.kind in ("SyntaxError", "IndentationError", "TabError"):
        shown = f": `{error.source}`" if error.source else ""
        return Outcome("error", f"{where}{error.kind}, {error.detail}{shown}", "error")
    if error.kind == "SystemExit":
        return Outcome("error", f"{where}your code calls exit(); remove it.", "error")
    if error.kind == "OSError" and "too large" in error.detail:
        return Outcome("error", f"{where}your code prints or writes more than 16 MB.", "error")
    if error.kind == "ProtocolError":
        return Outcome("error", f"What your code returned cannot be sent: {error.detail}.", "error")
    if error.kind == "AttributeError" and not error.line:
        return Outcome("error", f"{where}{error.detail}. Was a name in the stub changed?", "error")
    shown = f" (`{error.source}`)" if error.source else ""
    return Outcome("error", f"{where}{error.kind}: {error.detail}{shown}", "error")


def _unforeseen(error: Exception, party: Party) -> Outcome:
    """A check that stumbles over what the student returned is a failed check, not a fault of ours."""
    if party.replies:
        return Outcome(
            "failed",
            f"What your code returned does not have the form this check needs ({type(error).__name__}: "
            f"{error}). Compare with the stub's docstring.",
            "structure",
        )
    return Outcome("grader-fault", f"The check itself failed: {type(error).__name__}: {error}.")
