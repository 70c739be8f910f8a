"""The JSON file in which a tokenizer is kept beside the model that was trained with it."""

import json
import os
from pathlib import Path

from coursekit.text.unpacked_file import TextFileError

_FORMAT = 1


def write(path, kind: str, config: dict) -> Path:
    """Writes the file whole or not at all, so that a killed run leaves no half vocabulary."""
    path = Path(path)
    text = json.dumps({"format": _FORMAT, "kind": kind, **config}, ensure_ascii=False, indent=0)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text + "\n", encoding="utf-8")
    os.replace(partial, path)
    return path


def read(path) -> tuple[str, dict]:
    """Returns the kind and the configuration.

    Raises:
        TextFileError: the file is missing or is no tokenizer.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT:
            raise ValueError("another format")
        return content.pop("kind"), content
    except OSError as error:
        raise TextFileError(
            f"{path} cannot be read ({error.strerror}): a run keeps its tokenizers beside its "
            "checkpoints."
        ) from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise TextFileError(
            f"{path} is not a tokenizer saved by coursekit: train again, or name another run."
        ) from error
