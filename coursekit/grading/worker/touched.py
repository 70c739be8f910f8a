"""Which functions of the loaded file ran: what a mistake changes elsewhere cannot show."""

import os
import sys
import threading
from types import FrameType

_OF_AUTOGRAPH = "tf__"  # how AutoGraph names its rewritten functions


class Touched:
    """Notes the functions of files under `folder` as they are called, from `start` to `stop`."""

    def __init__(self, folder: str):
        self._folder = folder + os.sep
        self._names: set[str] = set()

    def start(self) -> None:
        self._names.clear()
        threading.settrace(self._look)
        sys.settrace(self._look)

    def stop(self) -> list[str]:
        """Their qualified names; one that AutoGraph rewrote goes by its last part alone."""
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        return sorted(self._names)

    def _look(self, frame: FrameType, _event: str, _argument: object) -> None:
        code = frame.f_code
        if code.co_filename.startswith(self._folder):
            self._names.add(code.co_qualname.split(".<locals>")[0])
        elif code.co_name.startswith(_OF_AUTOGRAPH):
            self._names.add(code.co_name.removeprefix(_OF_AUTOGRAPH))
