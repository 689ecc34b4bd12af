"""Records of JSON that hold their event in an object, what stands beside it, and several ids."""

import json
from typing import Any

import pytest

from domain.files.json_reader import JsonReader
from tests.domain.files.test_json_reader import EVENT, read
from tests.domain.files.test_nested_members import lines

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
