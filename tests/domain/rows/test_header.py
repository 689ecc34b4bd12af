"""Which of the first rows is the header, and how a table without one is read: as CSV and as a sheet."""

import json
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.csv.writer import csv_lines
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions
from domain.rows.header import Header, HeaderFault, HeadRow, find_header, find_table
from domain.rows.names import meaning
from domain.rows.row_parser import Row

ZONE = ZoneInfo("America/Recife")
PLACES: dict[str, str | None] = {"title": "#1", "event_date": "#2", "city": "#3"}
NAMES = ("Was", "Wann", "Wo", "Beschreibung", "Plätze", "Saal")
FIELDS = ("title", "event_date", "city", "description", "local_info.capacity", "local_info.location_name")
BY_NAME: dict[str, str | None] = dict(zip(FIELDS, NAMES, strict=True))
BY_PLACE: dict[str, str | None] = {field: f"#{at}" for at, field in enumerate(FIELDS, 1)}

Table = Sequence[Sequence[str]]
Reader = CsvReader | SheetReader


def _csv(delimiter: str, encoding: str, before: str = "") -> Callable[[Table], bytes]:
    return lambda table: before.encode(encoding) + csv_lines(table, delimiter).decode().encode(encoding)


def _sheet(table: Table) -> bytes:
    lines = [{"sheet": "S"}, *table]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


KINDS: dict[str, tuple[type[Reader], Callable[[Table], bytes]]] = {
    "comma": (CsvReader, _csv(",", "utf-8")),
    "semicolon": (CsvReader, _csv(";", "utf-8")),
    "tab": (CsvReader, _csv("\t", "utf-8")),
    "bar": (CsvReader, _csv("|", "utf-8")),
    "mark": (CsvReader, _csv(";", "utf-8-sig")),
    "UTF-16": (CsvReader, _csv("\t", "utf-16-le", "\ufeff")),
    "Windows": (CsvReader, _csv(";", "windows-1252")),
    "sep": (CsvReader, _csv("|", "utf-8", "sep=|\r\n")),
    "blank lines": (CsvReader, _csv(";", "utf-8", "\r\n;;\r\n")),
    "sheet": (SheetReader, _sheet),
}
cells = st.sampled_from(
    [
        *(
            "A",
            "Show",
            "Local",
            "Recife",
            "São Paulo",
            "",
            "Título",
            "Data",
            "Cidade",
            "x;y",
            "a,b",
            'um "b"',
        ),
        *("1", "2", "3", "#1", "300", "1.200", "TOTAL", "duas\nlinhas", "'=x"),
    ]
)
dates = st.sampled_from(
    [
        "2026-07-01",
        "01/07/2026 19h",
        "13/07/2026",
        "1 de julho de 2026",
        "3 a 5 de maio de 2027",
        "05/06/2026",
    ]
)
wide_rows = st.tuples(cells, dates | cells, cells, cells, cells, cells).map(list)
tables = st.lists(wide_rows, min_size=1, max_size=12)


def _read(
    kind: type[Reader], content: bytes, options: ImportOptions, *, chunk: int = 1 << 20, resumes: bool = False
) -> tuple[list[Row], Reader]:
    """Return the rows and the reader; it `resumes` from a checkpoint after each batch of at most two rows."""
    reader: Reader = kind(options, ZONE)
    rows: list[Row] = []
    while not reader.has_ended:
        reader.feed(content[reader.fed : reader.fed + chunk])
        if reader.fed >= len(content):
            reader.close()
        while not reader.is_hungry:
            batch = reader.rows(max_rows=2 if resumes else 1000)
            rows += batch
            if resumes and batch and not reader.fault:
                reader = kind.load(reader.dump(), options, ZONE)
                break
    return rows, reader


def _told(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return all of the rows but their lines, which errors may name."""
    errors = ([(error.field, error.code, error.rule, error.value) for error in row.errors] for row in rows)
    return [(row.record, row.fields, row.cells, told) for row, told in zip(rows, errors, strict=True)]


@given(st.sampled_from([*KINDS]), tables)
def test_a_table_without_a_header_gives_the_rows_of_the_same_with_one(
    name: str, table: list[list[str]]
) -> None:
    kind, written = KINDS[name]
    # The widest row, so that both have as many columns, and a date, by which the delimiter is known.
    table = [["Festa", "13/07/2026", "Recife", "d", "9", "Sala"], *table]
    named, one = _read(kind, written([NAMES, *table]), ImportOptions(mapping=BY_NAME))
    placed, other = _read(kind, written(table), ImportOptions(mapping=BY_PLACE, header_row=0))
    assert (one.fault, other.fault) == (None, None)
    assert _told(placed) == _told(named)
    assert [row.line + 1 for row in placed] == [row.line for row in named]
    assert other.dialect is not None
    assert other.dialect["header_row"] == 0
    assert [column["name"] for column in other.columns or ()] == [*BY_PLACE.values()]
    counts, others = ({w["code"]: w["count"] for w in reader.warnings} for reader in (one, other))
    assert others == counts


@given(st.sampled_from([*KINDS]), tables, st.integers(1, 40), st.booleans())
def test_neither_pieces_nor_checkpoints_change_the_rows_of_a_table_without_a_header(
    name: str, table: list[list[str]], chunk: int, resumes: bool
) -> None:
    kind, written = KINDS[name]
    content, options = written(table), ImportOptions(mapping=PLACES, header_row=0)
    rows, reader = _read(kind, content, options)
    same, other = _read(kind, content, options, chunk=chunk, resumes=resumes)
    assert (same, other.fault, other.dialect) == (rows, reader.fault, reader.dialect)
    assert other.columns == reader.columns


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_table_is_seen_to_have_no_header_by_the_date_of_its_first_row(name: str) -> None:
    kind, written = KINDS[name]
    content = written([["São João", "24/06/2026", "Recife"], ["B", "25/06/2026", "Olinda"]])
    rows, reader = _read(kind, content, ImportOptions(mapping=PLACES))
    assert [row.fields and row.fields.title for row in rows] == ["São João", "B"]
    assert reader.dialect is not None
    assert reader.dialect["header_row"] == 0
    above = {"sep": 1, "blank lines": 2}.get(name, 0)
    assert [row.line for row in rows] == [above + 1, above + 2]


HEADED = {
    "a header": ([["Título", "Data", "Cidade"], ["A", "2026-07-01", "R"]], 0),
    "words of another language": ([["Was", "Wann", "Wo"], ["A", "2026-07-01", "R"]], 0),
    "a date": ([["A", "2026-07-01", "R"], ["B", "2026-07-02", "R"]], -1),
    "a date with a fault": ([["A", "3 a 5 de maio de 2027", "R"], ["B", "2026-07-02", "R"]], -1),
    "a date without a year": ([["A", "24/06", "R"], ["B", "2026-07-02", "R"]], -1),
    "no date": ([["A", "a definir", "R"], ["B", "2026-07-02", "R"]], 0),
    "words of names": ([["Show", "2026-07-01", "Local"], ["Evento", "a definir", "Local"]], -1),
    "a date above a header": ([["Agenda", "01/07/2026", ""], ["Título", "Quando", "Cidade"], ["A"] * 3], 1),
    "a date elsewhere": ([["01/07/2026", "Wann", "Wo"], ["A", "2026-07-01", "R"]], 0),
    "a date of the city above a header": (
        [["Agenda", "01/07/2026", "10:00"], ["Título", "Quando", "Cidade"], ["A"] * 3],
        1,
    ),
    "an event above a header": ([["A", "01/07/2026", "R"], ["Título", "Quando", "Cidade"], ["A"] * 3], -1),
    "an event with a number above a header": (
        [["1984", "01/07/2026", "R"], ["Título", "Quando", "Cidade"], ["A"] * 3],
        -1,
    ),
    "a date, an event, a header": (
        [["Agenda", "01/07/2026", ""], ["A", "01/07/2026", "R"], ["Título", "Quando", "Cidade"]],
        2,
    ),
    "a date, two events, a header": (
        [["Agenda", "1/7/2026", ""], *[["A", "01/07/2026", "R"]] * 2, ["Título", "Quando", "Cidade"]],
        -1,
    ),
    "no date, an event, a header": (
        [["A", "a definir", "R"], ["B", "01/07/2026", "R"], ["Título", "Quando", "Cidade"]],
        0,
    ),
    "a title, an event, a header": (
        [["Agenda", "", ""], ["De", "01/07/2026", "Prefeitura"], ["Título", "Quando", "Cidade"]],
        2,
    ),
    "an event with words of names below": ([["A", "a definir", "R"], ["Show", "2026-07-01", "Local"]], 0),
}


@pytest.mark.parametrize("what", HEADED)
def test_a_first_row_with_a_date_where_the_mapping_has_it_is_no_header(what: str) -> None:
    table, place = HEADED[what]
    found = _found(table, mapping=PLACES)
    assert (found.place, found.columns.has_header) == (place, place >= 0)


def _found(table: Table, **options: Any) -> Header:
    rows = [HeadRow(line, row) for line, row in enumerate(table, 1)]
    found = find_header(rows, ImportOptions(**options), final=True)
    assert isinstance(found, Header)
    return found


EVENT, ASSUMED, SURE = (-1, False), (0, True), (0, False)
DEFAULTS = {"event_date": "2026-12-31"}
VALUES = {"event_date": {"A Definir": "2026-12-31"}, "title": {"x": "y"}}


@pytest.mark.parametrize(
    ("first", "options", "expected"),
    [
        *((["A", date, "R"], {}, EVENT) for date in ("2026-07-01", "-", "N/A", "null", "19h", "19:30")),
        *((["A", date, "R"], {}, EVENT) for date in ("2026-13-01", "2026-02-30", "31/31/2026", "1.13.2026")),
        *((["A", date, "R"], {}, ASSUMED) for date in ("a definir", "amanhã", "", "2026", "1", "Q3 2026")),
        *((["Show", date, "Local"], {}, ASSUMED) for date in ("a definir", "Wann")),
        *((["Was", date, "Wo"], {}, SURE) for date in ("Data", "Quando", "Início", "Hora")),
        *((["Evento", date, "Cidade"], {}, SURE) for date in ("Wann", "", "Julho", "2026", "a definir")),
        *((["Evento", date, "Cidade"], {}, ASSUMED) for date in ("2026-07-01", "Maio 2026", "3 a 5/7/2026")),
        (["Local", "a definir", "Evento", "Vagas"], {}, SURE),
        (["A", "a definir", "R"], {"values": VALUES}, EVENT),
        (["A", "amanhã", "R"], {"values": VALUES}, ASSUMED),
        (["A", "", "R"], {"defaults": DEFAULTS}, EVENT),
        (["A", " ", "R"], {"defaults": {"event_date": " "}}, ASSUMED),
        (["Was", "a definir", "Wo"], {"defaults": DEFAULTS}, ASSUMED),
        (["Título", "", "Wo"], {"defaults": DEFAULTS}, ASSUMED),
        (["Título", "", "Cidade"], {"defaults": DEFAULTS}, SURE),
        (["", "", "Wo"], {"defaults": DEFAULTS}, ASSUMED),
        (["A", "R"], {"mapping": {"title": "#1", "city": "#2"}, "defaults": DEFAULTS}, ASSUMED),
        (["Nome", "Cidade"], {"mapping": {"title": "#1", "city": "#2"}, "defaults": DEFAULTS}, SURE),
        (["A", "a definir", "R"], {"header_row": 1}, SURE),
        (["A", "a definir", "R", "_line"], {}, SURE),
        (["A", "Wann", "R"], {"mapping": {**PLACES, "title": "A"}}, SURE),
        (["Was", "Wann", "Wo"], {"mapping": None, "defaults": {**dict.fromkeys(PLACES, "x")}}, SURE),
    ],
)
def test_a_row_that_only_places_make_the_header_is_one_only_if_it_may_be_and_has_a_warning(
    first: list[str], options: dict[str, Any], expected: tuple[int, bool]
) -> None:
    found = _found([first, ["B", "2026-07-02", "R", "x"]], **{"mapping": PLACES, **options})
    assert (found.place, found.is_assumed) == expected


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_table_tells_what_is_no_record_because_of_its_header(name: str) -> None:
    kind, written = KINDS[name]
    rows, reader = _read(kind, written([["A", "a definir", "R"], ["B", "25/06/2026", "R"]]), _PLACED)
    assert [row.fields and row.fields.title for row in rows] == ["B"]
    assert [(warning["code"], warning["count"]) for warning in reader.warnings] == [("assumed_header", 1)]
    rows, reader = _read(
        kind, written([["Agenda", "", ""], ["Título", "Data", "Cidade"], ["B"] * 3]), _PLACED
    )
    assert [(warning["code"], warning["count"]) for warning in reader.warnings] == [("rows_above_header", 1)]


_PLACED = ImportOptions(mapping=PLACES)
headers = st.sampled_from(
    [
        ["Título", "Data", "Cidade", "", "", ""],
        ["Nome", "Hora", "Local", "Descrição", "Vagas", "Endereço"],
        ["Cidade", "Título", "Data", "x", "y", "z"],
        ["Evento", "2026-07-01", "Cidade", "", "", ""],
    ]
)


@given(st.sampled_from([*KINDS]), st.lists(wide_rows | headers, max_size=25))
def test_a_table_by_places_that_begins_with_an_event_is_read_from_there_whatever_follows(
    name: str, table: list[list[str]]
) -> None:
    kind, written = KINDS[name]
    content = written([["Festa", "13/07/2026", "Recife", "d", "9", "Sala"], *table])
    rows, reader = _read(kind, content, _PLACED)
    same, other = _read(kind, content, ImportOptions(mapping=PLACES, header_row=0))
    assert (rows, reader.fault, reader.warnings) == (same, other.fault, other.warnings)


_NO_RECORDS = ("rows_above_header", "assumed_header", "repeated_header", "other_table", "total_row")


@given(st.sampled_from([*KINDS]), tables | st.lists(wide_rows | headers, min_size=1, max_size=25))
def test_each_row_of_a_table_by_places_is_a_record_or_told_or_names_columns(
    name: str, table: list[list[str]]
) -> None:
    kind, written = KINDS[name]
    # By which the delimiter is known.
    table = [*table, ["Festa", "13/07/2026", "Recife", "d", "9", "Sala"]]
    rows, reader = _read(kind, written(table), _PLACED)
    if reader.fault is not None:
        # A header may have two columns `Local`, or two that are called `#1`.
        assert reader.fault.code == "duplicate_columns"
        return
    told = {warning["code"]: warning["count"] for warning in reader.warnings}
    told = {code: count for code, count in told.items() if code in _NO_RECORDS}
    assert reader.dialect is not None
    is_named = reader.dialect.get("header_row") != 0 and "assumed_header" not in told
    assert len(rows) + sum(told.values()) + is_named == sum(any(map(str.strip, row)) for row in table)
    if is_named:
        header = [column["name"] for column in reader.columns or ()]
        assert sum(meaning(cell) is not None for cell in header) >= 1


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({}, ("title", "event_date", "city")),
        ({"mapping": {"event_date": "#2"}}, ("title", "city")),
        ({"mapping": {**PLACES, "city": None}}, ("city",)),
        ({"mapping": {**PLACES, "city": "Cidade"}}, ("city",)),
        ({"mapping": {**PLACES, "description": "Notas"}}, ("description",)),
        ({"mapping": {"title": "#1"}, "defaults": {"city": "R", "event_date": " "}}, ("event_date",)),
    ],
)
def test_fields_without_a_place_are_asked_for(options: dict[str, Any], fields: tuple[str, ...]) -> None:
    rows = [HeadRow(1, ["A", "2026-07-01", "R"])]
    found = find_header(rows, ImportOptions(header_row=0, **options), final=True)
    assert isinstance(found, HeaderFault)
    assert (found.problem.code, found.problem.rule) == ("missing_columns", "by_place")
    assert found.problem.params == {"fields": fields, "columns": ("#1 A", "#2 2026-07-01", "#3 R")}


@pytest.mark.parametrize(
    "first",
    [["Agenda cultural", "25/07/2026", "Prefeitura"], ["Agenda", "Julho de 2026", ""], ["x", "-", "y"]],
)
def test_a_named_column_of_a_field_that_only_a_default_gives_is_read(first: list[str]) -> None:
    table = [
        HeadRow(1, first),
        HeadRow(2, ["Evento", "Data", "Cidade"]),
        HeadRow(3, ["A", "26/07/2026", "Olinda"]),
    ]
    options = ImportOptions(mapping={"title": "#1", "event_date": "#2"}, defaults={"city": "Natal"})
    found = find_header(table, options, final=True)
    assert isinstance(found, Header)
    assert (found.line, found.columns.index["city"]) == (2, 2)


@pytest.mark.parametrize("name", KINDS)
def test_a_place_beyond_the_first_rows_is_no_column(name: str) -> None:
    kind, written = KINDS[name]
    options = ImportOptions(header_row=0, mapping={**PLACES, "description": "#9"})
    rows, reader = _read(kind, written([["A", "2026-07-01", "R"]]), options)
    assert (rows, reader.fault and (reader.fault.code, reader.fault.value)) == ([], ("missing_columns", "#9"))


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["B", "2026-07-02", "R"], None),
        (["B", "2026-07-02", "R", "x"], None),
        (["B", "2026-07-02", "R", "", "", ""], None),
        (["B", "2026-07-02"], "missing_cells"),
        (["B", "2026-07-02", "R", "x", "y"], "extra_cells"),
    ],
)
def test_a_row_has_the_mapped_cells_and_no_more_than_the_first_rows(row: list[str], code: str | None) -> None:
    first = [["A", "2026-07-01", "R", "x"]] * 100
    content = csv_lines([*first, row, ["C", "2026-07-03", "R"]], ";")
    rows, _ = _read(CsvReader, content, ImportOptions(header_row=0, mapping=PLACES))
    assert len(rows) == 102
    assert [error.code for error in rows[100].errors] == ([code] if code else [])
    if code:
        assert rows[100].errors[0].rule == "no_header"
        assert "header" not in rows[100].errors[0].message


def test_the_names_of_columns_in_a_table_that_was_said_to_have_none_are_told() -> None:
    content = csv_lines([["Título", "Data", "Cidade"], ["1", "2", "3"], ["A", "2026-07-01", "R"]], ";")
    rows, reader = _read(CsvReader, content, ImportOptions(header_row=0, mapping=PLACES))
    assert [warning["code"] for warning in reader.warnings] == ["repeated_header"]
    # Numbers of columns are no names of columns.
    assert [bool(row.errors) for row in rows] == [True, False]


@pytest.mark.parametrize(("name", "header_row"), [*product(["_line", "_LINE"], [0, None])])
def test_a_file_of_rejected_rows_has_a_header_whatever_theirs_had(name: str, header_row: int | None) -> None:
    header, row = ["title", "event_date", "city", name, "_errors"], ["A", "2026-07-01", "R", "1", "x"]
    found = _found([header, row], header_row=header_row, mapping={**PLACES, "id": "_line"})
    assert (found.place, found.columns.index["id"]) == (0, 3)


def test_a_far_cell_does_not_give_each_column_before_it_a_name() -> None:
    found = _found([["A", "2026-07-01", "R", *[""] * 2000, "x"]], header_row=0, mapping=PLACES)
    assert [name for name in found.names if name] == ["#1", "#2", "#3", "#2004"]


@pytest.mark.parametrize(
    ("table", "is_table"),
    [
        ([["A", "2026-07-01", "R"]], True),
        ([["A", "a definir", "R"], ["B", "01/07/2026", "R"]], True),
        ([["Agenda", "da cidade", "de Recife"]], False),
        ([["Agenda"]], False),
        ([], False),
    ],
)
def test_a_sheet_without_a_header_has_events_where_it_has_dates(
    table: list[list[str]], is_table: bool
) -> None:
    rows = [HeadRow(line, row) for line, row in enumerate(table, 1)]
    assert (find_table(rows, ImportOptions(header_row=0, mapping=PLACES)) is not None) == is_table


@pytest.mark.parametrize("delimiter", ",;\t|")
def test_the_delimiter_of_a_table_without_a_header_is_that_which_parts_its_dates(delimiter: str) -> None:
    others = "".join(mark for mark in ",;|" if mark != delimiter)
    title = others.join("ABCDE")
    content = f"{title}{delimiter}2026-07-01{delimiter}Recife\n".encode() * 3
    for header_row in (0, None):
        rows, reader = _read(CsvReader, content, ImportOptions(header_row=header_row, mapping=PLACES))
        assert [row.fields and row.fields.title for row in rows] == [title] * 3
        assert reader.dialect is not None
        assert (reader.dialect["delimiter"], reader.dialect["header_row"]) == (delimiter, 0)
