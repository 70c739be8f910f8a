"""Real sentence pairs for the tests that need them; they are not a part of the project."""

import os
from pathlib import Path

import pytest

from coursekit.text.sentence_pairs import read_sentence_pairs


@pytest.fixture(scope="session")
def fra_eng_path():
    """The English-French file, named by COURSEKIT_DATA or kept in shared/data beside the checkout."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("COURSEKIT_DATA", beside)) / "fra-eng" / "fra.txt.gz"
    if not path.is_file():
        pytest.skip(f"no real sentence pairs: {path} is missing (set COURSEKIT_DATA)")
    return path


@pytest.fixture(scope="session")
def fra_eng_file(fra_eng_path):
    """The file as read."""
    return read_sentence_pairs(fra_eng_path)


@pytest.fixture(scope="session")
def fra_eng(fra_eng_file):
    """All pairs of the file."""
    return fra_eng_file.pairs
