"""Files as people keep them: rows above the header, dates in an order of their own, times apart."""

import csv
import io
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.imports import ImportOptions
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row

RECIFE = ZoneInfo("America/Recife")

cells = {
    "title": st.sampled_from(["Festa", "Cinema", "#REF!", " Jazz", "TOTAL", "1", "Título", ""]),
    "event_date": st.sampled_from(
        [
            *(
                "01/07/2025",
                "13/07/2025",
                "07/13/2025",
                "1/1/25",
                "31/02/2025",
                "2025-07-01",
                "x",
                "",
                "#N/A",
            ),
            *("01/07/2025 10:00", "7/1/2025 7:30 PM", "1 de julho de 2025", "Data", "a definir"),
        ]
    ),
    "event_time": st.sampled_from(
        [
            "",
            "19:30",
            "19h",
            "7:30 PM",
            "19:00-22:00",
            "Hora",
            " 9:00",
            "0.5",
            "2025-07-01 10:00",
            "13/07/2025",
        ]
    ),
    "city": st.sampled_from(["Recife", "São Paulo", "", "Cidade", "Err:502", "rec."]),
    "capacity": st.sampled_from(["", "300", "1.200", "muitos"]),
}
NAMES = {
    "title": ["Título", "Evento", "title"],
    "event_date": ["Data", "Data de início"],
    "event_time": ["Hora", "Início", "start_time"],
    "city": ["Cidade"],
    "capacity": ["Vagas", "Público"],
}
headers = st.lists(st.sampled_from(list(NAMES)), min_size=3, max_size=5, unique=True)
options = st.fixed_dictionaries(
    {},
    optional={
        "date_format": st.sampled_from(["auto", "dmy", "mdy", "iso"]),
        "values": st.just({"event_date": {"a definir": "2025-12-31"}, "city": {"REC.": "Recife"}}),
        "defaults": st.sampled_from([{"city": "Olinda"}, {"city": "Olinda", "event_date": "2026-06-24"}]),
        "mapping": st.sampled_from(
            [
                {"event_time": None},
                {"title": "#1"},
                {"event_date": "Data"},
                {"title": "#1", "event_date": "#2", "city": "#3"},
                {"title": "#2", "event_date": "#3", "city": "#1", "event_time": "#4"},
            ]
        ),
        "header_row": st.integers(0, 4),
    },
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    fields = draw(headers)
    out = io.StringIO(newline="")
    writer = csv.writer(
        out, delimiter=draw(st.sampled_from(",;")), lineterminator=draw(st.sampled_from(["\n", "\r\n"]))
    )
    for above in draw(st.lists(st.sampled_from(["Agenda de julho", "", "Data: hoje"]), max_size=3)):
        writer.writerow([above])
    ghosts = draw(st.integers(0, 2))
    header = [draw(st.sampled_from(NAMES[field])) for field in fields] + [""] * ghosts
    writer.writerow(header)
    rows = draw(st.lists(st.tuples(*(cells[field] for field in fields)), max_size=12))
    for row in rows:
        writer.writerow([*row, *[draw(st.sampled_from(["", "", "x"]))] * ghosts])
        if draw(st.integers(0, 9)) == 0:
            writer.writerow(header)
    return out.getvalue().encode()


def open_reader(given_options: Mapping[str, Any]) -> CsvReader:
    return CsvReader(ImportOptions(**given_options), RECIFE)


def drain(reader: CsvReader, **limits: int) -> list[Row]:
    rows: list[Row] = []
    while not reader.is_hungry:
        rows += reader.rows(**limits)
    return rows


def read(
    content: bytes, given_options: Mapping[str, Any], chunk: int = 1 << 20
) -> tuple[CsvReader, list[Row]]:
    reader, rows = open_reader(given_options), []
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        rows += drain(reader)
    reader.close()
    return reader, rows + drain(reader)


def facts(reader: CsvReader) -> tuple[object, ...]:
    return reader.fault, reader.dialect, reader.warnings, reader.columns, reader.offset


@given(files(), options)
@settings(max_examples=400)
def test_the_fast_path_equals_the_careful_readers(content: bytes, chosen: Mapping[str, Any]) -> None:
    fast, rows = read(content, chosen)
    careful = open_reader(chosen)
    careful._read_fast = lambda _stop, _rows: RowBatch.empty()  # type: ignore[method-assign]
    careful.feed(content)
    careful.close()
    assert drain(careful) == rows
    assert (careful.fault, careful.dialect) == (fast.fault, fast.dialect)


@given(files(), options, st.integers(1, 40))
@settings(max_examples=300)
def test_chunk_boundaries_do_not_change_the_outcome(
    content: bytes, chosen: Mapping[str, Any], chunk: int
) -> None:
    whole, rows = read(content, chosen)
    cut, same = read(content, chosen, chunk)
    assert same == rows
    assert facts(cut) == facts(whole)


@given(files(), options, st.integers(1, 3), st.integers(10, 90))
@settings(max_examples=300)
def test_a_reader_resumed_from_its_checkpoint_gives_the_same_rows(
    content: bytes, chosen: Mapping[str, Any], most: int, size: int
) -> None:
    whole, expected = read(content, chosen)
    reader, rows = open_reader(chosen), []
    while not reader.has_ended:
        reader.feed(content[reader.fed : reader.fed + size])
        if reader.fed == len(content):
            reader.close()
        while not reader.is_hungry:
            batch = reader.rows(max_rows=most)
            rows += batch
            if batch and not reader.fault:
                reader = CsvReader.load(reader.dump(), ImportOptions(**chosen), RECIFE)
                break
    assert rows == expected
    assert reader.dialect == whole.dialect


@given(files(), st.sampled_from(["dmy", "mdy"]))
def test_dates_accepted_by_auto_equal_those_of_the_proved_order(content: bytes, order: str) -> None:
    """Whatever `auto` lets in is the same as by the order that it found, or has one reading anyway."""
    reader, rows = read(content, {})
    shown = (reader.dialect or {}).get("date_format")
    _, asked = read(content, {"date_format": shown or order})
    by_record = {row.line: row.fields for row in asked}
    for row in rows:
        if row.fields is not None and shown:
            assert by_record[row.line] == row.fields


@given(
    st.lists(st.sampled_from(["Sao Joao", "São João", "Exposição", 'a\n"b"']), max_size=6),
    st.sampled_from(["mac_roman", "cp850", "cp1252"]),
    st.integers(1, 30),
)
def test_rows_before_garbled_text_do_not_depend_on_chunk_boundaries(
    titles: list[str], encoding: str, chunk: int
) -> None:
    lines = ['"' + title.replace('"', '""') + '",2026-07-01,Recife\n' for title in titles]
    content = ("title,event_date,city\n" + "".join(lines)).encode(encoding)
    whole, rows = read(content, {})
    cut, same = read(content, {}, chunk)
    assert (same, facts(cut)[0]) == (rows, facts(whole)[0])
    if encoding == "cp1252":
        assert whole.fault is None
        assert len(rows) == len(titles)
    elif "São João" in titles or "Exposição" in titles:
        assert whole.fault is not None
        assert whole.fault.code == "unclear_encoding"
