"""How a task reports on its work, and the interface of a kind of task."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from api.services.links import link, stored_link
from api.services.notifications import task_notification
from api.services.store import Store, Transaction
from api.services.task_sentences import step_words, task_line
from domain.messages import EndStatus, Finished, LogLevel, Param, TaskProgress, end_error
from domain.problems import Problem
from domain.tasks import Task, TaskState
from streams.messages import Draft, draft, timestamp

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
    """A task failed for a reason that the user should read."""

    def __init__(self, why: Problem) -> None:
        super().__init__(why.message)
        self.problem = why


class TaskKind(Protocol):
    """One kind of work."""

    async def run(self, task: Task, report: "Report") -> dict[str, Any]:
        """Do it and return the result, JSON-ready. `links` of the result go into `finished`.

        Raises:
            TaskFailedError: the task ends as failed with this reason.
        """
        ...

    async def discard(self, task: Task) -> None:
        """Remove the files of an earlier run of this task; called before each run and after a failure."""
        ...


class TaskLostError(Exception):
    """Another process has taken the task over; this one must not change it any more."""


class TaskStopAskedError(Exception):
    """The task was asked to stop before it was done, perhaps through another process."""


class Report:
    """Log lines and progress of one task. Each is stored with the task's row."""

    def __init__(self, store: Store, task_id: str, clock: Clock, hold: Hold) -> None:
        self._store = store
        self._hold = hold
        self._task_id = task_id
        self._clock = clock
        self._step: str | None = None
        self._told_at = 0

    async def place(self, place: int) -> None:
        """Report the place in the queue."""
        await self.log("task.queued", place=place)

    async def log(self, code: str, *, level: LogLevel = "info", **params: Param) -> None:
        """Report a line: the sentence of a code in `task_sentences`, with its parameters."""
        async with self._store.transaction() as tx:
            await self._held(tx)
            line = task_line(self._task_id, level, code, at_ms=self._clock(), **params)
            await tx.messages.append([line])

    async def progress(self, percent: float, step: str) -> None:
        """Report progress: at once for a new step, else at most ten times a second.

        `step` is a code of `task_sentences.STEPS`.
        """
        now = self._clock()
        if step == self._step and now - self._told_at < PROGRESS_GAP_MS:
            return
        async with self._store.transaction() as tx:
            task = await self._change(tx, percent=min(99, int(percent)), step=step)
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
            TaskStopAskedError: it would complete, but its cancellation was accepted before.
        """
        async with self._store.transaction() as tx:
            if state == "completed" and await tx.requests.is_pending("stop_task", self._task_id):
                raise TaskStopAskedError
            ended = {"state": state, "finished_at": self._clock(), "result": result, "error": error}
            if state == "completed":
                task = await self._change(tx, **ended, percent=100)
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
            error=end_error(task.error) if task.error else None,
            links=_stored_links(task),
        )

    def _notice(self, task: Task) -> Draft:
        return task_notification(
            task.id,
            task.kind,
            END_STATUS[task.state],
            filename=task.params.get("filename"),
            actor=task.actor,
            at_ms=self._clock(),
        )

    def _told(self, task: Task) -> TaskProgress:
        step, code = step_words(task.step)
        return TaskProgress(self._feed, self._now(), task.id, task.percent, step, code)

    def _now(self) -> str:
        return timestamp(self._clock())

    async def _change(self, tx: Transaction, **changes: Any) -> Task:
        task = await self._held(tx)
        changes["percent"] = max(task.percent, changes.get("percent", 0))
        changed = msgspec.structs.replace(task, updated_at=self._clock(), **changes)
        await tx.tasks.save(changed)
        return changed

    async def _held(self, tx: Transaction) -> Task:
        """Return the task, or roll back: another process may have taken it up."""
        # The lease first: it waits for a running change of the task, so that the latest state is read.
        is_held = await self._hold(tx, self._task_id)
        task = await tx.tasks.get(self._task_id)
        if not is_held or task is None or task.state in END_STATUS:
            raise TaskLostError
        return task

    @property
    def _feed(self) -> str:
        return f"tarefas/{self._task_id}"


def task_links(task: Task) -> dict[str, str]:
    """Return where to read and watch a task, and what its kind links to, for an answer."""
    return {name: link(path) for name, path in _paths(task).items()}


def _stored_links(task: Task) -> dict[str, str]:
    """Return the same for a message."""
    return {name: stored_link(path) for name, path in _paths(task).items()}


def _paths(task: Task) -> dict[str, str]:
    return {
        "self": f"/api/v1/tarefas/{task.id}",
        "sse": f"/sse/tarefas/{task.id}",
        "ws": f"/ws/tarefas/{task.id}",
        "poll": f"/poll/tarefas/{task.id}",
        **((task.result or {}).get("links") or {}),
    }
