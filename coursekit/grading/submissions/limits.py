"""How much of a hand-in is looked at. All of these are in docs/submissions.md, and a test holds the two equal."""

from typing import NamedTuple

KIB, MIB = 2**10, 2**20

MAX_SOURCE = MIB  # the text of one unit
MAX_NOTEBOOK = 16 * MIB  # outputs and pictures included
MAX_CELLS = 5000
MAX_CODE = 4 * MIB  # of all notebooks of one hand-in, marked or not
MAX_NOTEBOOKS = 50  # of one hand-in
MAX_READ = 64 * MIB  # of one hand-in, unpacked
MAX_INNER_ZIP = 64 * MIB  # a zip within a zip is held in memory
MAX_DEPTH = 8  # folders within folders of one hand-in
MAX_NAME = 255  # bytes of a name
MAX_PATH = 1024  # bytes of a path
MAX_RATIO = 200  # of an entry's size to its packed size
FREE_RATIO = 64 * KIB  # entries up to this size may be packed as tightly as they like
MAX_METADATA = 64 * MIB  # Gradescope's submission_metadata.yml
MAX_NOTES = 40  # of one hand-in


class Archive(NamedTuple):
    """How many entries a zip may have, and how many bytes its list of them."""

    entries: int
    directory: int


CLASS_ARCHIVE = Archive(100_000, 16 * MIB)
STUDENT_ARCHIVE = Archive(20_000, 4 * MIB)
MAX_FILES = STUDENT_ARCHIVE.entries  # of one student's folder
