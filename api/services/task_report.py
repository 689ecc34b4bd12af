"""What a task says of its work, and how a kind of work is plugged in."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from api.services.notifications import task_notification
from api.services.store import Store, Transaction
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


class TaskLostError(Exception):
    """Another process has taken the task up; this one must not touch it any more."""


class TaskStopAskedError(Exception):
    """Somebody asked to stop the task before it was done, perhaps through another process."""


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
        """Tell how far the work is: at once for a new step, else at most ten times a second."""
        now = self._clock()
        if step == self._step and now - self._told_at < PROGRESS_GAP_MS:
            return
        async with self._store.transaction() as tx:
            task = await self._change(tx, progresso=min(99, int(percent)), step=step)
            await tx.messages.append([draft(self._told(task))])
        self._step, self._told_at = step, now

    async def update(self, **changes: Any) -> Task:
        """Change members of the task's row and return it."""
        async with self._store.transaction() as tx:
            return await self._change(tx, **changes)

    async def end(
        self, state: TaskState, *, result: dict[str, Any] | None = None, error: Problem | None = None
    ) -> None:
        """End the task and its feed, in one transaction.

        Raises:
            TaskStopAskedError: it would complete, but was asked to stop: who asked was told that it will.
        """
        async with self._store.transaction() as tx:
            if state == "completed" and await tx.requests.pending("stop_task", [self._task_id]):
                raise TaskStopAskedError
            ended = {"state": state, "finished_at": self._clock(), "result": result, "error": error}
            if state == "completed":
                task = await self._change(tx, **ended, progresso=100)
                await tx.messages.append([draft(self._told(task))])
            else:
                task = await self._change(tx, **ended)
            await tx.requests.clear("stop_task", self._task_id)
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
        # The lease first: it waits for whoever is changing the task, and what is read then is the latest.
        is_held = await self._hold(tx, self._task_id)
        task = await tx.tasks.get(self._task_id)
        if not is_held or task is None or task.state in END_STATUS:
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
