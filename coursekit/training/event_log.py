"""Writes TensorBoard's event files, without TensorFlow's writers.

`tf.summary` needs a step in the graph and cannot say that a run was resumed. Here every value comes
with its step, is on disk when the method returns, and a resumed run declares where it goes on:
TensorBoard then drops what the killed run had logged after its last checkpoint.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter


class EventLog:
    """One run's scalars and tables.

    Args:
        folder: where the event file goes.
        step: int. The last step that was made before, 0 for a run that starts; what an earlier file
            of the folder holds of later steps is void.
    """

    def __init__(self, folder, step: int = 0):
        self.folder = Path(folder)
        self._writer = EventFileWriter(str(folder))
        self._add(Event(session_log=SessionLog(status=SessionLog.START)), step + 1)

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Logs `{tag: value}` at a step."""
        for tag, value in values.items():
            self._add(Event(summary=scalar_pb(tag, float(value))), step)
        self._writer.flush()

    def table(self, tag: str, rows: Sequence[Sequence[str]], step: int) -> None:
        """Logs rows of text, the first of them the heading."""
        self._add(Event(summary=text_pb(tag, np.array(rows, dtype=np.str_))), step)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _add(self, event: Event, step: int) -> None:
        event.step, event.wall_time = step, time.time()
        self._writer.add_event(event)
