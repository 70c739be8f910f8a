"""The canonical results: one form of the bytes, however they are written."""

import msgspec
import pytest

from coursekit.grading.class_results import RESULTS, ClassResults
from coursekit.grading.exports.whole_files import write_whole
from tests.grading.exports.sample_class import sample_class


def formatted(results: ClassResults) -> bytes:
    return msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n"


@pytest.mark.parametrize("size", [0, 1, 2, 40])
def test_written_student_by_student_the_bytes_are_those_of_the_whole(tmp_path, size):
    results = sample_class()
    results.students = results.students[:size]
    results.isolation_reason = "[] of \n no wall"
    assert results.to_json() == formatted(results)
    write_whole(tmp_path / RESULTS, results.json_parts())
    assert (tmp_path / RESULTS).read_bytes() == formatted(results)
    assert ClassResults.read(tmp_path) == results


def test_what_breaks_off_in_the_middle_leaves_the_file_that_was_there(tmp_path):
    def parts():
        yield b"half"
        raise KeyboardInterrupt

    (tmp_path / RESULTS).write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / RESULTS, parts())
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"before"]
