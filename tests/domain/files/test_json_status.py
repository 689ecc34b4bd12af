"""Events of JSON that say they are cancelled or postponed, or that they recur."""

import json
from typing import Any

import pytest

from domain.files.json_reader import JsonReader
from domain.imports import ImportOptions
from domain.rows.row_parser import Row
from tests.domain.files.test_json_reader import EVENT, RECIFE, read
from tests.domain.files.test_nested_members import lines
from tests.domain.files.test_nested_people import ABSENT

STATUSES: dict[str, tuple[dict[str, Any], str | None]] = {
    "Google": ({"status": "cancelled"}, "cancelled_event"),
    "Google, one date": ({"status": "cancelled", "recurringEventId": "x"}, "cancelled_occurrence"),
    "Meetup": ({"status": "CANCELLED"}, "cancelled_event"),
    "Eventbrite": ({"status": "canceled"}, "cancelled_event"),
    "Outlook": ({"isCancelled": True}, "cancelled_event"),
    "Facebook": ({"is_canceled": True}, "cancelled_event"),
    "schema.org": ({"eventStatus": "https://schema.org/EventCancelled"}, "cancelled_event"),
    "schema.org, short": ({"eventStatus": "EventCancelled"}, "cancelled_event"),
    "JSON-LD": ({"eventStatus": {"@id": "http://schema.org/EventCancelled"}}, "cancelled_event"),
    "Ticketmaster": ({"dates": {"status": {"code": "cancelled"}}}, "cancelled_event"),
    "a code": ({"status": {"code": "cancelled"}}, "cancelled_event"),
    "a list": ({"eventStatus": ["https://schema.org/EventCancelled"]}, "cancelled_event"),
    "a list of objects": ({"eventStatus": [{"@id": "schema:EventCancelled"}]}, "cancelled_event"),
    "by whom": ({"status": "CANCELLED_BY_ORGANIZER"}, "cancelled_event"),
    "by whom, in words": ({"status": "Cancelled by venue"}, "cancelled_event"),
    "why": ({"status": "Canceled: rain"}, "cancelled_event"),
    "with the event": ({"status": "EVENT_CANCELLED"}, "cancelled_event"),
    "not": ({"status": "not cancelled"}, None),
    "another word": ({"status": "cancellable"}, None),
    "a page about it": ({"status": "see https://a.example/cancelled"}, None),
    "an empty list": ({"status": [], "eventStatus": [None, {}]}, None),
    "in escapes": ({"status": "\\u0063ancelled"}, "cancelled_event"),
    "confirmed": ({"status": "confirmed", "isCancelled": False}, None),
    "scheduled": ({"eventStatus": "https://schema.org/EventScheduled"}, None),
    "onsale": ({"dates": {"status": {"code": "onsale"}}}, None),
    "a number": ({"status": 1, "cancelled": 0}, None),
    "a word in a text": ({"description": "cancelled"}, None),
}


@pytest.mark.parametrize("chunk", [1 << 20, 7])
@pytest.mark.parametrize("shape", ["array", "lines", "properties"])
@pytest.mark.parametrize("name", STATUSES)
def test_cancelled_events_are_left_out_and_counted(name: str, shape: str, chunk: int) -> None:
    said, code = STATUSES[name]
    other = {**EVENT, "title": "B"}
    events = [other, {**EVENT, **said}, *[other] * 250, {**EVENT, **said}, other, {"id": "c", **said}]
    events = events if code else events[:-1]
    if shape == "properties":
        events = [{"type": "Feature", "properties": event} for event in events]
    content = lines(*events) if shape == "lines" else json.dumps(events).encode()
    content = content.replace(rb"\\u0063", rb"\u0063")
    reader, rows = read(content, chunk)
    assert [row.fields and row.fields.title for row in rows].count("A") == (0 if code else 2)
    assert [row.fields and row.fields.title for row in rows].count("B") == 252
    assert [row.record for row in rows] == [*range(1, len(rows) + 1)]
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    assert counts.get(code or "cancelled_event", 0) == (3 if code else 0)


def test_cancelled_events_are_counted_once_when_reading_goes_on_after_a_crash() -> None:
    content = lines(*[EVENT, {**EVENT, "status": "cancelled"}] * 400)
    for stop in (1, 100, 150, 399):
        reader = JsonReader(ImportOptions(), RECIFE)
        reader.feed(content)
        reader.close()
        first: list[Row] = []
        while len(first) < stop:
            first += reader.rows(max_rows=min(64, stop - len(first)))
        later = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
        later.feed(content[reader.offset :])
        later.close()
        while not later.is_hungry:
            first += later.rows()
        counts = {warning["code"]: warning["count"] for warning in later.warnings}
        assert (len(first), counts["cancelled_event"]) == (400, 400)


@pytest.mark.parametrize("several", [1, 300])
@pytest.mark.parametrize(
    ("rules", "is_recurring"),
    [
        (["RRULE:FREQ=WEEKLY", "EXDATE:20250701T130000Z"], True),
        ({"pattern": {"type": "weekly"}, "range": {}}, True),
        ([], False),
        (None, False),
    ],
)
def test_recurring_events_are_told(rules: Any, is_recurring: bool, several: int) -> None:
    reader, rows = read(lines(*[{**EVENT, "recurrence": rules}] * several))
    assert len(rows) == several
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    assert counts.get("recurring_event", 0) == several * is_recurring


def test_what_tells_how_a_record_was_imported_is_not_told_of_a_rejected_one() -> None:
    said = {
        "recurrence": ["RRULE:FREQ=DAILY"],
        "eventStatus": "postponed",
        "attendees": [{}, ABSENT["without a name"]],
    }
    good, bad = {**EVENT, **said}, {**EVENT, **said, "event_date": "x"}
    reader, rows = read(lines(good, *[bad] * 200, good, bad))
    assert sum(row.fields is not None for row in rows) == 2
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    codes = ("recurring_event", "postponed_event", "nameless_attendee", "absent_attendee")
    assert [counts.get(code) for code in codes] == [2, 2, 2, 2]


@pytest.mark.parametrize("shape", ["array", "lines"])
@pytest.mark.parametrize(
    ("status", "count"),
    [
        ("https://schema.org/EventPostponed", 3),
        ({"@id": "http://schema.org/EventPostponed"}, 3),
        ("postponed", 3),
        ({"code": "postponed"}, 3),
        (["https://schema.org/EventPostponed"], 3),
        ("POSTPONED_BY_ORGANIZER", 3),
        ("adiado", 3),
        ("ADIADA", 3),
        ("Evento adiado por chuva", 3),
        ("aplazado", 3),
        ("inadiável", 0),
        ("https://schema.org/EventRescheduled", 0),
        ("https://schema.org/EventMovedOnline", 0),
        ("confirmed", 0),
    ],
)
def test_postponed_events_are_read_and_counted(status: Any, count: int, shape: str) -> None:
    said = {**EVENT, "eventStatus": status}
    events = [said, *[EVENT] * 250, said, said]
    reader, rows = read(lines(*events) if shape == "lines" else json.dumps(events).encode())
    assert all(row.fields for row in rows)
    assert {w["code"]: w["count"] for w in reader.warnings}.get("postponed_event", 0) == count
