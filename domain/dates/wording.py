"""The problems of dates, with messages that help to correct them."""

import re
from collections.abc import Iterable
from itertools import islice

from msgspec import UNSET
from msgspec.structs import replace

from domain import limits
from domain.dates.order import DateOrder
from domain.dates.suggestions import date_suggestions, iso_moment, time_suggestions
from domain.dates.words import ENGLISH_WEEKDAYS, MONTHS, plain
from domain.dates.written import (
    Clock,
    Day,
    Written,
    in_range,
    read_written,
)
from domain.problems import Problem, ProblemParam, excerpt, problem

_YEAR = re.compile(r"[0-9]{4}")
_MARK = re.compile(r"[/.-]")
_BLANK = re.compile(r",? ")
_BLANKS_TRIED = 4
_YEAR_AND_MONTH = re.compile(
    r"[0-9]{4}[/.-][0-9]{1,2}|[0-9]{1,2}[/.-][0-9]{4}"
    r"|(?P<name>[a-z]+)\.?(?:,? (?:de |del |of )?|[/.-])[0-9]{4}|[0-9]{4}[ /.-](?P<last>[a-z]+)\.?"
)
_LATE_DAY = re.compile(r"(?<![0-9:])(?:29|[3-9][0-9])(?![0-9:])")
_INHABITED_MINUTES = 10 * 60

_ANY_ORDER = DateOrder("auto")


def invalid(field: str, text: str, order: DateOrder = _ANY_ORDER) -> Problem:
    """Return the problem of a text that is not a date in any form."""
    options = date_suggestions(text, order)
    rule = ""
    if _lacks_year(text):
        rule = ".no_year"
    elif _is_month(text):
        rule = ".no_day"
    elif not options and _is_no_day(text):
        rule = ".not_in_month"
    return _problem(f"invalid_date{rule}", field, text, options)


def _lacks_year(text: str) -> bool:
    """Return whether a text is a date but for its year: `24/06`, `25 de junho`, `Jun 25, 7 PM`."""
    known = plain(text[:40]) or ""
    if not known or _YEAR.search(known):
        return False
    blanks = [match.start() for match in islice(_BLANK.finditer(known), _BLANKS_TRIED)]
    for end in (len(known), *blanks):
        mark = _MARK.search(known, 0, end)
        # In a leap year, so that it has every day.
        if read_written(f"{known[:end]}{mark[0] if mark else ' '}2000{known[end:]}"):
            return True
    return False


def _is_month(text: str) -> bool:
    """Return whether a text is a month of a year: `05/2026`, `maio de 2026`."""
    found = _YEAR_AND_MONTH.fullmatch(plain(text[:40]) or "")
    name = found and (found["name"] or found["last"])
    return bool(found) and (not name or name in MONTHS)


def _is_no_day(text: str) -> bool:
    """Return whether a text is a date but for a day that its month lacks: 31/02/2026."""
    known = plain(text[:100]) or ""
    late = _LATE_DAY.search(known)
    if not late:
        return False
    # Two, since one may be the day that stands beside a wrong time.
    for day in (27, 28):
        written = read_written(f"{known[: late.start()]}{day}{known[late.end() :]}")
        if written is None or day not in [found.day for found in written.days]:
            return False
    return True


def time_range(field: str, text: str, day: Day, clock: Clock) -> Problem:
    """Return the problem of times whose second may be an end or an offset: 28/05/2026 03:00-05:00."""
    options = [iso_moment(day, replace(clock, offset=""))]
    if int(clock.offset[1:3]) * 60 + int(clock.offset[4:]) <= _INHABITED_MINUTES:
        options.append(iso_moment(day, clock))
    return _problem("invalid_date.range", field, text, options)


def out_of_range(field: str, text: str) -> Problem:
    """Return the problem of a date in another century."""
    return problem(
        "date_out_of_range",
        field,
        value=excerpt(text),
        low=str(limits.FIRST_YEAR),
        high=str(limits.LAST_YEAR),
    )


def without_order(field: str, text: str, order: DateOrder, days: list[Day], clock: Clock | None) -> Problem:
    """Return the problem of a date that has no reading in the file's order, or two without an order."""
    readings = [iso_moment(day, clock) for day in days]
    if order.format == "auto":
        one, other = readings[0], readings[-1]
        return problem(
            "ambiguous_date",
            field,
            value=excerpt(text),
            suggestions=tuple(readings),
            one=one,
            other=other,
        )
    if order.format == "iso":
        return _problem("invalid_date", field, text, readings)
    if order.line:
        return _problem(f"invalid_date.{order.format}_proved", field, text, readings, proof=order.line)
    return _problem(f"invalid_date.{order.format}", field, text, readings)


def other_weekday(field: str, text: str, day: Day, written: Written) -> Problem:
    """Return the problem of a date with a wrong weekday."""
    assert written.weekday is not None
    is_one, not_one = ENGLISH_WEEKDAYS[day.weekday], ENGLISH_WEEKDAYS[written.weekday]
    return problem(
        "invalid_date.weekday",
        field,
        value=excerpt(text),
        suggestion=iso_moment(day, written.clock),
        day=day.iso,
        is_one=is_one.lower(),
        not_one=not_one.lower(),
    )


def invalid_time(text: str, days: Iterable[Day] = ()) -> Problem:
    """Return the problem of a cell that is not a time of day, beside a date that may be one of some days."""
    options = time_suggestions(text, [day for day in days if in_range(day)])
    return _problem("invalid_date.time", "event_time", text, options)


def conflicting_time(date_text: str, time_text: str) -> Problem:
    """Return the problem of a date whose time differs from the time column."""
    return problem("conflicting_time", "event_time", value=excerpt(time_text), date=excerpt(date_text))


def _problem(sentence: str, field: str, text: str, options: list[str], **params: ProblemParam) -> Problem:
    return problem(
        sentence,
        field,
        value=excerpt(text),
        # The first stays where those look that know of one only.
        suggestion=options[0] if options else None,
        suggestions=tuple(options) if len(options) > 1 else UNSET,
        more=f"; did you mean {' or '.join(options)}?" if options else "",
        params=params,
    )
