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


SHOW = {"name": "Show", "start": "2026-07-01T10:00"}

# The record, the options, and the title, date, city, place and description that are read.
BESIDE: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[Any, ...]]] = {
    "a place": (
        {"event": SHOW, "venue": {"name": "Teatro", "city": "Recife", "address": "R 1"}},
        {"defaults": {"city": "Olinda"}},
        ("Show", "2026-07-01T10:00:00", "Recife", "Teatro", ""),
    ),
    "a city": (
        {"event": SHOW, "cidade": "Recife"},
        {"defaults": {"city": "Olinda"}},
        ("Show", "2026-07-01T10:00:00", "Recife", None, ""),
    ),
    "a city where the event's is null": (
        {"event": {**SHOW, "city": None}, "city": "Recife"},
        {},
        ("Show", "2026-07-01T10:00:00", "Recife", None, ""),
    ),
    "the place of another": (
        {"event": {**SHOW, "location": "Sala"}, "venue": {"name": "Teatro", "city": "Recife", "capacity": 9}},
        {},
        ("Show", "2026-07-01T10:00:00", "Recife", "Sala", ""),
    ),
    "a city and a place that the event has itself": (
        {"event": {**SHOW, "location": "Sala", "city": "Recife"}, "venue": {"name": "T", "city": "Olinda"}},
        {},
        ("Show", "2026-07-01T10:00:00", "Recife", "Sala", ""),
    ),
    "a date of its own": (
        {"event": {**SHOW, "city": "Recife"}, "date": "2020-01-01"},
        {},
        ("Show", "2026-07-01T10:00:00", "Recife", None, ""),
    ),
    "where it is on a map": (
        {"event": {**SHOW, "city": "Recife"}, "location": {"foo": {"lat": 1}}},
        {},
        ("Show", "2026-07-01T10:00:00", "Recife", None, ""),
    ),
    "an id": (
        {"type": "e", "id": "77", "attributes": {**SHOW, "city": "Recife"}},
        {"mapping": {"description": "type"}},
        ("Show", "2026-07-01T10:00:00", "Recife", None, "e"),
    ),
    "a city that the mapping names": (
        {"event": SHOW, "cidade_x": "Recife"},
        {"mapping": {"city": "cidade_x"}},
        ("Show", "2026-07-01T10:00:00", "Recife", None, ""),
    ),
    "a date that the mapping names": (
        {"id": "rec1", "createdTime": "2026-01-01", "fields": {"Name": "Show", "City": "Recife"}},
        {"mapping": {"event_date": "createdTime"}},
        ("Show", "2026-01-01T00:00:00", "Recife", None, ""),
    ),
    "a document of a search": (
        {"document": {**SHOW, "city": "Recife"}, "highlights": []},
        {},
        ("Show", "2026-07-01T10:00:00", "Recife", None, ""),
    ),
}


@pytest.mark.parametrize("shape", ["[{}]", '{{"items": [{}]}}', "{}", "{}\n{}"])
@pytest.mark.parametrize("name", BESIDE)
def test_what_stands_beside_a_wrapped_event_counts_where_the_event_says_nothing(
    name: str, shape: str
) -> None:
    record, options, expected = BESIDE[name]
    reader, rows = read(shape.format(*[json.dumps(record)] * 2).encode(), **options)
    assert reader.fault is None
    for row in rows:
        found = row.fields
        assert found is not None, row.errors
        place = found.local_info.location_name if found.local_info else None
        assert (found.title, found.event_date, found.city, place, found.description) == expected
        assert row.event_id is None


def test_what_stands_beside_a_wrapped_event_and_is_no_field_is_told() -> None:
    record = {"type": "Feature", "geometry": {"type": "Point"}, "properties": {**SHOW, "city": "Recife"}}
    reader, _ = read(json.dumps({"features": [record]}).encode())
    assert [w["names"] for w in reader.warnings if w["code"] == "ignored_columns"] == [["type", "geometry"]]


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


def test_our_own_venues_are_read_as_before() -> None:
    own = {"location_name": "Teatro", "capacity": 5}
    for name in ("local_info", "local"):
        _, rows = read(lines({"title": "A", "event_date": "2027-05-03", "city": "Recife", name: own}))
        assert rows[0].fields is not None
        assert rows[0].fields.local_info is not None
        assert (rows[0].fields.local_info.location_name, rows[0].fields.local_info.capacity) == ("Teatro", 5)


WHERE: dict[str, tuple[Any, tuple[str | None, str, str | None] | str]] = {
    **{
        f"empty: {place}": (place, (None, "Recife", None))
        for place in (
            *({}, [], [{}], {"name": ""}, {"displayName": " "}, {"name": None, "address": None}),
            {"name": "", "address": {"addressLocality": ""}},
            {"displayName": "", "locationType": "default", "address": {}, "coordinates": {}},
            [{"@type": "Place", "name": ""}],
        )
    },
    "a list of one": ([{"@type": "Place", "name": "Sala"}], ("Sala", "Recife", None)),
    "a list of one text": (["Sala"], ("Sala", "Recife", None)),
    "a place and a link": (
        [{"@type": "VirtualLocation", "url": "https://x"}, {"@type": "Place", "name": "Sala"}],
        ("Sala", "Recife", None),
    ),
    "two places": ([{"name": "Sala"}, {"name": "Praça"}], "local_info.location_name:invalid_type"),
    **{
        f"no name: {place}": (place, (None, city, None))
        for place, city in (
            ({"lat": 1, "lng": 2}, "Recife"),
            ({"type": "Point", "coordinates": [-34.8, -8.05]}, "Recife"),
            ({"@type": "Place", "geo": {"@type": "GeoCoordinates", "latitude": 1}}, "Recife"),
            ({"@type": "VirtualLocation", "url": "https://x"}, "Recife"),
            ({"@type": "VirtualLocation"}, "Recife"),
            ([{"@type": "VirtualLocation", "url": "https://x"}], "Recife"),
            ([{"@type": "VirtualLocation", "url": "https://x"}] * 2, "Recife"),
            ({"@type": "Place", "address": "Rua 1, Recife"}, "Recife"),
            ({"@type": "Place", "name": " ", "address": {"addressCountry": "BR"}}, "Recife"),
            (
                {"@type": "Place", "address": {"streetAddress": "Rua 1", "addressLocality": "Olinda"}},
                "Olinda",
            ),
        )
    },
    **{
        f"no place: {place}": (place, "local_info.location_name:invalid_type")
        for place in (
            {"foo": "bar"},
            {"capacity": 300},
            {"capacity": 300, "address": "Rua 1"},
            {"name": {"pt": "Sala"}, "address": "Rua 1"},
            {"venueName": "Sala", "address": "Rua 1"},
            [{"address": "Rua 1"}, {"address": "Rua 2"}],
        )
    },
    "a link with a name": ({"@type": "VirtualLocation", "name": "Zoom"}, ("Zoom", "Recife", None)),
    "a city that is an object": (
        {"name": "Sala", "address": {"addressLocality": {"@type": "City", "name": "Olinda"}}},
        ("Sala", "Olinda", None),
    ),
    "a city in a list": ({"name": "Sala", "city": ["Olinda"]}, ("Sala", "Olinda", None)),
    "several cities": ({"name": "Sala", "city": ["Olinda", "Recife"]}, "city:invalid_type"),
    "a street in a list": (
        {"name": "Sala", "address": {"addressLocality": "Olinda", "streetAddress": ["R1"]}},
        ("Sala", "Olinda", "R1"),
    ),
    "a street over lines": (
        {"name": "Sala", "address": {"streetAddress": ["Rua 1", "Fundos"]}},
        ("Sala", "Recife", "Rua 1, Fundos"),
    ),
    "values of JSON-LD": ({"name": {"@value": "Sala", "@language": "pt"}}, ("Sala", "Recife", None)),
}


@pytest.mark.parametrize("several", [1, 300])
@pytest.mark.parametrize("name", WHERE)
def test_a_place_is_what_its_objects_and_lists_stand_for(name: str, several: int) -> None:
    place, expected = WHERE[name]
    event = {"name": "A", "startDate": "2027-05-03", "location": place}
    _, rows = read(lines(*[event] * several), defaults={"city": "Recife"})
    fields = rows[-1].fields
    if isinstance(expected, str):
        assert told(rows[-1]) == f"{several} {expected}"
        return
    assert fields is not None, rows[-1].errors
    venue = fields.local_info
    found = (venue and venue.location_name, fields.city, venue and venue.address)
    assert found == expected


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


MADRID = {
    "@id": "https://datos.example/1",
    "id": "1",
    "title": "Taller",
    "dtstart": "2026-07-01 00:00:00.0",
    "time": "19:00",
    "event-location": "Biblioteca",
    "address": {
        "district": {"@id": "https://datos.example/d"},
        "area": {"locality": "MADRID", "street-address": "CALLE X 1"},
    },
    "location": {"latitude": 40.1, "longitude": -3.7},
}


def test_the_agenda_of_madrid_is_read() -> None:
    reader, rows = read(json.dumps({"@graph": [MADRID] * 150}).encode())
    assert reader.fault is None
    assert [told(row) for row in rows[:1]] == ["1 Taller"]
    fields = rows[-1].fields
    assert fields is not None
    assert fields.local_info is not None
    assert (fields.event_date, fields.city) == ("2026-07-01T19:00:00", "MADRID")
    assert fields.local_info.location_name == "Biblioteca"


@pytest.mark.parametrize("later", [{"name": "Sala"}, "Sala", {"foo": 1}])
def test_a_second_place_that_first_comes_later_is_asked_about(later: Any) -> None:
    reader, rows = read(lines(*[MADRID] * 150, {**MADRID, "location": later}, MADRID))
    assert reader.fault is not None
    assert (reader.fault.code, len(rows)) == ("duplicate_columns", 150)
    mapping: dict[str, str | None] = {"local_info.location_name": "event-location"}
    reader, rows = read(lines(*[MADRID] * 150, {**MADRID, "location": later}), mapping=mapping)
    assert (reader.fault, len(rows)) == (None, 151)


IDS: dict[str, tuple[list[str], str | None]] = {
    "Mongoose": (["_id", "id"], "id"),
    "Mongoose, the other way round": (["id", "_id"], "id"),
    "an address of the web": (["@id", "id"], "id"),
    "only an address of the web": (["@id"], None),
    "an address and a database's": (["@id", "_id"], "_id"),
    "a database's and a big one": (["_id", "ID"], "ID"),
    "two big ones": (["Id", "ID"], None),
}


def id_of(reader: JsonReader) -> str | None:
    return next((column["name"] for column in reader.columns or () if column["field"] == "id"), None)


@pytest.mark.parametrize("on_duplicate", ["insert", "update"])
@pytest.mark.parametrize("name", IDS)
def test_the_plain_one_of_several_ids_is_the_id(name: str, on_duplicate: Any) -> None:
    ids, expected = IDS[name]
    event = {**EVENT, **{one: str(at) for at, one in enumerate(ids)}}
    reader, rows = read(lines(*[event] * 150), on_duplicate=on_duplicate)
    assert (reader.fault, len([row for row in rows if row.fields])) == (None, 150)
    assert id_of(reader) == expected


def test_an_id_that_was_taken_stays_and_several_are_asked_about_where_the_key_is_the_id() -> None:
    first = {**EVENT, "_id": "64"}
    reader, rows = read(lines(*[first] * 150, {**first, "id": "65"}))
    assert (id_of(reader), len(rows)) == ("_id", 151)
    content = lines({**EVENT, "Id": "64", "ID": "65"})
    for key, code in ((("id",), "duplicate_columns"), (("title", "city"), None)):
        reader, _ = read(content, on_duplicate="update", key=key)
        assert (reader.fault and reader.fault.code) == code


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


def test_the_street_of_facebook_and_a_number_larger_than_any() -> None:
    place = {"name": "Casa", "location": {"city": "R", "street": "Rua 1"}}
    _, rows = read(lines({"name": "F", "start_time": "2026-07-01T10:00", "place": place}))
    assert rows[0].fields is not None
    assert rows[0].fields.local_info is not None
    assert rows[0].fields.local_info.address == "Rua 1"
    _, rows = read(b'[{"title":"A","date":"2026-07-01","city":"R","venue":"Casa","capacity":1E400}]')
    assert [(error.field, error.value) for error in rows[0].errors] == [("local_info.capacity", "1E400")]
