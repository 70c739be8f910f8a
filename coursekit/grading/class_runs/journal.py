"""The journal of a class run: an SQLite file that each verdict is in as soon as it is known.

One transaction for each verdict, write-ahead log: what is in it survives `kill -9`. A verdict is found by
what it depends on (the submission's text, the unit's course digest, the level of isolation), not by who handed it in or
when, so a run goes on where it stopped and a regrade runs only what changed.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from coursekit.errors import UserError
from coursekit.grading.verdicts import CheckResult

JOURNAL = "journal.sqlite"
_FORM = "1"
_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    digest TEXT, unit TEXT, course TEXT, isolation TEXT, name TEXT, result BLOB NOT NULL,
    PRIMARY KEY (digest, unit, course, isolation, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS explanations (
    digest TEXT, unit TEXT, course TEXT, isolation TEXT, results BLOB NOT NULL, flags BLOB NOT NULL,
    PRIMARY KEY (digest, unit, course, isolation)) WITHOUT ROWID;
"""


class Work(NamedTuple):
    """What a verdict depends on: one unit of one text, judged with one course at one level."""

    digest: str
    unit: str
    course: str
    isolation: str


class Explanation(msgspec.Struct):
    """A unit as its student may read it, and what a person should look at."""

    checks: list[CheckResult]
    flags: list[str]


class Journal:
    """Verdicts and explanations on disk. Safe to use from several threads."""

    def __init__(self, path: Path):
        """Opens or creates the file.

        Raises:
            UserError: if it is not a journal of this form, or another run is using it.
        """
        self.path = path
        self._lock = threading.Lock()
        try:
            self._database = sqlite3.connect(
                path, timeout=1.0, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.executescript(_TABLES)
            self._agree("form", _FORM)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise UserError(f"{path} is in use: another run is grading into it.") from None
            raise UserError(f"{path} cannot be opened: {error}.") from error
        except sqlite3.DatabaseError as error:
            raise UserError(f"{path} is not a journal of coursekit: {error}.") from error

    def belongs_to(self, fingerprint: str) -> None:
        """Ties the journal to one secret; raises `UserError` if it was begun with another."""
        try:
            self._agree("secret", fingerprint)
        except UserError:
            raise UserError(
                f"{self.path} was begun with another secret. Give the seed file of that run, or another "
                "folder for the results."
            ) from None

    def holds_part(self, part: str) -> None:
        """Ties the journal to one part of a class, or to the whole; raises `UserError` if it is another's."""
        try:
            self._agree("part", part)
        except UserError:
            raise UserError(
                f"{self.path} was begun for {self.about('part')} of a class, not for {part}. Give the same --shard, "
                "or another folder for the results."
            ) from None

    def note(self, name: str, value: str) -> None:
        """Keeps a word about the run."""
        self._write("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    def about(self, name: str) -> str | None:
        for (value,) in self._read("SELECT value FROM about WHERE name = ?", (name,)):
            return value
        return None

    def add(self, work: Work, result: CheckResult) -> None:
        """Keeps one verdict; a fault of ours is not one."""
        if result.verdict != "grader-fault":
            self._write(
                "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?)",
                (*work, result.name, msgspec.json.encode(result)),
            )

    def verdicts(self, work: Work) -> list[CheckResult]:
        """The verdicts known already."""
        rows = self._read(
            "SELECT result FROM verdicts WHERE (digest, unit, course, isolation) = (?, ?, ?, ?)",
            work,
        )
        return [msgspec.json.decode(row[0], type=CheckResult) for row in rows]

    def count(self, work: Work) -> int:
        """How many verdicts are known."""
        [(number,)] = self._read(
            "SELECT count(*) FROM verdicts WHERE (digest, unit, course, isolation) = (?, ?, ?, ?)",
            work,
        )
        return number

    def explain(self, work: Work, explanation: Explanation) -> None:
        self._write(
            "INSERT OR REPLACE INTO explanations VALUES (?, ?, ?, ?, ?, ?)",
            (
                *work,
                msgspec.json.encode(explanation.checks),
                msgspec.json.encode(explanation.flags),
            ),
        )

    def explanation(self, work: Work) -> Explanation | None:
        rows = self._read(
            "SELECT results, flags FROM explanations"
            " WHERE (digest, unit, course, isolation) = (?, ?, ?, ?)",
            work,
        )
        for checks, flags in rows:
            return Explanation(
                msgspec.json.decode(checks, type=list[CheckResult]),
                msgspec.json.decode(flags, type=list[str]),
            )
        return None

    def forget(self, works: Iterable[Work]) -> None:
        """Takes verdicts out, so that they are reached anew."""
        with self._lock, self._database:
            self._database.execute("BEGIN")
            for work in works:
                for table in ("verdicts", "explanations"):
                    self._database.execute(
                        f"DELETE FROM {table}"
                        " WHERE (digest, unit, course, isolation) = (?, ?, ?, ?)",
                        work,
                    )

    def take_over(self, other: Path) -> None:
        """Adds what another journal knows and this one does not.

        Raises:
            UserError: if the other was made with another secret, is in use or is not a journal.
        """
        theirs = Journal(other)
        fingerprint = theirs.about("secret")
        theirs.close()
        if fingerprint is None:
            raise UserError(f"{other} holds no finished start of a run.")
        try:
            self.belongs_to(fingerprint)
        except UserError:
            raise UserError(f"{other} was begun with another secret than {self.path}.") from None
        with self._lock:
            try:
                self._database.execute("ATTACH ? AS other", (str(other),))
                for table in ("verdicts", "explanations"):
                    self._database.execute(
                        f"INSERT OR IGNORE INTO main.{table} SELECT * FROM other.{table}"
                    )
                self._database.execute("DETACH other")
            except sqlite3.Error as error:
                raise UserError(f"{other} cannot be taken over: {error}.") from error

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _agree(self, name: str, value: str) -> None:
        self._write("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, value))
        [(known,)] = self._read("SELECT value FROM about WHERE name = ?", (name,))
        if known != value:
            raise UserError(f"{self.path}: {name} is {known}, not {value}.")

    def _write(self, statement: str, values: tuple) -> None:
        with self._lock:
            self._database.execute(statement, values)  # each statement is a transaction

    def _read(self, statement: str, values: tuple) -> list[tuple]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()
