"""Class runs on the toy course: exact points, the same results every time, nobody in anybody's way."""

import gc
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from coursekit.grading import handle
from coursekit.grading.class_runs.class_run import ClassRun
from coursekit.grading.class_runs.journal import Journal
from coursekit.grading.class_runs.unit_grader import UnitGrader
from coursekit.grading.session import grade
from coursekit.grading.source_rules import remarkable_uses
from coursekit.grading.workers import Zygote

from ..conftest import SOLUTION, UNIT
from .conftest import CLASS, SECRET, canonical, of, submissions_of, text


@pytest.fixture
def graded(grade_class_of):
    return grade_class_of(CLASS)


def test_points_verdicts_and_mistakes_are_those_of_each_one_alone(graded):
    points = {student.student: student.points for student in graded.students}
    assert points == {
        **{"right": 10, "copy": 10, "mistake": 0, "wrong": 0},
        **{"syntax": 0, "exit": 0, "loop": 0, "kill": 0},
    }
    first = {name: of(graded, name).checks[0] for name in CLASS}
    assert first["mistake"].mistake == "no_tanh"
    assert first["mistake"].message.startswith("The factor is used as it is, without tanh.")
    assert "values differ" in first["wrong"].message
    assert {name: check.verdict for name, check in first.items()} == {
        **{"right": "passed", "copy": "passed", "mistake": "failed", "wrong": "failed"},
        **{"syntax": "error", "exit": "crashed", "loop": "timeout", "kill": "forbidden"},
    }


def test_in_parallel_one_by_one_and_again_the_results_are_the_same_bytes(graded, grade_class_of):
    for jobs, journal in ((1, "serial"), (4, "parallel"), (2, None)):
        assert canonical(grade_class_of(CLASS, jobs, journal)) == canonical(graded)


def test_what_is_known_is_not_judged_again(graded, grade_class_of):
    told = []
    grade_class_of(CLASS, on_progress=lambda *progress: told.append(progress))
    assert {stage: done == total for stage, done, total in told} == {
        "judging": True,
        "explaining": True,
    }
    assert len(told) == 2


def test_the_same_text_is_judged_once(grade_class_of):
    told = []
    class_ = {"one": SOLUTION, "two": SOLUTION, "three": SOLUTION}
    results = grade_class_of(class_, on_progress=lambda *progress: told.append(progress))
    assert told[0] == ("judging", 0, 3)
    assert [student.points for student in results.students] == [10, 10, 10]


def test_a_changed_file_is_judged_and_nothing_else(graded, grade_class_of):
    told = []
    changed = {**CLASS, "wrong": SOLUTION + "# right now\n"}
    results = grade_class_of(changed, on_progress=lambda *progress: told.append(progress))
    assert told[0] == ("judging", 18, 21)  # seven texts of three checks
    assert of(results, "wrong").points == 10


@pytest.mark.parametrize("name", [UNIT, "right"])
def test_a_unit_or_a_student_can_be_judged_again(graded, grade_class_of, name):
    told = []
    results = grade_class_of(
        CLASS, forget=[name], on_progress=lambda *progress: told.append(progress)
    )
    assert told[0] == ("judging", 0 if name == UNIT else 18, 21)
    assert canonical(results) == canonical(graded)


def test_who_runs_out_of_time_goes_to_the_end_of_the_queue(grade_class_of, monkeypatch):
    loops = {f"a{n}": text(f"while True:\n    {n}") for n in range(2)}
    class_ = {**loops, **{f"b{n}": SOLUTION + f"# {n}\n" for n in range(3)}}
    told, add = [], Journal.add

    def note(self, work, result):
        told.append((names[work.digest], result.verdict))
        add(self, work, result)

    names = {s.digest(UNIT): s.student for s in submissions_of(class_)}
    monkeypatch.setattr(Journal, "add", note)
    grade_class_of(class_, jobs=1)
    # Each loop has one verdict, then all others have theirs, then come the loops' other checks.
    assert told[:2] == [("a0", "timeout"), ("a1", "timeout")]
    assert {student for student, _ in told[2:11]} == {"b0", "b1", "b2"}
    assert {student for student, _ in told[11:]} == {"a0", "a1"}


def test_a_file_that_never_finishes_loading_is_waited_for_once(grade_class_of, monkeypatch):
    loads = []
    load = handle.Party._load
    monkeypatch.setattr(handle, "LOAD_SECONDS", 0.5)
    monkeypatch.setattr(handle.Party, "_load", lambda *given: (loads.append(1), load(*given)))
    hung = of(grade_class_of({"hung": "while True:\n    pass\n"}), "hung")
    assert [check.verdict for check in hung.checks] == ["timeout", "blocked", "timeout"]
    assert len(loads) == 1


def test_the_secret_runs_inputs_are_in_no_message(grade_class_of, toy_course, zygote, tmp_path):
    body = "raise ValueError('saw ' + str(float(ops.sum(inputs))))"
    results = grade_class_of({"spy": text(body)})
    (tmp_path / f"{UNIT}.py").write_text(text(body))
    public = grade(tmp_path, [UNIT], course=toy_course, zygote=zygote)
    secret = grade(tmp_path, [UNIT], course=toy_course, zygote=zygote, seed=123)
    told = of(results, "spy").checks[0].message
    assert told == public.units[0].checks[0].message
    assert "saw" in told
    assert told != secret.units[0].checks[0].message
    assert of(results, "spy").output == ""


def test_answers_to_the_public_inputs_only_are_worth_nothing_and_flagged(
    grade_class_of, toy_course, zygote, tmp_path
):
    """What was printed in public comes back as a table; under the secret seed it is wrong."""
    (tmp_path / f"{UNIT}.py").write_text(
        text(
            "result = inputs * ops.tanh(factor)\nprint(repr(result.numpy().tolist()))\nreturn result"
        )
    )
    printed = grade(tmp_path, [UNIT], course=toy_course, zygote=zygote).units[0].output
    table = printed.splitlines()[0]
    body = f"return ops.convert_to_tensor({table}, dtype='float32')"
    results = grade_class_of({"replay": text(body)})
    check = of(results, "replay").checks[0]
    assert (check.verdict, check.points) == ("failed", 0)
    assert "right for the inputs that students know" in check.message
    assert results.students[0].flags == [f"{UNIT}: passes with the public inputs only: test_scale"]


def test_what_a_person_should_look_at_is_flagged_and_costs_nothing(grade_class_of):
    results = grade_class_of({"odd": "import ctypes\n" + SOLUTION})
    assert results.students[0].points == 10
    assert results.students[0].flags == [f"{UNIT}: line 1: imports ctypes"]


def test_what_ended_its_process_or_tried_the_walls_is_flagged(graded):
    flags = {student.student: student.flags for student in graded.students}
    assert flags["kill"] == [
        f"{UNIT}: forbidden: The code sends signals to processes.",
    ]
    assert flags["exit"] == [
        f"{UNIT}: crashed: Your code ended the process that ran it (exit code 0)."
    ]
    assert flags["right"] == flags["mistake"] == flags["loop"] == []


def test_the_end_of_the_zygote_is_never_charged_to_a_student(grade_class_of, toy_course):
    class_ = {f"s{n}": SOLUTION + f"# {n}\n" for n in range(12)}
    with Zygote("basic") as warm:
        warm.isolation()
        killed = threading.Event()

        def kill(stage, done, total):
            if stage == "judging" and done == 10 and not killed.is_set():
                killed.set()
                os.kill(warm._process.pid, signal.SIGKILL)

        results = grade_class_of(class_, on_progress=kill, warm=warm)
    assert killed.is_set()
    charged = [
        (check.name, check.verdict, check.message)
        for student in results.students
        for check in student.units[0].checks
        if check.verdict != "passed"
    ]
    assert charged == []


def test_a_fault_of_ours_in_one_piece_ends_no_other(grade_class_of, monkeypatch):
    real = UnitGrader.judge

    def fail(self, unit, source, *others, **more):
        if "the odd one" in source.text:
            raise RuntimeError("a fault of ours")
        return real(self, unit, source, *others, **more)

    monkeypatch.setattr(UnitGrader, "judge", fail)
    class_ = {"one": SOLUTION, "odd": SOLUTION + "# the odd one\n", "two": SOLUTION + "# two\n"}
    results = grade_class_of(class_)
    assert {s.student: s.points for s in results.students} == {"one": 10, "odd": 0, "two": 10}
    assert {check.verdict for check in of(results, "odd").checks} == {"grader-fault"}
    monkeypatch.undo()
    assert of(grade_class_of(class_), "odd").points == 10


def test_points_stand_when_they_cannot_be_explained(grade_class_of, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(UnitGrader, "explain", fail)
    results = grade_class_of({"right": SOLUTION, "wrong": CLASS["wrong"]})
    assert of(results, "right").points == 10
    assert of(results, "wrong").checks[0].message == "The answer is wrong."


def test_sources_are_parsed_in_many_threads(monkeypatch):
    """Python 3.11's `ast.parse` loses count when another thread builds a tree in between; collecting lets it in."""
    text = "\n".join(f"a{n} = [[[{n}, (1, 2)], {{'k': [1]}}], f(g(h({n})))]" for n in range(100))
    before = gc.get_threshold()
    gc.set_threshold(100)

    def let_others_run(*_):
        time.sleep(0)

    gc.callbacks.append(let_others_run)
    try:
        with ThreadPoolExecutor(4) as threads:
            sources = [f"import ctypes\n{text}"] * 16
            found = list(threads.map(remarkable_uses, sources))
    finally:
        gc.callbacks.remove(let_others_run)
        gc.set_threshold(*before)
    assert found == [["line 1: imports ctypes"]] * 16


def test_nothing_is_left_running(grade_class_of):
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    grade_class_of(CLASS)
    after = {process.pid for process in psutil.Process().children(recursive=True)}
    assert after <= before


def test_a_stopped_run_goes_on_where_it_was(grade_class_of, toy_course, zygote, tmp_path):
    class_ = {f"s{n}": SOLUTION + f"# {n}\n" for n in range(6)}
    whole = grade_class_of(class_, journal="whole")
    journal = Journal(tmp_path / "stopped")
    arguments = (submissions_of(class_), [UNIT], toy_course)
    grader = UnitGrader(zygote, toy_course, SECRET)

    def stop(_stage, done, _total):
        if done == 7:
            stopped.stop()

    stopped = ClassRun(*arguments, grader, journal, zygote.isolation(), 2, stop)
    with pytest.raises(InterruptedError):
        stopped.run()
    known = sum(len(journal.verdicts(piece.work)) for piece in stopped._pieces())
    assert 7 <= known < 18
    run = ClassRun(*arguments, grader, journal, zygote.isolation(), 2)
    assert canonical(run.run()) == canonical(whole)
    journal.close()
