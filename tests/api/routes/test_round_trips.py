"""Whatever is exported reads back equal: each kind of file gives the events that it was made of."""

import io
from codecs import BOM_UTF8
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import msgspec
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.exports.formats import FORMATS, Wanted
from api.services.exports.table import titles
from api.services.imports.file_source import READERS
from api.unpacking.archive import Workbook
from api.unpacking.sheets import marks_of, open_sheet, row_lines
from domain.csv.writer import csv_lines
from domain.events import Event, EventFields, parse_fields
from domain.files.kinds import sniff
from domain.imports import ImportOptions
from domain.venues import VENUE_TYPES

RECIFE = ZoneInfo("America/Recife")

ODD = st.sampled_from(
    [
        *"'=+-@\t\r\n\\\";,| _x",
        '\\"',
        '""',
        "''=",
        "_x000D_",
        "\u2028",
        "e\u0301",
        "\u00a0",
        "{}",
        "\ufeff",
        "\u200b",
    ]
)
ERRORS = st.sampled_from(["#N/A", "#REF!", "'#N/A", "''Err:502", "#VALOR!"])
TEXT = ERRORS | st.lists(ODD | st.characters(blacklist_categories=("Cs", "Cc", "Cn")), max_size=12).map(
    "".join
)
LIKE_JSON = [
    "{}",
    "[{}]",
    "[ {",
    "{ }",
    '{"a":1}',
    "{a: 1}",
    "{\u201ca\u201d: 1}",
    '{"location_name":"XX","capacity":9}',
    '[{"location_name":"XX"}]',
    "null",
    "NULL",
    "Null",
    "\\N",
    "(null)",
]
NAME = st.sampled_from(LIKE_JSON) | st.builds(
    str.format, st.sampled_from(["Xy{}", "[Xy] {}", "{{1 Xy {}}}", "{{}} {}", '{{"a":{}', "null {}"]), TEXT
)
VENUE = st.fixed_dictionaries(
    {"location_name": NAME},
    optional={
        "capacity": st.integers(0, 2**31 - 1),
        "venue_type": st.sampled_from([None, *VENUE_TYPES]),
        "is_accessible": st.booleans(),
        "address": st.none() | TEXT,
        "past_events": st.lists(TEXT, max_size=3),
        "manually_edited": st.booleans(),
    },
)
CLOCKS = ["", "T00:00", "T10:00:05", "T23:59:59.123456789", "T10:00:00Z", "T10:00:00.5-03:00", "T19:30+05:30"]
DAYS = ["2025-07-01", "2024-02-29", "1900-01-01", "1900-02-28", "1900-03-01", "2200-12-31", "2025-12-06"]
MEMBERS = st.fixed_dictionaries(
    {
        "title": TEXT,
        "description": TEXT,
        "event_date": st.builds(str.__add__, st.sampled_from(DAYS), st.sampled_from(CLOCKS)),
        "city": TEXT,
        "participants": st.lists(TEXT, max_size=4),
        "local_info": st.none() | VENUE,
    }
)

KINDS: dict[str, tuple[str, Wanted]] = {
    "json": ("json", Wanted()),
    "ndjson": ("ndjson", Wanted()),
    "csv": ("csv", Wanted()),
    "csv with semicolons": ("csv", Wanted(delimiter=";")),
    "csv in portuguese": ("csv", Wanted(language="pt")),
    "csv in english": ("csv", Wanted(language="en")),
    "csv in english with tabs": ("csv", Wanted(language="en", delimiter="\t")),
    "xlsx in portuguese": ("xlsx", Wanted(language="pt")),
    "xlsx in english": ("xlsx", Wanted(language="en")),
    "ics": ("ics", Wanted("epoch")),
}


def event_of(number: int, fields: EventFields) -> Event:
    members = (fields.title, fields.description, fields.event_date, fields.city, fields.participants)
    stamp = "2025-01-01T00:00:00.000Z"
    return Event(number, *members, fields.local_info, None, 1, stamp, stamp)


def written(kind: str, events: list[Event]) -> bytes:
    form, wanted = KINDS[kind]
    file = FORMATS[form].begin(wanted)
    # One by one: what stands between parts must be right, too.
    return file.opening() + b"".join(file.part([event]) for event in events) + file.closing()


def read(content: bytes) -> list[Any]:
    kind = sniff(content[:4096], closed=len(content) < 4096)
    assert isinstance(kind, str)
    options = ImportOptions()
    if kind == "packed":
        content, kind = table_of(content), "sheet"  # type: ignore[assignment] # what a workbook becomes
    reader = READERS[kind](options, RECIFE)  # type: ignore[index]
    reader.feed(content)
    reader.close()
    rows = []
    while not reader.is_hungry:
        rows += reader.rows()
    assert reader.fault is None, reader.fault
    return [row.fields or row.errors for row in rows]


def table_of(content: bytes) -> bytes:
    """Return what the process that opens workbooks writes."""
    workbook = Workbook("xlsx", content)
    opened = open_sheet(workbook, ImportOptions(), count_rows=False)
    lines = row_lines(opened.sheet, marks_of(workbook, opened), 1_048_576)
    head = {"format": "xlsx", "sheet": opened.sheet.name, "number": opened.number, "sheets": opened.sheets}
    return b"".join(msgspec.json.encode(line) + b"\n" for line in (head, *lines))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(all_members=st.lists(MEMBERS, min_size=1, max_size=4))
def test_an_exported_file_imports_back_unchanged(kind: str, all_members: list[dict[str, Any]]) -> None:
    parsed = [parse_fields(members, timezone=RECIFE) for members in all_members]
    kept = [fields for fields in parsed if isinstance(fields, EventFields)]
    if not kept:
        return
    content = written(kind, [event_of(n, fields) for n, fields in enumerate(kept, 1)])
    assert read(content) == kept


@pytest.mark.parametrize("name", LIKE_JSON)
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_that_is_written_as_json_or_as_none_is_a_name(kind: str, name: str) -> None:
    members = {
        "title": "A",
        "event_date": "2025-07-01",
        "city": "Recife",
        "local_info": {"location_name": name},
    }
    fields = parse_fields(members, timezone=RECIFE)
    assert isinstance(fields, EventFields)
    assert read(written(kind, [event_of(7, fields)])) == [fields]


@pytest.mark.parametrize("kind", KINDS)
def test_an_export_without_events_is_a_valid_file_without_rows(kind: str) -> None:
    if kind != "ndjson":  # Which is an empty file then.
        assert read(written(kind, [])) == []


TOO_LONG = {
    "description": {"description": "a" * 40_000},
    "guarded": {"description": "'=" + "a" * 40_000},
    "participants": {"participants": [f"{n} {'b' * 190}" for n in range(200)]},
    "address": {"local_info": {"location_name": "Teatro", "past_events": ["c" * 190] * 200}},
}


@pytest.mark.parametrize("members", TOO_LONG.values(), ids=TOO_LONG)
@pytest.mark.parametrize("kind", ["xlsx in portuguese", "xlsx in english"])
def test_what_a_cell_of_a_workbook_cannot_hold_is_refused_when_it_comes_back(
    kind: str, members: dict[str, Any]
) -> None:
    plain = {"title": "A", "event_date": "2025-07-01T19:30:00", "city": "Recife"}
    parsed = [parse_fields({**plain, **more}, timezone=RECIFE) for more in (members, {})]
    fields, short = (one for one in parsed if isinstance(one, EventFields))
    content = written(kind, [event_of(7, fields), event_of(8, short)])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    lengths = [len(str(cell.value)) for row in sheet.iter_rows() for cell in row]
    assert max(lengths) == 32_767
    cut, whole = read(content)
    assert [problem.code for problem in cut] == ["cell_cut"]
    assert whole == short
    # Nor is it taken from a CSV that a spreadsheet makes of the workbook.
    saved = csv_lines([["" if value is None else str(value) for value in row] for row in sheet.values], ",")
    assert [problem.code for problem in read(saved)[0]] == ["cell_cut"]
    assert read(written("csv", [event_of(7, fields)])) == [fields]


def test_tables_begin_with_a_byte_order_mark_and_carry_the_id() -> None:
    fields = parse_fields(
        {"title": "A", "event_date": "2025-07-01T19:30:00", "city": "Recife"}, timezone=RECIFE
    )
    assert isinstance(fields, EventFields)
    content = written("csv in portuguese", [event_of(7, fields)])
    assert content.startswith(BOM_UTF8)
    header, row = content.decode("utf-8-sig").splitlines()
    assert header.split(";") == titles("pt")
    assert row == "A;2025-07-01;19:30;Recife;;;;;;;;7;;"
    assert written("csv", [event_of(7, fields)]).decode("utf-8-sig").splitlines()[1].endswith(",7")


def test_a_workbook_has_real_dates_widths_and_a_frozen_header_and_no_formulas() -> None:
    members = {"title": "=1+1", "event_date": "2025-07-01T19:30:00", "city": "Recife"}
    venue = {"location_name": "Teatro", "capacity": 300, "is_accessible": True}
    fields = parse_fields({**members, "local_info": venue}, timezone=RECIFE)
    assert isinstance(fields, EventFields)
    sheet = openpyxl.load_workbook(io.BytesIO(written("xlsx in portuguese", [event_of(7, fields)]))).active
    header, row = sheet.iter_rows()
    assert [cell.value for cell in header] == titles("pt")
    title, day, clock, city, place, capacity, _, accessible = row[:8]
    assert (title.value, title.data_type, title.quotePrefix) == ("=1+1", "s", True)
    assert (day.is_date, day.value.date().isoformat()) == (True, "2025-07-01")
    assert clock.value.isoformat() == "19:30:00"
    assert (city.value, place.value, capacity.value, accessible.value) == ("Recife", "Teatro", 300, True)
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width > 30


def test_a_workbook_continues_on_another_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.services.exports.xlsx.MOST_ROWS", 3)
    fields = parse_fields({"title": "A", "event_date": "2025-07-01", "city": "Recife"}, timezone=RECIFE)
    assert isinstance(fields, EventFields)
    content = written("xlsx in english", [event_of(n, fields) for n in range(1, 6)])
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert [(sheet.title, sheet.max_row) for sheet in book] == [
        ("Events", 3),
        ("Events 2", 3),
        ("Events 3", 2),
    ]
    assert ZipFile(io.BytesIO(content)).testzip() is None
