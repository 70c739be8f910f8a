"""Every attack at every level: no points, its exact verdict, nothing else changed, the next one unharmed."""

import time

import pytest

from .attack import Attack
from .conftest import LEVELS, SOLUTION
from .families import ATTACKS

HONEST = SOLUTION.replace("@TOKEN@", "an honest answer")
LONGEST_SECONDS = 240  # however busy the machine; the limits themselves are some seconds
NOT_PYTHON = {
    "nested-operators",
    "nested-source",
    "no-python",
    "null-bytes",
    "a-syntax-error-that-tells",
}


def cases():
    for level in LEVELS:
        for attack in ATTACKS:
            marks = [pytest.mark.slow] if attack.slow else []
            yield pytest.param(attack, level, id=f"{level}-{attack.name}", marks=marks)


@pytest.mark.parametrize(("attack", "level"), cases())
def test_attack(attack: Attack, level: str, arena_at, monkeypatch):
    arena = arena_at(level)
    if level in attack.not_run_at:
        pytest.skip(f"would do harm at this level: {attack.reason}")
    before, started = arena.traces(), time.monotonic()
    told = arena.judge(attack.source, monkeypatch)
    assert time.monotonic() - started < LONGEST_SECONDS
    seen = [check.verdict for check in told.unit.checks]
    promised = level in attack.stopped_at
    if promised or not attack.may_earn:
        assert told.unit.points == 0, seen
        messages = [*(check.message for check in told.unit.checks), told.unit.output[-1500:]]
        assert _fits(attack, level, seen), (seen, attack.verdict_at(level), messages)
    assert told.unit.max_points == 10
    if promised:
        everything = told.everything()
        assert "ESCAPED" not in everything
        assert arena.signals == []
        for kind, token in arena.classroom.tokens.items():
            assert token not in everything, kind
        assert attack.words in told.unit.checks[0].message
    for check in told.unit.checks:
        assert len(check.message) <= 2000
        assert check.message.isprintable()
    after = arena.traces()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    arena.restore()
    assert not changed, {name: (before.get(name), after.get(name)) for name in changed}
    neighbour = arena.judge(HONEST, monkeypatch)
    assert [check.verdict for check in neighbour.unit.checks] == ["passed"] * 3
    assert neighbour.unit.points == 10
    assert neighbour.unit.output == ""


def _fits(attack: Attack, level: str, seen: list[str]) -> bool:
    verdict = attack.verdict_at(level)
    if not isinstance(verdict, str):
        return seen == list(verdict)
    judged = seen[:-1] if seen[-1] == "blocked" else seen
    return all(one in verdict.split("|") for one in judged)


def test_names_are_unique_and_reasons_given():
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names))
    for attack in ATTACKS:
        assert attack.reason or set(attack.stopped_at) == set(LEVELS), attack.name


def test_sources_are_python_unless_they_are_meant_not_to_be():
    broken = set()
    for attack in ATTACKS:
        try:
            text = attack.source.replace("@JUDGE@", "1").replace("@SEED@", "1")
            compile(text.removeprefix("\ufeff"), "x", "exec")
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            broken.add(attack.name)
    assert broken == NOT_PYTHON


def test_an_honest_hand_in_is_seen_to_leave_nothing(arena_at, monkeypatch):
    arena = arena_at("basic")
    before = arena.traces()
    assert arena.judge(HONEST, monkeypatch).unit.points == 10
    assert arena.traces() == before


def test_a_leak_would_be_seen(arena_at, monkeypatch):
    arena = arena_at("basic")
    token = arena.classroom.tokens["home"]
    told = arena.judge(
        f"def answer(inputs, factor):\n    return {token!r}\n\n\ntotal = answer", monkeypatch
    )
    assert token in told.everything()


def test_a_changed_file_would_be_seen(arena_at):
    arena = arena_at("basic")
    before = arena.traces()
    journal = arena.classroom.root / "results" / "journal.sqlite"
    text = journal.read_text()
    journal.write_text("x")
    assert arena.traces() != before
    journal.write_text(text)
