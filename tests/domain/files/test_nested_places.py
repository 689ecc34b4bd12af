"""Places within JSON objects: the name, the city and the address of a venue, however it is written."""

import json
from typing import Any

import pytest

from tests.domain.files.test_json_reader import EVENT, read, told
from tests.domain.files.test_nested_members import lines


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


def test_the_street_of_facebook_and_a_number_larger_than_any() -> None:
    place = {"name": "Casa", "location": {"city": "R", "street": "Rua 1"}}
    _, rows = read(lines({"name": "F", "start_time": "2026-07-01T10:00", "place": place}))
    assert rows[0].fields is not None
    assert rows[0].fields.local_info is not None
    assert rows[0].fields.local_info.address == "Rua 1"
    _, rows = read(b'[{"title":"A","date":"2026-07-01","city":"R","venue":"Casa","capacity":1E400}]')
    assert [(error.field, error.value) for error in rows[0].errors] == [("local_info.capacity", "1E400")]
