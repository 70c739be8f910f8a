"""The checks of one test file, without running anything."""

import contextlib
import io
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from coursekit.errors import UserError
from coursekit.grading import plugin
from coursekit.grading.judging import Check


class _Collector:
    def __init__(self) -> None:
        self.checks: list[Check] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.checks = [Check.from_item(i) for i in session.items if isinstance(i, pytest.Function)]


def checks_of(file: Path) -> tuple[Check, ...]:
    """Collects the checks of a file, in its order; once, until the file changes."""
    return _collect(file, file.stat().st_mtime_ns)


@lru_cache
def _collect(file: Path, _changed: int) -> tuple[Check, ...]:
    collector = _Collector()
    said = io.StringIO()
    with plugin.alone(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = pytest.main(
            [str(file), "--collect-only", *plugin.QUIET_OPTIONS, f"--rootdir={file.parents[2]}"],
            plugins=[collector, plugin],
        )
    for name in [n for n, m in sys.modules.items() if getattr(m, "__file__", None) == str(file)]:
        del sys.modules[name]  # the next course's file of this name is another one
    if status != pytest.ExitCode.OK or not collector.checks:
        raise UserError(f"{file}: no checks could be collected.\n{said.getvalue()}")
    return tuple(collector.checks)
