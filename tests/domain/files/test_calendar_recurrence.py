"""Dates of recurring events: those of another implementation, as far as a rule is known here."""

from datetime import datetime
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from domain.files.calendar_recurrence import dates_of

WALL = datetime.fromisoformat("2026-08-01T00:00:00")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def rules(draw: st.DrawFn) -> tuple[datetime, str]:
    """Return a start, and a rule of which the start is the first date, as RFC 5545 asks for."""
    start = draw(st.datetimes(WALL.replace(year=2020), WALL.replace(year=2030))).replace(microsecond=0)
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}"]
    if draw(st.booleans()):
        parts.append(f"INTERVAL={draw(st.integers(1, 5))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    day = DAYS[start.weekday()]
    if frequency == "WEEKLY" and draw(st.booleans()):
        others = draw(st.lists(st.sampled_from(DAYS), unique=True))
        parts.append("BYDAY=" + ",".join(dict.fromkeys([day, *others])))
    if frequency == "MONTHLY" and draw(st.booleans()):
        parts.append(f"BYDAY={(start.day - 1) // 7 + 1}{day}")
    elif frequency == "MONTHLY" and draw(st.booleans()):
        parts.append(f"BYMONTHDAY={start.day}")
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 12))}")
    return start, ";".join(parts)


@given(rules())
def test_dates_are_those_of_dateutil(example: tuple[datetime, str]) -> None:
    start, rule = example
    theirs = rrulestr(rule, dtstart=start)
    assert [*islice(dates_of(start, rule), 8)] == [*islice(theirs, 8)]


START = WALL.replace(day=3, hour=19)


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("FREQ=DAILY;UNTIL=20260804", [3, 4]),
        ("FREQ=DAILY;UNTIL=20260804T190000", [3, 4]),
        ("FREQ=DAILY;UNTIL=20260804T180000", [3]),
        ("FREQ=DAILY;UNTIL=20260805T235959Z", [3, 4]),  # The last day in UTC is not sure.
        ("FREQ=MONTHLY;BYDAY=1MO;COUNT=1", [3]),
        ("FREQ=MONTHLY;BYDAY=-5MO;COUNT=1", [3]),
        ("freq=weekly;byday=mo,we;count=3", [3, 5, 10]),
        ("FREQ=HOURLY", []),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", []),
        ("FREQ=MONTHLY;BYDAY=MO", []),
        ("FREQ=MONTHLY;BYMONTHDAY=15", []),
        ("FREQ=YEARLY;BYMONTH=1,2", []),
        ("FREQ=DAILY;INTERVAL=0", []),
        ("FREQ=DAILY;INTERVAL=99999999999999", []),
        ("FREQ=DAILY;COUNT=x", []),
        ("nonsense", []),
        ("", []),
    ],
)
def test_ends_and_unknown_rules(rule: str, dates: list[int]) -> None:
    assert [date.day for date in islice(dates_of(START, rule), 5)] == dates


@pytest.mark.parametrize("rule", ["FREQ=YEARLY", "FREQ=MONTHLY;BYDAY=5MO", "FREQ=DAILY;INTERVAL=1000"])
def test_an_endless_rule_has_an_end_here(rule: str) -> None:
    assert len([*dates_of(WALL.replace(day=31), rule)]) <= 1000
