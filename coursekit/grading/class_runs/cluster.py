"""Judges and explains on a Dask cluster; journal, secret and results stay where `coursekit grade` was called.

A piece of work (one unit of one text, with the seed that it meets) is one task. `ClassRun` has a limited number of
them under way, so that a class of any size waits here and not in the scheduler. A worker that is lost takes nothing
along: its pieces are done by others.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from coursekit.course.syllabus import find_unit
from coursekit.course.workspace import Course
from coursekit.errors import UserError
from coursekit.grading.child_process import GraderFault
from coursekit.grading.class_runs import cluster_worker
from coursekit.grading.class_runs.cluster_worker import Wanted
from coursekit.grading.class_runs.journal import Explanation
from coursekit.grading.class_runs.seeds import Secret
from coursekit.grading.isolation import Isolation
from coursekit.grading.unit_run import Source, unit_digest
from coursekit.grading.verdicts import CheckResult
from coursekit.grading.workers import Asked

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 5
WORKERS_SECONDS = 600  # for the first worker to join
PREPARE_SECONDS = 300  # for a worker to look at the course and warm its zygote
_LOOK_SECONDS = 0.5
_FEWEST_PIECES, _MOST_PIECES = 32, 1024  # under way: workers may still join
_ENDS_WORKERS = "several workers ended with this piece of work"
_LIVES = 2  # how often a piece may use up its workers (each time, as many as Dask allows)


class ClusterGrader:
    """Grades with the workers of a Dask scheduler, as `UnitGrader` does with a zygote. For use as a context."""

    def __init__(
        self,
        address: str,
        course: Course,
        units: Sequence[str],
        secret: Secret,
        isolation: Asked,
        say: Callable[[str], None] = lambda _: None,
    ):
        """Connects, and sees to it that each worker has this course and these walls.

        Raises:
            UserError: if Dask is not installed, no scheduler answers, no worker comes, or one will not do.
        """
        self._address = address
        self._course = course
        self._secret = secret
        self._digests = {unit: unit_digest(course, find_unit(unit)) for unit in units}
        self._wanted = Wanted(str(course.root.resolve()), self._digests, isolation)
        self._killed: dict[tuple[str, Source], int] = {}
        self._client = _connect(address)
        try:
            self._isolation, threads = self._prepare(say)
        except BaseException:
            self.close()
            raise
        self.jobs = min(_MOST_PIECES, max(_FEWEST_PIECES, 2 * threads))

    def isolation(self) -> Isolation:
        """The level that all workers reach."""
        return self._isolation

    def course_digest(self, unit: str) -> str:
        return self._digests[unit]

    def judge(
        self,
        unit: str,
        source: Source,
        digest: str,
        known: Sequence[CheckResult] = (),
        on_verdict: Callable[[CheckResult], None] = lambda _: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> list[CheckResult]:
        """As `UnitGrader.judge`; verdicts come in when the piece is done.

        Raises:
            UserError: if the scheduler is lost, or a worker that joined will not do.
            GraderFault: if the piece ends the workers that try it.
        """
        seed = self._secret.seed(unit, digest)
        results = self._do(
            cluster_worker.judge, unit, source, (self._wanted, unit, source, seed, known), stopped
        )
        if results is None:
            return list(known)
        before = {result.name for result in known}
        for result in results:
            if result.name not in before:
                on_verdict(result)
        return results

    def explain(
        self,
        unit: str,
        source: Source,
        results: Sequence[CheckResult],
        stopped: Callable[[], bool] = lambda: False,
    ) -> Explanation | None:
        """As `UnitGrader.explain`; None when stopped.

        Raises:
            UserError, GraderFault: as `judge`.
        """
        arguments = (self._wanted, unit, source, results)
        return self._do(cluster_worker.explain, unit, source, arguments, stopped)

    def close(self) -> None:
        """Leaves the cluster; what is under way there counts for nothing."""
        self._client.close(timeout=2)

    def __enter__(self) -> "ClusterGrader":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _prepare(self, say: Callable[[str], None]) -> tuple[Isolation, int]:
        """Every worker's walls are looked at and its zygote warm; returns the level, and how many threads there are."""
        self._client.register_plugin(_plugin(), name="coursekit")
        if not self._workers():
            say(f"No worker has joined {self._address} yet. Waiting for one.")
            try:
                self._client.wait_for_workers(1, timeout=WORKERS_SECONDS)
            except TimeoutError:
                raise UserError(
                    f"No worker has joined {self._address} in {WORKERS_SECONDS} s. Start one: "
                    f"dask worker {self._address}"
                ) from None
        workers = self._workers()
        say(f"{len(workers)} workers at {self._address}.")
        asked = {
            worker: self._client.submit(
                cluster_worker.prepare, self._wanted, workers=[worker], pure=False
            )
            for worker in workers
        }
        for worker, future in asked.items():
            try:
                reached = future.result(timeout=PREPARE_SECONDS)
            except CancelledError:
                raise self._lost() from None
            except UserError:
                raise
            except Exception as error:  # it ended, or lacks a package
                told = str(error) or f"no answer within {PREPARE_SECONDS} s"
                raise UserError(
                    f"The worker at {worker} cannot be used: {type(error).__name__}: {told}"
                ) from error
        return reached, sum(worker["nthreads"] for worker in workers.values())

    def _workers(self) -> dict[str, Any]:
        return self._client.scheduler_info(n_workers=-1)["workers"]

    def _do(
        self,
        task: Callable,
        unit: str,
        source: Source,
        arguments: tuple,
        stopped: Callable[[], bool],
    ) -> Any:
        """What a worker makes of a piece; None when stopped."""
        from distributed import KilledWorker

        piece = unit, source
        if self._killed.get(piece, 0) >= _LIVES:
            raise GraderFault(_ENDS_WORKERS)
        done = threading.Event()
        try:
            future = self._client.submit(task, *arguments, pure=False)
            future.add_done_callback(lambda _: done.set())
            while not done.wait(_LOOK_SECONDS):
                if stopped():
                    future.cancel()
                    return None
                if self._client.status not in ("running", "connecting"):
                    raise self._lost()
            return future.result()
        except KilledWorker:
            # Perhaps it only was beside the piece that ends workers: once more, after the others.
            self._killed[piece] = self._killed.get(piece, 0) + 1
            raise GraderFault(_ENDS_WORKERS) from None
        except CancelledError:
            if stopped():
                return None
            raise self._lost() from None

    def _lost(self) -> UserError:
        return UserError(
            f"The scheduler at {self._address} is gone. What is known is in the journal; go on with --resume "
            "when there is one again."
        )


def _connect(address: str) -> "Client":
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            "--cluster needs Dask, which is not installed: pip install coursekit[cluster]"
        ) from None
    logging.getLogger("distributed").setLevel(
        logging.CRITICAL
    )  # we say in one line what went wrong
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="coursekit")
    except (OSError, ValueError) as error:
        raise UserError(
            f"No Dask scheduler answers at {address}. Start one with `dask scheduler`, and give the address that it "
            f"shows, as tcp://host:8786. ({type(error).__name__})"
        ) from None


def _plugin() -> Any:
    """Closes a worker's zygotes with the worker."""
    from distributed import WorkerPlugin

    class CloseBenches(WorkerPlugin):
        idempotent = True  # a second class run at the same time leaves the first one's as it is

        def teardown(self, worker: Any) -> None:
            cluster_worker.close_benches()

    return CloseBenches()
