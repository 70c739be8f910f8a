"""Zips that mean harm or are broken: each is told in a line, and the next student is graded as if alone."""

import io
import stat
import struct
import warnings
import zipfile

import pytest

from coursekit.errors import UserError
from coursekit.grading.submissions import archive, unit_files
from coursekit.grading.submissions.reading import read_submissions
from tests.grading.submissions.conftest import CODE, pack

UNIT = "ex02_lstm.py"


def member(name, content=CODE, mode=0, method=zipfile.ZIP_DEFLATED, system=3):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = method
    info.create_system = system
    return info, content


def pack_members(*members):
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as packed:
        warnings.simplefilter("ignore")
        for info, content in members:
            packed.writestr(info, content)
    return buffer.getvalue()


def with_flag(content, flag):
    """Sets a flag of the only member in both of its headers."""
    body = bytearray(content)
    central = body.index(b"PK\1\2")
    for place in (6, central + 8):
        body[place] |= flag & 0xFF
        body[place + 1] |= flag >> 8
    return bytes(body)


def with_size(content, size):
    """Claims another size, unpacked, for the only member."""
    body = bytearray(content)
    central = body.index(b"PK\1\2")
    struct.pack_into("<L", body, 22, size)
    struct.pack_into("<L", body, central + 24, size)
    return bytes(body)


def overlapping():
    """Two members that share one body."""
    body = bytearray(pack_members(member(UNIT), member("ex03_gru.py")))
    second = body.index(b"PK\1\2", body.index(b"PK\1\2") + 4)
    struct.pack_into("<L", body, second + 42, 0)
    return bytes(body)


def with_end(content, **fields):
    body = bytearray(content)
    end = body.rindex(b"PK\5\6")
    places = {
        "disk": (4, "<H"),
        "here": (8, "<H"),
        "count": (10, "<H"),
        "length": (12, "<L"),
        "offset": (16, "<L"),
    }
    for name, value in fields.items():
        place, form = places[name]
        struct.pack_into(form, body, end + place, value)
    return bytes(body)


def with_end64(content, count, length, offset):
    """Adds an end record of zip64 that claims something else."""
    end = content.rindex(b"PK\5\6")
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    return content[:end] + record + locator + content[end:]


WHOLE = pack({UNIT: CODE})
START = WHOLE.index(b"PK\1\2")
LENGTH = WHOLE.rindex(b"PK\5\6") - START

REFUSED_UNIT = {
    "symbolic link": (
        pack_members(member(UNIT, "/etc/passwd", stat.S_IFLNK | 0o777)),
        "symbolic link",
    ),
    "link, packed elsewhere": (
        pack_members(member(UNIT, "/etc/passwd", stat.S_IFLNK | 0o777, system=0)),
        "symbolic link",
    ),
    "fifo": (pack_members(member(UNIT, "", stat.S_IFIFO | 0o644)), "not a regular file"),
    "device": (pack_members(member(UNIT, "", stat.S_IFCHR | 0o644)), "not a regular file"),
    "zip slip": (pack({f"../../{UNIT}": CODE}), "leads out of its folder"),
    "slip within": (pack({f"a/../{UNIT}": CODE}), "leads out of its folder"),
    "absolute": (pack({f"/etc/{UNIT}": CODE}), "absolute name"),
    "drive": (pack({f"C:/{UNIT}": CODE}), "absolute name"),
    "drive without a slash": (pack({f"C:{UNIT}": CODE}), "absolute name"),
    "backslash": (pack({f"a\\{UNIT}": CODE}), "backslash"),
    "backslashes that lead out": (pack({f"..\\{UNIT}": CODE}), "leads out of its folder"),
    "control character": (pack({f"a\n/{UNIT}": CODE}), "control characters"),
    "reserved folder": (pack({f"aux/{UNIT}": CODE}), "not every system can store"),
    "long name": (pack({f"{'a' * 256}/{UNIT}": CODE}), "more than 255 bytes"),
    "long path": (pack({f"{'a/' * 600}{UNIT}": CODE}), "more than 1,024 bytes"),
    "deep": (pack({f"{'a/' * 12}{UNIT}": CODE}), "folders deep"),
    "encrypted": (with_flag(WHOLE, 0x1), "is encrypted"),
    "strongly encrypted": (with_flag(WHOLE, 0x41), "is encrypted"),
    "bzip2": (pack_members(member(UNIT, method=zipfile.ZIP_BZIP2)), "stored or deflated"),
    "lzma": (pack_members(member(UNIT, method=zipfile.ZIP_LZMA)), "stored or deflated"),
    "too large": (
        pack_members(member(UNIT, "#" * (2**20 + 1), method=0)),
        "the limit is 1,048,576",
    ),
    "bomb": (pack({UNIT: b"#" * 20_000_000}), "as a zip bomb does"),
    "smaller than it says": (with_size(WHOLE, 500), "is damaged inside"),
    "larger than it says": (with_size(WHOLE, 5), "is damaged inside"),
    "damaged": (WHOLE[:45] + b"\xff\xff" + WHOLE[47:], "is damaged inside"),
    "another name inside": (WHOLE.replace(UNIT.encode(), b"ex03_gruu.py", 1), "is damaged inside"),
    "twice": (pack_members(member(UNIT), member(UNIT, "b = 2\n")), "cannot be told which"),
    "twice by case": (pack({UNIT: CODE, "EX02_LSTM.py": "b"}), "cannot be told which"),
    "twice by Unicode": (pack({UNIT: CODE, "ｅx02_lstm.py": "b"}), "cannot be told which"),
    "in two places": (pack({f"a/{UNIT}": CODE, f"b/{UNIT}": CODE}), "cannot be told which"),
}

BROKEN = {
    "empty": (b"", "is not a zip"),
    "text": (b"hello", "is not a zip"),
    "only an end": (b"PK\5\6" + bytes(17), "is not a zip"),
    "truncated": (WHOLE[:-30], "is not a zip"),
    "without its beginning": (WHOLE[10:], "is not a zip"),
    "something before": (b"MZ program" + WHOLE, "is not a zip"),
    "rar": (b"Rar!\x1a\7\1\0" + bytes(100), "is not a zip"),
    "overlapping": (overlapping(), "entries overlap"),
    "several parts": (with_end(WHOLE, disk=1), "in several parts"),
    "fewer here": (with_end(WHOLE, here=0), "in several parts"),
    "list of another length": (with_end(WHOLE, length=5), "is not a zip"),
    "list elsewhere": (with_end(WHOLE, offset=0), "is not a zip"),
    "many claimed": (with_end(WHOLE, here=60_000, count=60_000), "the limit is 20,000"),
    "zip64 of many": (with_end64(WHOLE, 2**63, LENGTH, START), "the limit is 20,000"),
    "zip64 of a long list": (with_end64(WHOLE, 1, 2**62, START), "the limit is 20,000"),
    "zip64 elsewhere": (with_end64(WHOLE, 1, LENGTH, START + 1), "is not a zip"),
    "name not UTF-8": (
        with_flag(WHOLE, 0x800).replace(b"lstm", b"ls\xff\xff"),
        "is not a zip",
    ),
}


def beside_bob(content, tree):
    """Ada's submission, read from her zip beside Bob's."""
    ada, bob = read_submissions(tree({"ada.zip": content, "bob.zip": WHOLE}))
    assert bob.files == {"ex02_lstm": CODE} and not bob.notes and not bob.refused
    return ada


@pytest.mark.parametrize("case", REFUSED_UNIT)
def test_an_entry_that_is_not_read_refuses_its_unit(case, tree):
    content, message = REFUSED_UNIT[case]
    ada = beside_bob(content, tree)
    assert message in ada.refused["ex02_lstm"]
    assert ada.refused["ex02_lstm"].endswith(".") and "\n" not in ada.refused["ex02_lstm"]
    assert ada.files == {}


@pytest.mark.parametrize("case", BROKEN)
def test_a_zip_that_is_not_read_is_told(case, tree):
    content, message = BROKEN[case]
    ada = beside_bob(content, tree)
    assert message in ada.problem and message in ada.notes[0]
    assert not ada.files and not ada.refused


def test_a_whole_zip64_is_read(tree):
    ada = beside_bob(with_end64(WHOLE, 1, LENGTH, START), tree)
    assert ada.files == {"ex02_lstm": CODE}


def test_what_packers_add_does_no_harm(tree):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.comment = b"packed by hand"
        packed.mkdir("hw")
        packed.writestr("./hw/" + UNIT, CODE)
        packed.writestr("__MACOSX/hw/._" + UNIT, "x")
    ada = beside_bob(buffer.getvalue(), tree)
    assert ada.files == {"ex02_lstm": CODE} and ada.notes == []


def test_other_entries_of_a_broken_kind_are_noted_and_the_unit_is_read(tree):
    content = pack_members(
        member(UNIT),
        member("notes", "x", stat.S_IFLNK | 0o777),
        member("../../.bashrc"),
        member("weights.h5", "x" * 100),
        member("inner.zip", pack({"ex03_gru.py": "g"})),
    )
    ada = beside_bob(content, tree)
    assert ada.files == {"ex02_lstm": CODE} and not ada.refused
    assert [note.split(":")[0] for note in ada.notes] == [
        "Not read",
        "Not read",
        "Ignored, weights and saved objects, never opened",
        "Ignored, zips inside of a student's zip, never opened",
    ]


@pytest.mark.parametrize("name", ["\0\0\0\0\0", "\0.txt", "././.", "C:/..", "x\0.py"])
def test_a_member_without_a_name_is_noted(name, tree):
    """zipfile cuts names at NUL, so one may be left with none."""
    placeholder = "n" * len(name)
    content = pack({UNIT: CODE, placeholder: "x"}).replace(placeholder.encode(), name.encode())
    ada = beside_bob(content, tree)
    assert ada.files == {"ex02_lstm": CODE}
    assert ada.notes[0].startswith("Not read: ")


def test_a_zip_of_zips_is_read_one_level_deep(zipped):
    inner = pack({UNIT: CODE, "again.zip": pack({"ex03_gru.py": "g"})})
    (ada, bob) = read_submissions(zipped({"ada.zip": inner, "bob/work.zip": WHOLE}))
    assert ada.files == bob.files == {"ex02_lstm": CODE}
    assert "again.zip" in ada.notes[0]


def test_a_zip_in_itself_ends(tree):
    """No quine, but as deep as one would be looked at."""
    content = WHOLE
    for _ in range(50):
        content = pack({"r.zip": content})
    assert "never opened: ada.zip/r.zip." in beside_bob(content, tree).notes[0]


def test_inner_zips_share_a_limit_of_memory(zipped, monkeypatch):
    monkeypatch.setattr(unit_files, "MAX_INNER_ZIP", 3 * len(WHOLE) // 2)
    members = {"ada/a.zip": WHOLE, "ada/b.zip": pack({"ex03_gru.py": CODE}), "bob.zip": WHOLE}
    ada, bob = read_submissions(zipped(members))
    assert ada.files == bob.files == {"ex02_lstm": CODE}
    assert "b.zip has" in ada.notes[0]


def test_all_zips_of_a_student_share_a_limit_of_entries(tree, monkeypatch):
    monkeypatch.setattr(unit_files, "STUDENT_ARCHIVE", archive.Archive(3, 10_000))
    many = pack({f"{n}.txt": "" for n in range(2)})
    (ada,) = read_submissions(tree({"ada/a.zip": many, "ada/b.zip": many, "ada/c.zip": WHOLE}))
    assert "b.zip holds 2 files; the limit is 1" in ada.notes[0]
    assert ada.files == {"ex02_lstm": CODE}


def test_a_hand_in_has_a_limit_of_what_is_read(tree, monkeypatch):
    monkeypatch.setattr(unit_files, "MAX_READ", 100)
    (ada,) = read_submissions(
        tree({"ada/ex01_recurrence.py": "#" * 80, "ada/ex02_lstm.py": "#" * 80})
    )
    assert list(ada.files) == ["ex01_recurrence"]
    assert "more than 100 bytes to look at" in ada.refused["ex02_lstm"]


def test_a_class_that_is_broken_is_a_users_error(tmp_path):
    path = tmp_path / "class.zip"
    for content, message in BROKEN.values():
        path.write_bytes(content)
        if "the limit" in message:
            continue  # that of a class is another one
        with pytest.raises(UserError, match=message):
            read_submissions(path)
