"""Parses the usual forms of dates and times into their parts; knows no order and no time zone.

Source: ISO 8601-1, RFC 3339, RFC 5322 §3.3, CLDR's formats for pt, en and es.
"""

import re
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from domain import limits
from domain.dates.words import MONTHS, WEEKDAYS, plain

LONGEST = 120
"""Characters; what is longer is no date."""


class Day(Struct, frozen=True, order=True):
    """An existing day of the calendar."""

    year: int
    month: int
    day: int

    @property
    def iso(self) -> str:
        """The day in ISO 8601."""
        return f"{self.year:04}-{self.month:02}-{self.day:02}"

    @property
    def weekday(self) -> int:
        """0 for Monday to 6; year 4 stands in for year 0, which Python lacks."""
        return date(self.year or 4, self.month, self.day).weekday()


class Clock(Struct, frozen=True):
    """A time of day.

    Attributes:
        fraction: digits of the second, as they came.
        offset: `Z`, `±hh:mm`, or "" for the clock at the venue.
        has_half: AM or PM was written as in English: Spanish has points or its own words, and the day first.
        is_like_range: the offset is written as the end of a range is, too: 19:00-22:00.
    """

    hour: int
    minute: int = 0
    second: int = 0
    fraction: str = ""
    offset: str = ""
    has_half: bool = False
    is_like_range: bool = False

    @property
    def iso(self) -> str:
        """The time in ISO 8601, with its seconds and offset."""
        fraction = f".{self.fraction}" if self.fraction else ""
        return f"{self.hour:02}:{self.minute:02}:{self.second:02}{fraction}{self.offset}"

    @property
    def is_midnight(self) -> bool:
        """Whether it is midnight, which spreadsheets add to dates without a time."""
        return not (self.hour or self.minute or self.second or self.fraction.strip("0"))


class Written(Struct, frozen=True):
    """A date as it is written.

    Attributes:
        day_first, month_first: the day by each order, None where there is no such day. Equal for a
            form that has only one reading.
        is_numeric: which of the two is meant depends on the order.
        clock: None for a date alone.
        weekday: 0 for Monday to 6, None where none is written.
    """

    day_first: Day | None
    month_first: Day | None
    is_numeric: bool = False
    clock: Clock | None = None
    weekday: int | None = None

    @property
    def days(self) -> tuple[Day, ...]:
        """Each day that may be meant, once; the day-first reading comes first."""
        found = (day for day in (self.day_first, self.month_first) if day is not None)
        return tuple(dict.fromkeys(found))


_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})(?![0-9])"
)
_COMPACT = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:(?P<joint>[t ])(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?"
    r"(?P<offset>z|[+-][0-9]{2}:?(?:[0-9]{2})?)?)?"
)
_COMPACT_DAY = re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})(?![0-9])")
_NUMERIC = re.compile(
    r"(?P<first>[0-9]{1,2}) ?(?P<mark>[/.-]) ?(?P<second>[0-9]{1,2}) ?(?P=mark) ?"
    r"(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])"
)
# The first of a month is written as an ordinal in Portuguese and Spanish, and a month never is.
_ORDINAL_DAY = re.compile(
    r"(?P<day>[0-9]{1,2})\.?[o\u00b0](?P<mark>[/.-])(?P<month>[0-9]{1,2})(?P=mark)"
    r"(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])"
)
_NAMED = (
    re.compile(
        r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|er|\.?[oa]|\u00b0|\.)?(?: de | of |[ /.-])+(?P<name>[a-z]+)\.?"
        r"(?:,? (?:de|del|of) |[ ,/.-]+)(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])"
    ),
    re.compile(
        r"(?P<name>[a-z]+)\.?[ /-]+(?:the )?(?P<day>[0-9]{1,2})(?:st|nd|rd|th|o|\u00b0)?"
        r"(?:, ?| (?:de|del|of) |[ /-]+)(?P<year>[0-9]{4})(?![0-9])"
    ),
    re.compile(r"(?P<year>[0-9]{4})[ /.-]+(?P<name>[a-z]+)\.?[ /.-]+(?P<day>[0-9]{1,2})(?![0-9])"),
)
_WEEKDAY = re.compile(r"(?P<name>[a-z]+)(?:[- ]feira)?\.?(?:,? )(?P<rest>.+)")
# `2\u00aa-feira` is Monday.
_NUMBERED_WEEKDAY = re.compile(r"(?P<number>[2-6])[ao]?[- ]feiras?(?:,? )(?P<rest>.+)")
_WEEKDAY_AFTER = re.compile(r" ?\((?P<name>[a-z]+)(?:[- ]feira)?\.?\)")
_JOINT = re.compile(
    r"(?:t| ?, ?(?:as |das |a las? |at )?| ?[|\u00b7\u2022] ?(?:as |a las? |at )?"
    r"| (?:as |das |a las? |at |@ ?|- )?)"
)
# C's asctime, and what Unix, Java and Twitter write: the year stands behind the time. Source: C11 §7.27.3.1.
_YEAR_LAST = re.compile(
    r"(?P<day>[a-z]{3,9} [0-9]{1,2}) (?P<clock>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?: ?[ap]m)?"
    r"(?: (?:utc|gmt)(?:[+-][0-9]{2}:?[0-9]{2})?| [+-][0-9]{2}(?::?[0-9]{2})?| [a-z]{3,5})?)"
    r" (?P<year>[0-9]{4})\Z"
)
_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?:hs?|hrs?|horas?)?"
    r"| ?(?:hs?|hrs?|horas?)\.?(?: ?(?P<h_minute>[0-9]{2}) ?(?:m|min|mins|minutos)?"
    r"(?: ?(?P<h_second>[0-9]{2}) ?(?:s|seg)?)?)?"
    # Oracle's timestamps: a date such as 07.30.26 has no fraction, and no half of a day behind it.
    r"|(?<=[0-9]{2})\.(?P<o_minute>[0-9]{2})\.(?P<o_second>[0-9]{2})"
    r"(?:\.(?P<o_fraction>[0-9]{1,9})(?![0-9])|(?= ?[ap]\.? ?m\b))"
    r"|(?<=[0-9]{2})\.(?P<p_minute>[0-9]{2}) ?(?:hs?|hrs?|horas?)?"
    r"|\.(?P<q_minute>[0-9]{2})(?= ?[ap]\.? ?m\b)"
    r"|(?= ?[ap]\.? ?m\b))"
    r"(?: ?(?P<half>[ap])(?P<points>\.? ?)m\b\.?)?"
    r"(?: ?(?P<offset>z|(?:utc|gmt)(?: ?[+-][0-9]{1,2}(?::?[0-9]{2})?)?|[+-][0-9]{2}(?::?[0-9]{2})?)"
    r"(?: \([^()]*\))?)?"
)
_END_OF_RANGE = re.compile(r"-[0-9]{2}(?::[0-9]{2})?")
_OFFSET = re.compile(r"(?:utc|gmt)? ?(?P<sign>[+-])(?P<hours>[0-9]{1,2}?):?(?P<minutes>[0-9]{2})?")
# In a cell for a time, 19:00-03:00 is a night and not an offset; it is one after seconds, after a blank
# that only the front of the minus has, and in four digits.
_RANGE = re.compile(r"[0-9]{1,2}(?::[0-9]{2})?[^:]*-[0-9]{1,2}(?::?[0-9]{2})?")
_OFFSET_AFTER = re.compile(r"[0-9]{1,2}:[0-9]{2}(?: ?-[0-9]{4}| -[0-9]{2}(?::[0-9]{2})?)")
_LEAD = re.compile(r"(?:as |a las? |at |@ ?)")
# Who writes these has the day first, with AM and PM, too.
_NOT_ENGLISH = re.compile(r"\b(?:as|das|a las?)\b")


def read_written(text: str) -> Written | None:
    """Return the parts of a date in one of the forms, or None. Total: any text is answered."""
    if len(text) > LONGEST:
        return None
    known = plain(text)
    if not known:
        return None
    known = with_year_beside_day(known)
    found = _WEEKDAY.fullmatch(known)
    if found and found["name"] in WEEKDAYS:
        written = _after_weekday(found["rest"], WEEKDAYS[found["name"]])
        if written is not None:
            return written
    if numbered := _NUMBERED_WEEKDAY.fullmatch(known):
        return _after_weekday(numbered["rest"], int(numbered["number"]) - 2)
    return _after_weekday(known, None)


def with_year_beside_day(known: str) -> str:
    """Return a plain text with its year before the time, where it is written last: `dec 3 19:30:00 2026`."""
    behind = _YEAR_LAST.search(known) if ":" in known and known[-5:-4] == " " else None
    return f"{known[: behind.start()]}{behind['day']} {behind['year']} {behind['clock']}" if behind else known


def read_clock(text: str) -> Clock | None:
    """Return the time of day in a separate cell, or None. Total."""
    known = plain(text) if len(text) <= LONGEST else None
    if not known or (
        _RANGE.fullmatch(known)
        and not _OFFSET_AFTER.fullmatch(known)
        and "gmt" not in known
        and "utc" not in known
    ):
        return None
    lead = _LEAD.match(known)
    clock = _clock(known, lead.end() if lead else 0)
    if clock is None:
        return None
    is_english = lead is None or not _NOT_ENGLISH.search(lead[0])
    # What may be a range was left out above.
    return replace(clock, is_like_range=False, has_half=clock.has_half and is_english)


def _after_weekday(text: str, weekday: int | None) -> Written | None:
    compact = _COMPACT.fullmatch(text)
    if compact:
        return _compact(compact, weekday)
    for form, days in _FORMS:
        found = form.match(text)
        read = days(found) if found else None
        if found and read is not None:
            written = _with_clock(text, found.end(), read, weekday)
            if written is not None:
                return written
    return None


def _with_clock(text: str, end: int, written: Written, weekday: int | None) -> Written | None:
    after = _WEEKDAY_AFTER.match(text, end)
    if after and weekday is None and after["name"] in WEEKDAYS:
        end, weekday = after.end(), WEEKDAYS[after["name"]]
    clock = None
    if end < len(text):
        joint = _JOINT.match(text, end)
        clock = _clock(text, joint.end()) if joint else None
        if joint is None or clock is None:
            return None
        if joint[0] == "t":
            clock = replace(clock, is_like_range=False)
        if _NOT_ENGLISH.search(joint[0]):
            clock = replace(clock, has_half=False)
    return Written(written.day_first, written.month_first, written.is_numeric, clock, weekday)


def _compact(found: re.Match[str], weekday: int | None) -> Written | None:
    day = _day(found["year"], found["month"], found["day"])
    if day is None:
        return None
    clock = None
    if found["hour"]:
        clock = _shown(int(found["hour"]), found["minute"], found["second"])
        zone = _offset(found["offset"])
        if clock is None or zone is None:
            return None
        is_like_range = zone[:1] == "-" and not found["second"] and found["joint"] == " "
        clock = replace(clock, offset=zone, is_like_range=is_like_range)
    return Written(day, day, clock=clock, weekday=weekday)


def _in_parts(found: re.Match[str]) -> Written | None:
    day = _day(_full_year(found["year"]), found["month"], found["day"])
    return Written(day, day) if day else None


def _numeric(found: re.Match[str]) -> Written | None:
    first, second, year = found["first"], found["second"], _full_year(found["year"])
    day_first, month_first = _day(year, second, first), _day(year, first, second)
    return Written(day_first, month_first, is_numeric=True) if day_first or month_first else None


def _named(found: re.Match[str]) -> Written | None:
    month = MONTHS.get(found["name"])
    day = _day(_full_year(found["year"]), str(month), found["day"]) if month else None
    return Written(day, day) if day else None


_FORMS = (
    (_YEAR_FIRST, _in_parts),
    (_COMPACT_DAY, _in_parts),
    (_NUMERIC, _numeric),
    (_ORDINAL_DAY, _in_parts),
    *((form, _named) for form in _NAMED),
)


def _full_year(digits: str) -> str:
    return digits if len(digits) == 4 else f"20{digits}"


def _day(year: str, month: str, day: str) -> Day | None:
    return existing_day(int(year), int(month), int(day))


def existing_day(year: int, month: int, day: int) -> Day | None:
    """Return the day with these numbers if it exists."""
    try:
        # Year 4 stands in for year 0, which Python lacks: month and day exist in both or neither.
        date(year or 4, month, day)
    except ValueError:
        return None
    return Day(year, month, day)


def in_range(day: Day | date) -> bool:
    """Return whether a day is in the years that an event may have."""
    return limits.FIRST_YEAR <= day.year <= limits.LAST_YEAR


def _clock(text: str, start: int) -> Clock | None:
    found = _CLOCK.fullmatch(text, start)
    if found is None:
        return None
    hour, zone = _of_24(int(found["hour"]), found["half"]), _offset(found["offset"])
    minute = found["minute"] or found["h_minute"] or found["p_minute"] or found["q_minute"]
    minute, second = minute or found["o_minute"], found["second"] or found["h_second"] or found["o_second"]
    clock = _shown(hour, minute, second) if hour is not None else None
    if clock is None or zone is None:
        return None
    return replace(
        clock,
        fraction=found["fraction"] or found["o_fraction"] or "",
        offset=zone,
        has_half=bool(found["half"] and not found["points"]),
        is_like_range=not second and _END_OF_RANGE.fullmatch(found["offset"] or "") is not None,
    )


def _shown(hour: int, minute: str | None, second: str | None) -> Clock | None:
    """Return a time if a clock shows it."""
    minutes, seconds = int(minute or 0), int(second or 0)
    return Clock(hour, minutes, seconds) if hour < 24 and minutes < 60 and seconds < 60 else None


def _of_24(hour: int, half: str | None) -> int | None:
    """Return an hour of 24. Some exports write PM after 13:00, which leaves no doubt."""
    if half is None:
        return hour
    if half == "p":
        return hour if hour >= 12 else hour + 12 if hour else None
    return None if hour > 12 else hour % 12


def _offset(text: str | None) -> str | None:
    """Return an offset as it is kept, None for one that is not in use: -12:00 to +14:00 are."""
    if not text:
        return ""
    if text in ("z", "utc", "gmt"):
        return "Z"
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    offset = f"{found['sign']}{int(found['hours']):02}:{found['minutes'] or '00'}"
    return offset if is_in_use(offset) else None


def is_in_use(offset: str) -> bool:
    """Return whether an offset (`Z` or `±hh:mm`) is used anywhere: -12:00 to +14:00."""
    if offset == "Z":
        return True
    minutes = int(offset[1:3]) * 60 + int(offset[4:6])
    return int(offset[4:6]) < 60 and minutes <= (840 if offset[0] == "+" else 720)
