"""JSON as other programs write it: the place, the start or the title is an object of its own."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.files.json_reader import JsonReader
from domain.files.nested_members import PlainMembers
from domain.imports import ImportOptions
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


def test_a_member_of_its_own_stands_above_one_of_an_object() -> None:
    event = {
        "title": "A",
        "start_date": "2027-05-03T19:00",
        "start": {"date": "2020-01-01"},
        "city": "Olinda",
        "location": {"name": "Teatro", "city": "Olinda"},
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
    event["venue"] = {"name": "Teatro", "address": "Rua 1", "capacity": 9, "city": "Recife"}
    _, rows = read(lines(event), mapping={"local_info.location_name": None})
    assert rows[0].fields is not None, rows[0].errors
    assert rows[0].fields.local_info is None


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


@given(st.dictionaries(_texts, _values, max_size=6))
def test_what_is_no_object_stays_and_what_replaces_one_is_plain(members: dict[str, Any]) -> None:
    plain = PlainMembers().read(members)
    for name, value in plain.items():
        if value != members.get(name):
            assert name not in members or isinstance(members[name], dict | list)
            is_several = isinstance(value, list) and name.endswith(".city")
            is_plain = isinstance(value, str | int | float) and not isinstance(value, bool)
            assert value is None or is_plain or is_several
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


def test_texts_that_programs_write_in_html_are_plain() -> None:
    of_program = {
        "global_id": "x?id=1",
        "rest_url": "https://x/wp-json/tribe/events/v1/events/1",
        "title": "R&amp;B &#8211; S&atilde;o",
        "venue": {"venue": "P&aacute;tio", "city": "Bel&eacute;m"},
    }
    read_as = PlainMembers().read(of_program)
    assert (read_as["title"], read_as["venue"], read_as["venue.city"]) == (
        "R&B \u2013 S\u00e3o",
        "P\u00e1tio",
        "Bel\u00e9m",
    )
    assert PlainMembers().read({"title": {"rendered": "R&amp;B"}})["title"] == "R&B"
    # Elsewhere a text is kept as it is.
    assert PlainMembers().read({"title": {"text": "R&amp;B"}, "x": "R&amp;B"}) == {
        "title": "R&amp;B",
        "x": "R&amp;B",
    }


VALUES: dict[str, tuple[dict[str, Any], str]] = {
    "a date of JSON-LD": (
        {"startDate": {"@type": "DateTime", "@value": "2027-05-03T19:00"}},
        "A|T19:00:00|R",
    ),
    "a list of one date": ({"startDate": ["2027-05-03T19:00"]}, "A|T19:00:00|R"),
    "a time": ({"startDate": "2027-05-03", "time": {"@value": "19:00"}}, "A|T19:00:00|R"),
    "a city by its name": ({"startDate": "2027-05-03", "city": {"name": "Olinda"}}, "A|T00:00:00|Olinda"),
    "a city in a list": ({"startDate": "2027-05-03", "city": ["Olinda"]}, "A|T00:00:00|Olinda"),
    "a title with its language": (
        {"startDate": "2027-05-03", "title": {"@value": "B", "@language": "pt"}},
        "B|T00:00:00|R",
    ),
    "several cities": ({"startDate": "2027-05-03", "city": ["Olinda", "Recife"]}, "city:invalid_type"),
    "several dates": ({"startDate": ["2027-05-03", "2027-05-04"]}, "event_date:invalid_type"),
    "an object that says nothing": ({"startDate": "2027-05-03", "city": {"id": 5}}, "city:invalid_type"),
}


@pytest.mark.parametrize("name", VALUES)
def test_texts_as_values_and_lists_of_one(name: str) -> None:
    said, expected = VALUES[name]
    _, rows = read(lines({"title": "A", "city": "R", **said}))
    fields = rows[0].fields
    if fields:
        assert f"{fields.title}|{fields.event_date[10:]}|{fields.city}" == expected
    else:
        assert [f"{error.field}:{error.code}" for error in rows[0].errors] == [expected]
