"""Whatever lies in a folder or zip: submissions or a `UserError`, in time, in memory, and nothing written."""

import io
import os
import resource
import struct
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coursekit.errors import UserError
from coursekit.grading.submissions.reading import read_class
from coursekit.grading.submissions.text import checked_text
from tests.grading.submissions.conftest import CODE, notebook, pack

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
UNITS = ["ex01_recurrence", "ex02_lstm"]

pieces = st.one_of(
    st.sampled_from(
        [
            *[
                "ada",
                "bob",
                "Ada",
                "..",
                ".",
                "",
                "a\\b",
                "C:",
                "__MACOSX",
                ".git",
                "aux",
                "submission_7",
            ],
            *[
                "Ada L_12_assignsubmission_file_",
                "x_assignsubmission_onlinetext_",
                "assignment_1_export",
            ],
            *["é", "e\u0301", "\udcff", "a\x01b", "n" * 300],
        ]
    ),
    st.text(max_size=8),
)
files = st.one_of(
    st.sampled_from(
        [
            *[
                "ex02_lstm.py",
                "EX02_LSTM.py",
                "ex02_lstm (1).py",
                "ex02_lstm-2.py",
                "ex01_recurrence.ipynb",
            ],
            *[
                "lab.ipynb",
                "a_1_2_ex02_lstm.py",
                "a_LATE_1_3_work.zip",
                "anon_x_1_ex02_lstm.py",
                "a_1_text.html",
            ],
            *[
                "ada_ex02_lstm.py",
                "work.zip",
                "work (1).zip",
                "submission_metadata.yml",
                "x.pkl",
                "conftest.py",
            ],
        ]
    ),
    st.text(max_size=8),
)
names = st.lists(pieces, max_size=3).flatmap(
    lambda folders: files.map(lambda file: "/".join([*folders, file]))
)
small_zips = st.dictionaries(files, st.binary(max_size=40), max_size=3).map(
    lambda members: pack(
        {name.replace("\0", "") or "x": body for name, body in encodable(members).items()}
    )
)
contents = st.one_of(
    st.binary(max_size=60),
    st.just(CODE.encode()),
    st.just(CODE.encode("utf-16")),
    st.text(max_size=40).map(lambda text: notebook("# coursekit: ex02_lstm\n" + text).encode()),
    st.just(notebook("%ls\na = 1").encode()),
    st.just(b"submission_7:\n  :submitters:\n  - :name: A\n    :sid: '1'\n"),
    small_zips,
)


def encodable(members):
    return {
        name.encode("utf-8", "replace").decode().replace("\0", "?"): body
        for name, body in members.items()
    }


trees = st.dictionaries(names, contents, max_size=6)


def read(path):
    """Reads, and checks what holds of every result."""
    try:
        result = read_class(path, UNITS)
    except UserError as error:
        assert "\n" not in str(error).replace(str(path), "")
        return None
    students = [each.student for each in result.submissions]
    assert students == sorted(students) and len({name.casefold() for name in students}) == len(
        students
    )
    for each in result.submissions:
        assert each.student and not set(each.student) - SAFE and each.student[0] not in ".-_"
        assert set(each.files) | set(each.refused) <= set(UNITS)
        assert not set(each.files) & set(each.refused)
        for text in each.files.values():
            assert checked_text(text) == text
        said = [*each.notes, *each.refused.values(), each.problem, each.name, each.lms_id]
        assert all(sentence.isprintable() and len(sentence) < 700 for sentence in said)
        assert each.digest(UNITS[0]) and "fault of coursekit" not in each.problem
    assert all(note.isprintable() for note in result.notes)
    return result


SAFE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def everything_in(folder):
    return sorted((str(place), place.lstat().st_size) for place in Path(folder).rglob("*"))


def check_bytes(content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "class.zip"
        path.write_bytes(content)
        before = everything_in(folder)
        first = read(path)
        os.mkdir(os.path.join(folder, "class"))
        (Path(folder) / "class" / "ada.zip").write_bytes(content)
        (Path(folder) / "class" / "bob").mkdir()
        (Path(folder) / "class" / "bob" / "ex02_lstm.py").write_text(CODE)
        bob = {each.student: each for each in read(Path(folder) / "class").submissions}["bob"]
        assert bob.files == {"ex02_lstm": CODE} and not bob.notes
        path.rename(path.with_name("other.zip"))
        path.with_name("other.zip").rename(path)
        assert read(path) == first
        assert [item for item in everything_in(folder) if "/class/" not in item[0]][-1:] == before[
            -1:
        ]


def check_tree(tree):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "class"
        root.mkdir()
        for index, (name, content) in enumerate(tree.items()):
            place = os.path.normpath(
                os.path.join(os.fsencode(root), os.fsencode(safe_on_disk(name)))
            )
            if not place.startswith(os.fsencode(root) + b"/"):
                continue
            try:
                os.makedirs(os.path.dirname(place), exist_ok=True)
                if index % 5 == 4:
                    os.symlink("/etc", place)
                elif index % 7 == 6:
                    os.mkfifo(place)
                else:
                    Path(os.fsdecode(place)).write_bytes(content)
            except OSError:
                continue  # no name of this file system
        before = everything_in(folder)
        assert read(root) == read(root)
        assert everything_in(folder) == before
    check_bytes(pack({name or "x": body for name, body in encodable(tree).items()}))


def safe_on_disk(name):
    return "".join(
        letter for letter in name.replace("\0", "") if not 0xD800 <= ord(letter) < 0xDC80
    )


def mutated(data, content):
    body = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(body) - 1))
        kind = data.draw(st.sampled_from(["byte", "word", "cut", "repeat", "record"]))
        if kind == "byte":
            body[place] = data.draw(st.integers(0, 255))
        elif kind == "word":
            value = data.draw(st.sampled_from([0, 1, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, len(body)]))
            body[place : place + 4] = struct.pack("<L", value)
        elif kind == "cut":
            del body[place : place + data.draw(st.integers(1, 30))]
        elif kind == "repeat":
            body[place:place] = body[place : place + data.draw(st.integers(1, 60))]
        else:  # aims at a field of a header
            marks = [at for at in range(len(body)) if body[at : at + 2] == b"PK"]
            at = data.draw(st.sampled_from(marks)) if marks else place
            body[at + data.draw(st.integers(4, 46)) : at + 47] = data.draw(st.binary(max_size=8))
        if not body:
            return b""
    return bytes(body)


def a_class():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada.zip", pack({"ex02_lstm.py": CODE, "lab.ipynb": notebook("a")}))
        archive.writestr("bob/ex02_lstm.py", CODE * 20)
        archive.writestr("a_LATE_1_2_ex02_lstm.py", CODE)
        with archive.open("eve_ex01_recurrence.py", "w", force_zip64=True) as stream:
            stream.write(CODE.encode())
    return buffer.getvalue()


CLASS = a_class()


@QUICK
@given(trees)
def test_any_tree(tree):
    check_tree(tree)


@QUICK
@given(
    st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda body: body + CLASS[-80:]))
)
def test_any_bytes(content):
    check_bytes(content)


@QUICK
@given(st.data())
def test_any_change_of_a_zip(data):
    check_bytes(mutated(data, CLASS))


def test_a_class_of_bombs_stays_within_memory(tmp_path):
    zeros = bytes(16 * 2**20)
    bomb = pack({f"{n}.ipynb": zeros for n in range(3)} | {"ex02_lstm.py": zeros})
    padded = os.urandom(2**18) + bytes(15 * 2**20)  # within the ratio, and no notebook
    large = pack({f"{n}.ipynb": padded for n in range(6)})
    (tmp_path / "class.zip").write_bytes(
        pack({f"s{n}.zip": bomb for n in range(10)} | {f"t{n}.zip": large for n in range(3)})
    )
    tracemalloc.start()
    start = time.monotonic()
    try:
        result = read_class(tmp_path / "class.zip")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(result.submissions) == 13 and not any(each.files for each in result.submissions)
    assert peak < 120 * 2**20
    assert time.monotonic() - start < 10


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_many_trees_and_changes_for_a_while():
    """About 20 seconds; the memory of the process must not grow with what it has read."""
    end = time.monotonic() + 20
    count = 0

    @settings(QUICK, max_examples=50, database=None)
    @given(st.data())
    def some(data):
        nonlocal count
        count += 1
        if data.draw(st.booleans()):
            check_bytes(mutated(data, CLASS))
        else:
            check_tree(data.draw(trees))

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while time.monotonic() < end:
        some()
    assert count > 300
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 2**10  # KiB
