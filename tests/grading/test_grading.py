"""Verdicts on right, wrong, broken and hostile submissions, and what is left behind: nothing."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from coursekit.course.syllabus import find_unit
from coursekit.grading import unit_run
from coursekit.grading.answer_key import AnswerKey
from coursekit.grading.checks_of import checks_of
from coursekit.grading.session import grade
from coursekit.grading.unit_run import Source, UnitRun
from coursekit.grading.verdicts import CheckResult

from .conftest import SOLUTION, UNIT


def verdicts(unit):
    return [check.verdict for check in unit.checks]


def test_the_solution_has_all_points(grade_source):
    unit = grade_source(SOLUTION)
    assert verdicts(unit) == ["passed"] * 3
    assert (unit.points, unit.max_points) == (10, 10)


def test_another_seed_draws_other_inputs_and_passes_too(grade_source):
    assert grade_source(SOLUTION, seed=7).points == 10


def test_a_stub_fails_every_check_with_its_line(grade_source, with_body):
    unit = grade_source(
        with_body('raise NotImplementedError("ex02_lstm: scale is not written yet")')
    )
    assert unit.points == 0
    assert unit.checks[0].message.startswith("Not written yet (ex02_lstm.py, line")
    assert verdicts(unit) == ["failed", "blocked", "failed"]


@pytest.mark.parametrize(
    ("wrong", "name"), [("inputs * factor", "no_tanh"), ("inputs + ops.tanh(factor)", "adds")]
)
def test_a_mistake_is_named_however_it_is_written(grade_source, with_body, wrong, name):
    unit = grade_source(with_body(f"result = {wrong}\nreturn result"))
    assert {c.mistake for c in unit.checks if c.verdict == "failed"} == {name}
    assert "factor" in unit.checks[0].message


def test_an_unknown_mistake_is_described_not_named(grade_source, with_body):
    check = grade_source(with_body("return inputs * ops.sin(factor)")).checks[0]
    assert check.mistake is None
    assert "The outputs: 12 of 12 values differ" in check.message


BROKEN = {
    "a syntax error": ("x = = 1", "error", "SyntaxError"),
    "exit()": ("exit()", "error", "exit()"),
    "os._exit": ("import os\nos._exit(0)", "crashed", "exit code 0"),
    "a loop": ("while True:\n    pass", "timeout", "within 3 s"),
    "a loop that swallows": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "timeout",
        "within 3 s",
    ),
    "50 GB": ("import numpy\nreturn numpy.ones(50 * 2**27)", "out-of-memory", "memory"),
    "50 GB in TensorFlow": ("return ops.ones((50 * 2**28,))", "out-of-memory", "memory"),
    "printing without end": ("while True:\n    print('x' * 10**6)", "error", "prints or writes"),
    "fork": ("import os\nos.fork()\nreturn inputs", "forbidden", "another process"),
    "a swallowed fork": (
        "import os\ntry:\n    os.fork()\nexcept BaseException: pass\nreturn inputs",
        "forbidden",
        "another process",
    ),
    "nothing returned": ("pass", "failed", "received None"),
    "a string": ("return 'abc'", "failed", "received the str abc"),
    "a list": ("return [1.0, 2.0]", "failed", "received a list"),
    "NaN": ("return inputs * float('nan')", "failed", "contains NaN"),
    "equal to everything": (
        "class Equal:\n    __eq__ = lambda self, other: True\nreturn Equal()",
        "failed",
        "should be a tensor",
    ),
    "an array equal to everything": (
        "import numpy\nclass Equal(numpy.ndarray):\n    __eq__ = lambda self, other: True\n"
        "return numpy.zeros((3, 4), 'float32').view(Equal)",
        "failed",
        "should be a tensor",
    ),
    "a float that lies": (
        "class Liar(float):\n    __sub__ = lambda self, other: 0.0\nreturn Liar(1)",
        "failed",
        "should be a tensor",
    ),
    "another dtype": ("return ops.cast(inputs, 'float64')", "failed", "dtype float32"),
    "another shape": ("return inputs[:, :1]", "failed", "shape (3, 4)"),
    "a broadcastable shape": ("return (inputs * ops.tanh(factor))[None]", "failed", "shape"),
    "an exception": ("return inputs.nonsense", "error", "line 9"),
    "endless recursion": ("def f(): return f()\nreturn f()", "error", "RecursionError"),
    "a segmentation fault": ("import ctypes\nctypes.string_at(0)", "crashed", "SIGSEGV"),
    "the network": (
        "import socket\nsocket.create_connection(('127.0.0.1', 9))",
        "forbidden",
        "network",
    ),
    "a huge answer": (
        "import numpy\nreturn numpy.zeros(2**27, 'uint8')",
        "error",
        "cannot be sent",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_answer_gets_its_verdict_and_no_points(grade_source, with_body, case):
    body, verdict, words = BROKEN[case]
    unit = grade_source(with_body(body))
    assert unit.checks[0].verdict == verdict
    assert words in unit.checks[0].message
    assert "\n" not in unit.checks[0].message
    assert unit.checks[1].verdict in ("blocked", verdict)
    assert unit.points == 0
    assert unit.max_points == 10


def test_reading_the_solution_is_forbidden(grade_source, with_body, toy_course):
    body = f"text = open({str(toy_course.solutions / UNIT)!r} + '.py').read()\nreturn inputs"
    unit = grade_source(with_body(body))
    assert unit.checks[0].verdict == "forbidden"
    assert unit.points == 0


def test_writing_outside_is_forbidden_and_writes_nothing(grade_source, with_body, tmp_path):
    target = tmp_path / "written"
    unit = grade_source(with_body(f"open({str(target)!r}, 'w').write('x')\nreturn inputs"))
    assert unit.checks[0].verdict == "forbidden"
    assert not target.exists()


@pytest.mark.parametrize(
    "head",
    [
        "from keras.layers import LSTMCell\n",
        "import tensorflow as tf\nmade = lambda: tf.keras.layers.LSTM(3)\n",
        "from coursekit.layers import LSTM as Mine\n",
    ],
)
def test_what_should_be_written_cannot_be_imported(grade_source, head):
    unit = grade_source(head + SOLUTION)
    assert verdicts(unit) == ["forbidden"] * 3
    assert "line" in unit.checks[0].message


def test_a_disguised_use_is_refused_too(grade_source, with_body):
    body = "import keras\ncell = getattr(keras.layers, 'LSTM' + 'Cell')(4)\nreturn inputs"
    unit = grade_source(with_body(body))
    assert unit.checks[0].verdict == "forbidden"
    assert unit.points == 0


def test_a_missing_file_is_said_once_per_check(toy_course, zygote, tmp_path):
    unit = grade(tmp_path, [UNIT], course=toy_course, zygote=zygote).units[0]
    assert verdicts(unit) == ["error"] * 3
    assert f"{UNIT}.py is missing" in unit.checks[0].message


def test_changing_an_argument_in_place_fails(grade_source, with_body):
    body = (
        "import numpy\nresult = inputs * ops.tanh(factor)\n"
        "if isinstance(inputs, numpy.ndarray):\n    inputs *= 2\nreturn result"
    )
    unit = grade_source(with_body(body))
    assert verdicts(unit) == ["passed", "passed", "failed"]
    assert "argument 1 in place" in unit.checks[2].message


def test_a_detached_answer_fails_the_gradients(grade_source, with_body):
    unit = grade_source(with_body("return inputs * ops.stop_gradient(ops.tanh(factor))"))
    assert verdicts(unit) == ["passed", "failed", "passed"]


def test_what_is_printed_is_shown(grade_source):
    assert "hello" in grade_source("print('hello')\n" + SOLUTION).output


def test_a_replaced_judge_in_the_worker_changes_nothing(grade_source, with_body):
    head = (
        "import numpy, coursekit.grading.expect as e\n"
        "e.close = e.true = lambda *a, **k: None\nnumpy.allclose = lambda *a, **k: True\n"
    )
    unit = grade_source(with_body("return inputs * 0", head))
    assert unit.points == 0


def test_threads_left_running_do_not_outlive_the_submission(grade_source, with_body):
    body = (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()\n"
        "return inputs * ops.tanh(factor)"
    )
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    grade_source(with_body(body))
    after = {child.pid for child in psutil.Process().children(recursive=True)}
    assert after <= before


def test_nothing_is_left_in_the_temporary_folder(grade_source, zygote, with_body):
    grade_source(with_body("open('mine.txt', 'w').write('x')\nreturn inputs * ops.tanh(factor)"))
    left = [n for n in os.listdir(zygote.folder.name) if n not in ("zygote.log", "home")]
    assert left == []


def test_a_killed_judge_leaves_no_process_and_no_folder(toy_course, tmp_path):
    (tmp_path / f"{UNIT}.py").write_text("while True: pass")
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from coursekit.course.workspace import Course\n"
        "from coursekit.grading.session import grade\n"
        "from coursekit.grading.workers import Zygote\n"
        "with Zygote() as zygote:\n"
        "    print(zygote.folder.name, flush=True)\n"
        f"    grade(Path({str(tmp_path)!r}), [{UNIT!r}], course=Course(Path({str(toy_course.root)!r})),"
        " zygote=zygote, on_result=print)\n"
    )
    judge = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    folder = judge.stdout.readline().strip()
    family = []
    while len(family) < 2:  # the zygote and the children that loop
        family = psutil.Process(judge.pid).children(recursive=True)
        time.sleep(0.05)
    judge.kill()
    judge.wait()
    gone, alive = psutil.wait_procs(family, timeout=20)
    assert not alive
    assert len(gone) >= 2
    assert not os.path.exists(folder)


def test_sleeping_is_ended_by_the_wall_clock(grade_source, with_body):
    check = grade_source(with_body("import time\ntime.sleep(600)\nreturn inputs")).checks[0]
    assert check.verdict == "timeout"
    assert 10 < check.seconds < 60


def test_checks_side_by_side_give_the_verdicts_of_one_after_the_other(toy_course, zygote, tmp_path):
    wrong = SOLUTION.replace("inputs * ", "inputs + ")
    unit, checks = find_unit(UNIT), checks_of(toy_course.checks(UNIT))
    reports = []
    for lanes in (1, 3):
        run = UnitRun(zygote, toy_course, unit, Source(wrong), 0, checks, AnswerKey(), lanes=lanes)
        told = []
        run.judge_all(told.append, lambda: False)
        assert {result.name for result in told} == {check.name for check in checks}
        results = run.finish().checks
        reports.append([(r.name, r.verdict, r.points, r.mistake, r.message) for r in results])
    assert reports[0] == reports[1]


def test_what_a_check_leaves_at_the_top_of_the_file_is_gone_in_the_next(grade_source):
    body = "calls.append(1)\nassert len(calls) == 1\nreturn inputs * ops.tanh(factor)"
    unit = grade_source(
        SOLUTION.replace("    return inputs * ops.tanh(factor)", textwrap.indent(body, "    "))
        + "\n\ncalls = []\n"
    )
    assert unit.checks[0].verdict == "passed"  # it calls once


def test_tensorflows_own_names_stay_out_of_messages(grade_source, with_body):
    check = grade_source(with_body("import tensorflow as tf\nreturn tf.ones((2, 3)) @ inputs[:2]"))
    message = check.checks[0].message
    assert check.checks[0].verdict == "error"
    assert "{{" not in message
    assert "\x1b" not in message
    assert "Matrix size-incompatible" in message


def test_no_mistake_is_looked_for_where_nothing_is_written_yet(
    toy_course, zygote, tmp_path, with_body
):
    stub = Source(with_body('raise NotImplementedError("ex02_lstm: scale is not written yet")'))
    unit, checks, key = find_unit(UNIT), checks_of(toy_course.checks(UNIT)), AnswerKey()
    run = UnitRun(zygote, toy_course, unit, stub, 0, checks, key)
    run.judge_all(lambda _: None, lambda: False)
    results = run.finish().checks
    unwritten = [check.name for check in results if "Not written yet" in check.message]
    assert unwritten
    assert not any(key.transcripts(name) for name in unwritten)


def test_recorded_answers_belong_to_the_layers_that_gave_them(toy_course, monkeypatch):
    layers = Path(unit_run.__file__).parents[1] / "layers" / "attention.py"
    before = unit_run.key_path(toy_course, find_unit(UNIT), 0)
    read = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: read(path) + (b"#" if path == layers else b"")
    )
    assert unit_run.key_path(toy_course, find_unit(UNIT), 0) != before


def test_a_fault_of_ours_blocks_nobody(toy_course, zygote):
    """What could not be judged is no failure, and neither is what needed it."""
    checks = checks_of(toy_course.checks(UNIT))
    fault = CheckResult("test_scale", "grader-fault", 0, 4)
    run = UnitRun(
        zygote, toy_course, find_unit(UNIT), Source(SOLUTION), 0, checks, AnswerKey(), known=[fault]
    )
    assert run.judge(checks[1]).verdict == "grader-fault"
    run.close()
