"""Starts and dates that are JSON objects, their time zones, and numbers as dates."""

import json
from typing import Any

import pytest

from tests.domain.files.test_json_reader import EVENT, read, told
from tests.domain.files.test_nested_members import lines


def test_an_event_of_a_whole_day_comes_in_beside_one_with_a_time() -> None:
    days = [
        {"summary": "A", "start": {"date": "2027-05-03"}},
        {"summary": "B", "start": {"dateTime": "2027-05-03T19:00"}},
    ]
    _, rows = read(json.dumps({"items": days}).encode(), defaults={"city": "Recife"})
    assert [row.fields and row.fields.event_date for row in rows] == [
        "2027-05-03T00:00:00",
        "2027-05-03T19:00:00",
    ]


STARTS: dict[str, tuple[dict[str, Any], str]] = {
    "Outlook, by default": (
        {"dateTime": "2027-05-03T22:00:00.0000000", "timeZone": "UTC"},
        "22:00:00.0000000+00:00",
    ),
    "Outlook, by Windows": (
        {"dateTime": "2027-05-03T19:00:00", "timeZone": "E. South America Standard Time"},
        "19:00:00-03:00",
    ),
    "Google": ({"dateTime": "2027-05-03T19:00:00-03:00", "timeZone": "Europe/Lisbon"}, "19:00:00-03:00"),
    "Eventbrite": ({"local": "2027-05-03T19:00:00", "timezone": "Europe/Lisbon"}, "19:00:00+01:00"),
    "a date and a time": ({"date": "2027-05-03", "time": "19:30"}, "19:30:00"),
    "Java's": ({"localDate": "2027-05-03", "localTime": "19:30:00"}, "19:30:00"),
    "a date, a time and a zone": (
        {"date": "2027-05-03", "time": "19:30", "timezone": "America/Recife"},
        "19:30:00-03:00",
    ),
    "a date, a time and an offset": (
        {"date": "2027-05-03", "time": "19:30", "timezone": "-03:00"},
        "19:30:00-03:00",
    ),
    "a date with midnight and a time": ({"date": "2027-05-03T00:00:00", "time": "19:30"}, "19:30:00"),
    "a moment beside its date": (
        {"date": "2027-05-03", "iso": "2027-05-03T19:30:00-03:00"},
        "19:30:00-03:00",
    ),
    "a moment in UTC beside its date": (
        {"date": "2027-05-03", "utc": "2027-05-03T22:30:00Z"},
        "22:30:00Z",
    ),
    "Ticket Tailor": (
        {
            "date": "2027-05-03",
            "formatted": "Mon 3 May 2027 7:30 PM",
            "iso": "2027-05-03T19:30:00-03:00",
            "time": "19:30",
            "timezone": "-03:00",
            "unix": 1809383400,
        },
        "19:30:00-03:00",
    ),
    "a time that is none": ({"date": "2027-05-03", "time": "TBA"}, "invalid_date"),
    "a day": ({"date": "2027-05-03", "timeZone": "Europe/Lisbon"}, "00:00:00"),
    "no zone": ({"dateTime": "2027-05-03T19:00"}, "19:00:00"),
    "no day": ({"dateTime": "2027-02-30T19:00", "timeZone": "Europe/Lisbon"}, "invalid_date"),
    "an unknown zone": ({"dateTime": "2027-05-03T19:00:00", "timeZone": "Mars/Base"}, "invalid_date"),
}


@pytest.mark.parametrize("member", ["start", "startDate", "inicio"])
@pytest.mark.parametrize("name", STARTS)
def test_a_start_has_its_time_and_the_offset_of_its_zone_on_that_day(name: str, member: str) -> None:
    start, expected = STARTS[name]
    _, rows = read(lines({"title": "A", member: start, "city": "Recife"}))
    if rows[0].fields is None:
        assert [error.code for error in rows[0].errors] == [expected]
    else:
        assert rows[0].fields.event_date == f"2027-05-03T{expected}"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ({"localDate": "2027-05-03", "localTime": "19:30:00"}, "2027-05-03T19:30:00"),
        ({"localDate": "2027-05-03", "timeTBA": True}, "2027-05-03T00:00:00"),
        ({"localDate": "2027-05-03", "dateTime": "2027-05-03T22:30:00Z"}, "2027-05-03T22:30:00Z"),
    ],
)
def test_a_start_within_dates_has_its_time(start: dict[str, Any], expected: str) -> None:
    _, rows = read(lines({"name": "A", "city": "Recife", "dates": {"start": start}}))
    assert rows[0].fields is not None, rows[0].errors
    assert rows[0].fields.event_date == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2027-05-03T00:00:00.0000000", "2027-05-03T00:00:00"),
        ("2027-05-03T00:00:00Z", "2027-05-03T00:00:00"),
        ("2027-05-03T10:00:00", "2027-05-03T10:00:00+00:00"),
    ],
)
def test_a_whole_day_has_no_zone(moment: str, expected: str) -> None:
    start = {"dateTime": moment, "timeZone": "UTC"}
    for flag, whole in ((True, expected), (False, None)):
        _, rows = read(lines({"subject": "A", "city": "R", "isAllDay": flag, "start": start}))
        assert rows[0].fields is not None, rows[0].errors
        date = rows[0].fields.event_date
        assert date == whole if whole else date.endswith(("+00:00", "Z"))


def test_a_zone_that_nobody_knows_is_no_fault_where_another_member_is_the_date() -> None:
    start = {"dateTime": "2027-05-03T19:00:00", "timeZone": "Mars/Base"}
    _, rows = read(lines({**EVENT, "start": start}))
    assert told(rows[0]) == "1 A"


@pytest.mark.parametrize(
    "said",
    [
        {"date": 1782943200},
        {"date": 1782943200000},
        {"date": 46204.5},
        {"date": 46204},
        {"date": "2026-07-01", "time": 1930},
        {"date": "2026-07-01", "time": 0.5},
    ],
)
def test_numbers_as_dates_and_times_have_the_suggestion_of_their_text(said: dict[str, Any]) -> None:
    texts = {name: str(value) for name, value in said.items()}
    _, rows = read(lines(*[{"title": "A", "city": "R", **one} for one in (said, texts)]))
    number, text = ([error.suggestion for error in row.errors] for row in rows)
    assert number == text
    assert number[0]
