"""Events packed for the store: cells as one text, counts as sums. Needs no connection: any process can pack.

Cells are parted by a control character that no text of an event may hold: to join and to part one
text is a call a batch, where to pass tuples on would cost several a row.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import repeat
from typing import Any

import msgspec

from domain.dates import UNIX_EPOCH
from domain.event_columns import EventColumns
from domain.events import EventFields
from domain.folding import fold
from domain.ports.events import EventBatch
from domain.venues import Venue

DAY_US = 86_400_000_000
_EPOCH_ORDINAL = UNIX_EPOCH.toordinal()

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

KNOWN_COLUMNS = "e.id, e.upload_id, e.version, e.updated_ms, " + ", ".join(
    {"local_info": "coalesce(e.local_info, '')", "instant_us": "CAST(e.instant_us AS text)"}.get(
        name, f"e.{name}"
    )
    for name in PACKED[:7]
)
"""What rows of a file are compared with, in SQL: the parts of `event_cells.Known`."""

PART = "\x1f"
"""Between cells."""
_encode = msgspec.json.Encoder().encode
_people = msgspec.json.Decoder(tuple[str, ...]).decode
_venue = msgspec.json.Decoder(Venue).decode

Deltas = Counter[tuple[str, str]]
"""What is added to each (kind, key) of the counts."""


def pack(events: EventColumns) -> EventBatch:
    """Return events as the store takes them. Source: `domain.ports.events.Pack`."""
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
        folded(events.titles),
        folded(events.descriptions),
        folded(events.cities),
        events.venue_types,
    )
    cells = [""] * (len(events) * WIDTH)
    for place, column in enumerate(columns):
        cells[place::WIDTH] = column
    return EventBatch(len(events), _chunks(cells), _counts(events), events.ids)


def pack_cells(rows: Sequence[Sequence[str]], counted: EventColumns) -> EventBatch:
    """Return events as the store takes them: the cells of each, and what the counts are made of."""
    return EventBatch(len(rows), _chunks([cell for row in rows for cell in row]), _counts(counted))


def _chunks(cells: list[str]) -> list[bytes]:
    starts = range(0, len(cells), WIDTH * CHUNK_EVENTS)
    return [PART.join(cells[start : start + WIDTH * CHUNK_EVENTS]).encode() for start in starts]


def _counts(events: EventColumns) -> list[tuple[str, str, int]]:
    return [(kind, key, n) for (kind, key), n in deltas_of(events).items()]


def unpacked(chunk: bytes) -> list[str]:
    """Return the cells of a chunk's events one after the other, each event's in the order of `PACKED`."""
    return chunk.decode().split(PART)


def fields_of(batch: EventBatch) -> list[EventFields]:
    """Return the events of a batch whole."""
    found: list[EventFields] = []
    for chunk in batch.chunks:
        cells = unpacked(chunk)
        columns = [cells[place::WIDTH] for place in range(7)]
        found += [
            EventFields(
                title, description, date, city, _people(names), _venue(place) if place else None, int(at)
            )
            for title, description, date, city, names, place, at in zip(*columns, strict=True)
        ]
    return found


def part_of(batch: EventBatch, places: Sequence[int]) -> EventBatch:
    """Return a batch of the events at these indexes of another."""
    if len(places) == batch.count:
        return batch
    events = fields_of(batch)
    columns = EventColumns.of([events[place] for place in places])
    columns.ids = [batch.ids[place] for place in places] if batch.ids else []
    return pack(columns)


def folded(texts: list[str]) -> list[str]:
    """Return texts folded, by one call for all."""
    return fold(PART.join(texts)).split(PART)


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


def count_event(deltas: Deltas, event: EventFields) -> None:
    """Add what one event adds to the counts: as `deltas_of` columns of it alone, at a fifth of the cost."""
    venue = event.local_info
    of_one = {
        ("events", ""): 1,
        ("participants", ""): len(event.participants),
        ("capacity", ""): venue.capacity if venue else 0,
        ("city_key", fold(event.city)): 1,
        ("city", event.city): 1,
        ("month", event.event_date[:7]): 1,
        ("venue_type", (venue and venue.venue_type) or ""): 1,
        ("day", day_key(event.instant_us // DAY_US)): 1,
    }
    deltas.update(of_one)


def day_key(day: int) -> str:
    """Return YYYY-MM-DD of a day counted from 1970-01-01."""
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


def _keyed(kind: str, counts: Counter[str]) -> dict[tuple[str, str], int]:
    return dict(zip(zip(repeat(kind), counts), counts.values(), strict=False))
