"""The store of long tasks."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from api.storage.leases import claim, hold, release
from api.storage.schema import tasks
from api.storage.unit_of_work import Row, Unit
from domain.tasks import Task, TaskState

_task = msgspec.json.Decoder(Task).decode
_encode = msgspec.json.Encoder().encode


def _cells(task: Task) -> dict[str, Any]:
    body = msgspec.structs.replace(task, checkpoint=None)
    return {
        "state": task.state,
        "created_ms": task.created_at,
        "body": _encode(body).decode(),
        "checkpoint": task.checkpoint,
    }


def _of(row: Row) -> Task:
    return msgspec.structs.replace(_task(row.body), checkpoint=row.checkpoint)


class SqlTasks:
    """Tasks of one unit of work. Source: `domain.ports.tasks.TaskStore`."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def add(self, task: Task) -> None:
        """Store a new task."""
        await self._unit.run(sa.insert(tasks).values(id=task.id, **_cells(task)))

    async def get(self, task_id: str) -> Task | None:
        """Return one task."""
        row = await self._unit.first(sa.select(tasks).where(tasks.c.id == task_id))
        return _of(row) if row else None

    async def save(self, task: Task) -> None:
        """Overwrite every member of a task."""
        await self._unit.run(sa.update(tasks).where(tasks.c.id == task.id).values(**_cells(task)))

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Task], tuple[int, str] | None]:
        """Return tasks, newest first, and the position for the next page."""
        rows, position = await self._unit.newest(tasks, limit=limit, before=before)
        return [_of(row) for row in rows], position

    async def unfinished(self) -> list[Task]:
        """Return tasks in `queued` or `running`, oldest first."""
        statement = sa.select(tasks).where(tasks.c.state.in_(("queued", "running")))
        rows = await self._unit.rows(statement.order_by(tasks.c.created_ms, tasks.c.id))
        return [_of(row) for row in rows]

    async def claim(
        self, owner: str, *, states: Sequence[TaskState], now_ms: int, lease_ms: int
    ) -> Task | None:
        """Lease the oldest task in one of these states without a lease; None when there is none."""
        row = await claim(self._unit, tasks, owner, states=states, now_ms=now_ms, ends_ms=now_ms + lease_ms)
        return _of(row) if row else None

    async def hold(self, task_id: str, owner: str, *, now_ms: int, lease_ms: int) -> bool:
        """Take or renew the lease on one task; False when another holds it."""
        return await hold(self._unit, tasks, task_id, owner, now_ms=now_ms, ends_ms=now_ms + lease_ms)

    async def release(self, task_id: str, owner: str) -> None:
        """Release the lease, if `owner` has it."""
        await release(self._unit, tasks, task_id, owner)
