"""Lets a run finish its step and save itself when it is asked to stop."""

import signal
import threading


class Interruption:
    """Context manager: Ctrl-C and SIGTERM set `asked`; a second Ctrl-C stops at once.

    Signals can be handled in the main thread only; elsewhere `asked` stays None.
    """

    def __init__(self):
        self.asked: int | None = None
        self._before: dict = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number, frame):
        if self.asked is not None:
            raise KeyboardInterrupt
        self.asked = number
