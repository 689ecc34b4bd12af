"""The description of a time zone, by what programs that read calendars make of it."""

import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from icalendar import Timezone

from api.services.exports.calendar_zone import zone_lines

ZONES = [
    "America/Recife",
    "America/Sao_Paulo",
    "Europe/Lisbon",
    "Europe/Dublin",
    "America/New_York",
    "Africa/Casablanca",
    "Asia/Gaza",
    "Australia/Lord_Howe",
    "UTC",
]


def described(name: str) -> str:
    return "".join(f"{key}:{value}\r\n" for key, value in zone_lines(name))


def moments(name: str) -> list[datetime]:
    """Return wall clocks of all years, among them those around each change of the zone."""
    zone, draw = ZoneInfo(name), random.Random(name)
    found = [datetime(year, month, 15, 12) for year in range(1900, 2201, 5) for month in (1, 7)]  # noqa: DTZ001
    day = datetime(1900, 1, 1)  # noqa: DTZ001
    changes = []
    while day.year < 2040:
        if day.replace(tzinfo=zone).utcoffset() != (day + timedelta(days=1)).replace(tzinfo=zone).utcoffset():
            changes.append(day)
        day += timedelta(days=1)
    for change in draw.sample(changes, min(20, len(changes))):
        # A day before and behind: on the day itself a clock may show a time twice, or never.
        found += [change - timedelta(days=1), change + timedelta(days=2)]
    return found


@pytest.mark.parametrize("name", ZONES)
def test_the_description_of_a_zone_gives_its_offset_on_every_day(name: str) -> None:
    component = Timezone.from_ical(described(name))
    assert isinstance(component, Timezone)
    read, zone = component.to_tz(lookup_tzid=False), ZoneInfo(name)
    wrong = [
        wall
        for wall in moments(name)
        if wall.replace(tzinfo=read).utcoffset() != wall.replace(tzinfo=zone).utcoffset()
    ]
    assert wrong == []


def test_a_zone_is_described_once() -> None:
    assert zone_lines("Europe/Lisbon") is zone_lines("Europe/Lisbon")


def test_yearly_changes_are_one_rule_and_not_listed_for_centuries() -> None:
    text = described("Europe/Lisbon")
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU" in text
    assert ":2100" not in text
    assert len(text) < 5000
