"""Runs the jobs of imports, a few at a time, and retries after temporary failures."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext

import anyio
from anyio.abc import TaskGroup

from api.services.imports.job import Job
from api.services.imports.lease import Clock, ImportElsewhereError
from api.services.imports.row_source import OpenSource, ReaderLostError
from api.services.imports.running_import import RunningImport
from api.services.imports.sentences import log_line
from api.services.job_queue import JobQueue
from api.services.store import Store, Transaction
from domain.imports import Upload
from domain.ports.errors import StorageError, StorageFaultError
from domain.problems import problem

logger = logging.getLogger("fasttrack.imports")

PARSERS_LOST_AT_MOST = 3
"""By one import, before the file is taken to be what ends them."""


Watch = Callable[[RunningImport], AbstractContextManager[None]]
"""Surrounds each stretch of work on an import."""


def unwatched(_: RunningImport) -> AbstractContextManager[None]:
    """Surround nothing."""
    return nullcontext()


class Worker:
    """Runs the jobs of imports, within `running()`.

    Attributes:
        rows: how many rows this process has read and committed, of imports and of dry runs.
    """

    def __init__(
        self,
        store: Store,
        *,
        open_source: OpenSource,
        now_ms: Clock,
        places: int,
        watch: Watch,
        retry_seconds: float,
        ended: Callable[[RunningImport], Awaitable[None]],
        lost: Callable[[RunningImport], None],
    ) -> None:
        """Work on so many imports at a time; call `ended` or `lost` (to another process) after each."""
        self.rows: Counter[str] = Counter(accepted=0, rejected=0)
        self._store = store
        self._open_source = open_source
        self._now_ms = now_ms
        self._retry_seconds = retry_seconds
        self._watch = watch
        self._queue = JobQueue(places)
        self._ended = ended
        self._lost = lost
        self._tasks: TaskGroup | None = None

    @property
    def waiting(self) -> int:
        """How many imports wait in the queue."""
        return self._queue.waiting

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run jobs for the block; those that are at work at its end are cancelled."""
        async with anyio.create_task_group() as self._tasks:
            yield
            self._tasks.cancel_scope.cancel()

    def start(self, running: RunningImport) -> None:
        """Start a job for an import that has work and no job."""
        assert self._tasks is not None, "jobs run only inside `running()`"
        if not running.at_work and not running.ended and running.has_work:
            running.begin_job()
            self._tasks.start_soon(self._work, running)

    async def _work(self, running: RunningImport) -> None:
        try:
            with self._watch(running):
                await self._wait_and_run(running)
        except Exception as fault:  # noqa: BLE001 - an import must not take the server down.
            if _is_of(fault, ImportElsewhereError):
                self._lost(running)
                return
            if self._may_pass(running, fault):
                reason = _reasons(fault)[0]
                logger.warning(
                    "import %s is paused and will continue from its last batch: %s", running.upload.id, reason
                )
                running.read_again()
                await anyio.sleep(self._retry_seconds)
            else:
                await self._fail(running, fault)
        finally:
            running.end_job()
        if running.ended:
            await self._ended(running)
        else:
            self.start(running)

    def _may_pass(self, running: RunningImport, fault: Exception) -> bool:
        """Return whether to try again: always where the store failed, a few times where a parser was lost."""
        if _is_of(fault, ReaderLostError):
            return running.note_lost_parser() <= PARSERS_LOST_AT_MOST
        return _is_of(fault, StorageError) and not _is_of(fault, StorageFaultError)

    async def _wait_and_run(self, running: RunningImport) -> None:
        job = self._job(running)
        with running.queued():
            async with self._queue.turn(lambda place: self._report_place(running, place)):
                running.leave_queue()
                await job.run()
        if running.cancel_requested:
            await job.cancel()

    def _job(self, running: RunningImport) -> Job:
        return Job(
            running, store=self._store, open_source=self._open_source, now_ms=self._now_ms, rows=self.rows
        )

    async def _report_place(self, running: RunningImport, place: int) -> None:
        async def edit(tx: Transaction, upload: Upload) -> Upload:
            feed, now = f"upload/{upload.id}", self._now_ms()
            await tx.messages.append([log_line(feed, "info", "import.queued", at_ms=now, place=place)])
            return upload

        await running.change(self._store, edit)

    async def _fail(self, running: RunningImport, fault: Exception) -> None:
        """End an import whose job broke; the log has the reason, the feed only the fact."""
        logger.error("import %s failed", running.upload.id, exc_info=fault)
        job = self._job(running)
        error = problem("internal")
        try:
            await job.fail(error)
        except StorageError as error:
            logger.warning(
                "the end of import %s could not be stored; trying again: %s", running.upload.id, error
            )
            await anyio.sleep(self._retry_seconds)


def _reasons(fault: BaseException) -> list[BaseException]:
    """Return the single errors in an error: task groups wrap what their tasks raised."""
    if isinstance(fault, BaseExceptionGroup):
        return [reason for inner in fault.exceptions for reason in _reasons(inner)]
    return [fault]


def _is_of(fault: BaseException, kind: type[Exception]) -> bool:
    return any(isinstance(reason, kind) for reason in _reasons(fault))
