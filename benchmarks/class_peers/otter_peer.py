"""Otter's way: a folder of exception-based tests for each unit, packed by `otter generate`, run by `otter run`.

Otter runs the submission in a fresh kernel and then its tests in the same one, on the names that the submission left.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

TEST = """
from otter.test_files import test_case

OK_FORMAT = False
name = "{name}"
points = {points}


@test_case(points={points}, hidden=False)
def {name}(env):
    import otter_peer

    otter_peer.run("{checks}", "{name}", {needs!r}, env)
"""

_CHECKS: dict[str, ModuleType] = {}
_PARTIES: dict = {}
_FAILED: set[str] = set()


def run(checks: str, name: str, needs: tuple[str, ...], env: dict) -> None:
    """Runs one check on the names of the submission; raises if it fails."""
    import in_process

    file = Path(checks)
    unit = file.stem.removeprefix("test_")
    if not _CHECKS:
        solution = file.parents[2] / "solutions" / f"{unit}.py"
        # Classes of a notebook are classes of __main__.
        answer = ModuleType("__main__")
        answer.__dict__.update(env)
        _CHECKS[unit] = in_process.load(file.stem, file)
        _PARTIES["student"] = in_process.InProcess(answer)
        _PARTIES["reference"] = in_process.InProcess(in_process.load(f"reference_{unit}", solution))
    check = getattr(_CHECKS[unit], name)
    try:
        assert not _FAILED.intersection(needs), "needs another check"
        given = in_process.arguments(_PARTIES["student"], _PARTIES["reference"], unit, name)
        code = check.__code__
        check(**{k: v for k, v in given.items() if k in code.co_varnames[: code.co_argcount]})
    except BaseException:
        _FAILED.add(name)
        raise


def write_autograder(folder: Path, checks: Path, listed: Sequence, otter: Path) -> Path:
    """`otter generate` of a unit; `listed` are its checks. Returns the zip that `otter run` takes."""
    tests = folder / checks.stem / "tests"
    tests.mkdir(parents=True)
    for place, check in enumerate(listed):  # Otter runs them in the order of their file names
        text = TEST.format(name=check.name, points=check.points, checks=checks, needs=check.needs)
        (tests / f"q{place:02d}.py").write_text(text, encoding="utf-8")
    packed = folder / f"{checks.stem}.zip"
    command = [str(otter), "generate", "-t", str(tests), "-o", str(packed)]
    command += ["--no-config", "--no-requirements", "--no-environment"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return packed
