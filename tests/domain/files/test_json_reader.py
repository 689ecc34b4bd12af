"""JSON and lines of JSON as rows: shapes, lines, faults, and the same outcome however the bytes come."""

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.events import EventFields, parse_fields
from domain.files.json_reader import JsonReader
from domain.imports import ImportOptions
from domain.rows.row_parser import Row

RECIFE = ZoneInfo("America/Recife")
EVENT = {"title": "A", "event_date": "2025-07-01", "city": "Recife"}


def read(content: bytes, chunk: int = 1 << 20, **options: Any) -> tuple[JsonReader, list[Row]]:
    reader = JsonReader(ImportOptions(**options), RECIFE)
    rows: list[Row] = []
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        while not reader.is_hungry:
            rows += reader.rows(max_rows=3)
    reader.close()
    while not reader.is_hungry:
        rows += reader.rows(max_rows=3)
    assert reader.has_ended
    return reader, rows


def event(**members: Any) -> dict[str, Any]:
    return {**EVENT, **members}


def told(row: Row) -> str:
    if row.fields:
        return f"{row.line} {row.fields.title}"
    return f"{row.line} " + " ".join(f"{error.field}:{error.code}" for error in row.errors)


A, B = json.dumps(event()), json.dumps(event(title="B"))
GEO = f'{{"type": "Feature", "geometry": {{"type": "Point", "coordinates": [0, 1]}}, "properties": {A}}}'
NODE = f'{{"cursor": "x", "node": {A}}}'

SHAPES = {
    "an array": (f"[{A},{B}]", "json", ["1 A", "1 B"]),
    "an array over lines": (f"[\n  {A},\n\n  {B}\n]\n", "json", ["2 A", "4 B"]),
    "an indented array": (json.dumps([event(), event(title="B")], indent=2), "json", ["2 A", "7 B"]),
    "CRLF": (f"[\r\n{A},\r\n{B}\r\n]", "json", ["2 A", "3 B"]),
    "a comma too many": (f"[{A},{B},\n]", "json", ["1 A", "1 B"]),
    "items": (
        f'{{"total": 2, "meta": {{"a": [1]}}, "items": [\n{A},{B}], "next": null}}',
        "json",
        ["2 A", "2 B"],
    ),
    "events": (f'{{"events": [{A}]}}', "json", ["1 A"]),
    "eventos": (f'{{"eventos": [{A}]}}', "json", ["1 A"]),
    "Facebook's": (f'{{"data": [{A},{B}], "paging": {{"next": "x"}}}}', "json", ["1 A", "1 B"]),
    "Django's": (f'{{"count": 1, "next": null, "results": [{A}]}}', "json", ["1 A"]),
    "HAL": (f'{{"_embedded": {{"events": [{A}]}}, "page": {{"size": 1}}}}', "json", ["1 A"]),
    "GraphQL": (f'{{"data": {{"total": 1, "events": [{A}]}}}}', "json", ["1 A"]),
    "OData": (f'{{"@odata.context": "x", "value": [{A}]}}', "json", ["1 A"]),
    "OData 2": (f'{{"d": {{"results": [{A}]}}}}', "json", ["1 A"]),
    "GeoJSON": (
        f'{{"type": "FeatureCollection", "name": "agenda", "features": [{GEO},\n{GEO}]}}',
        "json",
        ["1 A", "2 A"],
    ),
    "one feature": (GEO, "ndjson", ["1 A"]),
    "ArcGIS": (f'{{"features": [{{"attributes": {A}, "geometry": {{"x": 1}}}}]}}', "json", ["1 A"]),
    "no features": ('{"type": "FeatureCollection", "features": []}', "json", []),
    "JSON:API": (f'{{"data": [{{"type": "events", "id": "1", "attributes": {A}}}]}}', "json", ["1 A"]),
    "Airtable": (f'{{"records": [{{"id": "r", "createdTime": "x", "fields": {A}}}]}}', "json", ["1 A"]),
    "a connection of GraphQL": (f'{{"data": {{"events": {{"edges": [{NODE}]}}}}}}', "json", ["1 A"]),
    "nodes of GraphQL": (f'{{"data": {{"events": {{"nodes": [{A}, {B}]}}}}}}', "json", ["1 A", "1 B"]),
    "JSON-LD": (
        f'{{"@context": "https://schema.org", "@graph": [{{"@type": "Organization"}}, {A}]}}',
        "json",
        ["1 title:required event_date:required city:required", "1 A"],
    ),
    "Elasticsearch": (
        f'{{"took": 3, "hits": {{"total": {{"value": 1}}, "hits": [{{"_id": "7", "_source": {A}}}]}}}}',
        "json",
        ["1 A"],
    ),
    "Solr": (f'{{"responseHeader": {{}}, "response": {{"numFound": 1, "docs": [{A}]}}}}', "json", ["1 A"]),
    "Spring Data": (f'{{"content": [{A}], "pageable": {{}}}}', "json", ["1 A"]),
    "an event whose content comes first": (
        f'{{"content": [{{"type": "paragraph", "title": "x"}}], {A[1:]}\n{B}',
        "ndjson",
        ["1 A", "2 B"],
    ),
    "an event with attributes": (f'{A[:-1]}, "attributes": {{"title": "x"}}}}', "ndjson", ["1 A"]),
    "a named list": (f'{{"name": "Agenda", "data": [{A}]}}', "json", ["1 A"]),
    "no results": ('{"count": 0, "results": []}', "json", []),
    "an event with results": (f'{A[:-1]}, "results": [{{"place": 1}}]}}', "ndjson", ["1 A"]),
    "an event that starts at a time": (
        '{"name": "A", "start_time": "2025-07-01", "city": "R", "results": [{"name": "B"}]}',
        "ndjson",
        ["1 A"],
    ),
    "an event with a response": (f'{A[:-1]}, "response": {{"events": [{B}]}}}}', "ndjson", ["1 A"]),
    "events that are empty": ('{"events": []}', "json", []),
    "an empty array beside the events": (f'{{"events": [], "n": 1, "items": [\n{A}]}}', "json", ["2 A"]),
    "an empty array in a holder": (f'{{"data": {{"events": []}}, "results": [{A}]}}', "json", ["1 A"]),
    "an event with an empty array of events": (f'{{"events": [], {A[1:]}\n{B}', "ndjson", ["1 A", "2 B"]),
    "empty arrays": ('{"events": [], "items": [], "n": 1}', "json", []),
    "an empty array": (" [ ] ", "json", []),
    "lines": (f"{A}\n{B}\n", "ndjson", ["1 A", "2 B"]),
    "lines without a last end": (f"{A}\r\n\r\n{B}", "ndjson", ["1 A", "3 B"]),
    "one object": (A, "ndjson", ["1 A"]),
    "an event with a member of the name events": (
        json.dumps(event(events=["x"])) + "\n" + B,
        "ndjson",
        ["1 A", "2 B"],
    ),
    "objects over lines one after another": (
        json.dumps(event(), indent=1) + "\n" + B,
        "ndjson",
        ["1 A", "6 B"],
    ),
}


@pytest.mark.parametrize("chunk", [1 << 20, 7, 1])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", SHAPES)
def test_each_json_layout_is_read_with_the_line_of_each_object(name: str, encoding: str, chunk: int) -> None:
    text, form, expected = SHAPES[name]
    reader, rows = read(text.encode(encoding), chunk)
    assert reader.fault is None
    assert [told(row) for row in rows] == expected
    assert reader.dialect is not None
    assert reader.dialect["format"] == form
    assert [row.record for row in rows] == list(range(1, len(rows) + 1))


FAULTS = {
    "cut in an object": (f"[{A},\n{B[:-5]}", "invalid_json", ["1 A"], "begins on line 2"),
    "cut between objects": (f"[{A},", "invalid_json", ["1 A"], "closing ]"),
    "cut late": (f"[{A},{A},{A},", "invalid_json", ["1 A", "1 A", "1 A"], "closing ]"),
    "garbage between": (f"[{A},\n{{'title': 'B'}}]", "invalid_json", ["1 A"], "line 2: this is Python"),
    "curly quotes": (f"[{A},\n{{“title”: 1}}]", "invalid_json", ["1 A"], "curly quotes"),
    "a member without a value": (f'[{A},\n{{"title":}}]', "invalid_json", ["1 A"], "line 2"),
    "text after the end": (f"[{A}]\n]", "invalid_json", ["1 A"], "line 2: there is text after"),
    "no array": ('{"a": {"b": 1}}', "missing_columns", [], "title"),
    "deeper": (
        '{"type": "x", "agenda": [{"title": "A"}]}',
        "missing_columns",
        [],
        "send only their array",
    ),
    "no column": ('[{"title": "A"}]', "missing_columns", [], "event_date, city"),
    "two members of one field": (json.dumps([event(titulo="B")]), "duplicate_columns", [], "titulo"),
}


@pytest.mark.parametrize("chunk", [1 << 20, 5])
@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_json_file_reports_its_fault_and_gives_the_rows_before_it(name: str, chunk: int) -> None:
    text, code, expected, words = FAULTS[name]
    reader, rows = read(text.encode(), chunk)
    assert [told(row) for row in rows] == expected
    assert reader.fault is not None
    assert (reader.fault.code, words in reader.fault.message) == (code, True), reader.fault


ROWS: Mapping[str, tuple[str, list[str]]] = {
    "a line that is not JSON": (f'{A}\n{{"title": oops}}\n{B}', ["1 A", "2 :invalid_json", "3 B"]),
    "a line that is cut": (f'{A}\n{{"title": "x\n{B}', ["1 A", "2 :invalid_json", "3 B"]),
    "a line that has no other end": (f'{A}\n{{"title": oops}}', ["1 A", "2 :invalid_json"]),
    "the last line is cut": (f'{A}\n{{"title": "x', ["1 A", "2 :invalid_json"]),
    "no object": (f"[{A}, 5, [1], null, {B}]", ["1 A", *["1 :invalid_type"] * 3, "1 B"]),
    "a member twice": (f'[{{"title":"A","title":"B"}}, {B}]', ["1 :duplicate_key", "1 B"]),
    "NaN": (f'[{{"title":"A","event_date":NaN}}, {B}]', ["1 :invalid_json", "1 B"]),
    "an empty object": (f"[{A}, {{}}]", ["1 A", "1 title:required event_date:required city:required"]),
}


@pytest.mark.parametrize("name", ROWS)
def test_problems_are_reported_for_the_record_that_has_them(name: str) -> None:
    text, expected = ROWS[name]
    for chunk in (1 << 20, 3):
        reader, rows = read(text.encode(), chunk)
        assert reader.fault is None
        rejected = [(told(row).split(" ")[0], row.fields is None) for row in rows]
        assert rejected == [(line.split(" ")[0], ":" in line) for line in expected]
        for row, line in zip(rows, expected, strict=True):
            assert line.split(" ", 1)[1] in told(row)


@pytest.mark.parametrize("bad", ['{"title": oops}', '{"title" 1}', '{"a":1,}', "{'title': 1}"])
@pytest.mark.parametrize("after", [f"\n{B}", f"\r\n{B}\n{B}", "\n\n", ""])
def test_the_value_of_a_line_that_is_not_json_is_that_line(bad: str, after: str) -> None:
    _, rows = read(f"{A}\n{bad}{after}".encode())
    assert [error.value for row in rows for error in row.errors] == [bad]


TYPES = [
    ({"title": 5}, "title:invalid_type"),
    ({"city": True}, "city:invalid_type"),
    ({"description": ["x"]}, "description:invalid_type"),
    ({"event_date": 1751328000}, "event_date:invalid_type"),
    ({"participants": ["A", 1]}, "participants[1]:invalid_type"),
    ({"participants": 7}, "participants:invalid_type"),
    ({"local_info": [1]}, "local_info:invalid_type"),
    ({"location_name": "Rua", "capacity": True}, "local_info.capacity:invalid_type"),
    ({"location_name": "Rua", "is_accessible": 1}, "local_info.is_accessible:invalid_type"),
    ({"local_info": {"location_name": "Rua", "capacity": "300"}}, "local_info.capacity:invalid_type"),
    ({"title": "\ud800"}, "title:invalid_unicode"),
    ({"title": "\x00"}, "title:control_character"),
]


ITEMS = st.lists(st.sampled_from(["a", "b", None, 5, True, 2.5, [], ["x"]]), max_size=6)


@given(ITEMS, ITEMS)
@example(["a", None, 5], ["a", 1, 2])
def test_an_import_tells_of_each_wrong_item_what_the_api_tells(people: list[Any], past: list[Any]) -> None:
    record = event(participants=people, local_info={"location_name": "Teatro", "past_events": past})
    by_api = parse_fields(record, timezone=RECIFE)
    _, [row] = read(json.dumps([record]).encode())
    errors = [] if isinstance(by_api, EventFields) else by_api
    assert sorted((e.field, e.code, e.value) for e in row.errors) == sorted(
        (e.field, e.code, e.value) for e in errors
    )


@pytest.mark.parametrize(("members", "expected"), TYPES)
def test_numbers_and_booleans_follow_the_rules_of_the_api(members: dict[str, Any], expected: str) -> None:
    _, [row] = read(json.dumps([event(**members)]).encode())
    assert expected in told(row)


def test_a_string_is_read_like_a_csv_cell() -> None:
    members = {
        "location_name": "Teatro",
        "capacity": "300",
        "is_accessible": "sim",
        "participants": "Ana; Bia",
    }
    _, rows = read(json.dumps([event(**members, event_date="1 de julho de 2025")]).encode())
    fields = rows[0].fields
    assert fields is not None, rows[0].errors
    assert fields.local_info is not None
    assert (fields.local_info.capacity, fields.local_info.is_accessible) == (300, True)
    assert (fields.participants, fields.event_date) == (("Ana", "Bia"), "2025-07-01T00:00:00")


def test_local_info_may_be_an_object_its_json_text_or_null() -> None:
    venue = {"location_name": "Teatro", "capacity": 300.0, "other": 1}
    content = [
        event(local_info=venue),
        event(local_info=json.dumps(venue)),
        event(local_info=None, description=None),
    ]
    reader, rows = read(json.dumps(content).encode())
    infos = [row.fields and row.fields.local_info for row in rows]
    assert [info and info.capacity for info in infos] == [300, 300, None]
    assert {warning["code"]: warning["count"] for warning in reader.warnings}["unknown_member"] == 2


def test_a_member_that_first_appears_late_is_read_and_unknown_members_give_warnings() -> None:
    content = [event() for _ in range(1500)] + [event(description="late", extra=1)]
    reader, rows = read("\n".join(map(json.dumps, content)).encode(), 4096)
    assert rows[-1].fields is not None
    assert rows[-1].fields.description == "late"
    told_of = {warning["code"]: warning["message"] for warning in reader.warnings}
    assert told_of["ignored_columns"].endswith(": extra")


def test_a_required_member_may_first_appear_in_a_later_record() -> None:
    _, rows = read(json.dumps([{"title": "A"}, event()]).encode())
    assert [told(row) for row in rows] == ["1 event_date:required city:required", "1 A"]


def test_the_date_order_is_proved_once_and_iso_dates_never_wait() -> None:
    content = [event(event_date="03/04/2025"), event(event_date="25/12/2025")]
    reader, rows = read(json.dumps(content).encode(), 9)
    assert [row.fields and row.fields.event_date[:10] for row in rows] == ["2025-04-03", "2025-12-25"]
    assert reader.dialect is not None
    assert reader.dialect["date_format"] == "dmy"
    live = JsonReader(ImportOptions(), RECIFE)
    live.feed(f"[{A}".encode().ljust(100))
    assert len(live.rows()) == 1


LONG = {
    "text": json.dumps(event(description="x" * (1 << 20))),
    "text with quotes, backslashes and brackets": json.dumps(event(description='\\"]}[{\\\\"' * 300_000)),
    "lists": json.dumps(event(other=[["]"]] * 300_000)),
    "many members": json.dumps(event(**{f"m{i}": "é}" for i in range(150_000)}), ensure_ascii=False),
    "three times the bound": json.dumps(event(description="x" * (3 << 20))),
}


@pytest.mark.parametrize("chunk", [1 << 23, 1 << 16, 65_521])
@pytest.mark.parametrize("form", ["[{}\n,{}\n,{}]", '{{"items": [{}\n,{}\n,{}], "n": 3}}', "{}\n{}\n{}\n"])
@pytest.mark.parametrize("name", LONG)
def test_a_long_object_is_a_rejected_row_and_what_follows_is_read(name: str, form: str, chunk: int) -> None:
    reader, rows = read(form.format(A, LONG[name], B).encode(), chunk)
    assert reader.fault is None
    assert [told(row) for row in rows] == ["1 A", "2 :too_long", "3 B"]


@pytest.mark.parametrize("form", ["[{}\n,{}\n,{}]", "{}\n{}\n{}\n"])
def test_a_deep_object_is_a_rejected_row_and_what_follows_is_read(form: str) -> None:
    deep = f'{A[:-1]}, "other": {"[" * 100_000}{"]" * 100_000}}}'
    reader, rows = read(form.format(A, deep, B).encode(), 1 << 12)
    assert reader.fault is None
    assert [told(row) for row in rows] == ["1 A", "2 :invalid_json", "3 B"]


@pytest.mark.parametrize("end", ["", "\\", '\\"', '"', '", "other": [{}]'])
def test_a_file_that_ends_in_a_long_object_is_cut_and_says_where_that_begins(end: str) -> None:
    reader, rows = read(f"[{A},\n{LONG['three times the bound'][:-2]}{end}".encode(), 1 << 16)
    assert [told(row) for row in rows] == ["1 A"]
    assert reader.ends_early
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.params) == ("invalid_json", {"line": 2})


def test_only_a_bounded_part_of_a_long_object_is_kept() -> None:
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed(f'[{A}, {{"description": "'.encode())
    kept = []
    for _ in range(64):
        reader.feed(b"x" * (1 << 18))
        while not reader.is_hungry:
            reader.rows()
        kept.append(len(reader._json._window.text))  # nothing else shows what is kept
    assert max(kept) < 2 << 20
    assert max(kept[16:]) <= 1 << 18


TEXT = st.text(max_size=5)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "title": st.just("A") | JSON,
            "event_date": st.just("2025-07-01") | JSON,
            "city": st.just("Recife") | JSON,
            "local_info": JSON,
            "participants": JSON,
            "other": JSON,
        },
    )
    | JSON,
    max_size=6,
)


@settings(max_examples=200)
@given(RECORDS, st.integers(1, 40), st.sampled_from([None, 1, 2]), st.booleans(), st.integers(0, 5))
def test_chunk_boundaries_do_not_change_the_outcome(
    records: list[Any], chunk: int, indent: int | None, lines: bool, stop_after: int
) -> None:
    records = [EVENT, *records]
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records, indent=indent)
    content = text.encode()
    whole, rows = read(content)
    cut, same = read(content, chunk)
    assert same == rows
    assert (cut.fault, cut.dialect, cut.columns) == (whole.fault, whole.dialect, whole.columns)
    if not lines and whole.fault is None:
        assert len(rows) == len(records)
        assert next(row.fields is not None for row in rows)
    # After a crash, the rest comes from where the state says.
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed(content)
    reader.close()
    first: list[Row] = []
    while not reader.is_hungry and len(first) < stop_after:
        first += reader.rows(max_rows=1)
    resumed = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
    resumed.feed(content[resumed.offset :])
    resumed.close()
    while not resumed.is_hungry:
        first += resumed.rows()
    assert first == rows


LATE: Mapping[str, tuple[list[dict[str, Any]], list[str], str | None]] = {
    "a name that is there but for case": ([event(), {"TITLE": None}], ["1 A"], "duplicate_columns"),
    "a field that has a column": ([event(), event(), event(titulo="B")], ["1 A", "2 A"], "duplicate_columns"),
    "in the first record": ([event(TITLE="B"), event()], [], "duplicate_columns"),
    "a clearer name": (
        [{**EVENT, "name": "A", "title": ""}, event(title="B")],
        ["1 title:required", "2 B"],
        None,
    ),
    "a clearer name later": (
        [{"name": "A", "event_date": "2025-07-01", "city": "R"}, event(title="B")],
        ["1 A", "2 B"],
        None,
    ),
    "a required one": ([{"title": "A"}, event()], ["1 event_date:required city:required", "2 A"], None),
    "none that is required": ([{"title": "A"}, {"TITLE": "A"}], [], "duplicate_columns"),
}


@pytest.mark.parametrize("name", LATE)
def test_names_that_come_later_count_from_their_record_on_however_the_bytes_come(name: str) -> None:
    records, expected, fault = LATE[name]
    content = "\n".join(map(json.dumps, records)).encode()
    for chunk in (1 << 20, 16, 1):
        reader, rows = read(content, chunk)
        assert [told(row) for row in rows] == expected
        assert (reader.fault and reader.fault.code) == fault
        # After a crash the names are found once more, and are no further columns.
        again = JsonReader.load(reader.dump(), ImportOptions(), RECIFE)
        again.feed(content[reader.offset :])
        again.close()
        while not again.is_hungry:
            assert again.rows() == []
        assert (again.fault and again.fault.code, again.names) == (fault, reader.names)


@given(
    st.binary(max_size=200) | st.text(alphabet='[]{}",:\\ \n1aué', max_size=60).map(str.encode),
    st.integers(1, 9),
)
def test_any_bytes_give_a_result(content: bytes, chunk: int) -> None:
    _, rows = read(b"[" + content, chunk)
    assert rows == read(b"[" + content)[1]
    assert read(b'{"title":1}\n' + content, chunk)[1] == read(b'{"title":1}\n' + content)[1]


STARTS = ["2026-12-01T20:00:00-0300", "2026-12-02T10:00:00-0300", "2026-12-03 09:00"]


@pytest.mark.parametrize("chunk", [1 << 20, 9])
def test_a_member_of_times_is_the_date_where_it_holds_dates_and_no_other_does(chunk: int) -> None:
    events: list[dict[str, Any]] = [
        {"name": f"E{n}", "start_time": at, "city": "Recife"} for n, at in enumerate(STARTS)
    ]
    # What comes late does not change what was taken.
    more = [{**events[0], "name": "late", "note": "x"}, {**events[0], "name": "later", "date": "2027-01-01"}]
    undated = {"name": "none", "start_time": None, "city": "Recife"}
    reader, rows = read(json.dumps([undated, *events, *more]).encode(), chunk)
    assert [told(row) for row in rows[1:]] == ["1 E0", "1 E1", "1 E2", "1 late", "1 later"]
    assert told(rows[0]) == "1 event_date:required"
    dates = [row.fields.event_date for row in rows if row.fields]
    first = "2026-12-01T20:00:00-03:00"
    assert dates[:2] == [first, "2026-12-02T10:00:00-03:00"]
    assert dates[2:] == ["2026-12-03T09:00:00", first, first]
    assert reader.fault is None


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"start_time": "20:00"}, "missing_columns"),
        ({"start_time": 20}, "missing_columns"),
        ({"start_time": STARTS[0], "hora": "20:00"}, "duplicate_columns"),
    ],
)
def test_a_member_of_times_stays_one_elsewhere(members: dict[str, Any], code: str) -> None:
    reader, rows = read(json.dumps([{"title": "A", "city": "B", **members}]).encode())
    assert (rows, reader.fault and reader.fault.code) == ([], code)


def test_a_member_of_times_beside_dates_is_their_time() -> None:
    one = {"title": "A", "city": "B", "date": "2026-12-01", "start_time": "20:00"}
    _, rows = read(json.dumps([one]).encode())
    assert [row.fields.event_date for row in rows if row.fields] == ["2026-12-01T20:00:00"]


def test_features_whose_members_nobody_knows_can_be_mapped() -> None:
    feature = {"type": "Feature", "properties": {"NM_EVENTO": "A", "DT_INI": "2025-07-01", "NM_MUN": "R"}}
    mapping = {"title": "NM_EVENTO", "event_date": "DT_INI", "city": "NM_MUN"}
    content = json.dumps({"features": [feature]}).encode()
    _, rows = read(content, mapping=mapping)
    assert [told(row) for row in rows] == ["1 A"]
    unmapped, _ = read(content)
    assert (unmapped.fault and unmapped.fault.code, unmapped.names) == (
        "missing_columns",
        [*feature["properties"], "type"],
    )


WRITTEN = {
    "title": {"rendered": "S&#227;o Jo&#227;o &#8211; 2026 &amp; Cia"},
    "date": "2026-01-02",
    "city": "R",
}


@pytest.mark.parametrize("beside", ["date_gmt", "modified_gmt", "date_utc"])
def test_a_date_beside_one_in_utc_is_when_the_record_was_written(beside: str) -> None:
    record = {**WRITTEN, beside: "2026-01-02T03:00:00", "acf": {"data_do_evento": "28/05/2026"}}
    reader, rows = read(json.dumps([record]).encode())
    assert rows == []
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.rule) == ("missing_columns", "written")
    assert reader.fault.params == {"fields": ("event_date",), "column": "date"}
    # Whoever says so means it.
    _, [row] = read(json.dumps([record]).encode(), mapping={"event_date": "date"})
    assert row.fields is not None
    assert (row.fields.title, row.fields.event_date) == (
        "S\u00e3o Jo\u00e3o \u2013 2026 & Cia",
        "2026-01-02T00:00:00",
    )


POST = {"date": "2026-01-02", "title": {"rendered": "A"}, "city": "R"}


@pytest.mark.parametrize("count", [1, 300])
@pytest.mark.parametrize(
    ("beside", "is_post"),
    [
        ({"modified": "2026-01-02", "slug": "a"}, True),
        ({"modified": "2026-01-02", "guid": {"rendered": "a"}}, True),
        ({"modified": "2026-01-02", "acf": {"data": "20260701"}}, True),
        ({"status": "publish"}, True),
        # What other programs say of events, too.
        ({"modified": "2026-01-02"}, False),
        ({"slug": "a", "status": "published", "type": "show"}, False),
        ({"status": ["publish"]}, False),
    ],
)
def test_the_date_of_a_blog_s_post_is_when_it_was_written(
    beside: dict[str, Any], is_post: bool, count: int
) -> None:
    content = json.dumps([{**POST, **beside}] * count).encode()
    reader, rows = read(content, 7 if count == 1 else 1 << 20)
    assert (reader.fault and reader.fault.rule) == ("written" if is_post else None)
    assert len([row for row in rows if row.fields]) == (0 if is_post else count)
    _, rows = read(
        json.dumps([{**POST, **beside, "start_date": "2026-07-01"}] * count).encode(), mapping=None
    )
    dates = {row.fields and row.fields.event_date for row in rows}
    assert dates == ({"2026-07-01T00:00:00"} if is_post else set())


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_the_date_of_a_post_that_is_none_of_the_event_s_stays_so(chunk: int) -> None:
    post = {**POST, "status": "publish", "start_date": "2026-07-01"}
    later = {**POST, "status": "draft", "start_date": "2026-07-01", "more": 1}
    _, rows = read("\n".join(map(json.dumps, [post, *[later] * 120])).encode(), chunk)
    assert {row.fields and row.fields.event_date for row in rows} == {"2026-07-01T00:00:00"}


@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_the_start_is_meant_beside_when_the_record_was_written(chunk: int) -> None:
    record = {**WRITTEN, "date_utc": "2026-01-02 03:00", "start_date": "2026-05-28 19:00:00"}
    _, rows = read("\n".join([json.dumps(record)] * 120).encode(), chunk)
    assert {row.fields and row.fields.event_date for row in rows} == {"2026-05-28T19:00:00"}


def test_a_date_that_was_taken_stays_and_one_beside_other_members_is_the_event_s() -> None:
    _, rows = read(json.dumps([event(modified="2026-01-02"), event()]).encode())
    assert len([row for row in rows if row.fields]) == 2
    plain = {"title": "A", "date": "2026-05-28", "city": "R"}
    content = "\n".join(map(json.dumps, [plain, {**plain, "date_gmt": "2026-05-28"}, plain])).encode()
    for chunk in (1 << 20, 1):
        _, rows = read(content, chunk)
        assert [row.fields and row.fields.event_date for row in rows] == ["2026-05-28T00:00:00"] * 3


@pytest.mark.parametrize("count", [1, 130])
def test_texts_like_errors_of_a_spreadsheet_are_texts_in_json(count: int) -> None:
    record = event(title="#N/A", description="'#REF!", participants=["Err:502"], city="'=1")
    _, rows = read(json.dumps([record] * count).encode())
    told_of = {
        row.fields and (row.fields.title, row.fields.description, *row.fields.participants, row.fields.city)
        for row in rows
    }
    assert told_of == {("#N/A", "'#REF!", "Err:502", "'=1")}


OWN = '"title":"E","event_date":"2026-06-24","city":"R"'
CONSTANTS: list[tuple[str, list[str]]] = [
    (f'{{{OWN},"local_info":{{"location_name":"T1","capacity":NaN}}}}', []),
    (f'{{{OWN},"local_info":{{"location_name":NaN,"capacity":-1}}}}', ["local_info.capacity:out_of_range"]),
    (
        f'{{{OWN},"local_info":{{"location_name":"T1","past_events":[NaN,3]}}}}',
        ["local_info.past_events[1]:invalid_type"],
    ),
    (f'{{{OWN},"local_info":{{"location_name":"T1","is_accessible":NaN,"address":NaN}}}}', []),
    (f'{{{OWN},"local_info":{{"location_name":"T1","venue_type":NaN,"x":{{"y":[NaN]}}}}}}', []),
    (f'{{{OWN},"local_info":NaN}}', []),
    (f'{{{OWN},"local":NaN}}', []),
    (f'{{{OWN},"local":{{"location_name":NaN}}}}', []),
    (f'{{{OWN},"location":{{"name":"Sala","capacity":NaN}}}}', []),
    (f'{{{OWN},"location":{{"name":"Sala","city":NaN}}}}', []),
    (f'{{{OWN},"capacity":NaN,"location_name":"T1"}}', []),
    (f'{{{OWN},"capacity":3,"location_name":NaN}}', []),
    (f'{{{OWN},"participants":[NaN,"A",3]}}', ["participants[2]:invalid_type"]),
    (f'{{{OWN},"participants":[{{"name":NaN}},{{"name":"A"}}]}}', []),
    (f'{{{OWN},"participants":NaN}}', []),
    (f'{{{OWN},"description":NaN,"event_time":NaN,"id":NaN,"x":NaN}}', []),
    ('{"title":NaN,"event_date":"2026-06-24","city":"R"}', []),
    ('{"title":{"text":NaN},"event_date":"2026-06-24","city":"R"}', []),
    ('{"title":"E","event_date":NaN,"city":NaN}', []),
    ('{"title":NaN,"event_date":"x","city":""}', ["event_date:invalid_date", "city:required"]),
    ('{"title":"E","event_date":"2026-06-24","city":"R","local_info":{"location_name":"T1"},"z":NaN}', []),
    (f'{{{OWN},"venue":[NaN]}}', []),
    (f'{{{OWN},"location":[{{"name":"Sala"}},NaN]}}', []),
    (f'{{{OWN},"address":[NaN]}}', []),
    ("NaN", []),
]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(("record", "others"), CONSTANTS)
def test_what_is_no_json_is_told_once_and_not_as_missing(record: str, others: list[str], word: str) -> None:
    record = record.replace("NaN", word)
    for text in (f"[{A},{record}]", f"{A}\n{record}\n{A}"):
        reader, rows = read(text.encode())
        assert reader.fault is None
        codes = [f"{error.field}:{error.code}" for error in rows[1].errors]
        assert codes == [":invalid_json", *others]
        assert rows[1].errors[0].value == word


def test_a_zone_that_is_no_json_is_told_once() -> None:
    _, rows = read(b'[{"title":"E","city":"R","start":{"dateTime":"2026-06-24T10:00:00","timeZone":NaN}}]')
    assert [f"{error.field}:{error.code}" for error in rows[0].errors] == [":invalid_json"]


def test_several_words_that_are_no_json_are_told_once_each() -> None:
    _, rows = read(f'[{{{OWN},"description":NaN,"x":[NaN,Infinity]}}]'.encode())
    assert [error.value for error in rows[0].errors] == ["NaN", "Infinity"]


def test_what_is_no_json_contradicts_no_other_member() -> None:
    text = f'[{A},{{{OWN},"location":{{"name":"Sala","city":NaN}}}},{A}]'
    reader, rows = read(text.encode())
    assert reader.fault is None
    assert [row.fields is None for row in rows] == [False, True, False]
