"""Columns of events out of ordinary cells, with what repeats from row to row remembered.

Part of the fast path: gives exactly what the rules of the fields give, or says which rows need them.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, tzinfo
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from domain.csv_cells import TYPED
from domain.csv_header import EITHER, FLAT, Columns
from domain.dates import parse_event_date
from domain.event_columns import EventColumns, json_lines
from domain.events import MAX_PARTICIPANTS, parse_city
from domain.problems import Problem
from domain.text import CELL_BYTES
from domain.venues import MAX_CAPACITY, VENUE_TYPES, known_venue_type

_Value = TypeVar("_Value")

_REMEMBERED = 8192
_REMEMBERED_CHARACTERS = 256
_PLAIN_CHARACTERS = CELL_BYTES // 4
_SIX = ("title", "description", "event_date", "city", "participants", "local_info")


class _PlainVenue(Struct, forbid_unknown_fields=True):
    """A venue, each member of its own type, in the order of the wire."""

    location_name: str
    capacity: int = 1
    venue_type: str | None = None
    is_accessible: bool = False
    address: str | None = None
    past_events: list[str] = []
    manually_edited: bool = False


class _FullVenue(_PlainVenue, forbid_unknown_fields=True):
    """One of which no member is missing."""

    location_name: str
    capacity: int
    venue_type: str | None
    is_accessible: bool
    address: str | None
    past_events: list[str]
    manually_edited: bool


_NOWHERE = _PlainVenue("", 0)
"""Stands for no venue among others."""

_QUOTED_MEMBERS = tuple(f'"{name}"' for name in _PlainVenue.__struct_fields__)


class PlainValues:
    """Builds events out of ordinary text, remembering what repeats."""

    def __init__(self, columns: Columns, timezone: tzinfo) -> None:
        """Prepare for a file; one with defaults, or with two ways to name a venue, has no plain rows."""
        index = columns.index
        self.json_column = index.get("local_info", 0)
        flat = {name: index[f"local_info.{name}"] for name in FLAT if f"local_info.{name}" in index}
        ways = ("local_info" in index) + (EITHER in index) + ("location_name" in flat)
        self._is_plain = not columns.defaults and ways < 2 and not (flat and "local_info" in index)
        if EITHER in index:
            flat["location_name"] = index[EITHER]
        self._flat = flat
        self._six = [index.get(name) for name in _SIX]
        self._width = len(columns.names)
        self._ignored = [at for at in range(self._width) if at not in index.values()]
        self._clock = PlainClock(timezone)
        self._decode_venue = msgspec.json.Decoder(_PlainVenue).decode
        self._decode_full_venue = msgspec.json.Decoder(_FullVenue).decode
        self._cities: dict[str, str] = {}
        self._venue_types: dict[str | None, str] = {name: name for name in VENUE_TYPES}

    def read(self, records: Sequence[list[str]]) -> tuple[EventColumns, set[int]]:
        """Return an event for each record, and the places of those that are not plain.

        What the columns have at such a place means nothing.
        """
        odd = {place for place, cells in enumerate(records) if len(cells) != self._width}
        if not self._is_plain or len(odd) == len(records):
            return EventColumns.empty(), set(range(len(records)))
        if odd:
            records = [[""] * self._width if place in odd else cells for place, cells in enumerate(records)]
        cells = list(zip(*records, strict=True))
        absent = ("",) * len(records)
        titles, descriptions, whens, cities, names, infos = (
            absent if at is None else cells[at] for at in self._six
        )
        for at in self._ignored:
            odd.update(place for place, cell in enumerate(cells[at]) if cell[:1] == " ")
        dates = self._all(odd, map(self._clock.read, whens), ("", 0))
        people = self._all(odd, map(_people, names), [])
        if self._flat:
            found = map(self._flat_venue, *(cells[at] for at in self._flat.values()))
        else:
            found = map(self._json_venue, infos)
        venues = self._all(odd, found, _NOWHERE)
        columns = EventColumns(
            titles=self._all(odd, map(_title, titles), ""),
            descriptions=self._all(odd, map(_description, descriptions), ""),
            event_dates=[date[0] for date in dates],
            cities=self._all(odd, map(self._city, cities), ""),
            participants=json_lines(people),
            venues=_venue_texts(venues),
            instants_us=[date[1] for date in dates],
            venue_types=[venue.venue_type or "" for venue in venues],
            names=[*map(len, people)],
            capacities=[venue.capacity for venue in venues],
        )
        return columns, odd

    @staticmethod
    def _all(odd: set[int], values: Iterable[_Value | None], instead: _Value) -> list[_Value]:
        """Return values, with another instead of each None, whose place is added to the odd ones."""
        found = list(values)
        if None not in found:
            return found  # type: ignore[return-value] # no None is in it.
        odd.update(place for place, value in enumerate(found) if value is None)
        return [instead if value is None else value for value in found]

    def _city(self, text: str) -> str | None:
        known = self._cities.get(text)
        if known is not None:
            return known
        problems: list[Problem] = []
        city = parse_city(text, problems)
        if problems or text.startswith(" "):
            return None
        _remember(self._cities, text, city)
        return city

    def _json_venue(self, text: str) -> _PlainVenue | None:
        """Return the venue in plain JSON with no member twice; else None."""
        if not text:
            return _NOWHERE
        if "\\" in text or len(text) > _PLAIN_CHARACTERS:
            return None
        # Without escapes, only the end of a member's name can come before a colon.
        has_seven = text.count(":") == 7 or text.count('":') == 7
        try:
            venue = self._decode_full_venue(text) if has_seven else self._decode_some_of(text)
        except msgspec.DecodeError:
            return None
        return venue if venue is not None and self._tidy(venue) else None

    def _decode_some_of(self, text: str) -> _PlainVenue | None:
        """Return a venue that leaves members out; None when it may have one twice."""
        return None if any(text.count(name) > 1 for name in _QUOTED_MEMBERS) else self._decode_venue(text)

    def _flat_venue(self, *cells: str) -> _PlainVenue | None:
        """Return the venue in cells of its own columns; None when one of them needs care."""
        if not any(map(str.strip, cells)):
            return None if any(cell[:1] == " " for cell in cells) else _NOWHERE
        venue = _PlainVenue("")
        for name, cell in zip(self._flat, cells, strict=True):
            text = cell.strip()
            value = TYPED[name](text) if name in TYPED and text else text
            if cell[:1] == " " or (name == "location_name" and text[:1] in ("{", "[")):
                return None
            if text:
                setattr(venue, name, value)
        # Text among the values of another type broke its rule, and so does a number with many digits.
        if type(venue.capacity) is not int or type(venue.is_accessible) is not bool:
            return None
        return venue if self._tidy(venue) else None

    def _tidy(self, venue: _PlainVenue) -> bool:
        """Bring every member to the form in which it is stored; False when one breaks its rule."""
        name = venue.location_name = venue.location_name.strip()
        if venue.address is not None:
            venue.address = venue.address.strip() or None
        if venue.past_events:
            venue.past_events = [past.strip() for past in venue.past_events]
        kind = venue.venue_type = self._venue_types.get(venue.venue_type) or self._venue_type(
            venue.venue_type
        )
        return (
            2 <= len(name) <= 200
            and 0 <= venue.capacity <= MAX_CAPACITY
            and kind != ""
            and len(venue.address or "") <= 300
        )

    def _venue_type(self, text: str | None) -> str | None:
        """Return a type as it is stored, "" for an unknown one."""
        known = text if text is None else known_venue_type(text)
        if known:
            _remember(self._venue_types, text or "", known)
        return known if known or text is None else ""


def _title(text: str) -> str | None:
    # A blank in front may stand before a quote, which the careful reader takes as an opening.
    title = " ".join(text.split())
    return title if 0 < len(title) <= 100 and text[0] != " " else None


def _description(text: str) -> str | None:
    return text if len(text) <= _PLAIN_CHARACTERS and text[:1] != " " else None


def _people(text: str) -> list[str] | None:
    if len(text) > _PLAIN_CHARACTERS or text[:1] == " ":
        return None
    names = [*filter(None, map(str.strip, text.split(";")))]
    return names if len(names) == len(set(names)) <= MAX_PARTICIPANTS else None


def _venue_texts(venues: list[_PlainVenue]) -> list[str]:
    texts = json_lines(venues)
    if _NOWHERE not in venues:
        return texts
    return ["" if venue is _NOWHERE else text for venue, text in zip(venues, texts, strict=True)]


class PlainClock:
    """Reads dates by their day and their clock, each remembered: both repeat, together they do not."""

    def __init__(self, timezone: tzinfo) -> None:
        """Count naive times in a time zone."""
        self._timezone = timezone
        self._days: dict[str, tuple[int, int] | None] = {}
        self._clocks: dict[str, tuple[str, int, bool] | None] = {}

    def read(self, text: str) -> tuple[str, int] | None:
        """Return what `parse_event_date` does for a good date; None for any other."""
        day, clock = text[:10], text[10:]
        found = self._days.get(day) or self._day(day)
        time = self._clocks.get(clock) or self._time(clock)
        if found is None or time is None:
            return None
        midnight, naive_midnight = found
        return day + time[0], (naive_midnight if time[2] else midnight) + time[1]

    def _day(self, day: str) -> tuple[int, int] | None:
        """Return midnight in UTC and in the time zone, for days on which no clock is changed."""
        ends = [self._parse(day + clock) for clock in ("T00:00:00Z", "T00:00:00", "T23:59:59")]
        if len(day) != 10 or not all(ends):
            return None
        midnight, first, last = (end[1] for end in ends if end)
        if last - first != 86_399_000_000:
            return None
        _remember(self._days, day, (midnight, first))
        return midnight, first

    def _time(self, clock: str) -> tuple[str, int, bool] | None:
        """Return how a clock is kept, its microseconds since midnight UTC, and whether it is naive."""
        parsed = parse_event_date("1970-01-01" + clock, timezone=UTC)
        if isinstance(parsed, Problem):
            return None
        kept = parsed[0][10:]
        time = (kept, parsed[1], not kept.endswith("Z") and kept[-6] not in "+-")
        _remember(self._clocks, clock, time)
        return time

    def _parse(self, text: str) -> tuple[str, int] | None:
        parsed = parse_event_date(text, timezone=self._timezone)
        return None if isinstance(parsed, Problem) else parsed


def _remember(memory: dict[Any, _Value], key: str, value: _Value) -> None:
    """Keep a value under a text that is short enough, and start over when there are too many."""
    if len(key) > _REMEMBERED_CHARACTERS:
        return
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value
