"""Looks into a zip in memory: nothing is unpacked to disk, and only what is asked for is unpacked at all."""

import io
import stat
import struct
import zipfile
from typing import BinaryIO

from coursekit.grading.submissions.entry import Entry, Unreadable, check_size, unreadable
from coursekit.grading.submissions.limits import (
    FREE_RATIO,
    MAX_DEPTH,
    MAX_INNER_ZIP,
    MAX_RATIO,
    Archive,
)
from coursekit.grading.submissions.names import is_junk, parts_of_member

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LONGEST_COMMENT = 2**16 - 1
_LOCAL_HEADER = 30  # bytes, and the name
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = "is not a zip that can be read (truncated, damaged, or of another kind): pack it again"


def entries_of(file: BinaryIO, limits: Archive) -> list[Entry]:
    """Every file in a zip, in its order; raises `Unreadable` if the zip as a whole is not to be trusted.

    The file stays open as long as entries are read.
    """
    try:
        directory = _check_end(file, limits)
        archive = zipfile.ZipFile(file)
        members = archive.infolist()
        _check_members(members, directory, limits)
        files = [member for member in members if not member.orig_filename.endswith("/")]
        entries = [_entry(archive, member) for member in files]
    except Unreadable:
        raise
    except Exception as error:  # zipfile raises whatever the bytes lead it to
        raise Unreadable(_BROKEN) from error
    return [entry for entry in entries if not is_junk(entry.parts)]


def _check_end(file: BinaryIO, limits: Archive) -> int:
    """Where the list of members begins, before `zipfile` reads it into memory."""
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - _END.size - _LONGEST_COMMENT - _END64.size - _END64_LOCATOR.size)
    file.seek(start)
    tail = file.read(size - start)
    place = len(tail) - _END.size
    if place < 0 or tail[place : place + 4] != b"PK\5\6" or tail[-2:] != b"\0\0":
        place = tail.rfind(b"PK\5\6")
    if place < 0 or place + _END.size > len(tail):
        raise Unreadable(_BROKEN)
    _, disk, first_disk, here, count, length, offset, _ = _END.unpack_from(tail, place)
    if disk or first_disk or here != count:
        raise Unreadable("is one part of a zip in several parts: pack it into one file")
    end = place
    locator = place - _END64_LOCATOR.size
    record = locator - _END64.size
    if record >= 0 and tail[locator : locator + 4] == b"PK\6\7":
        if tail[record : record + 4] != b"PK\6\6":
            raise Unreadable(_BROKEN)
        end = record
        *_, here, count, length, offset = _END64.unpack_from(tail, record)
    if count > limits.entries or length > limits.directory:
        raise Unreadable(
            f"holds {count:,} files; the limit is {limits.entries:,}: hand in the units' files only"
        )
    if offset + length != start + end:
        raise Unreadable(_BROKEN)
    return offset


def _check_members(members: list[zipfile.ZipInfo], directory: int, limits: Archive) -> None:
    if len(members) > limits.entries:
        raise Unreadable(f"holds more than {limits.entries:,} files: hand in the units' files only")
    if not members:
        return
    ordered = sorted(members, key=lambda member: member.header_offset)
    ends = [member.header_offset for member in ordered[1:]] + [directory]
    for member, end in zip(ordered, ends, strict=True):
        name = len(member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437"))
        if member.header_offset + _LOCAL_HEADER + name + member.compress_size > end:
            raise Unreadable("is a zip whose entries overlap, as in a zip bomb: pack it again")


def _entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    parts, problem = parts_of_member(member.orig_filename)
    problem = problem or _problem_of(member, parts)
    if problem:
        return unreadable(parts, problem)

    def read(limit: int) -> bytes:
        check_size(member.file_size, limit)
        try:
            with archive.open(member) as stream:
                content = stream.read(member.file_size + 1)
        except Exception as error:  # zlib, struct, EOF, CRC: the entry is broken, whatever it is
            raise Unreadable("is damaged inside the zip: pack it again") from error
        if len(content) != member.file_size:
            raise Unreadable("is damaged inside the zip: pack it again")
        return content

    def open_file() -> BinaryIO:
        return io.BytesIO(read(MAX_INNER_ZIP))

    return Entry(parts, member.file_size, read, open_file, packed=True)


def _problem_of(member: zipfile.ZipInfo, parts: tuple[str, ...]) -> str:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        return "is a symbolic link: pack the file itself"
    if kind not in (0, stat.S_IFREG):
        return "is not a regular file (a FIFO, a socket or a device): pack a file"
    if len(parts) > MAX_DEPTH + 2:  # beside the student's own, a class's zip has folders around it
        return f"is more than {MAX_DEPTH} folders deep"
    if member.flag_bits & _ENCRYPTED:
        return "is encrypted: pack it without a password"
    if member.compress_type not in _METHODS:
        return "is packed in a way that is not read: use a plain zip (stored or deflated)"
    if member.file_size > max(FREE_RATIO, MAX_RATIO * member.compress_size):
        return f"unpacks to more than {MAX_RATIO} times its size, as a zip bomb does"
    return ""
