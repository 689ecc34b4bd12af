"""Parses the date of an event into the text that is stored and its instant.

Source: RFC 3339, ISO 8601-1 extended format; contract of files, "Dates and times".
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo

from msgspec.structs import replace

from domain.dates import wording
from domain.dates.order import DateOrder
from domain.dates.written import (
    Clock,
    Day,
    Written,
    existing_day,
    in_range,
    is_in_use,
    read_clock,
    read_written,
)
from domain.problems import Problem
from domain.text import required

_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
_OFFSET = r"(?P<offset>[Zz]|[+-](?:[01][0-9]|2[0-3])(?::[0-5][0-9])?)?"
_ISO = re.compile(
    rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{2}})-(?P<day>[0-9]{{2}})(?:[Tt ]{_CLOCK}{_OFFSET})?"
)
_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ONLY_ISO = DateOrder("iso")
# Programs write a date alone as its midnight in UTC: 2026-05-28T00:00:00.000Z.
_UTC = frozenset({"Z", "+00:00", "-00:00"})
_YEAR_FIRST = re.compile(r"[0-9]{4}")
_OFFSET_APART = re.compile(r" -[0-9:]+$")
_DAY_MINUTES = 24 * 60
_FAR_WEST_MINUTES = 9 * 60 + 30
# What spreadsheets show as the day of a time that has none.
_NO_DAYS = frozenset({Day(1899, 12, 30), Day(1899, 12, 31), Day(1900, 1, 1), Day(1904, 1, 1)})


def parse_event_date(
    text: str,
    *,
    timezone: tzinfo,
    order: DateOrder | None = None,
    time: str = "",
    field: str = "event_date",
    is_stored: bool = False,
) -> tuple[str, int] | Problem:
    """Return the date as stored and its instant in microseconds since 1970 UTC, or the problem.

    Kept as it came but for: `T` between date and time, `Z` in capitals, seconds added, a date
    alone at 00:00, minutes of the offset added. A naive time counts in `timezone`.

    `order` is that of the dates of a file; None accepts ISO 8601 alone, as JSON bodies do.
    `time` is the time of day, where it stands in a cell of its own. `is_stored` accepts an offset that no
    place has: earlier versions stored such dates.
    """
    text = text.strip()
    if not text:
        return required(field)
    if not time and (plain := _plain(text, timezone)) is not None:
        return plain
    written = _iso(text)
    if written is None or (_is_nowhere(written) and not is_stored):
        written = read_written(text) if order else None
    if written is None:
        return wording.invalid(field, text, order or _ONLY_ISO)
    time = time.strip()
    if time:
        joined = _joined(written, text, time)
        if isinstance(joined, Problem):
            return joined
        written = joined
    day = _meant(written, order or _ONLY_ISO, field, text)
    clock = written.clock or Clock(0)
    if order and isinstance(day, Day) and _is_range_of_times(day, clock, text, timezone):
        day = wording.time_range(field, text, day, clock)
    return day if isinstance(day, Problem) else _moment(day, clock, timezone, field, text)


def _plain(text: str, timezone: tzinfo) -> tuple[str, int] | None:
    """Return what programs write, stored as it came: by one call, where the parts take dozens."""
    if not _PLAIN.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=timezone)
        return (text, (moment - UNIX_EPOCH) // _MICROSECOND) if in_range(moment) else None
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> Written | None:
    """Return the parts of ISO 8601's extended format, by far the most frequent form."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    day = existing_day(int(found["year"]), int(found["month"]), int(found["day"]))
    hour = found["hour"]
    if day is None or int(hour or 0) > 23 or int(found["minute"] or 0) > 59 or int(found["second"] or 0) > 59:
        return None
    if hour is None:
        return Written(day, day)
    offset = (found["offset"] or "").upper()
    offset = f"{offset}:00" if len(offset) == 3 else offset
    second, fraction = int(found["second"] or 0), found["fraction"] or ""
    clock = Clock(int(hour), int(found["minute"]), second, fraction, offset)
    if offset[:1] == "-" and not found["second"] and text[10] == " ":
        clock = replace(clock, is_like_range=True)
    return Written(day, day, clock=clock)


def _is_nowhere(written: Written) -> bool:
    """Return whether an offset is none that any place has: 19:00-22:00 is an evening."""
    return written.clock is not None and written.clock.offset != "" and not is_in_use(written.clock.offset)


def _is_range_of_times(day: Day, clock: Clock, text: str, timezone: tzinfo) -> bool:
    """Return whether what reads as an offset is rather the end of a range: 28/05/2026 08:00-12:00.

    People write ranges beside dates as people write them; there, what may be one of at most twelve
    hours is one. ISO 8601 and a blank before the minus are of programs; there, only an offset of the
    Pacific after an earlier time is. An offset that the time zone has itself changes nothing.
    """
    if not clock.is_like_range:
        return False
    start, end = clock.hour * 60 + clock.minute, int(clock.offset[1:3]) * 60 + int(clock.offset[4:])
    if _YEAR_FIRST.match(text) or _OFFSET_APART.search(text):
        may_be = max(start + 1, _FAR_WEST_MINUTES) <= end
    else:
        may_be = 0 < (end - start) % _DAY_MINUTES <= _DAY_MINUTES // 2
    return may_be and _instant(day, clock, timezone) != _instant(day, replace(clock, offset=""), timezone)


def _joined(written: Written, text: str, time: str) -> Written | Problem:
    """Return a date with the time of another cell, or why the two do not fit."""
    clock = read_clock(time) or _clock_of_moment(time, written, text)
    if clock is None:
        return written
    if isinstance(clock, Problem):
        return clock
    own = written.clock
    if own is None or (own.is_midnight and own.offset in _UTC):
        return replace(written, clock=clock)
    same_offset = not (own.offset and clock.offset) or own.offset == clock.offset
    same_time = _to_second(own) == _to_second(clock)
    if not same_offset or not (same_time or own.is_midnight):
        return wording.conflicting_time(text, time)
    fraction = clock.fraction or (own.fraction if same_time else "")
    if not clock.offset:
        # That of a midnight is the offset of the day's place, unless it is UTC.
        clock = replace(clock, offset=own.offset, is_like_range=own.is_like_range)
    return replace(written, clock=replace(clock, fraction=fraction))


def takes_time(text: str, time: str) -> bool:
    """Return whether a time may be joined to the text of a date: it has none of its own that says another.

    A midnight is none, as where another cell has the time.
    """
    text = text.strip()
    written = _iso(text)
    if written is None or _is_nowhere(written):
        written = read_written(text)
    if written is None or written.clock is None:
        return True
    joined = _joined(written, text, time.strip())
    is_conflict = isinstance(joined, Problem) and joined.code == "conflicting_time"
    return written.clock.is_midnight and not is_conflict


def _clock_of_moment(time: str, written: Written, text: str) -> Clock | Problem | None:
    """Return the time of a cell that has a day, too; None for the day alone, as of merged cells."""
    whole = _iso(time) or read_written(time)
    if whole is not None and whole.clock is None and whole.days == written.days:
        return None
    if whole is None or whole.clock is None:
        return wording.invalid_time(time, written.days)
    is_same_day = bool(set(whole.days) & set(written.days))
    if not (is_same_day or set(whole.days) & _NO_DAYS):
        return wording.conflicting_time(text, time)
    # The offset of a day that is none: that of 1899 has odd minutes, and some programs write none of a place.
    return whole.clock if is_same_day or not whole.clock.offset else wording.invalid_time(time, written.days)


def time_problem(time: str) -> Problem | None:
    """Return what is wrong with the cell of a time whose date is refused; None where it may be right."""
    time = time.strip()
    if not time or read_clock(time) is not None or _iso(time) or read_written(time):
        return None
    return wording.invalid_time(time)


def _to_second(clock: Clock) -> tuple[int, int, int]:
    return clock.hour, clock.minute, clock.second


def _meant(written: Written, order: DateOrder, field: str, text: str) -> Day | Problem:
    """Return the day that is meant by the order of the file, or the problem."""
    days = [day for day in written.days if in_range(day)]
    if not days:
        return wording.out_of_range(field, text) if written.days else wording.invalid(field, text, order)
    day = _by_order(written, order, days)
    if day is None:
        return wording.without_order(field, text, order, days, written.clock)
    if not in_range(day):
        return wording.out_of_range(field, text)
    if written.weekday is not None and day.weekday != written.weekday:
        return wording.other_weekday(field, text, day, written)
    return day


def _by_order(written: Written, order: DateOrder, days: list[Day]) -> Day | None:
    """Return the one day that an order leaves, None where it leaves none or two."""
    if not written.is_numeric:
        return days[0]
    match order.format:
        case "dmy":
            return written.day_first
        case "mdy":
            return written.month_first
        case "iso":
            return None
    fitting = [day for day in days if written.weekday in (None, day.weekday)]
    if len(fitting) == 1 or len(days) == 1:
        return (fitting or days)[0]
    # Where the order is unknown, a clock of twelve hours speaks for the country that uses both.
    return written.month_first if written.clock and written.clock.has_half else None


def _moment(day: Day, clock: Clock, timezone: tzinfo, field: str, text: str) -> tuple[str, int] | Problem:
    try:
        return f"{day.iso}T{clock.iso}", _instant(day, clock, timezone)
    except OverflowError:
        return wording.out_of_range(field, text)


def _instant(day: Day, clock: Clock, timezone: tzinfo) -> int:
    """Return microseconds since 1970 UTC."""
    zone = timezone
    if clock.offset:
        zone = datetime.fromisoformat(f"2000-01-01T00:00:00{clock.offset}").tzinfo or UTC
    micros = int(clock.fraction[:6].ljust(6, "0")) if clock.fraction else 0
    moment = datetime(*_parts(day), *_to_second(clock), micros, tzinfo=zone)
    return (moment - UNIX_EPOCH) // _MICROSECOND


def _parts(day: Day) -> tuple[int, int, int]:
    return day.year, day.month, day.day
