"""A long task as a value."""

from typing import Any, Literal

from msgspec import Struct

from domain.problems import Problem

TaskState = Literal["queued", "running", "completed", "failed", "cancelled"]


class Task(Struct, frozen=True, rename={"percent": "progresso"}):
    """A task, as stored.

    Attributes:
        kind: which runner does it, such as ``analysis`` or ``export``.
        checkpoint: the runner's own; None before the first.
        percent: 0 to 100, never falls.
        step: the code of what is being done; an English sentence where an earlier version stored it.
        created_at, started_at, finished_at, updated_at: milliseconds since 1970, UTC.
    """

    id: str
    kind: str
    state: TaskState
    params: dict[str, Any]
    actor: str
    created_at: int
    updated_at: int
    percent: int = 0
    step: str | None = None
    checkpoint: bytes | None = None
    result: dict[str, Any] | None = None
    error: Problem | None = None
    started_at: int | None = None
    finished_at: int | None = None
