"""Events out of ordinary cells, with what repeats from row to row remembered.

Part of the fast path: gives exactly what the rules of the fields give, or nothing at all.
"""

from datetime import UTC, tzinfo
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from domain.csv_header import Columns
from domain.dates import parse_event_date
from domain.events import MAX_PARTICIPANTS, EventFields, parse_city
from domain.problems import Problem
from domain.text import CELL_BYTES
from domain.venues import MAX_CAPACITY, VENUE_TYPES, Venue, parse_venue

_Value = TypeVar("_Value")

_REMEMBERED = 8192
_REMEMBERED_CHARACTERS = 256
_PLAIN_CHARACTERS = CELL_BYTES // 4
_SIX = ("title", "description", "event_date", "city", "participants", "local_info")


class _PlainVenue(Struct, forbid_unknown_fields=True):
    """A venue with all of its members, each of its own type."""

    location_name: str
    capacity: int
    venue_type: str | None
    is_accessible: bool
    address: str | None
    past_events: list[str]
    manually_edited: bool


class PlainValues:
    """Builds events of the six documented columns from ordinary text, remembering what repeats."""

    def __init__(self, columns: Columns, timezone: tzinfo) -> None:
        """Prepare for a file; one with other columns has no plain rows."""
        index = columns.index
        self.json_column = index.get("local_info", 0)
        self._is_plain = (
            index.keys() == set(_SIX) and len(columns.names) == len(_SIX) and not columns.defaults
        )
        self._pick = itemgetter(*(index.get(name, 0) for name in _SIX))
        self._clock = PlainClock(timezone)
        self._venue = msgspec.json.Decoder(_PlainVenue).decode
        self._cities: dict[str, str] = {}
        self._participants: dict[str, tuple[str, ...]] = {}
        self._venue_types: dict[str | None, str | None] = {None: None} | {name: name for name in VENUE_TYPES}

    def read(self, cells: list[str]) -> EventFields | None:
        """Return the event of a record without any peculiarity, else None."""
        if not self._is_plain or len(cells) != len(_SIX):
            return None
        title, description, when, city, names, info = self._pick(cells)
        # A blank in front may stand before a quote, which the careful reader takes as an opening.
        if title[:1] == " " or description[:1] == " ":
            return None
        title = " ".join(title.split())
        if not 0 < len(title) <= 100 or len(description) > _PLAIN_CHARACTERS:
            return None
        moment = self._clock.read(when)
        place = self._cities.get(city) or self._city(city)
        people = self._participants.get(names)
        if people is None:
            people = self._people(names)
        venue = self._plain_venue(info) if info else None
        if moment is None or place is None or people is None or (info and venue is None):
            return None
        return EventFields(title, description, moment[0], place, people, venue, moment[1])

    def _city(self, text: str) -> str | None:
        problems: list[Problem] = []
        city = parse_city(text, problems)
        if problems or text.startswith(" "):
            return None
        _remember(self._cities, text, city)
        return city

    def _people(self, text: str) -> tuple[str, ...] | None:
        if len(text) > _PLAIN_CHARACTERS or text.startswith(" "):
            return None
        names = [name for name in map(str.strip, text.split(";")) if name]
        if len(set(names)) != len(names) or len(names) > MAX_PARTICIPANTS:
            return None
        people = tuple(names)
        _remember(self._participants, text, people)
        return people

    def _plain_venue(self, text: str) -> Venue | None:
        """Return a venue with all seven members, once each, in plain JSON; else None."""
        # Without escapes, only the end of a member's name can come before a colon.
        if "\\" in text or len(text) > _PLAIN_CHARACTERS or (text.count(":") != 7 != text.count('":')):
            return None
        try:
            read = self._venue(text)
        except msgspec.DecodeError:
            return None
        name = read.location_name.strip()
        address = read.address.strip() if read.address else None
        if not 2 <= len(name) <= 200 or not 0 <= read.capacity <= MAX_CAPACITY:
            return None
        if (address and len(address) > 300) or read.venue_type not in self._venue_types:
            return self._learned(read)
        kind = self._venue_types[read.venue_type]
        past = tuple(map(str.strip, read.past_events)) if read.past_events else ()
        return Venue(
            name, read.capacity, kind, read.is_accessible, address or None, past, read.manually_edited
        )

    def _learned(self, read: _PlainVenue) -> Venue | None:
        """Read a venue by the rules, and remember how its type is written."""
        problems: list[Problem] = []
        venue = parse_venue(msgspec.structs.asdict(read), problems)
        if venue and read.venue_type:
            _remember(self._venue_types, read.venue_type, venue.venue_type)
        return venue


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
