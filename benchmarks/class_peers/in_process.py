"""The same checks without a process between them: student, reference and judge share one.

This is what a pytest or Otter grader of a course usually is. The handles that a check holds are coursekit's
own, but what they ask for is done here and now.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import tensorflow as tf

from coursekit.grading.expect import CheckFailed, StudentError
from coursekit.grading.handle import RemoteModule
from coursekit.grading.judging import check_seed
from coursekit.grading.protocol import Reply, Request
from coursekit.grading.worker.operations import perform
from coursekit.grading.worker.values import Objects

SEED = 0

# As the children of coursekit have it: two graders side by side on two cores are not faster with more.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


class InProcess:
    """Stands where a check expects the party in another process."""

    def __init__(self, module: ModuleType):
        self._objects = Objects(module)

    def begin(self, seed: int) -> None:
        self._objects.clear()
        keras.utils.set_random_seed(seed)

    def ask(self, request: Request) -> Reply:
        try:
            reply = perform(self._objects, request)
        except Exception as error:
            raise StudentError(type(error).__name__, str(error), None, "") from error
        if reply.mutated:
            raise CheckFailed(f"The call changes {', '.join(reply.mutated)} in place.", "mutation")
        return reply


def load(name: str, path: Path) -> ModuleType:
    """Runs a file as a module."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def arguments(student: InProcess, reference: InProcess, unit: str, check: str) -> dict:
    """What a check takes, for the public inputs."""
    seed = check_seed(SEED, unit, check)
    for party in (student, reference):
        party.begin(seed)
    return {
        "student": RemoteModule(student),  # type: ignore[arg-type]
        "reference": RemoteModule(reference),  # type: ignore[arg-type]
        "rng": np.random.default_rng(seed),
    }
