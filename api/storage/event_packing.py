"""Events packed for the store: cells as one text, counts as sums. Needs no connection: any process can pack.

Cells are parted by a control character that no text of an event may hold: to join and to part one
text is a call a batch, where to pass tuples on would cost several a row.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import msgspec

from api.storage.folding import fold
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

_PART = "\x1f"
_encode = msgspec.json.Encoder().encode
_encode_lines = msgspec.json.Encoder().encode_lines

Deltas = Counter[tuple[str, str]]
"""What is added to each (kind, key) of the counts."""


def pack(events: Sequence[EventFields]) -> EventBatch:
    """Return events as the store takes them. Source: `domain.ports.Pack`."""
    if not events:
        return EventBatch(0, b"", [])
    counts = [(kind, key, n) for (kind, key), n in deltas_of(events).items()]
    return EventBatch(len(events), _PART.join(_cells(events)).encode(), counts)


def unpacked(batch: EventBatch) -> list[str]:
    """Return the cells of all events one after the other, each event's in the order of `PACKED`."""
    return batch.cells.decode().split(_PART) if batch.count else []


def _cells(events: Sequence[EventFields]) -> list[str]:
    cells = [""] * (len(events) * WIDTH)
    for place, column in enumerate(_columns(events)):
        cells[place::WIDTH] = column
    return cells


def _columns(events: Sequence[EventFields]) -> tuple[list[str], ...]:
    """Return the columns of `PACKED`. Whole columns are encoded and folded by one call each."""
    titles = [event.title for event in events]
    descriptions = [event.description for event in events]
    cities = [event.city for event in events]
    venues = [event.local_info for event in events]
    return (
        titles,
        descriptions,
        [event.event_date for event in events],
        cities,
        _json_texts([event.participants for event in events]),
        [text if text != "null" else "" for text in _json_texts(venues)],
        [str(event.instant_us) for event in events],
        _folded(titles),
        _folded(descriptions),
        _folded(cities),
        [(venue and venue.venue_type) or "" for venue in venues],
    )


def _json_texts(values: Sequence[object]) -> list[str]:
    # splitlines() would also cut at U+2028.
    return _encode_lines(values).decode()[:-1].split("\n")


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


def deltas_of(batch: Sequence[EventFields]) -> Deltas:
    """Return what these events add to the counts, but for those by import."""
    deltas: Deltas = Counter()
    cities = Counter([event.city for event in batch])
    for city, n in cities.items():
        deltas["city_key", fold(city)] += n
    deltas["events", ""] = len(batch)
    deltas["participants", ""] = sum([len(event.participants) for event in batch])
    deltas["capacity", ""] = sum([event.local_info.capacity for event in batch if event.local_info])
    deltas.update(_keyed("city", cities))
    deltas.update(_keyed("month", Counter([event.event_date[:7] for event in batch])))
    deltas.update(_keyed("venue_type", Counter([_venue_type(event) for event in batch])))
    days = Counter([event.instant_us // DAY_US for event in batch])
    deltas.update({("day", day_key(day)): n for day, n in days.items()})
    return deltas


def day_key(day: int) -> str:
    """Return YYYY-MM-DD of a day counted from 1970-01-01."""
    return (EPOCH + timedelta(days=day)).date().isoformat()


def _keyed(kind: str, counts: Counter[str]) -> dict[tuple[str, str], int]:
    return dict(zip(zip(repeat(kind), counts), counts.values(), strict=False))


def _venue_type(event: EventFields) -> str:
    return (event.local_info and event.local_info.venue_type) or ""
