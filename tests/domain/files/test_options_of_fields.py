"""The options `values`, `defaults` and `key` speak of a field, wherever the file has its value."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.csv.reader import CsvReader
from domain.files.calendar_reader import CalendarReader
from domain.files.json_reader import JsonReader
from domain.imports import ImportOptions
from domain.rows.row_parser import Row
from domain.venues import Venue

RECIFE = ZoneInfo("America/Recife")
EVENT = {"title": "A", "event_date": "2026-01-01", "city": "Recife"}
Members = Mapping[str, Any]
FLAT_TEXTS = {True: "sim", False: "não"}


def read(kind: type, text: str, **options: Any) -> tuple[Any, list[Row]]:
    reader = kind(ImportOptions(**options), RECIFE)
    reader.feed(text.encode())
    reader.close()
    rows: list[Row] = []
    while not reader.is_hungry:
        rows += reader.rows()
    return reader, rows


def table(records: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*dict.fromkeys(name for record in records for name in record)])
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def flat_cells(venue: Members) -> dict[str, str]:
    return {
        name: "" if value is None else FLAT_TEXTS[value] if isinstance(value, bool) else str(value)
        for name, value in venue.items()
    }


PLACES: dict[str, Callable[[list[Members]], tuple[type, str]]] = {
    "columns": lambda venues: (CsvReader, table([{**EVENT, **flat_cells(venue)} for venue in venues])),
    "JSON in a cell": lambda venues: (
        CsvReader,
        table([{**EVENT, "local_info": json.dumps(venue)} for venue in venues]),
    ),
    "JSON in a column that may have names": lambda venues: (
        CsvReader,
        table([{**EVENT, "local": json.dumps(venue)} for venue in venues]),
    ),
    "an object": lambda venues: (JsonReader, json.dumps([{**EVENT, "local_info": one} for one in venues])),
    "JSON in a text of JSON": lambda venues: (
        JsonReader,
        json.dumps([{**EVENT, "local_info": json.dumps(one)} for one in venues]),
    ),
    "members beside the others": lambda venues: (
        JsonReader,
        json.dumps([{**EVENT, **one} for one in venues]),
    ),
}

TEATRO = {"location_name": "Teatro"}
REPLACED = [
    ({"venue_type": "Auditorium"}, {"venue_type": {"auditorium": "Auditório"}}, {"venue_type": "Auditório"}),
    ({"venue_type": "Arena"}, {"local_info.venue_type": {"Arena": "Teatro"}}, {"venue_type": "Teatro"}),
    ({"venue_type": "Arena"}, {"venue_type": {"Foo": "Teatro"}}, {"venue_type": "Arena"}),
    ({"venue_type": "Foo"}, {"venue_type": {"Foo": ""}}, {"venue_type": None}),
    ({"venue_type": None}, {"venue_type": {"": "Outro"}}, {"venue_type": "Outro"}),
    ({"capacity": 300}, {"capacity": {"300": "250"}}, {"capacity": 250}),
    ({"capacity": "300 lugares"}, {"capacity": {"300 lugares": "300"}}, {"capacity": 300}),
    ({"capacity": None}, {"capacity": {"": "7"}}, {"capacity": 7}),
    ({"is_accessible": "talvez"}, {"is_accessible": {"talvez": "sim"}}, {"is_accessible": True}),
    ({"address": "R. A"}, {"address": {"r. a": "Rua A"}}, {"address": "Rua A"}),
    ({"location_name": "Teatro"}, {"location_name": {"teatro": "Arena"}}, {"location_name": "Arena"}),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("given", "values", "expected"), REPLACED)
def test_values_are_replaced_wherever_they_stand(
    place: str, given: Members, values: dict[str, dict[str, str]], expected: Members
) -> None:
    kind, text = PLACES[place]([{**TEATRO, **given}])
    _, [row] = read(kind, text, values=values)
    assert row.errors == ()
    assert row.fields is not None
    assert row.fields.local_info == Venue(**{**TEATRO, **expected})


FILLED = [
    ({}, {"venue_type": "Teatro", "capacity": "50"}, {"venue_type": "Teatro", "capacity": 50}),
    ({"venue_type": None}, {"venue_type": "teatro"}, {"venue_type": "Teatro"}),
    ({"venue_type": " "}, {"venue_type": "Teatro"}, {"venue_type": "Teatro"}),
    ({"venue_type": "Arena"}, {"venue_type": "Teatro"}, {"venue_type": "Arena"}),
    ({"capacity": 0}, {"capacity": "50"}, {"capacity": 0}),
    ({"is_accessible": False}, {"is_accessible": "sim"}, {"is_accessible": False}),
    ({"is_accessible": None}, {"is_accessible": "sim"}, {"is_accessible": True}),
    ({"location_name": "Arena"}, {"location_name": "Teatro"}, {"location_name": "Arena"}),
    ({"location_name": ""}, {"location_name": "Arena"}, {"location_name": "Arena"}),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("given", "defaults", "expected"), FILLED)
def test_defaults_fill_what_a_venue_lacks_and_nothing_else(
    place: str, given: Members, defaults: dict[str, str], expected: Members
) -> None:
    kind, text = PLACES[place]([{**TEATRO, **given}])
    _, [row] = read(kind, text, defaults={f"local_info.{name}": value for name, value in defaults.items()})
    assert row.errors == ()
    assert row.fields is not None
    assert row.fields.local_info == Venue(**{**TEATRO, **expected})


@pytest.mark.parametrize("place", PLACES)
def test_rows_in_bulk_are_replaced_as_one_alone_is(place: str) -> None:
    """Hundreds of rows are read by column; those that an option concerns must come out the same."""
    venues: list[Members] = [
        {"location_name": f"Teatro {n % 7}", "venue_type": ("Arena", "Foo", "Museu")[n % 3], "capacity": n}
        for n in range(500)
    ]
    kind, text = PLACES[place](venues)
    values = {"venue_type": {"Foo": "Outro", "arena": "Teatro"}, "capacity": {"404": "4"}}
    _, rows = read(kind, text, values=values)
    found = [row.fields.local_info for row in rows if row.fields]
    types = ("Teatro", "Outro", "Museu")
    assert found == [
        Venue(f"Teatro {n % 7}", capacity=4 if n == 404 else n, venue_type=types[n % 3]) for n in range(500)
    ]


OF_OTHER_TYPES = [
    ("event_date", 1782900000, "2026-07-01", "2026-07-01T00:00:00"),
    ("event_date", 2026.5, "2026-07-01", "2026-07-01T00:00:00"),
    ("title", 1984, "O ano 1984", "O ano 1984"),
    ("title", True, "Verdade", "Verdade"),
    ("title", ["A"], "Lista", "Lista"),
    ("city", {"ibge": 2611606}, "Recife", "Recife"),
]


@pytest.mark.parametrize(("field", "value", "new", "expected"), OF_OTHER_TYPES)
def test_a_value_that_is_no_text_is_replaced_by_one(
    field: str, value: object, new: str, expected: str
) -> None:
    old = json.dumps(value, separators=(",", ":"))
    good = [EVENT] * 200  # From here on objects are read in bulk.
    reader, rows = read(JsonReader, json.dumps([*good, {**EVENT, field: value}]), values={field: {old: new}})
    assert reader.fault is None
    assert rows[-1].errors == ()
    assert rows[-1].fields is not None
    assert getattr(rows[-1].fields, field) == expected
    _, [row] = read(JsonReader, json.dumps([{**EVENT, field: value}]), values={field: {"else": new}})
    assert [error.code for error in row.errors] == ["invalid_type"]


TIMES = [
    ("2026-01-01", "2026-01-01T19:00:00"),
    ("2026-01-01T10:00", "2026-01-01T10:00:00"),
    ("2026-01-01T10:00-05:00", "2026-01-01T10:00:00-05:00"),
    ("1 de janeiro de 2026 às 10h", "2026-01-01T10:00:00"),
    # What spreadsheets add to a date is no time of its own.
    ("2026-01-01T00:00", "2026-01-01T19:00:00"),
    ("2026-01-01T00:00:00-03:00", "2026-01-01T19:00:00-03:00"),
]


@pytest.mark.parametrize(("date", "expected"), TIMES)
@pytest.mark.parametrize("has_column", [True, False])
@pytest.mark.parametrize("is_table", [True, False])
def test_a_default_time_is_for_dates_without_one(
    date: str, expected: str, *, has_column: bool, is_table: bool
) -> None:
    event = {**EVENT, "event_date": date, **({"event_time": ""} if has_column else {})}
    kind, text = (CsvReader, table([event])) if is_table else (JsonReader, json.dumps([event]))
    _, [row] = read(kind, text, defaults={"event_time": "19:00"})
    assert row.errors == ()
    assert row.fields is not None
    assert row.fields.event_date == expected


@pytest.mark.parametrize(
    ("date", "default", "codes"),
    [
        ("2026-01-01T00:00-03:00", "19:00:00-05:00", []),
        ("2026-01-01T10:00", "foo", []),
        ("2026-01-01", "foo", ["invalid_date"]),
        ("foo", "19:00", ["invalid_date"]),
        ("", "19:00", ["required"]),
    ],
)
def test_a_default_time_adds_no_errors_of_its_own_to_a_date_with_a_time(
    date: str, default: str, codes: list[str]
) -> None:
    _, [row] = read(CsvReader, table([{**EVENT, "event_date": date}]), defaults={"event_time": default})
    assert [error.code for error in row.errors] == codes


def test_a_time_of_its_own_column_still_has_to_fit_the_date() -> None:
    event = {**EVENT, "event_date": "2026-01-01T10:00", "event_time": "11:00"}
    _, [row] = read(CsvReader, table([event]), defaults={"event_time": "19:00"})
    assert [error.code for error in row.errors] == ["conflicting_time"]


CALENDAR = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:A\nDTSTART:20260701T100000\nEND:VEVENT\nEND:VCALENDAR\n"
FILES: dict[str, tuple[type, str]] = {
    "CSV": (CsvReader, table([EVENT])),
    "CSV without a header": (CsvReader, "A,2026-01-01,Recife\n"),
    "JSON": (JsonReader, json.dumps([EVENT])),
    "NDJSON": (JsonReader, json.dumps(EVENT) + "\n" + json.dumps(EVENT)),
    "a calendar": (CalendarReader, CALENDAR),
}
OF_FILES = {
    "CSV without a header": {"mapping": {"title": "#1", "event_date": "#2", "city": "#3"}},
    "a calendar": {"defaults": {"city": "Recife"}},
}
KEYS = [
    (("title",), None),
    (("title", "city"), None),
    (("title", "event_date", "city"), None),
    (("id",), "id"),
    (("id", "title"), "id"),
    (("title", "description"), "description"),
    (("title", "local_info"), "local_info"),
    (("title", "local_info.location_name"), "local_info.location_name"),
    (("title", "participants"), "participants"),
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("key", "missing"), KEYS)
def test_a_key_that_the_file_does_not_have_is_refused(
    name: str, key: tuple[str, ...], missing: str | None
) -> None:
    kind, text = FILES[name]
    reader, rows = read(kind, text, key=key, on_duplicate="update", **OF_FILES.get(name, {}))
    if missing is None:
        assert reader.fault is None
        assert rows[0].fields is not None
        return
    assert reader.fault is not None
    assert (reader.fault.field, reader.fault.code, reader.fault.value) == ("key", "invalid_option", missing)
    assert missing in reader.fault.message
    assert rows == []


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("key", ["description", "participants", "local_info.capacity"])
def test_a_default_is_enough_for_a_key(name: str, key: str) -> None:
    kind, text = FILES[name]
    options = {**OF_FILES.get(name, {})}
    options["defaults"] = {**options.get("defaults", {}), key: "7"}
    reader, _ = read(kind, text, key=("title", key), on_duplicate="update", **options)
    assert reader.fault is None


def test_an_id_for_every_row_is_no_key() -> None:
    reader, _ = read(CsvReader, table([EVENT]), key=("id",), on_duplicate="update", defaults={"id": "5"})
    assert reader.fault is not None
    assert reader.fault.rule == "key"


@pytest.mark.parametrize("column", ["local_info", "local"])
def test_a_venue_as_json_has_each_member_of_a_key(column: str) -> None:
    text = table([{**EVENT, column: json.dumps(TEATRO)}])
    reader, rows = read(CsvReader, text, key=("title", "local_info.location_name"), on_duplicate="update")
    assert reader.fault is None
    assert rows[0].fields is not None


def test_a_member_of_a_later_record_may_be_of_the_key() -> None:
    records = [EVENT, EVENT, {**EVENT, "description": "d"}]
    reader, rows = read(JsonReader, json.dumps(records), key=("title", "description"), on_duplicate="update")
    assert reader.fault is None
    assert [row.fields.description for row in rows if row.fields] == ["", "", "d"]


def test_mended_rows_are_matched_by_the_key_of_their_import() -> None:
    reader, rows = read(CsvReader, table([EVENT]), key=("id",), repairs_of="u")
    assert reader.fault is None
    assert len(rows) == 1
