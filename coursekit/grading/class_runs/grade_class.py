"""`coursekit grade` from end to end: reads submissions, grades them into a folder, writes results and report."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from coursekit.course.syllabus import Unit, find_unit, units
from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.class_results import RESULTS, ClassResults, write_times
from coursekit.grading.class_runs.class_run import ClassRun, Grader, Stage
from coursekit.grading.class_runs.journal import JOURNAL, Journal
from coursekit.grading.class_runs.seeds import Secret
from coursekit.grading.class_runs.shards import FINISHED, STATE, WHOLE, Shard
from coursekit.grading.class_runs.unit_grader import UnitGrader
from coursekit.grading.doctor import examine
from coursekit.grading.exports.class_report import write_report
from coursekit.grading.exports.whole_files import write_whole
from coursekit.grading.isolation import Isolation
from coursekit.grading.submissions.reading import read_class
from coursekit.grading.submissions.submission import Submission
from coursekit.grading.workers import Asked, Zygote, require_supported_platform

SECRET = "secret-seed"
_TOLD = 10  # notes and problems said while grading; all notes are in the report


class Order(NamedTuple):
    """What to grade, and how."""

    submissions: Path
    out: Path
    units: Sequence[str] = ()
    seed_file: Path | None = None
    jobs: int | None = None
    resume: bool = False
    regrade: Sequence[str] = ()
    isolation: Asked = "strict"
    shard: Shard | None = None
    cluster: str | None = None


def grade_class(
    order: Order,
    course: Course,
    on_progress: Callable[[Stage, int, int], None] = lambda *_: None,
    say: Callable[[str], None] = lambda _: None,
) -> ClassResults:
    """Grades a class into `order.out`: journal, results, times, report and feedback pages.

    Raises:
        UserError: if there is nothing to grade, the folder holds another run, the secret does not fit, the walls are
            not what was asked for, or a unit or student to be regraded is not there.
        InterruptedError, KeyboardInterrupt: when stopped; what is known is in the journal.
    """
    require_supported_platform()
    chosen = _units(order, course)
    hand_in = read_class(order.submissions)
    submissions = hand_in.submissions
    if order.shard is not None:
        submissions = order.shard.part_of(submissions)
    _check_regrade(order.regrade, chosen, submissions)
    _check_out(order)
    _check_isolation(order, say)
    order.out.mkdir(parents=True, exist_ok=True)
    journal = Journal(order.out / JOURNAL)
    try:
        secret = _secret(order, say)
        journal.belongs_to(secret.fingerprint())
        journal.holds_part(order.shard.words() if order.shard else WHOLE)
        journal.note(STATE, "begun")
        for note in hand_in.notes[:_TOLD]:
            say(note)
        say(_what_is_graded(submissions, chosen))
        results, run = _run(order, course, submissions, chosen, secret, journal, on_progress, say)
        for problem in run.problems[:_TOLD]:
            say(f"The grader failed at one piece of work; please report this. {problem}")
        write_results(results, order.out)
        times = run.times()
        write_times(order.out, times)
        write_report(results, times, order.out)
        journal.note(STATE, FINISHED)
        return results
    finally:
        journal.close()


def write_results(results: ClassResults, out: Path) -> None:
    """The canonical results, whole or not at all."""
    write_whole(out / RESULTS, results.json_parts())


def _run(
    order: Order,
    course: Course,
    submissions: Sequence[Submission],
    chosen: Sequence[Unit],
    secret: Secret,
    journal: Journal,
    on_progress: Callable[[Stage, int, int], None],
    say: Callable[[str], None],
) -> tuple[ClassResults, ClassRun]:
    names = [unit.name for unit in chosen]

    def run_with(grader: Grader, isolation: Isolation, jobs: int) -> tuple[ClassResults, ClassRun]:
        run = ClassRun(submissions, names, course, grader, journal, isolation, jobs, on_progress)
        run.forget(_regraded(order.regrade, chosen))
        return run.run(), run

    if order.cluster is not None:
        from coursekit.grading.class_runs.cluster import ClusterGrader

        with ClusterGrader(order.cluster, course, names, secret, order.isolation, say) as cluster:
            return run_with(cluster, cluster.isolation(), order.jobs or cluster.jobs)
    with Zygote(order.isolation) as zygote:
        grader = UnitGrader(zygote, course, secret)
        return run_with(grader, zygote.isolation(), order.jobs or os.cpu_count() or 1)


def _units(order: Order, course: Course) -> list[Unit]:
    chosen = sorted({find_unit(name).name for name in order.units}) or [u.name for u in units()]
    found = [find_unit(name) for name in chosen]
    for unit in found:
        if not course.checks(unit.name).is_file():
            raise UserError(f"{course.checks(unit.name)} is missing; the course is incomplete.")
    return found


def _check_out(order: Order) -> None:
    if order.out.exists() and not order.out.is_dir():
        raise UserError(f"{order.out} is a file. Give a folder for the results.")
    if (order.out / JOURNAL).exists() and not order.resume and not order.regrade:
        raise UserError(
            f"{order.out} holds an earlier run. --resume goes on with it and grades what is new; "
            "for a run of its own give another folder."
        )
    if order.out.resolve().is_relative_to(order.submissions.resolve()):
        raise UserError(
            "The results cannot go into the folder of the submissions, where they would be taken for one. "
            "Give a folder beside it."
        )
    if order.shard is not None and (order.seed_file is None or not order.seed_file.exists()):
        raise UserError(
            "--shard needs a --seed-file that exists: all parts of a class have the same secret. "
            "`openssl rand -hex 32` makes one."
        )


def _check_isolation(order: Order, say: Callable[[str], None]) -> None:
    if order.isolation == "basic":
        say("Isolation basic, as asked: only for submissions that you would run yourself.")
        return
    if order.cluster is not None:
        return  # each worker is examined, this machine runs no student code
    examination = examine()
    if not examination.strict:
        raise UserError(
            f"This machine reaches isolation basic only ({examination.isolation_reason}), too little for "
            "the code of a class. `coursekit doctor` says more. To grade all the same: --isolation basic."
        )


def _check_regrade(
    names: Sequence[str], chosen: Sequence[Unit], submissions: Sequence[Submission]
) -> None:
    students = {submission.student for submission in submissions}
    known = {unit.name for unit in chosen}
    for name in _regraded(names, chosen):
        if name not in students and name not in known:
            raise UserError(f"--regrade {name}: there is no such unit or student here.")


def _regraded(names: Sequence[str], chosen: Sequence[Unit]) -> list[str]:
    """Units by their full name, students as they are."""
    found = []
    for name in names:
        short = {unit.name.split("_")[0]: unit.name for unit in chosen}
        found.append(short.get(name, name))
    return found


def _secret(order: Order, say: Callable[[str], None]) -> Secret:
    path = order.seed_file or order.out / SECRET
    if path.exists():
        return Secret.read(path)
    if order.seed_file is None and (order.out / RESULTS).exists():
        raise UserError(f"{path} is gone, and with it the inputs of the earlier run. Put it back.")
    say(
        f"A secret for the inputs of this class is made in {path}. Keep it, and keep it from students."
    )
    return Secret.create(path)


def _what_is_graded(submissions: Sequence[Submission], chosen: Sequence[Unit]) -> str:
    noted = sum(bool(submission.notes) for submission in submissions)
    notes = f"; {noted} with something ignored or refused (see the report)" if noted else ""
    return f"{len(submissions)} submissions, {len(chosen)} units{notes}."
