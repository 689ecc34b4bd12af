"""Whatever is in a file: rows or faults come out, and a reader goes on equal from every state."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.files.calendar_reader import CalendarReader
from domain.files.json_reader import JsonReader
from domain.files.member_values import _EXPECTED, cell_text
from domain.imports import ImportOptions
from domain.rows.columns import FIELDS
from domain.rows.row_parser import Row
from domain.sentences import SENTENCES

RECIFE = ZoneInfo("America/Recife")
OPTIONS = ImportOptions(defaults={"city": "Recife"})
EVENT = {"title": "A", "event_date": "2026-05-28", "city": "Recife"}

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "65", "2026-05-28", "19:00", "#REF!", "S\u00e3o", "x\ud800", "\udced", "a;b", "{", "["]
    ),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["$oid", "$date", "$numberInt", "name", "city", "rendered", "start", "x\ud800"]),
            inner,
            max_size=2,
        )
    ),
    max_leaves=4,
)
NAMES = (
    *("id", "_id", "uid", "title", "description", "date", "event_date", "event_time", "start", "city"),
    *("participants", "attendees", "local_info", "local", "location", "venue", "place", "address", "dates"),
    *("capacity", "venue_type", "is_accessible", "past_events", "manually_edited", "status", "date_gmt"),
    *("recurrence", "properties", "attributes", "_embedded", "venues", "global_id", "rest_url", "isAllDay"),
    *("x", "x\ud800", "t\u00edtulo"),
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(NAMES), ANY, max_size=6) | ANY, min_size=1, max_size=5)

CALENDAR = (
    "BEGIN:VCALENDAR\nVERSION:2.0\n"
    "BEGIN:VTIMEZONE\nTZID:Bras\u00edlia\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:-0300\n"
    "TZOFFSETTO:-0300\nEND:STANDARD\nEND:VTIMEZONE\n"
    "BEGIN:VEVENT\nUID:S\u00e3o-1\nSUMMARY:A\nDTSTART;TZID=Bras\u00edlia:20260528T190000\nRRULE:FREQ=WEEKLY\n"
    "END:VEVENT\n"
    "BEGIN:VEVENT\nUID:S\u00e3o-1\nRECURRENCE-ID;TZID=Bras\u00edlia:20260604T190000\nSUMMARY:B\n"
    "DTSTART:20260605T190000\nEND:VEVENT\n"
    "BEGIN:VEVENT\nUID:S\u00e3o-1\nRECURRENCE-ID:amanh\u00e3\nSUMMARY:C\nDTSTART:20260606T190000\nEND:VEVENT\n"
    "BEGIN:VEVENT\nUID:Jo\u00e3o\nSUMMARY:D\nDTSTART:amanh\u00e3\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
    "END:VCALENDAR\n"
)
TABLE = (
    "t\u00edtulo,data,cidade,observa\u00e7\u00e3o\n"
    "A,28/05/2026,Recife,S\u00e3o\nB,29/05/2026,Recife,S\u00e3o\n"
)
OBJECTS = (
    '[{"title":"A","date":"2026-05-28","observa\u00e7\u00e3o":"S\u00e3o","x\\ud800":1},'
    '{"x\\udced":2,"title":"B"}]'
)
LINES = '{"title":"A","date":"2026-05-28"}\n{"observa\u00e7\u00e3o":1,"title":"B","date":"2026-05-29"}\n'
SAMPLES: dict[str, tuple[type, str]] = {
    "calendar": (CalendarReader, CALENDAR),
    "table": (CsvReader, TABLE),
    "array": (JsonReader, OBJECTS),
    "lines": (JsonReader, LINES),
}


def outcome(reader: Any) -> tuple[list[Row], Any]:
    rows: list[Row] = []
    while not reader.is_hungry:
        rows += reader.rows(max_rows=1)
    return rows, reader.fault and (reader.fault.code, reader.fault.value)


def assert_goes_on_from_each_state(kind: type, content: bytes) -> None:
    reader = kind(OPTIONS, RECIFE)
    reader.feed(content)
    reader.close()
    rows: list[Row] = []
    states: list[tuple[int, bytes]] = []
    while not reader.is_hungry:
        rows += reader.rows(max_rows=1)
        states.append((len(rows), reader.dump()))
    fault = reader.fault and (reader.fault.code, reader.fault.value)
    for count, state in states:
        resumed = kind.load(state, OPTIONS, RECIFE)  # type: ignore[attr-defined] # of each reader
        resumed.feed(content[resumed.offset :])
        resumed.close()
        later, its_fault = outcome(resumed)
        assert ([*map(seen, later)], its_fault) == ([*map(seen, rows[count:])], fault)


def seen(row: Row) -> tuple[Any, ...]:
    """Return a row without the sentences: the place in a line that is told depends on what is left of it."""
    return row.line, row.record, row.end, row.fields, row.event_id, [error.code for error in row.errors]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_in_any_encoding_goes_on_from_each_state(name: str, encoding: str) -> None:
    kind, text = SAMPLES[name]
    assert_goes_on_from_each_state(kind, text.encode(encoding))


def test_a_zone_whose_name_is_not_in_utf8_is_found() -> None:
    reader = CalendarReader(OPTIONS, RECIFE)
    reader.feed(CALENDAR.encode("cp1252"))
    reader.close()
    rows, _ = outcome(reader)
    assert [row.fields and row.fields.event_date for row in rows[:2]] == [
        "2026-05-28T19:00:00-03:00",
        "2026-06-05T19:00:00",
    ]


def test_text_of_a_calendar_in_another_encoding_is_refused_with_what_to_do() -> None:
    text = CALENDAR.replace("SUMMARY:A", "SUMMARY:S\u00e3o Jo\u00e3o").encode("cp1252")
    reader = CalendarReader(OPTIONS, RECIFE)
    reader.feed(text)
    reader.close()
    [error] = outcome(reader)[0][0].errors
    assert (error.code, error.rule) == ("encoding_error", "calendar")
    assert "encoding=windows-1252" in error.message
    named = CalendarReader(ImportOptions(defaults={"city": "Recife"}, encoding="windows-1252"), RECIFE)
    named.feed(text)
    named.close()
    fields = outcome(named)[0][0].fields
    assert fields is not None
    assert fields.title == "S\u00e3o Jo\u00e3o"


@settings(max_examples=150, deadline=None)
# Half of a pair, with and without half a character behind it.
@example("table", "utf-16-le", [(156, 0, b"\x00\xd8\x00")])
@example("table", "utf-16-le", [(156, 0, b"\x00\xd8")])
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.sampled_from(["utf-8", "cp1252", "utf-16-le"]),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 8), st.binary(max_size=4)), max_size=3),
)
def test_changed_bytes_are_rows_or_faults_and_every_state_goes_on(
    name: str, encoding: str, changes: list[tuple[int, int, bytes]]
) -> None:
    kind, text = SAMPLES[name]
    content = text.encode(encoding)
    for at, count, more in changes:
        content = content[:at] + more + content[at + count :]
    assert_goes_on_from_each_state(kind, content)


@settings(max_examples=400, deadline=None)
@given(RECORDS, st.booleans(), st.booleans())
def test_members_of_any_type_are_rows_or_faults(records: list[Any], lines: bool, is_late: bool) -> None:
    # Behind many plain ones, they are read in bulk.
    records = [*[EVENT] * (110 if is_late else 0), *records]
    text = "\n".join(map(json.dumps, records)) if lines else json.dumps(records)
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed(text.encode())
    reader.close()
    while not reader.is_hungry:
        for row in reader.rows():
            assert row.fields is not None or row.errors
        reader.dump()
    assert reader.fault is None or reader.fault.message


@pytest.mark.parametrize("name", ["_id", "id"])
@pytest.mark.parametrize(
    "value", [{"$oid": "65"}, {"a": 1}, {}, [], [1], True, False, None, 2.5, "x-1"], ids=str
)
@pytest.mark.parametrize("count", [1, 150])
def test_the_id_of_another_program_is_none(name: str, value: Any, count: int) -> None:
    reader = JsonReader(ImportOptions(), RECIFE)
    reader.feed("\n".join([json.dumps({name: value, **EVENT})] * count).encode())
    reader.close()
    rows, fault = outcome(reader)
    assert fault is None
    assert [row.fields and row.fields.title for row in rows] == ["A"] * count
    assert all(not (row.event_id or "").isdigit() for row in rows) or value == {"$oid": "65"}


def test_each_type_that_a_member_must_have_has_a_sentence() -> None:
    assert {f"invalid_type.{expected}" for expected in (*_EXPECTED.values(), "text")} <= SENTENCES.keys()
    for field in (*FIELDS, "local"):
        for value in ([], {}, True, 5, 2.5, [None], {"a": 1}):
            cell_text(field, value)
