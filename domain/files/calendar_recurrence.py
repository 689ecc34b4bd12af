"""Finds the dates of a recurring event, for rules as calendar programs write them.

Only as far as the first date that takes place: all others are not imported. Rules with other parts
(BYSETPOS, BYWEEKNO, several months) have no dates here, and the entry is refused with its reason.
Source: RFC 5545 §3.3.10, §3.8.5.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count, islice

MOST_DATES = 1000
"""Looked at of one event: more than a weekly event has excluded in many years."""

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_BY_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?")
_KNOWN = {
    "DAILY": frozenset[str](),
    "WEEKLY": frozenset({"BYDAY"}),
    "MONTHLY": frozenset({"BYDAY", "BYMONTHDAY"}),
    "YEARLY": frozenset({"BYMONTH", "BYMONTHDAY"}),
}


def dates_of(start: datetime, rule: str) -> Iterator[datetime]:
    """Yield the dates of an RRULE by the wall clock, from the start on; none of a rule that is not known."""
    parts = dict(part.split("=", 1) for part in rule.upper().replace(" ", "").split(";") if "=" in part)
    frequency = parts.pop("FREQ", "")
    interval, most = parts.pop("INTERVAL", "1"), parts.pop("COUNT", str(MOST_DATES))
    until, week_start = parts.pop("UNTIL", None), parts.pop("WKST", "MO")
    is_known = (
        frequency in _KNOWN
        and parts.keys() <= _KNOWN[frequency]
        and interval.isdecimal()
        and most.isdecimal()
        and 0 < int(interval) <= MOST_DATES
        and week_start in _DAYS
    )
    if not is_known:
        return
    try:
        found = _endless(start, frequency, int(interval), parts, _DAYS.index(week_start))
        for date in islice(found, min(int(most), MOST_DATES)):
            if until is not None and not _is_before(date, until):
                return
            yield date
    except (ValueError, OverflowError):  # A part is none; the calendar ends with the year 9999.
        return


def _endless(
    start: datetime, frequency: str, interval: int, parts: dict[str, str], week_start: int
) -> Iterator[datetime]:
    if frequency == "DAILY":
        return (start + timedelta(days=interval * n) for n in count())
    if frequency == "WEEKLY":
        return _weekly(start, interval, parts.get("BYDAY"), week_start)
    if frequency == "YEARLY":
        if int(parts.get("BYMONTH", start.month)) != start.month:
            raise ValueError
        interval *= 12
    return _monthly(start, interval, parts)


def _weekly(start: datetime, interval: int, days: str | None, week_start: int) -> Iterator[datetime]:
    wanted = {_DAYS.index(day) for day in days.split(",")} if days else {start.weekday()}
    week = start - timedelta(days=(start.weekday() - week_start) % 7)
    offsets = sorted((day - week_start) % 7 for day in wanted)
    for n in count():
        for offset in offsets:
            date = week + timedelta(days=7 * interval * n + offset)
            if date >= start:
                yield date


def _monthly(start: datetime, interval: int, parts: dict[str, str]) -> Iterator[datetime]:
    by_day = _BY_DAY.fullmatch(parts["BYDAY"]) if "BYDAY" in parts else None
    is_other_day = int(parts.get("BYMONTHDAY", start.day)) != start.day
    if is_other_day or ("BYDAY" in parts and (by_day is None or by_day[1] is None or "BYMONTHDAY" in parts)):
        raise ValueError
    for n in islice(count(), MOST_DATES):
        years, month = divmod(start.month - 1 + interval * n, 12)
        first = start.replace(year=start.year + years, month=month + 1, day=1)
        date = _nth(first, int(by_day[1]), by_day[2]) if by_day else _day(first, start.day)
        if date is not None and date >= start:
            yield date


def _day(first: datetime, day: int) -> datetime | None:
    """Return a day of a month; None in a month that is shorter, which the rule passes over."""
    date = first + timedelta(days=day - 1)
    return date if date.month == first.month else None


def _nth(first: datetime, nth: int, day: str) -> datetime | None:
    """Return the n-th of a weekday in a month, from its end for a negative n."""
    days = [date for at in range(1, 32) if (date := _day(first, at)) and _DAYS[date.weekday()] == day]
    at = nth - 1 if nth > 0 else nth
    return days[at] if -len(days) <= at < len(days) else None


def _is_before(date: datetime, until: str) -> bool:
    """Return whether a date is surely not after an UNTIL; of one in UTC the last day is not sure."""
    match = _UNTIL.fullmatch(until)
    if match is None:
        return False
    year, month, day, hour, minute, second, utc = match.groups()
    last = datetime(int(year), int(month), int(day), tzinfo=date.tzinfo)
    if hour is None:
        return date.date() <= last.date()
    if utc:
        return date.date() < last.date()
    return date <= last.replace(hour=int(hour), minute=int(minute), second=int(second))
