"""Parses the dates of a column with separate caches for days and times, which repeat.

Part of the fast path: gives exactly what `parse_event_date` gives, or leaves a date to it.
"""

import re
from datetime import UTC, timedelta, timezone, tzinfo

from domain.dates import DateOrder, parse_event_date
from domain.dates.written import read_clock, read_written
from domain.problems import Problem
from domain.rows.memory import remember

_Clock = tuple[str, int, bool]
"""As it is kept, its microseconds since midnight UTC, and whether it has no offset."""

_Day = tuple[str, int, int]
"""As it is kept, and its midnight in UTC and in the time zone of naive times."""

_NUMBERS = re.compile(r"[0-9]{1,2}([/.-])[0-9]{1,2}\1(?:[0-9]{4}|[0-9]{2})", re.ASCII)
_YEAR_FIRST = re.compile(r"[0-9]{4}([/.])[0-9]{1,2}\1[0-9]{1,2}", re.ASCII)


class FastDates:
    """Reads dates by their day and their time."""

    def __init__(self, zone: tzinfo, order: DateOrder) -> None:
        """Read by the order of a file; naive times count in a time zone."""
        self._zone = zone
        self._order = order
        self._days: dict[str, _Day] = {}
        # ISO 8601 with seconds has its own short way, and may take what the other forms do not.
        self._iso_clocks: dict[str, _Clock] = {}
        self._clocks: dict[str, _Clock] = {}
        self._times: dict[str, _Clock] = {}
        # What is no such time is left to the day's own parsing at once.
        self._others: dict[str, None] = {}
        # What may be the end of a range is an offset where the time zone has it on that day.
        self._ranges: dict[tuple[str, str], _Clock | None] = {}

    def read(self, text: str, time: str = "") -> tuple[str, int] | None:
        """Return the result of `parse_event_date` for an ordinary date; None for any other text."""
        if text[4:5] == "-":
            day, clock, clocks = text[:10], text[10:], self._iso_clocks
        else:
            day, blank, clock = text.partition(" ")
            clock, clocks = blank + clock, self._clocks
        found = self._days.get(day) or self._day(day)
        if found is None:
            return None
        known = clocks.get(clock) if not time else self._joined(clock, time)
        shown = known if known or time else self._clock(day, clock, clocks, found[1] - found[2])
        if shown is None:
            return None
        kept, midnight, naive_midnight = found
        return kept + shown[0], (naive_midnight if shown[2] else midnight) + shown[1]

    def _day(self, day: str) -> _Day | None:
        """Return a day that no clock's change shortens, in a form to which any time can be added."""
        # The words about what is no day are found by whoever refuses it: they take long.
        if not _form(day) or read_written(day) is None:
            return None
        ends: list[tuple[str, int]] = []
        for clock in (" 00:00:00Z", " 00:00:00", " 23:59:59"):
            parsed = parse_event_date(day + clock, timezone=self._zone, order=self._order)
            if isinstance(parsed, Problem):
                return None
            ends.append(parsed)
        kept = ends[0][0][:10]
        midnight, first, last = (end[1] for end in ends)
        if last - first != 86_399_000_000:
            return None
        remember(self._days, day, (kept, midnight, first))
        return kept, midnight, first

    def _clock(self, day: str, clock: str, clocks: dict[str, _Clock], offset_us: int) -> _Clock | None:
        """Return the time in what follows a day, of which it depends on the offset of the time zone alone."""
        text = f"{_form(day)}{clock}"
        # A weekday in brackets depends on more.
        if "(" in clock or text in self._others:
            return None
        if "-" in clock and clock[0] != "T":
            return self._offset_or_range(text, offset_us)
        shown = self._shown(text, "")
        if shown is not None:
            remember(clocks, clock, shown)
        else:
            remember(self._others, text, None)
        return shown

    def _offset_or_range(self, text: str, offset_us: int) -> _Clock | None:
        key = text, str(offset_us)
        if key in self._ranges:
            return self._ranges[key]
        shown = self._shown(text, "", timezone(timedelta(microseconds=offset_us)))
        # A long text is not kept.
        remember(self._ranges, key, shown)
        return shown

    def _joined(self, clock: str, time: str) -> _Clock | None:
        """Return the time in a cell of its own, next to one with only a day."""
        if clock or time[0] == " ":
            return None
        known = self._times.get(time)
        if known is not None:
            return known
        shown = self._shown(_ISO_DAY, time) if read_clock(time) else None
        if shown is not None:
            remember(self._times, time, shown)
        return shown

    def _shown(self, text: str, time: str, zone: tzinfo = UTC) -> _Clock | None:
        parsed = parse_event_date(text, timezone=zone, order=self._order, time=time)
        if isinstance(parsed, Problem):
            return None
        kept = parsed[0][10:]
        return kept, parsed[1], not kept.endswith("Z") and kept[-6] not in "+-"


_ISO_DAY = "1970-01-01"


def _form(day: str) -> str | None:
    """Return the first day of 1970 in the form of a day; None for one in another form."""
    if len(day) == 10 and day[4] == "-":
        return _ISO_DAY
    if _NUMBERS.fullmatch(day):
        return "01/01/1970"
    return "1970/01/01" if _YEAR_FIRST.fullmatch(day) else None
