"""Values that the suites store."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.events import EventFields
from domain.imports import ImportOptions, Upload
from domain.ports.events import EventStore, TakeBackPosition
from domain.tasks import Task
from domain.venues import Venue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at_us(text: str) -> int:
    """Microseconds of a moment in UTC."""
    return round((datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH).total_seconds() * 1_000_000)


def an_event(title: str = "Evento", *, on: str = "2025-07-01T10:00:00", **members: Any) -> EventFields:
    fields: dict[str, Any] = {
        "title": title,
        "description": "",
        "event_date": on,
        "city": "Recife",
        "participants": ("Alice", "Bob"),
        "local_info": Venue("Auditório Central", 300, "Auditório"),
        "instant_us": at_us(on),
    }
    return EventFields(**(fields | members))


def an_upload(upload_id: str = "a", *, created_at: int = 1, **members: Any) -> Upload:
    fields: dict[str, Any] = {
        "state": "receiving",
        "filename": "a.csv",
        "options": ImportOptions(),
        "actor": "ana",
        "updated_at": created_at,
    }
    return Upload(id=upload_id, created_at=created_at, **(fields | members))


def a_task(task_id: str = "t", *, created_at: int = 1, **members: Any) -> Task:
    fields: dict[str, Any] = {
        "kind": "analysis",
        "state": "queued",
        "params": {"a": 1},
        "actor": "ana",
        "updated_at": created_at,
    }
    return Task(id=task_id, created_at=created_at, **(fields | members))


async def take_back(events: EventStore, upload_id: str) -> tuple[int, list[int]]:
    """Undo an import within one transaction; return how many events are gone, and the ids kept."""
    position: TakeBackPosition | None = TakeBackPosition()
    deleted, kept = 0, list[int]()
    while position is not None:
        part = await events.take_back(upload_id, position, limit=3, at_ms=9)
        position, deleted, kept = part.position, deleted + part.deleted, kept + part.kept
    return deleted, kept


async def until_told(told: Sequence[Any], count: int) -> None:
    """Wait for the store to have told so many messages; another process' commits take a moment."""
    async with asyncio.timeout(60):
        while len(told) < count:  # noqa: ASYNC110 - what is polled is no task of ours.
            await asyncio.sleep(0.005)
