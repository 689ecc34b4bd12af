"""Rows to events."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import msgspec
from msgspec import Struct

from api.storage.schema import events
from api.storage.unit_of_work import Row
from domain.dates import UNIX_EPOCH
from domain.event_columns import EventColumns
from domain.events import Event
from domain.venues import Venue

EVENT_COLUMNS = tuple(
    events.c[
        "id",
        "title",
        "description",
        "event_date",
        "city",
        "participants",
        "local_info",
        "upload_id",
        "version",
        "created_ms",
        "updated_ms",
    ]
)
"""What of a row is told: the others are for finding it, and take as long to read."""

_participants = msgspec.json.Decoder(tuple[str, ...]).decode
_venue = msgspec.json.Decoder(Venue).decode


@lru_cache(4096)
def rfc3339(at_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 UTC text with milliseconds."""
    return (UNIX_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").removesuffix(
        "+00:00"
    ) + "Z"


def event_of(row: Row) -> Event:
    """Return the event of a row that begins with `EVENT_COLUMNS`.

    Unpacked, since asking a row by name takes thrice as long.
    """
    event_id, title, description, event_date, city, participants, local_info = row[:7]
    upload_id, version, created_ms, updated_ms = row[7:11]
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


class _Capacity(Struct):
    capacity: int
    venue_type: str | None


_capacity = msgspec.json.Decoder(_Capacity).decode


def columns_of(rows: Sequence[Row]) -> EventColumns:
    """Return the events of rows that have only the columns of the counts."""
    venues = [_capacity(row.local_info) if row.local_info else None for row in rows]
    nothing = [""] * len(rows)
    return EventColumns(
        titles=nothing,
        descriptions=nothing,
        event_dates=[row.event_date for row in rows],
        cities=[row.city for row in rows],
        participants=nothing,
        venues=nothing,
        instants_us=[row.instant_us for row in rows],
        venue_types=[(venue and venue.venue_type) or "" for venue in venues],
        names=[len(_participants(row.participants)) for row in rows],
        capacities=[venue.capacity if venue else 0 for venue in venues],
    )


def events_of(rows: Sequence[Row]) -> list[Event]:
    """Return the events of rows."""
    return [event_of(row) for row in rows]
