"""The VTIMEZONE of a zone: its changes from 1900 to 2200. Source: RFC 5545 §3.6.5.

The changes are taken from the zone itself, day by day, which takes a twentieth of a second: a zone is
described once and kept. Those that come every year from some year on are one rule; the others are listed,
each in a line of its own: some readers take only the first date of a list.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

_FIRST = datetime(1900, 1, 1, tzinfo=UTC)
_LAST = datetime(2202, 1, 1, tzinfo=UTC)
"""Dates are from 1900 to 2200; a rule that holds until here is one without an end."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RULE_YEARS = 10
"""So many years in a row are a rule."""

Line = tuple[str, str]


class _Kind(NamedTuple):
    """Changes that are alike."""

    before: timedelta
    after: timedelta
    name: str
    is_daylight: bool


@lru_cache(4)
def zone_lines(name: str) -> tuple[Line, ...]:
    """Return the properties of the VTIMEZONE of a zone by its name in the IANA database."""
    zone = ZoneInfo(name)
    first = _FIRST.astimezone(zone)
    offset = _offset(first)
    # The wall clock of the zone may show 1900 before that of UTC does.
    start = _Kind(offset, offset, first.tzname() or name, is_daylight=False)
    lines = [("BEGIN", "VTIMEZONE"), ("TZID", name), *_observance(start, [datetime(1899, 12, 31)])]  # noqa: DTZ001
    kinds: dict[_Kind, list[datetime]] = {}
    for kind, wall in _changes(zone):
        kinds.setdefault(kind, []).append(wall)
    for kind, walls in kinds.items():
        lines += _observance(kind, walls)
    return (*lines, ("END", "VTIMEZONE"))


def _changes(zone: ZoneInfo) -> Iterator[tuple[_Kind, datetime]]:
    """Yield each change of the offset, with what the wall clock showed at that moment before it."""
    at, before = _FIRST, _offset(_FIRST.astimezone(zone))
    while at < _LAST:
        later = at + _DAY
        if _offset(later.astimezone(zone)) == before:
            at = later
            continue
        while later - at > _SECOND:
            middle = at + timedelta(seconds=(later - at) // _SECOND // 2)
            if _offset(middle.astimezone(zone)) == before:
                at = middle
            else:
                later = middle
        at, there = later, later.astimezone(zone)
        after = _offset(there)
        kind = _Kind(before, after, there.tzname() or "", is_daylight=bool(there.dst()))
        yield kind, (at + before).replace(tzinfo=None)
        before = after


def _observance(kind: _Kind, walls: Sequence[datetime]) -> Iterator[Line]:
    """Yield the components of changes that are alike: those that are listed, and those by a rule."""
    count, rule = _yearly(walls)
    listed, ruled = walls[: len(walls) - count], walls[len(walls) - count :]
    if listed:
        # The first as well: where there are others, ical.js passes over the start.
        further = [("RDATE", _stamp(wall)) for wall in listed] if listed[1:] else []
        yield from _component(kind, listed[0], further)
    if ruled:
        yield from _component(kind, ruled[0], [("RRULE", rule)])


def _component(kind: _Kind, start: datetime, further: Sequence[Line]) -> Iterator[Line]:
    component = "DAYLIGHT" if kind.is_daylight else "STANDARD"
    yield "BEGIN", component
    yield "DTSTART", _stamp(start)
    yield "TZOFFSETFROM", _told(kind.before)
    yield "TZOFFSETTO", _told(kind.after)
    yield "TZNAME", kind.name
    yield from further
    yield "END", component


def _yearly(walls: Sequence[datetime]) -> tuple[int, str]:
    """Return how many of the last changes come every year for ever, as the last one does, and their rule."""
    last = walls[-1]
    if last.year < _LAST.year - 1:
        return 0, ""
    week = _week(last)
    counts = [
        (_run(walls, lambda wall: _week(wall) == week), str(week)),
        (_run(walls, _is_in_last_week), "-1"),
    ]
    count, place = max(counts)
    if count < _RULE_YEARS:
        return 0, ""
    return count, f"FREQ=YEARLY;BYMONTH={last.month};BYDAY={place}{_DAYS[last.weekday()]}"


def _run(walls: Sequence[datetime], is_there: Callable[[datetime], bool]) -> int:
    """Return how many of the last changes are one a year, at one time of a day that `is_there`."""
    last, count = walls[-1], 0
    for wall in reversed(walls):
        place = (wall.year, wall.month, wall.weekday(), wall.time())
        if place != (last.year - count, last.month, last.weekday(), last.time()) or not is_there(wall):
            break
        count += 1
    return count


def _week(wall: datetime) -> int:
    """Return 3 for the third Sunday of its month, or any other day of the week."""
    return (wall.day - 1) // 7 + 1


def _is_in_last_week(wall: datetime) -> bool:
    return (wall + timedelta(days=7)).month != wall.month


def _offset(moment: datetime) -> timedelta:
    offset = moment.utcoffset()
    assert offset is not None, "a moment in a zone has an offset"
    return offset


def _stamp(wall: datetime) -> str:
    return wall.strftime("%Y%m%dT%H%M%S")


def _told(offset: timedelta) -> str:
    """Return a UTC-OFFSET; local mean times have seconds. Source: §3.3.14."""
    seconds = int(offset.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    text = f"{'-' if seconds < 0 else '+'}{hours:02}{rest // 60:02}"
    return f"{text}{rest % 60:02}" if rest % 60 else text
