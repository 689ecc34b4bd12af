"""Builds event columns from ordinary cells; caches values that repeat from row to row.

Part of the fast path: gives exactly what the rules of the fields give, or marks the rows that need them.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import TypeVar

import msgspec
from msgspec import Struct

from domain import limits
from domain.dates import DateOrder
from domain.event_columns import EventColumns, json_lines
from domain.events import parse_city
from domain.problems import Problem
from domain.rows.cells import Replacements
from domain.rows.columns import FLAT, Columns
from domain.rows.fast_dates import FastDates
from domain.rows.memory import remember
from domain.rows.names import EITHER, LOCATION_NAME
from domain.rows.rejected_before import RejectedBefore
from domain.rows.venue_members import TYPED, VenueMembers
from domain.text import is_invisible, is_ordinary, plain_line
from domain.venues import VENUE_TYPES, known_venue_type

_Value = TypeVar("_Value")

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


_UNLIKE_NAMES = frozenset(" \t\r\n\u00a0[0123456789")
"""What no cell of names begins with; the rules say what it is."""

_UNLIKE_PLACES = ("{", "[", "(", "<", "\\")
"""What begins JSON, or a word of databases for no place: `(null)`, `\\N`; the rules say which."""

_NOWHERE = _PlainVenue("", 0)
"""Stands for no venue among others."""

_QUOTED_MEMBERS = tuple(f'"{name}"' for name in _PlainVenue.__struct_fields__)


class FastColumns:
    """Builds events from ordinary text, with caches of repeated values."""

    def __init__(
        self,
        columns: Columns,
        timezone: tzinfo,
        order: DateOrder,
        replacements: Replacements | None = None,
        *,
        is_mended: bool = False,
    ) -> None:
        """Prepare for a file.

        One with defaults, with two ways to name a venue, or of mended rows has no plain rows.
        """
        index = columns.index
        self.json_column = index.get("local_info", 0)
        flat = {name: index[f"local_info.{name}"] for name in FLAT if f"local_info.{name}" in index}
        ways = ("local_info" in index) + (EITHER in index) + ("location_name" in flat)
        self._is_plain = (
            not (is_mended or columns.defaults) and ways < 2 and not (flat and "local_info" in index)
        )
        if EITHER in index:
            flat["location_name"] = index[EITHER]
        self._flat = flat
        self._six = [index.get(name) for name in _SIX]
        before = RejectedBefore(columns.names)
        self._is_marked = before.is_marked if before.has_any else None
        self._width = columns.width
        self._most = columns.most
        replaced = replacements or Replacements(None)
        named = [(at, LOCATION_NAME if name == EITHER else name) for name, at in index.items()]
        self._replaced = [(at, name) for at, name in named if replaced.concern(name)]
        self._replacements = replaced
        self._venue_members = VenueMembers(replaced, columns.defaults)
        self._replaces_members = self._venue_members.are_replaced
        self._ignored = [at for at in range(self._width) if at not in index.values()]
        self._timezone = timezone
        self._time = index.get("event_time")
        self._id = index.get("id")
        self.set_order(order)
        self._decode_venue = msgspec.json.Decoder(_PlainVenue).decode
        self._decode_full_venue = msgspec.json.Decoder(_FullVenue).decode
        self._cities: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._flat_venues: dict[tuple[str, ...], _PlainVenue] = {}
        self._venue_types: dict[str | None, str] = {name: name for name in VENUE_TYPES}
        self._on_one_line: Callable[[str], str] = plain_line

    def set_order(self, order: DateOrder) -> None:
        """Read further dates by another order."""
        self._dates = FastDates(self._timezone, order)

    def read(self, records: Sequence[list[str]]) -> tuple[EventColumns, set[int]]:
        """Return the events of plain records, and the indexes of the other records.

        What the columns have at such a place means nothing.
        """
        if self._most > self._width:
            records = list(map(self._named_part, records))
        odd = {place for place, cells in enumerate(records) if len(cells) != self._width}
        if not self._is_plain or len(odd) == len(records):
            return EventColumns.empty(), set(range(len(records)))
        if odd:
            records = [[""] * self._width if place in odd else cells for place, cells in enumerate(records)]
        cells = list(zip(*records, strict=True))
        for at, field in self._replaced:
            odd.update(place for place, cell in enumerate(cells[at]) if cell[:1] == " ")
            cells[at] = tuple(self._replacements.applied(field, cell) for cell in cells[at])
        if self._is_marked is not None:
            odd.update(place for place, row in enumerate(records) if self._is_marked(row))
        absent = ("",) * len(records)
        titles, descriptions, whens, cities, names, infos = (
            absent if at is None else cells[at] for at in self._six
        )
        for at in self._ignored:
            odd.update(place for place, cell in enumerate(cells[at]) if cell[:1] == " ")
        times = absent if self._time is None else cells[self._time]
        dates = self._all(odd, map(self._dates.read, whens, times), ("", 0))
        people = self._all(odd, map(_people, names), [])
        places = [cells[at] for at in self._flat.values()] or [infos]
        # Most batches have no text to bring on one line: they are looked at once.
        self._on_one_line = str.strip if all(map(_are_lines, places)) else plain_line
        found = map(self._flat_venue, *places) if self._flat else map(self._json_venue, infos)
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
            ids=[] if self._id is None else list(cells[self._id]),
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

    def _named_part(self, cells: list[str]) -> list[str]:
        """Return the cells of columns with names; a record that needs care as it is."""
        surplus = cells[self._width : self._most + 1]
        if self._width + len(surplus) > self._most or any(cell[:1] == " " for cell in surplus):
            return cells
        return cells[: self._width]

    def _city(self, text: str) -> str | None:
        known = self._cities.get(text)
        if known is not None:
            return known
        problems: list[Problem] = []
        city = parse_city(text, problems)
        if problems or text.startswith(" "):
            return None
        remember(self._cities, text, city)
        return city

    def _json_venue(self, text: str) -> _PlainVenue | None:
        """Return the venue in plain JSON with no member twice; else None."""
        if not text:
            return _NOWHERE
        if len(text) > limits.CELL_BYTES // 4 or '\\"' in text:
            return None
        # Without escaped quotes, only the end of a member's name can come before a colon.
        has_seven = text.count(":") == 7 or text.count('":') == 7
        try:
            venue = self._decode_full_venue(text) if has_seven else self._decode_some_of(text)
        except (msgspec.DecodeError, ValueError):
            return None
        if self._replaces_members and venue and self._venue_members.may_change(venue):
            return None
        if "\\" in text and not (venue and is_ordinary(" ".join(_texts_of(venue)))):
            return None
        return venue if venue is not None and self._tidy(venue) else None

    def _decode_some_of(self, text: str) -> _PlainVenue | None:
        """Return a venue that leaves members out; None when it may have one twice."""
        if "\\" in text or any(text.count(name) > 1 for name in _QUOTED_MEMBERS):
            return None
        return self._decode_venue(text)

    def _flat_venue(self, *cells: str) -> _PlainVenue | None:
        """Return the venue in cells of its own columns; None when one of them needs care.

        Many rows have the same: it is not changed by anyone.
        """
        known = self._flat_venues.get(cells)
        if known is not None:
            return known
        venue = self._new_flat_venue(*cells)
        if venue is not None:
            remember(self._flat_venues, cells, venue)
        return venue

    def _new_flat_venue(self, *cells: str) -> _PlainVenue | None:
        if not any(map(str.strip, cells)):
            return None if any(cell[:1] == " " for cell in cells) else _NOWHERE
        venue = _PlainVenue("")
        for name, cell in zip(self._flat, cells, strict=True):
            text = cell.strip()
            value = TYPED[name](text) if name in TYPED and text else text
            if cell[:1] == " " or (name == "location_name" and _is_no_place(text)):
                return None
            if text:
                setattr(venue, name, value)
        # Text among the values of another type broke its rule, and so does a number with many digits.
        flags: tuple[object, object] = (venue.is_accessible, venue.manually_edited)
        if type(venue.capacity) is not int or any(type(flag) is not bool for flag in flags):
            return None
        if venue.past_events:
            return None
        return venue if self._tidy(venue) else None

    def _tidy(self, venue: _PlainVenue) -> bool:
        """Bring every member to the form in which it is stored; False when one breaks its rule."""
        name = self._names.get(venue.location_name) or self._name(venue.location_name)
        if name is None:
            return False
        venue.location_name = name
        if venue.address is not None:
            venue.address = self._on_one_line(venue.address) or None
        if venue.past_events:
            venue.past_events = [past.strip() for past in venue.past_events]
        kind = venue.venue_type = self._venue_types.get(venue.venue_type) or self._venue_type(
            venue.venue_type
        )
        return (
            0 <= venue.capacity <= limits.CAPACITY
            and kind != ""
            and len(venue.address or "") <= limits.ADDRESS_CHARACTERS
        )

    def _name(self, text: str) -> str | None:
        """Return a location's name as it is stored, None for one that breaks its rules."""
        name = plain_line(text)
        least, most = limits.LOCATION_NAME_LEAST_CHARACTERS, limits.LOCATION_NAME_CHARACTERS
        if not least <= len(name) <= most or is_invisible(name):
            return None
        remember(self._names, text, name)
        return name

    def _venue_type(self, text: str | None) -> str | None:
        """Return a type as it is stored, "" for an unknown one."""
        known = text if text is None else known_venue_type(text)
        if known:
            remember(self._venue_types, text or "", known)
        return known if known or text is None else ""


def _are_lines(cells: Sequence[str]) -> bool:
    """Return whether each of some cells is its own `plain_line`, but for blanks around it."""
    text = "".join(cells)
    return "  " not in text and "\\" not in text and text.isprintable()


def _texts_of(venue: _PlainVenue) -> list[str]:
    """Return the texts of a venue, in which escapes may have put anything."""
    return [venue.location_name, venue.venue_type or "", venue.address or "", *venue.past_events]


def _title(text: str) -> str | None:
    # A blank in front may stand before a quote, which the careful reader takes as an opening.
    title = " ".join(text.split())
    fits = len(title) <= limits.TITLE_CHARACTERS and text[:1] != " "
    return title if fits and not is_invisible(title) else None


def _description(text: str) -> str | None:
    return text if len(text) <= limits.CELL_BYTES // 4 and text[:1] != " " else None


def _is_no_place(text: str) -> bool:
    return text[:1] in _UNLIKE_PLACES or text.lower() == "null"


def _people(text: str) -> list[str] | None:
    if len(text) > limits.CELL_BYTES // 4 or text[:1] in _UNLIKE_NAMES or "\n" in text:
        return None
    names = [*filter(None, map(str.strip, text.split(";")))]
    return names if len(names) == len(set(names)) <= limits.PARTICIPANTS else None


def _venue_texts(venues: list[_PlainVenue]) -> list[str]:
    texts = json_lines(venues)
    if _NOWHERE not in venues:
        return texts
    return ["" if venue is _NOWHERE else text for venue, text in zip(venues, texts, strict=True)]
