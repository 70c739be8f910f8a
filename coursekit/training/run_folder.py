"""The folder of a run: what it was asked for, its vocabulary, its checkpoints, its logs."""

import json
import os
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from coursekit.errors import UserError
from coursekit.text.tokenizers import load_tokenizer
from coursekit.training.checkpoints import saved_checkpoints
from coursekit.training.language_model_settings import LanguageModelSettings
from coursekit.training.translation_settings import TranslationSettings

RUNS = Path("runs")
SETTINGS = {settings.task: settings for settings in (TranslationSettings, LanguageModelSettings)}
_FORMAT = 1


@dataclass(frozen=True)
class RunFolder:
    """Paths and records of one run."""

    path: Path

    @property
    def record(self) -> Path:
        return self.path / "run.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def events(self) -> Path:
        return self.path / "events"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    def make(self) -> None:
        """Makes the folder, empty; a run that was there is removed."""
        try:
            if not _is_free(self.path):
                shutil.rmtree(self.path)
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.path} cannot be made: {error.strerror}.") from error

    @property
    def layers(self) -> Path:
        """Where the student's files that took part are kept."""
        return self.path / "layers"

    @property
    def tokenizer(self) -> Path:
        return self.path / "tokenizer.json"

    def write_record(self, settings, data_fingerprint: str) -> None:
        content = {
            "format": _FORMAT,
            "task": settings.task,
            "settings": settings.to_json(),
            "data": data_fingerprint,
        }
        write_json(self.record, content)

    def task(self) -> str | None:
        """Returns what kind of run this is; None if it is no run at all."""
        try:
            task = json.loads(self.record.read_text(encoding="utf-8"))["task"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return task if task in SETTINGS else None

    def read_record(self, task: str = "translation") -> tuple[Any, str]:
        """Returns the settings and the fingerprint of the data.

        Raises:
            UserError: this is not the folder of a run of this task.
        """
        if not self.path.exists():
            raise UserError(f"There is no run {self.path}: train one, or name another with --run.")
        try:
            content = json.loads(self.record.read_text(encoding="utf-8"))
            if content["format"] != _FORMAT or content["task"] != task:
                raise ValueError("another format")
            return SETTINGS[task].from_json(content["settings"]), content["data"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            other = self.task()
            name = task.replace("-", " ")
            raise UserError(
                f"{self.path} is not the folder of a {name} run"
                + (f" but of a {other.replace('-', ' ')} run" if other not in (None, task) else "")
                + ": name another with --run."
            ) from error

    def save_tokenizers(self, source, target) -> None:
        source.save(self.path / "source_tokenizer.json")
        target.save(self.path / "target_tokenizer.json")

    def load_tokenizers(self) -> tuple:
        return tuple(
            load_tokenizer(self.path / f"{side}_tokenizer.json") for side in ("source", "target")
        )


def write_json(path: Path, content: dict) -> None:
    """Writes JSON whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def free_run(path: Path | None, overwrite: bool = False, task: str = "translation") -> RunFolder:
    """Returns the folder of a run that is to begin, without making it.

    Args:
        path: where; None for the first free name of `runs/translation`, `runs/translation-2`, ...
        overwrite: whether a run may be there already.
        task: what the run is named after if `path` is None.

    Raises:
        UserError: something is there already.
    """
    if path is None:
        names = (f"{task}-{i}" if i > 1 else task for i in count(1))
        return RunFolder(next(RUNS / name for name in names if _is_free(RUNS / name)))
    if not _is_free(path):
        if not (path / "run.json").is_file():
            raise UserError(f"{path} exists and is no run: name another folder with --run.")
        if not overwrite:
            raise UserError(
                f"{path} holds a run already: go on with --resume, start it anew with --overwrite, "
                "or name another folder with --run."
            )
    return RunFolder(path)


def _is_free(path: Path) -> bool:
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def latest_run(runs: Path = RUNS, task: str = "translation") -> RunFolder:
    """Returns the run of a task whose newest checkpoint is the youngest.

    Raises:
        UserError: there is no run.
    """
    ages = {}
    for record in runs.glob("*/run.json"):
        newest = saved_checkpoints(record.parent / "checkpoints")[:1]
        if newest and RunFolder(record.parent).task() == task:
            ages[record.parent] = newest[0].stat().st_mtime
    if not ages:
        raise UserError(
            f"There is no trained run in {runs}/: train one with `coursekit train {task}`, or name "
            "its folder with --run."
        )
    return RunFolder(max(ages, key=lambda folder: ages[folder]))


def check_resumable(folder: RunFolder, data, task: str = "translation") -> None:
    """Refuses to go on with a run that is finished or was begun with other data.

    Args:
        folder: of the run.
        data: what its settings name, as it is now: it has a `fingerprint` and a `source`.
        task: of the run.
    """
    _, trained_on = folder.read_record(task)
    if folder.result.exists():
        raise UserError(f"{folder.path} is finished: nothing is left to resume. Start another run.")
    if data.fingerprint != trained_on:
        raise UserError(
            f"{folder.path} was trained on other {data.made_of} than {data.source} holds now: put "
            f"{'it' if data.made_of == 'text' else 'them'} back, or start another run."
        )
