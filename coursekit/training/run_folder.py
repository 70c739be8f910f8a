"""The folder of a run: what it was asked for, its vocabulary, its checkpoints, its logs."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from coursekit.errors import UserError
from coursekit.text.tokenizers import load_tokenizer
from coursekit.training.checkpoints import saved_checkpoints
from coursekit.training.translation_settings import TranslationSettings

RUNS = Path("runs")
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

    def write_record(self, settings: TranslationSettings, data_fingerprint: str) -> None:
        content = {
            "format": _FORMAT,
            "task": "translation",
            "settings": settings.to_json(),
            "data": data_fingerprint,
        }
        write_json(self.record, content)

    def read_record(self) -> tuple[TranslationSettings, str]:
        """Returns the settings and the fingerprint of the data.

        Raises:
            UserError: this is not the folder of a translation run.
        """
        if not self.path.exists():
            raise UserError(f"There is no run {self.path}: train one, or name another with --run.")
        try:
            content = json.loads(self.record.read_text(encoding="utf-8"))
            if content["format"] != _FORMAT or content["task"] != "translation":
                raise ValueError("another format")
            return TranslationSettings.from_json(content["settings"]), content["data"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"{self.path} is not the folder of a translation run: name another with --run."
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


def new_run(path: Path | None, overwrite: bool = False) -> RunFolder:
    """Makes the folder of a run that begins.

    Args:
        path: where; None for the first free name of `runs/translation`, `runs/translation-2`, ...
        overwrite: whether a run that is there already is removed.

    Raises:
        UserError: something is there already.
    """
    if path is None:
        names = (f"translation-{i}" if i > 1 else "translation" for i in range(1, 100_000))
        path = next(RUNS / name for name in names if not (RUNS / name).exists())
    elif path.exists() and (not path.is_dir() or any(path.iterdir())):
        is_run = path.is_dir() and (path / "run.json").is_file()
        if not is_run:
            raise UserError(f"{path} exists and is no run: name another folder with --run.")
        if not overwrite:
            raise UserError(
                f"{path} holds a run already: go on with --resume, start it anew with --overwrite, "
                "or name another folder with --run."
            )
        shutil.rmtree(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{path} cannot be made: {error.strerror}.") from error
    return RunFolder(path)


def latest_run(runs: Path = RUNS) -> RunFolder:
    """Returns the run whose newest checkpoint is the youngest.

    Raises:
        UserError: there is no run.
    """
    ages = {}
    for record in runs.glob("*/run.json"):
        newest = saved_checkpoints(record.parent / "checkpoints")[:1]
        if newest:
            ages[record.parent] = newest[0].stat().st_mtime
    if not ages:
        raise UserError(
            f"There is no trained run in {runs}/: train one with `coursekit train translation`, or "
            "name its folder with --run."
        )
    return RunFolder(max(ages, key=lambda folder: ages[folder]))
