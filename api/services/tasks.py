"""Long tasks: started by a request, owed to nobody's connection, told on `tarefas/{task_id}`.

A task is a row and a feed. A kind does the work and reports; the machinery here queues, stores,
tells, cancels, and starts again what a restart cut short. A kind is run again from its beginning,
so running it twice must do no harm.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import anyio
import msgspec
from anyio.abc import TaskGroup

from api.services.line import Line
from api.services.notifications import task_notification
from api.services.store import Store, Transaction
from domain.ports import StorageError
from domain.problems import Problem
from domain.tasks import Task, TaskState
from streams.messages import (
    Draft,
    EndError,
    EndStatus,
    Finished,
    Log,
    LogLevel,
    TaskProgress,
    draft,
    timestamp,
)

logger = logging.getLogger(__name__)

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""

Hold = Callable[[Transaction, str], Awaitable[bool]]
"""Takes or renews this process's lease on a task; False when another has it."""

END_STATUS: Mapping[TaskState, EndStatus] = {
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""The states that a task does not leave, and what `finished` calls them."""
UNFINISHED: tuple[TaskState, ...] = ("queued", "running")
LEASE_MS = 10_000
LEASE_CHECK_SECONDS = 3.0
"""A killed process's tasks are taken up by another within the sum of both."""
RETRY_SECONDS = 5.0
"""After the store did not answer."""
PROGRESS_GAP_MS = 100
"""Between two progress messages of one step."""


class TaskFailedError(Exception):
    """A kind could not do its work, for a reason that the user should read."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.problem = Problem("", code, message)


class TaskKind(Protocol):
    """One kind of work."""

    async def run(self, task: Task, report: "Report") -> dict[str, Any]:
        """Do it and return the result, JSON-ready. `links` of the result go into `finished`.

        Raises:
            TaskFailedError: the task ends as failed with this reason.
        """
        ...

    async def discard(self, task: Task) -> None:
        """Remove what an earlier run of this task left behind; called before each run and after a failure."""
        ...


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
        self._line = Line(at_work)
        self._scopes: dict[str, anyio.CancelScope] = {}
        self._group: TaskGroup | None = None
        self.ready = anyio.Event()

    @property
    def active(self) -> int:
        """Tasks at work or waiting in this process."""
        return len(self._scopes)

    async def run(self) -> None:
        """Work until cancelled; what is then unfinished goes on in another process, or at the next start."""
        try:
            async with anyio.create_task_group() as self._group:
                await self._recover(self._group)
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
        self._group.start_soon(self._work, task.id, False)
        return task

    async def _recover(self, group: TaskGroup) -> None:
        """Go on with what a killed process of the same name has left."""
        async with self._store.transaction() as tx:
            own = [task for task in await tx.tasks.unfinished() if await self._hold(tx, task.id)]
        for task in own:
            group.start_soon(self._work, task.id, True)

    async def _look_after_leases(self, group: TaskGroup) -> None:
        """Renew what is held, heed a cancel that came through another process, take up what nobody holds."""
        try:
            async with self._store.transaction() as tx:
                for task_id, scope in list(self._scopes.items()):
                    task = await tx.tasks.get(task_id)
                    if not await self._hold(tx, task_id) or (task and task.cancel_requested):
                        scope.cancel()
                taken = await self._claim_all(tx)
        except StorageError:
            logger.exception("leases of tasks could not be renewed")
            return
        for task_id in taken:
            group.start_soon(self._work, task_id, True)

    async def _claim_all(self, tx: Transaction) -> list[str]:
        taken = []
        while task := await tx.tasks.claim(
            self._owner, states=UNFINISHED, now_ms=self._clock(), lease_ms=LEASE_MS
        ):
            taken.append(task.id)
        return [task_id for task_id in taken if task_id not in self._scopes]

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

        A task that waits ends at once; one at work ends at its next step. One that has ended is
        returned unchanged: the caller tells that from its state.
        """
        async with self._store.transaction() as tx:
            task = await tx.tasks.get(task_id)
            if task is None or task.state in END_STATUS:
                return task
            task = msgspec.structs.replace(task, cancel_requested=True, updated_at=self._clock())
            await tx.tasks.save(task)
        if scope := self._scopes.get(task_id):
            scope.cancel()
        return task

    async def _work(self, task_id: str, again: bool) -> None:
        """See a task to its end, through times in which the store does not answer or is full."""
        while not await self._attempt(task_id, again=again):
            await anyio.sleep(RETRY_SECONDS)
            again = True

    async def _attempt(self, task_id: str, *, again: bool) -> bool:
        report = Report(self._store, task_id, self._clock, self._hold)
        try:
            with anyio.CancelScope() as self._scopes[task_id]:
                async with self._line.turn(report.place):
                    await self._run(task_id, report, again=again)
            if self._scopes[task_id].cancelled_caught:
                await self._end_cancelled(report)
        except TaskLostError:
            logger.warning("task %s goes on in another process", task_id)
        except StorageError:
            logger.exception("task %s waits for the store", task_id)
            return False
        finally:
            del self._scopes[task_id]
        return True

    async def _run(self, task_id: str, report: "Report", *, again: bool) -> None:
        task = await report.update(state="running", started_at=self._clock())
        if task.cancel_requested:
            await self._end_cancelled(report)
            return
        kind = self._kinds[task.kind]
        try:
            await kind.discard(task)
            if again and task.progresso:
                await report.log("the server was restarted: the task begins again", level="warning")
            result = await kind.run(task, report)
        except TaskCancelledError:
            await self._end_cancelled(report)
        except TaskFailedError as failure:
            await self._fail(task, report, failure.problem)
        except (StorageError, TaskLostError):
            raise
        except Exception:
            logger.exception("task %s (%s) failed", task_id, task.kind)
            await self._fail(
                task, report, Problem("", "internal", "the task failed inside the server; see its log")
            )
        else:
            await report.end("completed", result=result)

    async def _fail(self, task: Task, report: "Report", problem: Problem) -> None:
        await report.update()  # Only who still holds the task may remove what its runs left.
        await self._kinds[task.kind].discard(task)
        await report.end("failed", error=problem)

    async def _end_cancelled(self, report: "Report") -> None:
        task = await report.update()
        await self._kinds[task.kind].discard(task)
        await report.end("cancelled")


class TaskLostError(Exception):
    """Another process has taken the task up; this one must not touch it any more."""


class TaskCancelledError(Exception):
    """Somebody asked for the task to stop, maybe through another process."""


class Report:
    """What a kind says of its work: log lines, progress. Each is stored with the task's row."""

    def __init__(self, store: Store, task_id: str, clock: Clock, hold: Hold) -> None:
        self._store = store
        self._hold = hold
        self._task_id = task_id
        self._clock = clock
        self._step: str | None = None
        self._told_at = 0

    async def place(self, place: int) -> None:
        """Tell the place in the queue."""
        await self.log(f"waiting for a free place: number {place} in the queue")

    async def log(self, message: str, *, level: LogLevel = "info") -> None:
        """Tell a line."""
        async with self._store.transaction() as tx:
            await self._held(tx)
            await tx.messages.append([draft(Log(self._feed, self._now(), level, message))])

    async def progress(self, percent: float, step: str) -> None:
        """Tell how far the work is: at once for a new step, else at most ten times a second.

        Raises:
            TaskCancelledError: the task is to stop.
        """
        now = self._clock()
        if step == self._step and now - self._told_at < PROGRESS_GAP_MS:
            return
        async with self._store.transaction() as tx:
            task = await self._change(tx, progresso=min(99, int(percent)), step=step)
            await tx.messages.append([draft(self._told(task))])
        self._step, self._told_at = step, now
        if task.cancel_requested:
            raise TaskCancelledError

    async def update(self, **changes: Any) -> Task:
        """Change members of the task's row and return it."""
        async with self._store.transaction() as tx:
            return await self._change(tx, **changes)

    async def end(
        self, state: TaskState, *, result: dict[str, Any] | None = None, error: Problem | None = None
    ) -> None:
        """End the task and its feed, in one transaction."""
        async with self._store.transaction() as tx:
            ended = {"state": state, "finished_at": self._clock(), "result": result, "error": error}
            if state == "completed":
                task = await self._change(tx, **ended, progresso=100)
                await tx.messages.append([draft(self._told(task))])
            else:
                task = await self._change(tx, **ended)
            await tx.messages.append([draft(self._farewell(task)), self._notice(task)])

    def _farewell(self, task: Task) -> Finished:
        assert task.finished_at is not None
        events = (task.result or {}).get("events", 0)
        return Finished(
            self._feed,
            self._now(),
            END_STATUS[task.state],
            accepted=events,
            rejected=0,
            rows=events,
            seconds=(task.finished_at - (task.started_at or task.finished_at)) / 1000,
            error=EndError(task.error.code, task.error.message) if task.error else None,
            links=task_links(task),
        )

    def _notice(self, task: Task) -> Draft:
        return task_notification(
            task.id, task.kind, END_STATUS[task.state], actor=task.actor, at_ms=self._clock()
        )

    def _told(self, task: Task) -> TaskProgress:
        return TaskProgress(self._feed, self._now(), task.id, task.progresso, task.step)

    def _now(self) -> str:
        return timestamp(self._clock())

    async def _change(self, tx: Transaction, **changes: Any) -> Task:
        task = await self._held(tx)
        changes["progresso"] = max(task.progresso, changes.get("progresso", 0))
        changed = msgspec.structs.replace(task, updated_at=self._clock(), **changes)
        await tx.tasks.save(changed)
        return changed

    async def _held(self, tx: Transaction) -> Task:
        """Return the task, or roll back: nothing is told of a task that another process works on."""
        task = await tx.tasks.get(self._task_id)
        if task is None or task.state in END_STATUS or not await self._hold(tx, self._task_id):
            raise TaskLostError
        return task

    @property
    def _feed(self) -> str:
        return f"tarefas/{self._task_id}"


def task_links(task: Task) -> dict[str, str]:
    """Return where to read and watch a task, and what its kind links to."""
    return {
        "self": f"/api/v1/tarefas/{task.id}",
        "sse": f"/sse/tarefas/{task.id}",
        "ws": f"/ws/tarefas/{task.id}",
        "poll": f"/poll/tarefas/{task.id}",
        **((task.result or {}).get("links") or {}),
    }
