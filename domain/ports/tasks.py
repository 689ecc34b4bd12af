"""The port for tasks and their leases."""

from collections.abc import Sequence
from typing import Protocol

from domain.tasks import Task, TaskState


class TaskStore(Protocol):
    """Long tasks."""

    async def add(self, task: Task) -> None:
        """Store a new task."""
        ...

    async def get(self, task_id: str) -> Task | None:
        """Return one task."""
        ...

    async def save(self, task: Task) -> None:
        """Overwrite every member of a task."""
        ...

    async def page(
        self, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[list[Task], tuple[int, str] | None]:
        """Return tasks, newest first, and the position for the next page."""
        ...

    async def unfinished(self) -> list[Task]:
        """Return tasks in `queued` or `running`, oldest first."""
        ...

    async def claim(
        self, owner: str, *, states: Sequence[TaskState], now_ms: int, lease_ms: int
    ) -> Task | None:
        """Lease the oldest task in one of these states without a lease; None when there is none.

        Of several processes that ask at once, each gets another task.
        """
        ...

    async def hold(self, task_id: str, owner: str, *, now_ms: int, lease_ms: int) -> bool:
        """Take or renew the lease on one task; False when another holds it.

        Within the transaction of each batch it is the fence: a process that slept through the end
        of its lease, and whose work another has taken up, finds False here and must roll back.
        """
        ...

    async def release(self, task_id: str, owner: str) -> None:
        """Release the lease, if `owner` has it."""
        ...
