"""JSON as other programs write it: the place, the start or the title is an object of its own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.json_reader import JsonReader
from domain.files.nested_members import PlainMembers
from domain.imports import ImportOptions
from domain.rows.row_parser import Row
from tests.domain.files.test_json_reader import EVENT, RECIFE, read, told

FOREIGN: dict[str, dict[str, Any]] = {
    "schema.org": {
        "@type": "Event",
        "name": "Mostra",
        "startDate": "2027-05-03T19:00",
        "location": {
            "@type": "Place",
            "name": "Teatro do Parque",
            "address": {
                "@type": "PostalAddress",
                "streetAddress": "Rua do Hospício, 81",
                "addressLocality": "Recife",
            },
            "maximumAttendeeCapacity": 800,
        },
    },
    "Eventbrite": {
        "name": {"text": "Mostra", "html": "<b>Mostra</b>"},
        "description": {"text": "Filmes", "html": "<b>Filmes</b>"},
        "start": {
            "timezone": "America/Recife",
            "local": "2027-05-03T19:00:00",
            "utc": "2027-05-03T22:00:00Z",
        },
        "venue": {
            "name": "Teatro do Parque",
            "capacity": 800,
            "address": {"address_1": "Rua do Hospício, 81", "city": "Recife"},
        },
    },
    "The Events Calendar": {
        "title": "Mostra",
        "start_date": "2027-05-03 19:00:00",
        "venue": {
            "venue": "Teatro do Parque",
            "address": "Rua do Hospício, 81",
            "city": "Recife",
            "slug": "t",
        },
    },
    "a city within the place's own place": {
        "name": "Mostra",
        "start_at": "2027-05-03T19:00:00-0300",
        "place": {"name": "Teatro do Parque", "location": {"city": "Recife", "country": "Brazil"}},
    },
    "Sympla": {
        "name": "Mostra",
        "start_date": "2027-05-03 19:00:00",
        "address": {"name": "Teatro do Parque", "address": "Rua do Hospício, 81", "city": "Recife"},
    },
    "Mobilizon": {
        "title": "Mostra",
        "beginsOn": None,
        "start": {"dateTime": "2027-05-03T19:00"},
        "physicalAddress": {
            "description": "Teatro do Parque",
            "name": "Teatro do Parque",
            "locality": "Recife",
        },
    },
    "Ticketmaster": {
        "name": "Mostra",
        "dates": {
            "start": {"localDate": "2027-05-03", "localTime": "19:00:00", "dateTime": "2027-05-03T19:00:00Z"}
        },
        "_embedded": {
            "venues": [
                {
                    "name": "Teatro do Parque",
                    "city": {"name": "Recife"},
                    "address": {"line1": "Rua do Hospício, 81"},
                }
            ],
            "attractions": [{"name": "Banda"}],
        },
    },
    "Outlook": {
        "subject": "Mostra",
        "start": {"dateTime": "2027-05-03T19:00:00.0000000", "timeZone": "America/Recife"},
        "location": {"displayName": "Teatro do Parque", "address": {"city": "Recife"}},
        "attendees": [{"type": "required", "emailAddress": {"name": "Ana", "address": "ana@example.org"}}],
    },
    "a feature": {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [-34.9, -8.0]},
        "properties": {
            "name": "Mostra",
            "date": "2027-05-03 19:00",
            "venue": {"name": "Teatro do Parque", "city": "Recife"},
        },
    },
    "Portuguese": {
        "nome": "Mostra",
        "inicio": {"data": "2027-05-03 19:00"},
        "local": {"nome": "Teatro do Parque", "cidade": "Recife", "capacidade": "800"},
    },
}


def lines(*events: Any) -> bytes:
    return "\n".join(json.dumps(event) for event in events).encode()


@pytest.mark.parametrize("shape", ["array", "lines"])
@pytest.mark.parametrize("name", FOREIGN)
def test_events_of_other_programs_come_in_with_place_and_date(name: str, shape: str) -> None:
    event = FOREIGN[name]
    content = json.dumps([event, event]).encode() if shape == "array" else lines(event, event)
    reader, rows = read(content)
    assert reader.fault is None
    for row in rows:
        fields = row.fields
        assert fields is not None, row.errors
        assert (fields.title, fields.city) == ("Mostra", "Recife")
        assert fields.event_date.startswith("2027-05-03T19:00:00")
        assert fields.local_info is not None
        assert fields.local_info.location_name == "Teatro do Parque"
        said = json.dumps(event)
        assert fields.local_info.capacity == (800 if "800" in said else 1)
        assert fields.local_info.address == ("Rua do Hospício, 81" if "81" in said else None)


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


def test_a_member_of_its_own_stands_above_one_of_an_object() -> None:
    event = {
        "title": "A",
        "start_date": "2027-05-03T19:00",
        "start": {"date": "2020-01-01"},
        "city": "Olinda",
        "location": {"name": "Teatro", "city": "Recife"},
    }
    _, rows = read(lines(event))
    fields = rows[0].fields
    assert fields is not None
    assert (fields.event_date, fields.city) == ("2027-05-03T19:00:00", "Olinda")
    assert fields.local_info is not None
    assert fields.local_info.location_name == "Teatro"


def test_what_the_uploader_maps_stands_above_all() -> None:
    event = {**EVENT, "venue": {"name": "Teatro"}, "hall": "Sala"}
    for mapping, place in (
        ({"local_info.location_name": "hall"}, "Sala"),
        ({"local_info.location_name": "venue"}, "Teatro"),
    ):
        _, rows = read(lines(event), mapping=mapping)
        assert rows[0].fields is not None, rows[0].errors
        assert rows[0].fields.local_info is not None
        assert rows[0].fields.local_info.location_name == place
    event["venue"] = {"name": "Teatro", "address": "Rua 1", "capacity": 9, "city": "Olinda"}
    _, rows = read(lines(event), mapping={"local_info.location_name": None})
    assert rows[0].fields is not None, rows[0].errors
    assert rows[0].fields.local_info is None


def test_our_own_venues_are_read_as_before() -> None:
    own = {"location_name": "Teatro", "capacity": 5}
    for name in ("local_info", "local"):
        _, rows = read(lines({"title": "A", "event_date": "2027-05-03", "city": "Recife", name: own}))
        assert rows[0].fields is not None
        assert rows[0].fields.local_info is not None
        assert (rows[0].fields.local_info.location_name, rows[0].fields.local_info.capacity) == ("Teatro", 5)


def test_an_address_without_a_name_is_no_venue() -> None:
    place = {"address": {"streetAddress": "Rua 1", "addressLocality": "Recife"}}
    _, rows = read(lines({"name": "A", "startDate": "2027-05-03", "location": place}))
    assert rows[0].fields is not None, rows[0].errors
    assert (rows[0].fields.city, rows[0].fields.local_info) == ("Recife", None)


def test_places_that_first_come_late_are_read_too() -> None:
    plain = {**EVENT, "location": None}
    late = {**EVENT, "title": "B", "location": {"name": "Teatro", "capacity": 9}}
    text = {**EVENT, "location": "Praça"}
    _, rows = read(lines(*[plain] * 300, late, text))
    assert [told(row) for row in rows[299:]] == ["300 A", "301 B", "302 A"]
    places = [row.fields.local_info for row in rows if row.fields and row.fields.local_info]
    assert [(place.location_name, place.capacity) for place in places] == [("Teatro", 9), ("Praça", 1)]


def test_a_first_object_without_members_has_the_defaults_however_the_bytes_come() -> None:
    for chunk in (1, 1000):
        _, rows = read(lines({}, {"x": 1}), chunk, defaults=EVENT)
        assert [told(row) for row in rows] == ["1 A", "2 A"]


def test_objects_that_nobody_knows_are_columns_as_a_whole() -> None:
    event = {"title": "A", "event_date": "2027-05-03", "city": "Recife", "meta": {"name": "x", "city": "y"}}
    reader, rows = read(lines(event))
    assert (reader.names, [told(row) for row in rows]) == (["title", "event_date", "city", "meta"], ["1 A"])


_texts = st.sampled_from(["name", "city", "address", "location", "venue", "local", "start", "date", "x", ""])
_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "Recife", "2027-05-03"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


_events = st.dictionaries(st.sampled_from(["name", "location", "start", "x"]), _values, max_size=4)


@given(st.lists(_events, min_size=1, max_size=6), st.integers(1, 40))
def test_any_objects_are_read_alike_however_the_bytes_come(events: list[dict[str, Any]], chunk: int) -> None:
    content = lines(*events)
    defaults = {"title": "A", "event_date": "2027-05-03", "city": "Recife"}
    whole, rows = read(content, defaults=defaults)
    parted, again = read(content, chunk, defaults=defaults)
    assert (parted.fault, [told(row) for row in again]) == (whole.fault, [told(row) for row in rows])


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
    "a day": ({"date": "2027-05-03", "timeZone": "Europe/Lisbon"}, "00:00:00"),
    "no zone": ({"dateTime": "2027-05-03T19:00"}, "19:00:00"),
    "no day": ({"dateTime": "2027-02-30T19:00", "timeZone": "Europe/Lisbon"}, "invalid_date"),
    "an unknown zone": ({"dateTime": "2027-05-03T19:00:00", "timeZone": "Mars/Base"}, "invalid_date"),
}


@pytest.mark.parametrize("name", STARTS)
def test_a_start_has_the_offset_of_its_zone_on_that_day(name: str) -> None:
    start, expected = STARTS[name]
    _, rows = read(lines({"title": "A", "start": start, "city": "Recife"}))
    if rows[0].fields is None:
        assert [error.code for error in rows[0].errors] == [expected]
    else:
        assert rows[0].fields.event_date == f"2027-05-03T{expected}"


def test_a_zone_that_nobody_knows_is_no_fault_where_another_member_is_the_date() -> None:
    start = {"dateTime": "2027-05-03T19:00:00", "timeZone": "Mars/Base"}
    _, rows = read(lines({**EVENT, "start": start}))
    assert told(rows[0]) == "1 A"


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
}


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


@given(st.dictionaries(_texts, _values, max_size=6))
def test_what_is_no_object_stays_and_what_replaces_one_is_plain(members: dict[str, Any]) -> None:
    plain = PlainMembers().read(members)
    for name, value in plain.items():
        if value != members.get(name):
            assert name not in members or isinstance(members[name], dict)
            assert value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
    assert plain.keys() >= members.keys()


def test_reading_goes_on_after_a_crash_with_the_same_columns() -> None:
    content = lines(*[FOREIGN["schema.org"]] * 8)
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed(content)
    reader.close()
    first = reader.rows(max_rows=3)
    later = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
    later.feed(content[reader.offset :])
    later.close()
    rest = []
    while not later.is_hungry:
        rest += later.rows(max_rows=3)
    assert [told(row) for row in [*first, *rest]] == [f"{line} Mostra" for line in range(1, 9)]
