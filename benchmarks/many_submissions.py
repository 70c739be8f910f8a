"""What a submission costs beside student code, and what that makes of a very large class.

    python benchmarks/many_submissions.py [--students 2000] [--class 100000] [--rate 12]

Generated verdicts for 12 units of 10 checks go straight into a journal; results, report and feedback pages are
made of them, and two halves are merged. Each stage runs in a process of its own, for its peak memory. `--rate`
is of submissions a minute on one machine (`benchmarks/class_run.py` measures it): machines and hours follow from it.
"""

import argparse
import hashlib
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from coursekit.course.syllabus import units
from coursekit.course.workspace import Course
from coursekit.grading.class_results import RESULTS, ClassResults, read_times, write_times
from coursekit.grading.class_runs.class_run import ClassRun
from coursekit.grading.class_runs.grade_class import write_results
from coursekit.grading.class_runs.journal import JOURNAL, Explanation, Journal
from coursekit.grading.class_runs.seeds import Secret
from coursekit.grading.class_runs.shards import FINISHED, STATE, Shard, merge
from coursekit.grading.exports.class_figures import ClassFigures
from coursekit.grading.exports.class_report import FEEDBACK, REPORT, report_page, write_report
from coursekit.grading.isolation import Isolation
from coursekit.grading.submissions.submission import Submission
from coursekit.grading.verdicts import CheckResult

UNITS = [unit.name for unit in units()][:12]
CHECKS = 10
ISOLATION = Isolation("strict", "", {})
CHECK = '''
@points({points})
def test_property_{number}(student, reference, rng):
    """Property {number} of the answer holds, whatever the shapes are."""
'''
MESSAGE = (
    "The scores are not divided by the square root of the key's width, so the softmax saturates. "
    "(the output: values differ, 31 of 48, the largest difference is 0.37 at (1, 2, 5))"
)


class Recorded:
    """Stands for who judges: nothing is left to judge."""

    def course_digest(self, unit: str) -> str:
        return hashlib.sha256(unit.encode()).hexdigest()

    def is_complete(self, unit, results):
        return True

    def judge(self, *_arguments):
        raise AssertionError("all is in the journal")

    explain = judge


def class_of(students: int, text_bytes: int = 0) -> list[Submission]:
    """Hand-ins of which no two are equal."""
    return [
        Submission(
            f"s{number:06}",
            {unit: f"# {unit} {number}\n".ljust(text_bytes, "#") for unit in UNITS},
            name=f"Student Number {number}",
        )
        for number in range(students)
    ]


def verdicts(number: int) -> Iterator[CheckResult]:
    """Of one unit; one in ten checks fails."""
    for check in range(CHECKS):
        failed = (number * 7 + check) % 10 == 0
        yield CheckResult(
            f"test_property_{check}",
            "failed" if failed else "passed",
            0 if failed else 1,
            1,
            "The answer is wrong." if failed else "",
            None,
            f"Property {check} of the answer holds, whatever the shapes are.",
            0.123,
            "strict",
        )


def write_course(root: Path) -> None:
    marks = "from coursekit.grading import points\n"
    for unit in UNITS:
        checks = root / "tests" / "autograder" / f"test_{unit}.py"
        checks.parent.mkdir(parents=True, exist_ok=True)
        checks.write_text(
            marks + "".join(CHECK.format(points=1, number=number) for number in range(CHECKS))
        )


def run_of(root: Path, submissions: list[Submission], journal: Journal) -> ClassRun:
    return ClassRun(submissions, UNITS, Course(root), Recorded(), journal, ISOLATION, 1)


def fill_journal(root: Path, students: int, folder: Path, shard: Shard | None = None) -> None:
    """As a class run does it: a transaction for each verdict, and one for each explanation."""
    folder.mkdir(parents=True)
    journal = Journal(folder / JOURNAL)
    journal.belongs_to("one secret")
    for number in range(students):
        [submission] = class_of_one(number)
        if shard is not None and not shard.part_of([submission]):
            continue
        run = run_of(root, [submission], journal)
        for piece in run._pieces():
            found = list(verdicts(number))
            for result in found:
                journal.add(piece.work, result)
            for result in found:
                if result.verdict == "failed":
                    result.message, result.mistake = MESSAGE, "no_scaling"
            journal.explain(piece.work, Explanation(found, []))
    if shard is not None:
        journal.holds_part(shard.words())
    journal.note(STATE, FINISHED)
    journal.close()


def class_of_one(number: int) -> list[Submission]:
    texts = {unit: f"# {unit} {number}\n" for unit in UNITS}
    return [Submission(f"s{number:06}", texts, name=f"Student Number {number}")]


def resume(root: Path, students: int, folder: Path) -> None:
    """What `--resume` does before it judges the first piece."""
    journal = Journal(folder / JOURNAL)
    run = run_of(root, class_of(students), journal)
    run._judge(run._pieces())
    run._explain(run._pieces())


def results(root: Path, students: int, folder: Path, shard: Shard | None = None) -> None:
    journal = Journal(folder / JOURNAL)
    submissions = class_of(students)
    if shard is not None:
        submissions = shard.part_of(submissions)
    run = run_of(root, submissions, journal)
    write_results(run.results(), folder)
    write_times(folder, run.times())
    journal.close()


def read_results(root: Path, students: int, folder: Path) -> None:
    ClassResults.read(folder)


def report(root: Path, students: int, folder: Path) -> None:
    """The report alone."""
    read = ClassResults.read(folder)
    figures = ClassFigures.of(read, read_times(folder))
    (folder / REPORT).write_text(report_page(read, figures))


def report_and_feedback(root: Path, students: int, folder: Path) -> None:
    write_report(ClassResults.read(folder), read_times(folder), folder)


def texts(root: Path, students: int, folder: Path) -> None:
    """Hand-ins of 3 KB for each unit, as reading keeps them."""
    class_of(students, 3000)


def merge_halves(root: Path, students: int, folder: Path) -> None:
    merge([folder.parent / "half1", folder.parent / "half2"], folder.parent / "merged")


def dask(root: Path, students: int, folder: Path) -> None:
    """Client, scheduler and workers in this one process; workers answer at once."""
    from distributed import LocalCluster

    from coursekit.grading.class_runs import cluster, cluster_worker

    def judged(wanted, unit, source, seed, known):
        return list(verdicts(seed))

    def explained(wanted, unit, source, found):
        return Explanation(list(found), [])

    cluster_worker.prepare = lambda wanted: ISOLATION
    cluster_worker.judge, cluster_worker.explain = judged, explained
    folder.mkdir(parents=True)
    journal = Journal(folder / JOURNAL)
    with LocalCluster(1, processes=False, threads_per_worker=2, dashboard_address=":0") as local:
        secret = Secret(b"a secret of this benchmark alone")
        address = local.scheduler_address
        with cluster.ClusterGrader(address, Course(root), UNITS, secret, "strict") as grader:
            submissions = class_of(students, 3000)
            ClassRun(
                submissions, UNITS, Course(root), grader, journal, ISOLATION, grader.jobs
            ).run()


def _measured(stage: Callable, arguments: tuple, answer) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, processor = time.perf_counter(), time.process_time()
    stage(*arguments)
    answer.put(
        (
            time.perf_counter() - started,
            time.process_time() - processor,
            (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024,
        )
    )


def measure(stage: Callable, *arguments) -> tuple[float, float, float]:
    """Seconds, seconds of the processor, and MB that the process grew by."""
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    process = context.Process(target=_measured, args=(stage, arguments, answer))
    process.start()
    process.join()
    if process.exitcode != 0:
        raise SystemExit(f"{stage.__name__} ended with {process.exitcode}")
    return answer.get()


def size(path: Path) -> float:
    """MB of a file or folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--students", type=int, default=2000, help="how many are measured")
    parser.add_argument("--class", type=int, default=100_000, dest="whole", help="to compute for")
    parser.add_argument("--rate", type=float, default=12.0, help="submissions a minute, measured")
    options = parser.parse_args()
    students = options.students
    base = Path(tempfile.mkdtemp(prefix="coursekit-many-"))
    try:
        write_course(base)
        whole = base / "whole"
        rows = []

        def row(name: str, stage: Callable, path: Path | None, *arguments) -> None:
            seconds, processor, memory = measure(stage, base, students, *(arguments or (whole,)))
            rows.append((name, seconds, processor, memory, size(path) if path else 0.0))
            shown = f"{size(path):9.1f} MB" if path else ""
            print(
                f"{name:34} {seconds:8.1f} s ({processor:.1f} s of the processor) {memory:9.0f} MB {shown}",
                flush=True,
            )

        print(f"{students} students, {len(UNITS)} units, {CHECKS} checks: time, memory, size")
        row("hand-ins of 3 KB for each unit", texts, None)
        row("journal: write", fill_journal, whole / JOURNAL)
        row("journal: resume, all known", resume, None)
        row("results.json and times.json", results, whole / RESULTS)
        row("results.json: read", read_results, None)
        row("report.html", report, whole / REPORT)
        row("report and feedback pages", report_and_feedback, whole / FEEDBACK)
        for number in (1, 2):
            half, shard = base / f"half{number}", Shard(number, 2)
            measure(fill_journal, base, students, half, shard)
            measure(results, base, students, half, shard)
        row("merge of two halves", merge_halves, None)
        same = (base / "merged" / RESULTS).read_bytes() == (whole / RESULTS).read_bytes()
        print(f"merged and whole results are {'the same bytes' if same else 'DIFFERENT'}")

        few = max(1, students // 10)
        _, processor, _ = measure(dask, base, few, base / "dask")
        dask_each = processor / few / len(UNITS)

        scale = options.whole / students
        print(f"\n{options.whole:,} students, by proportion:")
        for name, seconds, _, memory, megabytes in rows:
            print(
                f"{name:34} {seconds * scale / 60:8.1f} min {memory * scale / 1024:7.1f} GB"
                + (f" {megabytes * scale / 1000:7.1f} GB" if megabytes else "")
            )
        journal = rows[1][2] / students
        print(f"\nbeside student code: {1000 * journal:.1f} ms of processor a submission (journal)")
        print(
            f"with --cluster {1000 * dask_each:.1f} ms a piece of work (client, scheduler and journal in one process): "
            f"no more than {60 / dask_each / len(UNITS):.0f} submissions a minute, however many workers"
        )
        hours = options.whole / options.rate / 60
        print(f"{options.rate:g} submissions a minute and machine: {hours:,.0f} machine hours;")
        for machines in (1, 10, 50, 100, 200):
            print(f"{machines:6} machines: {hours / machines:8.1f} h")
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
