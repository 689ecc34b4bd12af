"""People within JSON objects are their names; who takes no part, or has no name, is left out and counted."""

from typing import Any

import pytest

from domain.rows.row_parser import Row
from tests.domain.files.test_json_reader import EVENT, read, told
from tests.domain.files.test_nested_members import lines


def people_of(row: Row) -> list[str]:
    assert row.fields is not None, row.errors
    return list(row.fields.participants)


PEOPLE: dict[str, tuple[list[Any], list[str], int]] = {
    "Google Calendar": ([{"email": "a@x.org", "displayName": "Ana"}, {"email": "b@x.org"}], ["Ana"], 1),
    "Outlook": ([{"emailAddress": {"name": "Ana", "address": "a@x.org"}}], ["Ana"], 0),
    "schema.org": (
        [{"@type": "Person", "name": "Ana"}, {"@type": "Person", "name": "Bob"}],
        ["Ana", "Bob"],
        0,
    ),
    "names among objects": (["Bob", {"nome": "Ana"}], ["Bob", "Ana"], 0),
    "nobody with a name": ([{"email": "a@x.org"}, {}], [], 2),
    "an address for a name": ([{"displayName": "a@x.org"}, {"name": "mailto:a@x.org"}], [], 2),
    "apostrophes of Outlook": (
        [{"name": "'Ana'"}, {"name": "D'Ávila"}, {"name": "'b@x.org'"}],
        ["Ana", "D'Ávila"],
        1,
    ),
}


ABSENT: dict[str, dict[str, Any]] = {
    "Google, a room": {"displayName": "Sala", "resource": True},
    "Google, declined": {"displayName": "Beto", "responseStatus": "declined"},
    "Outlook, a room": {"type": "resource", "emailAddress": {"name": "Sala"}},
    "Outlook, declined": {"status": {"response": "declined"}, "emailAddress": {"name": "Beto"}},
    "JSCalendar, a room": {"@type": "Participant", "kind": "location", "name": "Sala"},
    "JSCalendar, declined": {"name": "Beto", "participationStatus": "declined"},
    "without a name": {"responseStatus": "declined"},
}


@pytest.mark.parametrize("name", ABSENT)
def test_attendees_who_take_no_part_are_left_out_and_counted(name: str) -> None:
    ana = {"name": "Ana", "type": "required", "responseStatus": "accepted", "resource": False}
    reader, rows = read(lines(*[{**EVENT, "attendees": [ABSENT[name], ana, {"name": "Declined"}]}] * 3))
    assert [people_of(row) for row in rows] == [["Ana", "Declined"]] * 3
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    assert (counts.get("absent_attendee"), counts.get("nameless_attendee")) == (3, None)


@pytest.mark.parametrize("chunk", [1, 1 << 20])
@pytest.mark.parametrize("name", PEOPLE)
def test_people_are_their_names_and_those_without_one_are_counted(name: str, chunk: int) -> None:
    people, names, nameless = PEOPLE[name]
    reader, rows = read(lines(*[{**EVENT, "attendees": people}] * 200), chunk)
    assert [people_of(row) for row in rows] == [names] * 200
    counts = {warning["code"]: warning["count"] for warning in reader.warnings}
    assert counts.get("nameless_attendee", 0) == 200 * nameless


def test_people_that_come_after_many_plain_records_are_read_and_counted_alike() -> None:
    people = [{"displayName": "Ana"}, {"email": "b@x.org"}]
    events = [{**EVENT, "attendees": ["Bob"]}] * 300 + [
        {**EVENT, "attendees": people},
        {**EVENT, "x": people},
    ]
    reader, rows = read(lines(*events))
    assert [people_of(row) for row in rows[299:]] == [["Bob"], ["Ana"], []]
    assert {"nameless_attendee": 1}.items() <= {w["code"]: w["count"] for w in reader.warnings}.items()


def test_people_are_read_so_in_any_column_that_is_mapped_and_in_no_other() -> None:
    event = {**EVENT, "band": [{"name": "Ana"}, {"name": "Bob"}], "crew": [{"name": "Eva"}]}
    reader, rows = read(lines(event), mapping={"participants": "band"})
    assert (people_of(rows[0]), reader.sample[0][-1]) == (["Ana", "Bob"], '[{"name":"Eva"}]')


@pytest.mark.parametrize("other", [7, None, ["Bob"], True])
def test_a_list_with_something_else_among_people_is_refused(other: Any) -> None:
    _, rows = read(lines({**EVENT, "attendees": [{"name": "Ana"}, other]}))
    assert told(rows[0]) == "1 participants[1]:invalid_type"
