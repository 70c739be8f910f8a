"""The pytest plugin: the tests of `tests/autograder` become checks with verdicts.

`pytest tests/autograder --submission DIR` judges here, check by check; `coursekit check` only collects here and
judges by itself. A test is a check when it takes `student`; other tests are left alone.
"""

import contextlib
import os
from pathlib import Path

import pytest

from coursekit.course.syllabus import find_unit
from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.judging import Check
from coursekit.grading.unit_run import Source, UnitRun
from coursekit.grading.verdicts import CheckResult, UnitResult
from coursekit.grading.workers import Zygote, require_supported_platform

# For collecting from Python: nothing but the checks themselves, no configuration found on the way.
QUIET_OPTIONS = (
    *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:junitxml", "-p", "no:logging"),
    *(
        "--noconftest",
        "--assert=plain",
        "--capture=no",
        "-q",
        "-c",
        os.devnull,
        "--import-mode=importlib",
    ),
)

_GRADING = pytest.StashKey["Grading"]()
_CHECK = pytest.StashKey[Check]()


@contextlib.contextmanager
def alone():
    """Keeps plugins that happen to be installed (this one too, by its entry point) out of a run."""
    before = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = before


class Grading:
    """All units of one submission in one pytest run."""

    def __init__(self, submission: Path | None, seed: int):
        self.submission = submission
        self.seed = seed
        self.results: list[UnitResult] = []
        self._zygote: Zygote | None = None
        self._checks: dict[str, list[Check]] = {}
        self._roots: dict[str, Path] = {}
        self._current: UnitRun | None = None

    def expect_check(self, unit: str, root: Path, check: Check) -> None:
        """Fixes the list of checks before any student code runs."""
        self._checks.setdefault(unit, []).append(check)
        self._roots[unit] = root

    def judge(self, unit: str, check: Check) -> CheckResult:
        return self._run_of(unit).judge(check)

    def finish_unit(self) -> None:
        if self._current is not None:
            run, self._current = self._current, None
            self.results.append(run.finish())

    def close(self) -> None:
        self.finish_unit()
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None

    def points(self) -> list[str]:
        """A line for each unit, and one for each mistake that was named."""
        lines = []
        for unit in self.results:
            lines.append(f"{unit.unit}: {unit.points} of {unit.max_points} points")
            lines += [f"  {c.name}: {c.message}" for c in unit.checks if c.mistake is not None]
        return lines

    def _run_of(self, unit: str) -> UnitRun:
        if self._current is None or self._current.unit.name != unit:
            self.finish_unit()
            if self._zygote is None:
                require_supported_platform()
                self._zygote = Zygote()
                self._zygote.start()
            course = Course(self._roots[unit])
            folder = self.submission or course.exercises
            self._current = UnitRun(
                self._zygote,
                course,
                find_unit(unit),
                Source.read(folder / f"{unit}.py"),
                self.seed,
                self._checks[unit],
            )
        return self._current


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("coursekit")
    group.addoption("--submission", metavar="DIR", help="folder of the files to grade")
    group.addoption(
        "--seed", type=int, default=0, help="fixes the inputs of the checks (default 0)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "points(n): what a check is worth")
    config.addinivalue_line("markers", "needs(name): a check that must have passed before")
    config.addinivalue_line(
        "markers", "time_limit(seconds): processor time of all calls of a check"
    )
    folder = config.getoption("--submission")
    if folder is not None and not Path(folder).is_dir():
        raise pytest.UsageError(f"--submission: {folder} is not a folder.")
    submission = Path(folder).resolve() if folder else None
    config.stash[_GRADING] = Grading(submission, config.getoption("--seed"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and "student" in item.fixturenames:
            try:
                check = Check.from_item(item)
            except ValueError as error:
                raise pytest.UsageError(str(error)) from error
            item.stash[_CHECK] = check
            config.stash[_GRADING].expect_check(_unit(item), item.path.parents[2], check)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if _CHECK not in pyfuncitem.stash:
        return None
    try:
        result = pyfuncitem.config.stash[_GRADING].judge(
            _unit(pyfuncitem), pyfuncitem.stash[_CHECK]
        )
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    if result.verdict != "passed":
        pytest.fail(f"{result.verdict}: {result.title}\n{result.message}", pytrace=False)
    return True


def pytest_sessionfinish(session: pytest.Session) -> None:
    session.config.stash[_GRADING].close()


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    lines = config.stash[_GRADING].points()
    if lines:
        terminalreporter.section("coursekit")
        for line in lines:
            terminalreporter.line(line)


@pytest.fixture
def student() -> None:
    """The submission under judgement; the plugin passes the handle when it runs the check."""


@pytest.fixture
def reference() -> None:
    """The solution, or its recorded answers."""


@pytest.fixture
def rng() -> None:
    """A NumPy generator seeded by the run's seed, the unit and the check."""


def _unit(item: pytest.Item) -> str:
    return item.path.stem.removeprefix("test_")
