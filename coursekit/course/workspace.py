"""Where a course lies on disk: its checks, and in a checkout also its solutions."""

from pathlib import Path
from typing import NamedTuple

from coursekit.errors import UserError


class Course(NamedTuple):
    """The folders of a course, from its root."""

    root: Path

    @property
    def exercises(self) -> Path:
        return self.root / "exercises"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    def checks(self, unit: str) -> Path:
        return self.root / "tests" / "autograder" / f"test_{unit}.py"

    def mistakes(self, unit: str) -> Path:
        return self.root / "tests" / "mistakes" / f"{unit}.toml"

    def alternatives(self, unit: str) -> list[Path]:
        return sorted((self.root / "tests" / "alternatives" / unit).glob("*.py"))

    @property
    def hidden_folders(self) -> list[str]:
        """What student code has no business to read."""
        names = ("solutions", "tests/mistakes", "tests/alternatives", "tests/autograder")
        return [str(self.root / name) for name in names if (self.root / name).is_dir()]


def find_course(start: Path | None = None) -> Course:
    """The course that `start` (the current folder unless said) lies in, or the checkout installed from."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "tests" / "autograder").is_dir() and (folder / "exercises").is_dir():
            return Course(folder)
    raise UserError(
        f"No course found from {here} upwards: a course has the folders exercises/ and "
        "tests/autograder/. Change to its folder first."
    )
