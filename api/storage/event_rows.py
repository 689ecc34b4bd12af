"""Events to rows and back."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from api.storage.folding import fold
from api.storage.unit import Row
from domain.events import Event, EventFields
from domain.venues import Venue

_encode = msgspec.json.Encoder().encode
_participants = msgspec.json.Decoder(tuple[str, ...]).decode
_venue = msgspec.json.Decoder(Venue).decode

_fold_city = lru_cache(4096)(fold)
"""Cities repeat."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(4096)
def rfc3339(at_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 UTC text with milliseconds."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").removesuffix(
        "+00:00"
    ) + "Z"


def field_cells(event: EventFields) -> tuple[Any, ...]:
    """Return the cells of an event's own members, in the order of the table from `title` to `venue_type`."""
    venue = event.local_info
    return (
        event.title,
        event.description,
        event.event_date,
        event.city,
        _encode(event.participants).decode(),
        _encode(venue).decode() if venue else None,
        event.instant_us,
        fold(event.title),
        fold(event.description),
        _fold_city(event.city),
        venue.venue_type if venue else None,
    )


def new_rows(
    first_id: int, batch: Iterable[EventFields], *, upload_id: str | None, at_ms: int
) -> list[tuple[Any, ...]]:
    """Return whole rows of new events with consecutive ids."""
    tail = (upload_id, 1, at_ms, at_ms)
    return [(event_id, *field_cells(event), *tail) for event_id, event in enumerate(batch, first_id)]


def event_of(row: Row) -> Event:
    """Return the event of a row of the table; unpacked, since asking a row by name takes thrice as long."""
    event_id, title, description, event_date, city, participants, local_info = row[:7]
    upload_id, version, created_ms, updated_ms = row[12:]
    return Event(
        event_id,
        title,
        description,
        event_date,
        city,
        _participants(participants),
        _venue(local_info) if local_info else None,
        upload_id,
        version,
        rfc3339(created_ms),
        rfc3339(updated_ms),
    )


def fields_of(row: Row) -> EventFields:
    """Return the fields of a row of what the counts are made of."""
    return EventFields(
        title="",
        description="",
        event_date=row.event_date,
        city=row.city,
        participants=_participants(row.participants),
        local_info=_venue(row.local_info) if row.local_info else None,
        instant_us=row.instant_us,
    )


def events_of(rows: Sequence[Row]) -> list[Event]:
    """Return the events of rows."""
    return [event_of(row) for row in rows]
