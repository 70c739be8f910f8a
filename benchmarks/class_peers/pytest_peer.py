"""A pytest plugin: `student`, `reference` and `rng` in the process that judges.

PYTHONPATH=benchmarks/class_peers python -m pytest -p pytest_peer --student FILE tests/autograder/test_UNIT.py
"""

import json
from pathlib import Path

import in_process
import pytest

_FAILED: set[str] = set()
_OUTCOMES: dict[str, bool] = {}
_PARTIES: dict[str, in_process.InProcess] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--student", type=Path)
    parser.addoption("--outcomes", type=Path)


@pytest.fixture
def taken(request: pytest.FixtureRequest) -> dict:
    unit = request.path.stem.removeprefix("test_")
    solution = request.path.parents[2] / "solutions" / f"{unit}.py"
    for name, file in (("student", request.config.getoption("--student")), ("reference", solution)):
        if name not in _PARTIES:
            _PARTIES[name] = in_process.InProcess(in_process.load(f"{name}_{unit}", file))
    return in_process.arguments(_PARTIES["student"], _PARTIES["reference"], unit, request.node.name)


@pytest.fixture
def student(taken: dict):
    return taken["student"]


@pytest.fixture
def reference(taken: dict):
    return taken["reference"]


@pytest.fixture
def rng(taken: dict):
    return taken["rng"]


def pytest_runtest_setup(item: pytest.Item) -> None:
    marker = item.get_closest_marker("needs")
    if marker is not None and _FAILED.intersection(marker.args):
        pytest.skip("needs another check")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = report.nodeid.split("::")[-1]
    if report.outcome != "passed":
        _FAILED.add(name)
    _OUTCOMES[name] = name not in _FAILED


def pytest_sessionfinish(session: pytest.Session) -> None:
    file = session.config.getoption("--outcomes")
    if file is not None:
        file.write_text(json.dumps(_OUTCOMES))
