"""Class runs on a Dask cluster of this machine: the same bytes, whatever becomes of workers and scheduler."""

import os
import signal
import sys
import threading
import time

import psutil
import pytest

from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.class_runs import cluster as cluster_module
from coursekit.grading.class_runs import cluster_worker
from coursekit.grading.class_runs.class_run import ClassRun
from coursekit.grading.class_runs.cluster import ClusterGrader
from coursekit.grading.class_runs.journal import JOURNAL, Journal
from coursekit.grading.class_runs.unit_grader import UnitGrader
from coursekit.grading.unit_run import Source

from ..conftest import SOLUTION, UNIT
from .conftest import CLASS, SECRET, canonical, of, submissions_of

distributed = pytest.importorskip("distributed")

HONEST = {f"s{number}": SOLUTION + f"# {number}\n" for number in range(6)}


def new_cluster(workers: int = 2):
    return distributed.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",
        host="127.0.0.1",
    )


@pytest.fixture(scope="module")
def dask_cluster(own_cache):
    with new_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def level(zygote):
    """What this machine offers, so that both ways of grading ask for the same."""
    return zygote.isolation().level


def run_class(class_, course, grader, isolation, jobs, path, on_progress=lambda *_: None):
    journal = Journal(path)
    try:
        arguments = (submissions_of(class_), [UNIT], course, grader, journal, isolation, jobs)
        return ClassRun(*arguments, on_progress).run()
    finally:
        journal.close()


@pytest.fixture(scope="module")
def serial(toy_course, zygote, tmp_path_factory):
    """The results of `CLASS`, one piece after the other."""
    path = tmp_path_factory.mktemp("serial") / "journal"
    grader = UnitGrader(zygote, toy_course, SECRET)
    return run_class(CLASS, toy_course, grader, zygote.isolation(), 1, path)


@pytest.fixture
def grade_on(toy_course, level, tmp_path):
    """Grades a class on a cluster into a journal of the test; returns the results."""

    def grade(address, class_, on_progress=lambda *_: None):
        with ClusterGrader(address, toy_course, [UNIT], SECRET, level) as grader:
            path = tmp_path / JOURNAL
            isolation = grader.isolation()
            return run_class(class_, toy_course, grader, isolation, grader.jobs, path, on_progress)

    return grade


@pytest.mark.slow
def test_the_results_are_those_of_a_serial_run(grade_on, serial, dask_cluster):
    results = grade_on(dask_cluster.scheduler_address, CLASS)
    assert canonical(results) == canonical(serial)


@pytest.mark.slow
def test_a_worker_killed_in_between_changes_nothing(grade_on, serial, dask_cluster):
    killed = []

    def kill(stage, done, total):
        if stage == "judging" and done >= 3 and not killed:
            killed.append(next(iter(dask_cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    results = grade_on(dask_cluster.scheduler_address, CLASS, kill)
    assert killed
    assert canonical(results) == canonical(serial)


def test_what_is_known_is_not_sent_again(grade_on, dask_cluster):
    class_ = {"right": SOLUTION, "syntax": "x = = 1"}
    told = []
    first = grade_on(dask_cluster.scheduler_address, class_)
    again = grade_on(
        dask_cluster.scheduler_address, class_, lambda *progress: told.append(progress)
    )
    assert told == [("judging", 6, 6), ("explaining", 2, 2)]
    assert canonical(again) == canonical(first)


def test_a_worker_with_another_course_is_refused(grade_on, toy_course, dask_cluster, monkeypatch):
    monkeypatch.setattr(cluster_module, "unit_digest", lambda *_: "of another course")
    with pytest.raises(UserError, match=r"worker at tcp://127\.0\.0\.1:\d+: has another course"):
        grade_on(dask_cluster.scheduler_address, HONEST)


def test_a_worker_that_lacks_something_is_named(grade_on, dask_cluster, monkeypatch):
    def lacking(_wanted):
        raise ModuleNotFoundError("No module named 'keras'")

    monkeypatch.setattr(cluster_worker, "prepare", lacking)
    with pytest.raises(UserError, match=r"tcp://\S+ cannot be used: \w+: No module named 'keras'"):
        grade_on(dask_cluster.scheduler_address, HONEST)


def test_files_changed_under_a_worker_are_another_course(toy_course, tmp_path, monkeypatch, zygote):
    """What it has in memory is of the old files."""
    root = tmp_path / "course"
    for name in (f"solutions/{UNIT}.py", f"tests/autograder/test_{UNIT}.py", "exercises/none"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        original = toy_course.root / name
        (root / name).write_text(original.read_text() if original.exists() else "")
    monkeypatch.setattr(cluster_worker, "_benches", {})
    monkeypatch.setattr(cluster_worker, "_address", lambda: "tcp://here:1")
    monkeypatch.setattr(cluster_worker, "Zygote", lambda _: zygote)

    def wanted():
        digest = cluster_worker.unit_digest(Course(root), cluster_worker.find_unit(UNIT))
        return cluster_worker.Wanted(str(root), {UNIT: digest}, "basic")

    assert cluster_worker.prepare(wanted()).level == zygote.isolation().level
    (root / f"solutions/{UNIT}.py").write_text(SOLUTION + "# better\n")
    with pytest.raises(UserError, match=f"The worker at tcp://here:1: .*{UNIT} differ"):
        cluster_worker.prepare(wanted())


def test_a_worker_without_the_walls_is_refused(toy_course, monkeypatch):
    class Weak:
        strict = False
        isolation_reason = "landlock: not in this kernel"

    monkeypatch.setattr(cluster_worker, "_benches", {})
    monkeypatch.setattr(cluster_worker, "_address", lambda: "tcp://here:1")
    monkeypatch.setattr(cluster_worker, "examine", Weak)
    wanted = cluster_worker.Wanted(str(toy_course.root), {}, "strict")
    with pytest.raises(UserError, match="The worker at tcp://here:1: reaches isolation basic only"):
        cluster_worker.prepare(wanted)


def test_a_worker_is_sent_a_seed_and_never_the_secret(grade_on, dask_cluster, monkeypatch):
    sent = []
    submit = distributed.Client.submit

    def spy(self, task, *arguments, **options):
        sent.append(distributed.protocol.pickle.dumps(arguments))
        return submit(self, task, *arguments, **options)

    monkeypatch.setattr(distributed.Client, "submit", spy)
    grade_on(dask_cluster.scheduler_address, {"right": SOLUTION})
    assert sent
    assert not any(SECRET._content in packed for packed in sent)


def test_no_scheduler_is_one_line_within_seconds(grade_on, monkeypatch):
    monkeypatch.setattr(cluster_module, "CONNECT_SECONDS", 1)
    started = time.monotonic()
    with pytest.raises(UserError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        grade_on("tcp://127.0.0.1:9", HONEST)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("address", ["nonsense", "ftp://host:1", "tcp://"])
def test_what_is_no_address_is_one_line(grade_on, address):
    with pytest.raises(UserError, match="No Dask scheduler answers at"):
        grade_on(address, HONEST)


def test_without_dask_a_line_says_what_to_install(grade_on, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UserError, match=r"pip install coursekit\[cluster\]"):
        grade_on("tcp://127.0.0.1:9", HONEST)


@pytest.mark.slow
def test_a_lost_scheduler_is_one_line_and_the_journal_goes_on(grade_on, grade_class_of):
    cluster = new_cluster(workers=1)
    address = cluster.scheduler_address
    workers = [nanny.pid for nanny in cluster.workers.values()]
    zygotes = []

    def lose(stage, done, total):
        if stage == "judging" and done >= 3 and not zygotes:
            zygotes.extend(
                child for pid in workers for child in psutil.Process(pid).children(recursive=True)
            )
            threading.Thread(target=cluster.close).start()

    with pytest.raises(UserError, match=r"is gone\. What is known is in the journal"):
        grade_on(address, HONEST, lose)
    told = []
    results = grade_class_of(HONEST, on_progress=lambda *progress: told.append(progress))
    assert told[0][1] >= 3
    assert {student.points for student in results.students} == {10}
    # With the worker its zygote is gone, and all that ran in it.
    assert zygotes
    _, alive = psutil.wait_procs(zygotes, timeout=10)
    assert alive == []


def test_a_piece_that_ends_its_workers_is_a_fault_and_the_others_are_judged(
    grade_on, dask_cluster, monkeypatch
):
    """Dask gives up on it after some workers; then others are let go first; then it is left."""
    asked = []

    class Ended:
        def add_done_callback(self, call):
            call(self)

        def result(self):
            raise distributed.KilledWorker("piece", None, 3)

    submit = distributed.Client.submit

    def some_end(self, task, *arguments, **options):
        if task is cluster_worker.judge and "# evil" in arguments[2].text:
            asked.append(arguments)
            return Ended()
        return submit(self, task, *arguments, **options)

    monkeypatch.setattr(distributed.Client, "submit", some_end)
    results = grade_on(
        dask_cluster.scheduler_address, {"evil": SOLUTION + "# evil\n", "right": SOLUTION}
    )
    assert len(asked) == 2
    assert {check.verdict for check in of(results, "evil").checks} == {"grader-fault"}
    assert of(results, "right").points == 10


def test_a_stopped_run_does_not_wait_for_the_cluster(toy_course, dask_cluster, level):
    with ClusterGrader(dask_cluster.scheduler_address, toy_course, [UNIT], SECRET, level) as grader:
        started = time.monotonic()
        slow = Source(SOLUTION.replace("return inputs * ops.tanh(factor)", "while True: pass"))
        assert grader.judge(UNIT, slow, "digest", stopped=lambda: True) == []
        assert time.monotonic() - started < 2
