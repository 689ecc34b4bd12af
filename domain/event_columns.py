"""Events by column: the form in which they pass from a file to the store.

To make, check and store a column takes a few calls, where an object for each event takes dozens.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from domain.events import EventFields
from domain.venues import Venue

_encode_lines = msgspec.json.Encoder().encode_lines
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_venue = msgspec.json.Decoder(Venue).decode


class EventColumns(Struct):
    """Validated events as columns: index i of each list belongs to event i.

    Attributes:
        participants: as JSON, which is how they are stored and sent.
        venues: likewise; "" for none.
        venue_types: "" for none.
        names: how many participants.
        capacities: 0 without a venue.
        ids: what a file's column of ids has for each event; none where no event here has such a column.
    """

    titles: list[str]
    descriptions: list[str]
    event_dates: list[str]
    cities: list[str]
    participants: list[str]
    venues: list[str]
    instants_us: list[int]
    venue_types: list[str]
    names: list[int]
    capacities: list[int]
    ids: list[str] = field(default_factory=list)

    @classmethod
    def empty(cls) -> "EventColumns":
        """Return columns of no events."""
        return cls(*([] for _ in cls.__struct_fields__))

    @classmethod
    def of(cls, events: Sequence[EventFields]) -> "EventColumns":
        """Return these events by column."""
        if not events:
            return cls.empty()
        venues = [event.local_info for event in events]
        return cls(
            titles=[event.title for event in events],
            descriptions=[event.description for event in events],
            event_dates=[event.event_date for event in events],
            cities=[event.city for event in events],
            participants=json_lines([event.participants for event in events]),
            venues=[text if text != "null" else "" for text in json_lines(venues)],
            instants_us=[event.instant_us for event in events],
            venue_types=[(venue and venue.venue_type) or "" for venue in venues],
            names=[len(event.participants) for event in events],
            capacities=[venue.capacity if venue else 0 for venue in venues],
        )

    def __len__(self) -> int:
        """How many events."""
        return len(self.titles)

    def extend(self, other: "EventColumns") -> None:
        """Append more events."""
        add_ids(self.ids, len(self), other.ids, len(other))
        for mine, more in zip(_cells(self), _cells(other), strict=True):
            mine.extend(more)

    def part(self, places: slice) -> "EventColumns":
        """Return those at these places."""
        part = EventColumns(*(mine[places] for mine in _cells(self)))
        part.ids = self.ids[places]
        return part

    def events(self) -> list[EventFields]:
        """Return the events as objects."""
        whole = zip(
            self.titles,
            self.descriptions,
            self.event_dates,
            self.cities,
            map(_names, self.participants),
            (_venue(text) if text else None for text in self.venues),
            self.instants_us,
            strict=True,
        )
        return [EventFields(*members) for members in whole]


def add_ids(ids: list[str], count: int, more: Sequence[str], more_count: int) -> None:
    """Append the ids of further events to those of `count` events.

    A column of ids may appear after the first objects of a JSON file: those without one get empty texts.
    """
    if ids or more:
        ids += [""] * (count - len(ids))
        ids += more or [""] * more_count


def json_lines(values: Sequence[object]) -> list[str]:
    """Return each value as JSON; at least one is given."""
    # splitlines() would also cut at U+2028.
    return _encode_lines(values).decode()[:-1].split("\n")


def _cells(columns: EventColumns) -> tuple[list[Any], ...]:
    """Return every column that each event has a cell of."""
    return msgspec.structs.astuple(columns)[:-1]
