"""Events as text cells, which imports compare with their rows.

To make an event of each row and of each stored event, only to find that nothing differs, takes longer
than everything else that a merge does.
"""

from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import NamedTuple

import msgspec
from msgspec import Struct

from api.storage.event_packing import PACKED, WIDTH, folded, pack, pack_cells, unpacked
from domain.event_columns import EventColumns
from domain.events import EventFields
from domain.merge import Key, MergeRule, key_of, merged_venue
from domain.ports.events import EventBatch
from domain.venues import Venue

Cells = tuple[str, ...]
"""An event in the order of `OWN`, or of `PACKED`, which begins alike; what is absent is an empty text."""

OWN = PACKED[:7]
"""The columns that the others are made of."""

TITLE, DESCRIPTION, EVENT_DATE, CITY, PARTICIPANTS, LOCAL_INFO, INSTANT = range(len(OWN))

COUNTED = frozenset((EVENT_DATE, CITY, PARTICIPANTS, LOCAL_INFO, INSTANT))
"""Places of what the counts are made of."""

_FOLDED = (TITLE, DESCRIPTION, CITY)

_encode = msgspec.json.Encoder().encode
_people = msgspec.json.Decoder(tuple[str, ...]).decode
_venue = msgspec.json.Decoder(Venue).decode


class Known(NamedTuple):
    """An event that is stored: its id, the import that created it, its version, last change and own cells."""

    event_id: int
    upload_id: str | None
    version: int
    updated_ms: int
    cells: Cells


def rows_of(batch: EventBatch) -> list[Cells]:
    """Return the packed cells of each event of a batch."""
    return [row for chunk in batch.chunks for row in zip(*[iter(unpacked(chunk))] * WIDTH, strict=True)]


def packed_rows(rows: Sequence[Cells]) -> EventBatch:
    """Return a batch of events, of which each has all packed cells."""
    return pack_cells(rows, counted(rows))


def cells_of(events: Sequence[EventFields]) -> list[Cells]:
    """Return the packed cells of events."""
    return rows_of(pack(EventColumns.of(events)))


def whole(cells: Cells) -> Cells:
    """Return cells with the cells that are derived from them."""
    return cells_of([event_of(cells)])[0]


def event_of(cells: Cells) -> EventFields:
    """Return the event that has these cells."""
    title, description, event_date, city, participants, venue, instant = cells[: len(OWN)]
    place = _venue(venue) if venue else None
    return EventFields(title, description, event_date, city, _people(participants), place, int(instant))


def with_made_of(
    places: Sequence[int], rows: Sequence[Cells], venue_types: list[str]
) -> dict[str, list[str]]:
    """Return the columns at these indexes of `OWN`, and the columns derived from them.

    `venue_types` are given where they changed: three indexes have that column.
    """
    columns = {OWN[place]: [row[place] for row in rows] for place in places}
    made = {f"{OWN[place]}_key": folded(columns[OWN[place]]) for place in places if place in _FOLDED}
    return columns | made | ({"venue_type": venue_types} if venue_types else {})


def counted(rows: Sequence[Cells], places: Collection[int] = range(len(OWN))) -> EventColumns:
    """Return the columns at some indexes of `OWN` that the counts use; others are empty."""
    nothing, none = [""] * len(rows), [0] * len(rows)
    venues = [_of_place(row[LOCAL_INFO]) for row in rows] if LOCAL_INFO in places else [_NO_PLACE] * len(rows)
    return EventColumns(
        titles=nothing,
        descriptions=nothing,
        event_dates=[row[EVENT_DATE] for row in rows] if EVENT_DATE in places else nothing,
        cities=[row[CITY] for row in rows] if CITY in places else nothing,
        participants=nothing,
        venues=nothing,
        instants_us=[int(row[INSTANT]) for row in rows] if INSTANT in places else none,
        venue_types=[venue.venue_type or "" for venue in venues],
        names=[len(_people(row[PARTICIPANTS])) for row in rows] if PARTICIPANTS in places else none,
        capacities=[venue.capacity for venue in venues],
    )


def key_maker(key: Sequence[str]) -> Callable[[Cells], Key]:
    """Return a function from cells to their key."""
    if set(key) <= {*OWN} - {"participants", "local_info"}:
        places = [OWN.index(name) for name in key]
        of_several = itemgetter(*places)
        return of_several if len(places) > 1 else lambda cells: (cells[places[0]],)
    return lambda cells: key_of(event_of(cells), key)


class Merger:
    """Merges a row of a file into the cells of a stored event.

    Attributes:
        has_defaults: a row may have what no column of its file gives it.
    """

    def __init__(self, rule: MergeRule) -> None:
        """Take from a row what its file has columns for."""
        self._columns = rule.fields
        self._taken = [place for place, name in enumerate(OWN) if name in rule.fields]
        if "event_date" in rule.fields:
            self._taken.append(INSTANT)
        self._takes_all = len(self._taken) == len(OWN)
        self._by_default = [place for place, name in enumerate(OWN) if name in rule.defaults]
        self._venue_defaults = () if "local_info" in rule.fields else _members(rule.defaults)
        self.has_defaults = bool(self._by_default or self._venue_defaults)

    def merged(self, old: Cells, new: Cells) -> Cells:
        """Return the merged cells; `old` itself if nothing changes."""
        if self._takes_all:
            taken = new[: len(OWN)]
            if old == taken:
                return old
            wanted = [*taken]
        else:
            wanted = [*old]
            for place in self._taken:
                wanted[place] = new[place]
            if new[LOCAL_INFO] != old[LOCAL_INFO]:
                wanted[LOCAL_INFO] = self._venue(old[LOCAL_INFO], new[LOCAL_INFO])
        # JSON may be equal and be written in another way.
        for place, is_equal in _JSON:
            a, b = wanted[place], old[place]
            if a != b and a and b and is_equal(a, b):
                wanted[place] = b
        return old if tuple(wanted) == old else tuple(wanted)

    def keeps_other(self, merged: Cells, row: Cells) -> bool:
        """Return whether the merged event has something else where the row has a default without a column."""
        for place in self._by_default:
            one, other = merged[place], row[place]
            if one != other and not (one and other and _is_equal(place, one, other)):
                return True
        if not (self._venue_defaults and row[LOCAL_INFO]):
            return False
        wanted, kept = _venue(row[LOCAL_INFO]), merged[LOCAL_INFO]
        has = _venue(kept) if kept else None
        return any(getattr(has, name, None) != getattr(wanted, name) for name in self._venue_defaults)

    def _venue(self, old: str, new: str) -> str:
        venue = merged_venue(_venue(old) if old else None, _venue(new) if new else None, self._columns)
        return _encode(venue).decode() if venue else ""


def _members(fields: Collection[str]) -> tuple[str, ...]:
    """Return the members of the venue that are among fields."""
    return tuple(name for name in Venue.__struct_fields__ if f"local_info.{name}" in fields)


def _is_equal(place: int, one: str, other: str) -> bool:
    """Return whether two cells that are written in different ways say the same."""
    return any(place == of and is_equal(one, other) for of, is_equal in _JSON)


class _Place(Struct):
    capacity: int = 0
    venue_type: str | None = None


_read_place = msgspec.json.Decoder(_Place).decode
_NO_PLACE = _Place()


def _of_place(text: str) -> _Place:
    return _read_place(text) if text else _NO_PLACE


def _is_equal_venue(one: str, other: str) -> bool:
    # Two members are read in a third of the time of all.
    return _read_place(one) == _read_place(other) and _venue(one) == _venue(other)


_JSON: tuple[tuple[int, Callable[[str, str], bool]], ...] = (
    (PARTICIPANTS, lambda one, other: _people(one) == _people(other)),
    (LOCAL_INFO, _is_equal_venue),
)
