"""Long tasks: started by a request, independent of its connection, reported on `tarefas/{task_id}`.

A task is a row and a feed. Its kind does the work and reports; this module queues, stores and cancels
tasks, and restarts those that a restart of the server interrupted. A kind then runs from the beginning,
so running it twice must be harmless.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from anyio.abc import TaskGroup

from api.services.job_queue import JobQueue
from api.services.leases import CANCEL_CHECK_SECONDS, LEASE_CHECK_SECONDS, LEASE_MS
from api.services.outage import Outage
from api.services.store import Store, Transaction
from api.services.task_report import (
    END_STATUS,
    Clock,
    Report,
    TaskFailedError,
    TaskKind,
    TaskLostError,
    TaskStopAskedError,
)
from domain.ports.errors import StorageError, StorageFaultError
from domain.problems import Problem, excerpt, problem
from domain.tasks import Task, TaskState

logger = logging.getLogger(__name__)

UNFINISHED: tuple[TaskState, ...] = ("queued", "running")
RETRY_SECONDS = 5.0
"""After the store did not answer."""


class Tasks:
    """Starts, runs and ends tasks."""

    def __init__(
        self,
        store: Store,
        kinds: Mapping[str, TaskKind],
        *,
        clock: Clock,
        new_id: Callable[[], str],
        at_work: int,
        owner: str,
    ) -> None:
        """Run at most `at_work` tasks at once; the rest wait their turn.

        Args:
            store: keeps the tasks.
            kinds: by name.
            clock: for all times.
            new_id: draws a task's id.
            at_work: places in this process.
            owner: names this process in leases. A server that has its store to itself always
                has the same name, so that a restart finds its own leases.
        """
        self._owner = owner
        self._store = store
        self._kinds = kinds
        self._clock = clock
        self._new_id = new_id
        self._queue = JobQueue(at_work)
        # Those that this process works on, also while they wait for the store to answer again.
        self._ours: set[str] = set()
        # Of those that run or are in the queue.
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._group: TaskGroup | None = None
        self.ready = anyio.Event()

    @property
    def active(self) -> int:
        """Tasks that run or wait in this process."""
        return len(self._ours)

    async def run(self) -> None:
        """Run tasks until cancelled; another process, or the next start, resumes unfinished ones."""
        try:
            async with anyio.create_task_group() as self._group:
                await self._recover(self._group)
                self._group.start_soon(self._heed_requests)
                self.ready.set()
                while True:
                    await anyio.sleep(LEASE_CHECK_SECONDS)
                    await self._look_after_leases(self._group)
        finally:
            await self._release()

    async def start(self, kind: str, params: dict[str, Any], *, actor: str) -> Task:
        """Store a new task, queue it, and return it."""
        assert self._group is not None, "Tasks.run() must be running"
        now = self._clock()
        task = Task(self._new_id(), kind, "queued", params, actor, created_at=now, updated_at=now)
        async with self._store.transaction() as tx:
            await tx.tasks.add(task)
            await self._hold(tx, task.id)
        self._begin(self._group, task.id, again=False)
        return task

    async def _recover(self, group: TaskGroup) -> None:
        """Go on with what a killed process of the same name has left."""
        try:
            async with self._store.transaction() as tx:
                own = [task for task in await tx.tasks.unfinished() if await self._hold(tx, task.id)]
        except StorageError as error:
            logger.warning("tasks of an earlier run wait until the store answers again: %s", error)
            return
        for task in own:
            self._begin(group, task.id, again=True)

    async def _look_after_leases(self, group: TaskGroup) -> None:
        """Renew the leases held, drop tasks whose lease was lost, take up tasks without one."""
        try:
            async with self._store.transaction() as tx:
                lost = [task_id for task_id in [*self._ours] if not await self._hold(tx, task_id)]
                taken = await self._claim_all(tx)
        except StorageError as error:
            logger.warning("leases of tasks could not be renewed: %s", error)
            return
        for task_id in lost:
            if (scope := self._scopes.get(task_id)) is not None:
                scope.cancel()
        for task_id in taken:
            self._begin(group, task_id, again=True)

    async def _heed_requests(self) -> None:
        """Stop the tasks that were asked to stop through any process."""
        outage = Outage(
            logger,
            "requests to cancel tasks wait until the store answers",
            first_pause_seconds=CANCEL_CHECK_SECONDS,
        )
        pause = CANCEL_CHECK_SECONDS
        while True:
            await anyio.sleep(pause)
            if not self._scopes:
                continue
            try:
                async with self._store.snapshot() as snapshot:
                    asked = await snapshot.requests.pending("stop_task", self._owner)
            except StorageError as error:
                pause = outage.pause(error)
                continue
            outage.over()
            pause = CANCEL_CHECK_SECONDS
            for task_id in asked.keys() & self._scopes.keys():
                self._scopes[task_id].cancel()

    async def _claim_all(self, tx: Transaction) -> list[str]:
        taken = []
        while task := await tx.tasks.claim(
            self._owner, states=UNFINISHED, now_ms=self._clock(), lease_ms=LEASE_MS
        ):
            taken.append(task.id)
        return taken

    async def _hold(self, tx: Transaction, task_id: str) -> bool:
        return await tx.tasks.hold(task_id, self._owner, now_ms=self._clock(), lease_ms=LEASE_MS)

    async def _release(self) -> None:
        """Let others go on at once with what this process leaves."""
        with anyio.CancelScope(shield=True):
            try:
                async with self._store.transaction() as tx:
                    for task in await tx.tasks.unfinished():
                        await tx.tasks.release(task.id, self._owner)
            except StorageError:
                logger.warning("leases of tasks could not be released; they end by themselves")

    async def get(self, task_id: str) -> Task | None:
        """Return a task."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.tasks.get(task_id)

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Task], tuple[int, str] | None]:
        """Return tasks, newest first, and the position of the next page."""
        async with self._store.snapshot() as snapshot:
            return await snapshot.tasks.page(limit=limit, before=before)

    async def cancel(self, task_id: str) -> Task | None:
        """Ask a task to stop and return it as it is then; None when there is no such task.

        A task that waits ends at once; one at work ends at its next step, also in another process. One
        that has ended is returned unchanged: its state shows that.
        """
        async with self._store.transaction() as tx:
            task = await tx.tasks.get(task_id)
            if task is None or task.state in END_STATUS:
                return task
            await tx.requests.put("stop_task", task_id, asker=self._owner, at_ms=self._clock())
        if scope := self._scopes.get(task_id):
            scope.cancel()
        return task

    def _begin(self, group: TaskGroup, task_id: str, *, again: bool) -> None:
        """Work on a task, unless this process does already: its lease may have ended in an outage."""
        if task_id not in self._ours:
            self._ours.add(task_id)
            group.start_soon(self._work, task_id, again)

    async def _work(self, task_id: str, again: bool) -> None:
        """Run a task to its end, also while the store does not answer or is full for a time."""
        try:
            while not await self._attempt(task_id, again=again):
                await anyio.sleep(RETRY_SECONDS)
                again = True
        finally:
            self._ours.discard(task_id)

    async def _attempt(self, task_id: str, *, again: bool) -> bool:
        report = Report(self._store, task_id, self._clock, self._hold)
        try:
            with anyio.CancelScope() as self._scopes[task_id]:
                async with self._queue.turn(report.place):
                    await self._run(task_id, report, again=again)
            if self._scopes[task_id].cancelled_caught:
                await self._end_cancelled(report)
        except TaskLostError:
            logger.warning("task %s continues in another process", task_id)
        except StorageError as error:
            logger.warning("task %s waits for the store: %s", task_id, error)
            return False
        except Exception:
            # One task must not stop the server.
            logger.exception("task %s could not be ended; trying again", task_id)
            return False
        finally:
            del self._scopes[task_id]
        return True

    async def _run(self, task_id: str, report: "Report", *, again: bool) -> None:
        task = await report.update(state="running", started_at=self._clock())
        kind = self._kind_of(task)
        try:
            await kind.discard(task)
            if again and task.percent:
                await report.log("task.restarted", level="warning")
            result = await kind.run(task, report)
        except TaskFailedError as failure:
            await self._fail(task, report, failure.problem)
        except (StorageError, TaskLostError) as error:
            if not isinstance(error, StorageFaultError):
                raise
            logger.exception("task %s (%s) failed", task_id, task.kind)
            await self._fail(task, report, problem("internal.task"))
        except Exception:
            logger.exception("task %s (%s) failed", task_id, task.kind)
            await self._fail(task, report, problem("internal.task"))
        else:
            await self._complete(report, result)

    def _kind_of(self, task: Task) -> TaskKind:
        """Return how a task is done; a version before or after this one may have begun it."""
        return self._kinds.get(task.kind, _UNKNOWN)

    async def _complete(self, report: "Report", result: dict[str, Any]) -> None:
        try:
            await report.end("completed", result=result)
        except TaskStopAskedError:
            await self._end_cancelled(report)

    async def _fail(self, task: Task, report: "Report", problem: Problem) -> None:
        await report.update()  # Only the holder of the task may remove what its runs left.
        await self._kind_of(task).discard(task)
        await report.end("failed", error=problem)

    async def _end_cancelled(self, report: "Report") -> None:
        task = await report.update()
        await self._kind_of(task).discard(task)
        await report.end("cancelled")


class _UnknownKind:
    """A kind that this version does not have. Source: `TaskKind`."""

    async def run(self, task: Task, _report: Report) -> dict[str, Any]:
        raise TaskFailedError(problem("internal.unknown_task", value=excerpt(task.kind)))

    async def discard(self, task: Task) -> None:
        """Leave what may be there to the version that knows it."""


_UNKNOWN = _UnknownKind()
