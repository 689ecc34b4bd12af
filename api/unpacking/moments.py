"""Dates and times of a workbook as they were typed, or as its cells show them."""

import re
from datetime import datetime, timedelta
from typing import Literal

Shown = Literal["month", "year"]
"""The smallest part of a date that a cell shows, where that is not the day."""

_DAY_SECONDS = 86_400
_DIGITS = range(5, 9)
"""Of a day's fraction, where somebody rounded it: fewer are off by seconds, more by less than is kept."""
_DURATION = re.compile(
    r"P(?=.*[0-9])(?:0{1,4}Y)?(?:0{1,4}M)?(?:([0-9]{1,9})D)?(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?"
    r"(?:([0-9]{1,9})(?:[.,]([0-9]{1,60}))?S)?)?",
    re.ASCII,
)
_FIRST_OF_MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-01", re.ASCII)


def as_typed(moment: datetime) -> datetime:
    """Return a moment as it was typed: a workbook keeps days as a binary fraction, a little off.

    To the millisecond; to the second where the fraction of the day of that second was rounded or cut to a
    few digits, as 46369.7916666 is of 19:00: Excel shows it as that second, too.
    """
    rounded = moment + timedelta(microseconds=500)
    rounded = rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
    return _whole_second(rounded) if rounded.microsecond else rounded


def _whole_second(moment: datetime) -> datetime:
    """Return the second whose rounded fraction of a day this is, else the moment itself."""
    nearest = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    off = round((moment - nearest) / timedelta(milliseconds=1))
    second = nearest.hour * 3600 + nearest.minute * 60 + nearest.second
    for digits in _DIGITS:
        scale = 10**digits
        whole, rest = divmod(second * scale, _DAY_SECONDS)
        for part in (whole, whole + 1) if rest else ():
            # A fraction that was cut is smaller, and one that was rounded may be larger.
            is_rounded = part == whole or 2 * rest >= _DAY_SECONDS
            if is_rounded and abs(part * _DAY_SECONDS * 1000 / scale - second * 1000 - off) <= 1:
                return nearest
    return moment


def wall_clock(text: str) -> str:
    """Return the value of a cell of the type date, which no time zone belongs to, as of other date cells.

    SheetJS writes each with a Z, whatever the zone. An offset that says something is left for whoever reads
    it. Source: ECMA-376 part 1, §18.17.4.1.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return text
    if moment.utcoffset():
        return text
    moment = as_typed(moment.replace(tzinfo=None))
    is_day = moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.date().isoformat() if is_day else moment.isoformat()


def as_shown(text: str, shown: Shown) -> str:
    """Return a date without its day, where its cell shows none and the day is one that nobody typed.

    Programs make the first of the month of `dez/26`. Any other day was typed, and is there to be read.
    """
    found = _FIRST_OF_MONTH.fullmatch(text)
    if found is None or (shown == "year" and found["month"] != "01"):
        return text
    return found["year"] if shown == "year" else f"{found['year']}-{found['month']}"


def whole_duration(text: str) -> str:
    """Return a duration as `PT19H30M00S`, whatever parts it has; one of months, or no duration, as it is.

    Source: XML Schema part 2, §3.2.6; OpenDocument 1.3 part 3, §18.2.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        return text
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[:4])
    rest, second = divmod(((days * 24 + hours) * 60 + minutes) * 60 + seconds, 60)
    hour, minute = divmod(rest, 60)
    fraction = f".{found[5][:9]}" if found[5] else ""
    return f"PT{hour:02}H{minute:02}M{second:02}{fraction}S"
