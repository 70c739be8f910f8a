"""Checkpoints that survive a kill at any moment.

A checkpoint is one `.npz` file: arrays, and a JSON object of whatever else a run needs to go on. It
is written under another name, synchronised to disk and then renamed, so a file with a checkpoint's
name is always whole. The last two are kept.
"""

import json
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from coursekit.errors import UserError

KEPT = 2
_STATE = "state.json"


class Checkpoint(NamedTuple):
    """What a run was at a step: groups of arrays by name, and a JSON object."""

    arrays: dict[str, list[np.ndarray]]
    state: dict
    path: Path


def save_checkpoint(folder, step: int, arrays: dict, state: dict) -> Path:
    """Writes the checkpoint of a step and removes all but the newest `KEPT`.

    Args:
        folder: where checkpoints live; made if need be.
        step: int.
        arrays: groups of arrays, `{"model": [...], "optimizer": [...]}`.
        state: a JSON object.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    named = {
        f"{group}/{i:04d}": np.asarray(array)
        for group, members in arrays.items()
        for i, array in enumerate(members)
    }
    named[_STATE] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    path = folder / f"step-{step:09d}.npz"
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **named)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
    _synchronise(folder)
    for old in saved_checkpoints(folder)[KEPT:]:
        old.unlink()
    return path


def saved_checkpoints(folder) -> list[Path]:
    """Returns the checkpoint files of a folder, the newest first."""
    return sorted(Path(folder).glob("step-*.npz"), reverse=True)


def load_latest(folder) -> Checkpoint:
    """Reads the newest checkpoint that is whole.

    Raises:
        UserError: there is none.
    """
    paths = saved_checkpoints(folder)
    for path in paths:
        try:
            return _load(path)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            continue
    found = f"{len(paths)} damaged files" if paths else "no file"
    raise UserError(f"{folder} holds no checkpoint to go on from: received {found}.")


def assign_arrays(variables, arrays: list[np.ndarray], checkpoint) -> None:
    """Gives variables the values of a checkpoint, or refuses it whole.

    Raises:
        UserError: the checkpoint is one of another shape.
    """
    shapes = [tuple(variable.shape) for variable in variables]
    received = [array.shape for array in arrays]
    if shapes != received:
        different = [pair for pair in zip(shapes, received, strict=False) if pair[0] != pair[1]]
        detail = (
            f"{different[0][1]} for {different[0][0]}"
            if different
            else f"{len(received)} arrays for {len(shapes)}"
        )
        raise UserError(
            f"{checkpoint.path} belongs to a run of another shape (received {detail}): nothing was "
            "changed. Name the run it belongs to with --run."
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def _load(path: Path) -> Checkpoint:
    arrays: dict[str, list[np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as file:
        state = json.loads(file[_STATE].tobytes())
        for name in sorted(set(file.files) - {_STATE}):
            arrays.setdefault(name.rsplit("/", 1)[0], []).append(file[name])
    return Checkpoint(arrays, state, path)


def _synchronise(folder: Path) -> None:
    """Makes the rename itself durable, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
