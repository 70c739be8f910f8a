"""Contenders that take turns, each in a process of its own.

A script starts itself once for each contender, `SCRIPT --worker NAME`; that process answers each line of
its standard input, the name of a case, with one line of JSON. All see the same machine, because they are
asked one after the other, a few steps each, again and again; a ratio is taken within a turn.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time


class Worker:
    """A process that answers the name of a case.

    Args:
        script: path of the script.
        name: of the contender.
        python: the interpreter.
        environment: variables that it gets besides; oneDNN is as TensorFlow's default has it.
    """

    def __init__(self, script, name, python=sys.executable, environment=None):
        inherited = {k: v for k, v in os.environ.items() if k != "TF_ENABLE_ONEDNN_OPTS"}
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            [python, script, "--worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**inherited, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})},
            text=True,
        )

    def ask(self, case):
        self.process.stdin.write(case + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.errors.seek(0)
            raise RuntimeError(f"A worker ended without an answer:\n{self.errors.read()}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Workers(dict):
    """Workers by name, as a context; they end with it.

    Args:
        script: path of the script.
        contenders: for each name the further arguments of `Worker`.
    """

    def __init__(self, script, contenders):
        super().__init__(
            {name: Worker(script, name, **options) for name, options in contenders.items()}
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.values():
            worker.close()


def answer(respond):
    """The life of a worker: a line with a case in, a line of JSON out."""
    for line in sys.stdin:
        print(json.dumps(respond(line.strip())), flush=True)


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def peak_megabytes():
    """The most memory that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def has_module(python, module):
    probe = [python, "-c", f"import {module}"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def compare(theirs, ours):
    """The median of their time over ours, turn by turn, and its quartiles."""
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return {"ratio": middle, "quartiles": [low, high]}


def machine():
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }


def add_options(parser, rounds, turns):
    """The options of every script of this kind."""
    parser.add_argument("--rounds", type=int, default=rounds, help="new processes this many times")
    parser.add_argument("--turns", type=int, default=turns, help="turns of each process in a round")
    parser.add_argument("--quick", action="store_true", help="one round of three turns")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--torch-python", default=sys.executable, help="a Python that has torch")
    parser.add_argument("--worker", help=argparse.SUPPRESS)


def rounds_and_turns(arguments):
    return (1, 3) if arguments.quick else (arguments.rounds, arguments.turns)
