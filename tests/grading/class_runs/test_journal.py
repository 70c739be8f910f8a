"""The journal keeps what it was told, tells runs apart, and refuses what it is not."""

import subprocess
import sys

import pytest

from coursekit.errors import UserError
from coursekit.grading.class_runs.journal import Explanation, Journal, Work
from coursekit.grading.class_runs.seeds import VARIANTS, Secret
from coursekit.grading.verdicts import CheckResult

WORK = Work("digest", "ex02_lstm", "course", "strict")
PASSED = CheckResult("test_one", "passed", 3, 3)
FAILED = CheckResult("test_two", "failed", 0, 4, "The answer is wrong.")


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def test_it_gives_back_what_it_was_given(journal):
    journal.add(WORK, PASSED)
    journal.add(WORK, FAILED)
    journal.explain(WORK, Explanation([PASSED, FAILED], ["a flag"]))
    assert journal.verdicts(WORK) == [PASSED, FAILED]
    assert journal.explanation(WORK) == Explanation([PASSED, FAILED], ["a flag"])


@pytest.mark.parametrize("place", range(4))
def test_a_verdict_belongs_to_all_that_it_depends_on(journal, place):
    journal.add(WORK, PASSED)
    other = Work(*("another" if n == place else value for n, value in enumerate(WORK)))
    assert journal.verdicts(other) == []
    assert journal.explanation(other) is None


def test_a_fault_of_ours_is_not_kept(journal):
    journal.add(WORK, CheckResult("test_one", "grader-fault", 0, 3))
    assert journal.verdicts(WORK) == []


def test_what_is_forgotten_is_gone_and_nothing_else(journal):
    other = WORK._replace(unit="ex03_gru")
    for work in (WORK, other):
        journal.add(work, PASSED)
        journal.explain(work, Explanation([PASSED], []))
    journal.forget([WORK])
    assert journal.verdicts(WORK) == []
    assert journal.explanation(WORK) is None
    assert journal.verdicts(other) == [PASSED]


def test_what_was_written_survives_kill_9(tmp_path):
    path = tmp_path / "journal.sqlite"
    script = (
        "import os, signal, sys\nfrom pathlib import Path\n"
        "from coursekit.grading.class_runs.journal import Journal, Work\n"
        "from coursekit.grading.verdicts import CheckResult\n"
        f"journal = Journal(Path({str(path)!r}))\n"
        "for n in range(100):\n"
        "    journal.add(Work('d', 'u', 'c', 'strict'), CheckResult(f'test_{n:03}', 'passed', 1, 1))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    journal = Journal(path)
    assert len(journal.verdicts(Work("d", "u", "c", "strict"))) == 100
    journal.close()


def test_two_runs_do_not_write_into_one_journal(journal):
    journal.add(WORK, PASSED)
    with pytest.raises(UserError, match="another run is grading into it"):
        Journal(journal.path)


def test_another_secret_is_refused(journal):
    journal.belongs_to("one")
    journal.belongs_to("one")
    with pytest.raises(UserError, match="begun with another secret"):
        journal.belongs_to("two")


def test_a_foreign_file_is_refused(tmp_path):
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(UserError, match="not a journal"):
        Journal(path)


def test_another_journal_is_taken_over(journal, tmp_path):
    other = Journal(tmp_path / "other.sqlite")
    other.belongs_to("one")
    other.add(WORK, PASSED)
    other.explain(WORK, Explanation([PASSED], []))
    other.close()
    journal.belongs_to("one")
    journal.take_over(tmp_path / "other.sqlite")
    assert journal.verdicts(WORK) == [PASSED]
    assert journal.explanation(WORK) is not None


def test_one_of_another_secret_is_not(journal, tmp_path):
    other = Journal(tmp_path / "other.sqlite")
    other.belongs_to("two")
    other.close()
    journal.belongs_to("one")
    with pytest.raises(UserError, match="another secret"):
        journal.take_over(tmp_path / "other.sqlite")


def test_seeds_follow_from_secret_unit_and_text_alone():
    one, other = Secret(b"x" * 16), Secret(b"y" * 16)
    digests = [str(n) for n in range(400)]
    seeds = [one.seed("ex02_lstm", digest) for digest in digests]
    assert seeds == [Secret(b"x" * 16).seed("ex02_lstm", digest) for digest in digests]
    assert len(set(seeds)) == VARIANTS
    assert not set(seeds) & {other.seed("ex02_lstm", digest) for digest in digests}
    assert not set(seeds) & {one.seed("ex03_gru", digest) for digest in digests}
    assert one.fingerprint() != other.fingerprint()
    assert all(seed > 2**20 for seed in seeds)


def test_a_secret_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "keys" / "secret"
    made = Secret.create(path)
    assert path.stat().st_mode & 0o077 == 0
    assert Secret.read(path).fingerprint() == made.fingerprint()
    with pytest.raises(UserError, match="cannot be made"):
        Secret.create(path)


def test_a_poor_or_missing_secret_is_refused(tmp_path):
    path = tmp_path / "secret"
    path.write_text("short")
    with pytest.raises(UserError, match="5 bytes"):
        Secret.read(path)
    with pytest.raises(UserError, match="cannot be read"):
        Secret.read(tmp_path / "none")
