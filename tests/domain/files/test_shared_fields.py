"""A field that each record has in its own shape: `city`, or a city within `location`."""

import itertools
import json
from typing import Any

import pytest

from domain.files.json_reader import JsonReader
from domain.files.preview import PREVIEW_ROWS, preview
from domain.imports import ImportOptions
from domain.rows.row_parser import Row
from tests.domain.files.test_json_reader import RECIFE, read

DEFAULTS = {"city": "Padrão"}
BASE = {"title": "A", "date": "2026-07-01"}
SHAPES: dict[str, tuple[list[dict[str, Any]], tuple[str, str]]] = {
    "city": (
        [
            {"city": "Olinda", "location": "Casa"},
            {"location": {"name": "Casa", "city": "Olinda"}},
            {"location": {"name": "Casa", "address": {"addressLocality": "Olinda"}}},
        ],
        ("city", "Olinda"),
    ),
    "capacity": (
        [
            {"city": "R", "venue": {"name": "Casa"}, "capacity": 30},
            {"city": "R", "venue": {"name": "Casa", "capacity": 30}},
            {"city": "R", "venue": {"name": "Casa", "capacity": "30.0"}},
        ],
        ("capacity", "30"),
    ),
    "address": (
        [
            {"city": "R", "venue": {"name": "Casa"}, "address": "Rua X"},
            {"city": "R", "venue": {"name": "Casa", "address": "Rua X"}},
        ],
        ("address", "Rua X"),
    ),
    "place": (
        [
            {"city": "R", "venue": "Casa"},
            {"city": "R", "address": {"name": "Casa", "street": "Rua X"}},
        ],
        ("location_name", "Casa"),
    ),
}


def content_of(records: list[dict[str, Any]], shape: str = "array") -> bytes:
    events = [{**BASE, **record} for record in records]
    text = json.dumps(events) if shape == "array" else "\n".join(map(json.dumps, events))
    return text.encode()


def value(row: Row, name: str) -> str:
    assert row.fields is not None, row.errors
    return row.fields.city if name == "city" else str(getattr(row.fields.local_info, name))


@pytest.mark.parametrize("shape", ["array", "lines"])
@pytest.mark.parametrize("name", SHAPES)
def test_each_record_has_its_own_value_in_every_order(name: str, shape: str) -> None:
    records, (field, expected) = SHAPES[name]
    for order in itertools.permutations(records):
        for chunk in (1 << 20, 9):
            reader, rows = read(content_of([*order], shape), chunk, defaults=DEFAULTS)
            assert reader.fault is None
            assert {value(row, field) for row in rows} == {expected}
            assert not reader.warnings or "ignored_columns" not in {w["code"] for w in reader.warnings}


@pytest.mark.parametrize("name", SHAPES)
def test_reading_goes_on_after_each_record_and_the_proposed_mapping_changes_nothing(name: str) -> None:
    records, (field, expected) = SHAPES[name]
    content = content_of([*records, *records] * 60)
    shown = preview(
        content, truncated=False, options=ImportOptions(defaults=DEFAULTS), timezone=RECIFE, kind=JsonReader
    )
    assert shown.fault is None
    assert shown.unused == []
    for mapping in (None, shown.mapping):
        options = ImportOptions(defaults=DEFAULTS, mapping=mapping)  # type: ignore[arg-type]
        for stop in (1, 2, len(records), 150):
            reader = JsonReader(options, RECIFE)
            reader.feed(content)
            reader.close()
            rows: list[Row] = []
            while len(rows) < stop:
                rows += reader.rows(max_rows=min(64, stop - len(rows)))
            later = JsonReader.load(reader.dump(), options, RECIFE)
            later.feed(content[reader.offset :])
            later.close()
            while not later.is_hungry:
                rows += later.rows()
            assert len(rows) == 120 * len(records)
            assert {value(row, field) for row in rows} == {expected}


CONTRADICTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "city": ({"city": "Olinda", "location": {"name": "Casa", "city": "Recife"}}, "city"),
    "two places": (
        {"location": {"name": "Casa", "city": "Recife"}, "address": {"street": "Rua X", "city": "Olinda"}},
        "city",
    ),
}


@pytest.mark.parametrize("before", [0, 3, 150])
@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_record_with_two_values_is_asked_about_and_the_mapping_answers(name: str, before: int) -> None:
    record, field = CONTRADICTIONS[name]
    agreeing = {"city": "Recife"}
    content = content_of([*[agreeing] * before, record, agreeing])
    reader, rows = read(content)
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.params["target"]) == ("duplicate_columns", field)  # type: ignore[index]
    assert len(rows) == before
    if before < PREVIEW_ROWS:
        shown = preview(content, truncated=False, options=ImportOptions(), timezone=RECIFE, kind=JsonReader)
        assert shown.fault is not None
        assert field not in shown.mapping
    if before >= PREVIEW_ROWS and name != "city":
        return  # What the mapping names must be among the first records.
    place = reader.fault.params["place"]  # type: ignore[index]
    mapped, rows = read(content, mapping={field: f"#{place}"})
    assert mapped.fault is None
    assert len(rows) == before + 2
    assert all(row.fields for row in rows)


def test_a_value_of_another_type_is_refused_and_not_a_default() -> None:
    records = [{"location": {"name": "Casa", "city": "Olinda"}}, {"location": "Casa", "city": ["A", "B"]}]
    _, rows = read(content_of(records), defaults=DEFAULTS)
    assert [error.code for error in rows[1].errors] == ["invalid_type"]


def test_equal_values_in_other_writing_are_one_and_other_dates_are_no_stand_ins() -> None:
    same = {"city": "OLINDA ", "location": {"name": "Casa", "city": "Olinda"}}
    reader, rows = read(content_of([same]))
    assert (reader.fault, value(rows[0], "city")) == (None, "OLINDA")
    start = {"dates": {"start": {"dateTime": "2026-07-01T19:00"}}, "city": "R", "title": "A"}
    other = {"title": "B", "city": "R", "date": "2026-01-01"}
    _, rows = read("\n".join(map(json.dumps, [start, other])).encode())
    assert [error.code for error in rows[1].errors] == ["required"]


@pytest.mark.parametrize(
    "record",
    [
        {"city": "R", "capacity": 30, "venue": {"name": "Casa", "capacity": 50}},
        {"city": "R", "address": "Rua X", "venue": {"name": "Casa", "address": "Rua Y"}},
        {"city": "Recife - PE", "location": {"name": "Casa", "city": "Recife"}},
        {"city": "N/A", "location": {"name": "Casa", "city": "Recife"}},
    ],
)
def test_the_events_own_number_or_street_counts_and_one_city_in_two_spellings_is_one(
    record: dict[str, Any],
) -> None:
    reader, rows = read(content_of([record]))
    assert reader.fault is None
    assert [row.fields is not None for row in rows] == [True]
    fields = rows[0].fields
    assert fields is not None
    venue = fields.local_info
    assert venue is None or (venue.capacity, venue.address) in [(30, None), (1, "Rua X"), (1, None)]
    assert fields.city in ("R", "Recife - PE", "Recife")
