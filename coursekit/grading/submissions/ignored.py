"""Files of a hand-in that are named and never opened."""

import re

from coursekit.grading.submissions.names import shown

_OBJECTS = (".keras", ".h5", ".hdf5", ".npz", ".npy", ".pkl", ".pickle", ".joblib", ".pt", ".pth")
_COMPILED = (".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib", ".whl", ".egg")
_ARCHIVES = (".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_SHADOWS = {
    *("conftest", "sitecustomize", "usercustomize", "pytest", "coursekit", "msgspec"),
    *("numpy", "keras", "keras_hub", "tensorflow", "os", "sys"),
}


def why_ignored(name: str) -> str:
    """Of a file that is no unit's: what kind it is of, as a note says it."""
    lower = name.lower()
    stem, _, suffix = lower.rpartition(".")
    if lower.endswith(_OBJECTS):
        return "weights and saved objects, never opened"
    if lower.endswith(_COMPILED) or (suffix == "py" and stem in _SHADOWS):
        return "files that would change how Python or the checks run, never opened"
    if lower.endswith(".zip"):
        return "zips inside of a student's zip, never opened"
    if lower.endswith(_ARCHIVES):
        return "archives of another kind than zip, never opened"
    if re.match(r"ex[0-9]", lower):
        return "files whose name is like a unit's but is none's (as ex02_lstm.py)"
    return "other files, not needed"


def ignored_note(reason: str, paths: list[str]) -> str:
    """One line for all files of a kind."""
    names = ", ".join(shown(path) for path in paths[:8])
    more = f" and {len(paths) - 8} more" if len(paths) > 8 else ""
    return f"Ignored, {reason}: {names}{more}."
