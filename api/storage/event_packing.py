"""Events packed for the store: cells as one text, counts as sums. Needs no connection: any process can pack.

Cells are parted by a control character that no text of an event may hold: to join and to part one
text is a call a batch, where to pass tuples on would cost several a row.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import msgspec

from api.storage.folding import fold
from domain.event_columns import EventColumns
from domain.events import EventFields
from domain.ports import EventBatch

DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PACKED = (
    "title",
    "description",
    "event_date",
    "city",
    "participants",
    "local_info",
    "instant_us",
    "title_key",
    "description_key",
    "city_key",
    "venue_type",
)
"""The columns of `events` that a batch has, in the order of the table."""

NULLABLE = ("local_info", "venue_type")
"""Of these, no value is an empty text."""

WIDTH = len(PACKED)

CHUNK_EVENTS = 1024
"""Most in a chunk, which is inserted by one statement and unpacked in a millisecond or two."""

_PART = "\x1f"
_encode = msgspec.json.Encoder().encode

Deltas = Counter[tuple[str, str]]
"""What is added to each (kind, key) of the counts."""


def pack(events: EventColumns) -> EventBatch:
    """Return events as the store takes them. Source: `domain.ports.Pack`."""
    if not events.titles:
        return EventBatch(0, [], [])
    columns = (
        events.titles,
        events.descriptions,
        events.event_dates,
        events.cities,
        events.participants,
        events.venues,
        [*map(str, events.instants_us)],
        _folded(events.titles),
        _folded(events.descriptions),
        _folded(events.cities),
        events.venue_types,
    )
    cells = [""] * (len(events) * WIDTH)
    for place, column in enumerate(columns):
        cells[place::WIDTH] = column
    starts = range(0, len(cells), WIDTH * CHUNK_EVENTS)
    chunks = [_PART.join(cells[start : start + WIDTH * CHUNK_EVENTS]).encode() for start in starts]
    counts = [(kind, key, n) for (kind, key), n in deltas_of(events).items()]
    return EventBatch(len(events), chunks, counts)


def unpacked(chunk: bytes) -> list[str]:
    """Return the cells of a chunk's events one after the other, each event's in the order of `PACKED`."""
    return chunk.decode().split(_PART)


def _folded(texts: list[str]) -> list[str]:
    return fold(_PART.join(texts)).split(_PART)


def field_cells(event: EventFields) -> tuple[Any, ...]:
    """Return the cells of one event, in the order of `PACKED`."""
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
        fold(event.city),
        venue.venue_type if venue else None,
    )


def deltas_of(events: EventColumns) -> Deltas:
    """Return what these events add to the counts, but for those by import."""
    deltas: Deltas = Counter()
    cities = Counter(events.cities)
    for city, n in cities.items():
        deltas["city_key", fold(city)] += n
    deltas["events", ""] = len(events)
    deltas["participants", ""] = sum(events.names)
    deltas["capacity", ""] = sum(events.capacities)
    deltas.update(_keyed("city", cities))
    deltas.update(_keyed("month", Counter([date[:7] for date in events.event_dates])))
    deltas.update(_keyed("venue_type", Counter(events.venue_types)))
    days = Counter([instant // DAY_US for instant in events.instants_us])
    deltas.update({("day", day_key(day)): n for day, n in days.items()})
    return deltas


def day_key(day: int) -> str:
    """Return YYYY-MM-DD of a day counted from 1970-01-01."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


def _keyed(kind: str, counts: Counter[str]) -> dict[tuple[str, str], int]:
    return dict(zip(zip(repeat(kind), counts), counts.values(), strict=False))
