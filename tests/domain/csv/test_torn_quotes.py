"""Quotes that never close cost their row; what stands in a cell that is closed is never read as rows."""

import csv
import io
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.imports import ImportOptions
from domain.rows.row_parser import Row

ZONE = ZoneInfo("America/Recife")
HEAD = "title,event_date,city,description\n"
B = "B,2025-07-02,R,d\n"
PROGRAMME = "Programa do dia:\nOficina,2025-07-02,Olinda,sala 2\n"


def read(text: str, chunk: int = 1 << 18) -> tuple[CsvReader, list[Row]]:
    reader, content = CsvReader(ImportOptions(), ZONE), text.encode()
    rows: list[Row] = []
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        while not reader.is_hungry:
            rows += reader.rows()
    reader.close()
    while not reader.is_hungry:
        rows += reader.rows()
    return reader, rows


def told(rows: list[Row]) -> list[str]:
    return [f"{row.line} {row.fields.title if row.fields else row.errors[0].code}" for row in rows]


CLOSED = {
    "one cell too many": (f'"A",2025-07-01,Recife,"{PROGRAMME}fim do programa",sobra\n', "extra_cells"),
    "one too few": (f'"A",2025-07-01,"{PROGRAMME}fim do programa"\n', "missing_cells"),
    "one too few, a break at the end": (f'"A",2025-07-01,"{PROGRAMME}"\n', "missing_cells"),
    "one too many, a break at the end": (f'"A",2025-07-01,R,"{PROGRAMME}",x\n', "extra_cells"),
    "text behind it": (f'"A",2025-07-01,Recife,"{PROGRAMME}fim do programa" sobra\n', "malformed_quote"),
    "text behind a line like a row": (
        f'"A",2025-07-01,R,"{PROGRAMME}Baile,2025-07-02,R,sala 2" x\n',
        "malformed_quote",
    ),
    "quotes within": (f'"A",2025-07-01,R,"{PROGRAMME}""fim"" do ""dia""",sobra\n', "extra_cells"),
    "several such cells": (f'"A","{PROGRAMME}","{PROGRAMME}fim","{PROGRAMME}",x\n', "extra_cells"),
}


@pytest.mark.parametrize("chunk", [1 << 18, 7])
@pytest.mark.parametrize("name", CLOSED)
def test_lines_of_a_closed_cell_are_no_rows_whatever_else_is_wrong(name: str, chunk: int) -> None:
    record, code = CLOSED[name]
    _, rows = read(HEAD + record + B, chunk)
    assert told(rows) == [f"2 {code}", f"{2 + record.count(chr(10))} B"]


OPEN = {
    "two neighbours": ("A,2025-07-01,R,'o1\nC,2025-07-01,R,'o2\n", "2 unclosed_quote/3 unclosed_quote/4 B"),
    "three": ("A,d,R,'o1\nC,d,R,'o2\nD,d,R,'o3\n", "2 unclosed_quote/3 unclosed_quote/4 unclosed_quote/5 B"),
    "and a quoted cell": ("A,d,R,'o1\nC,2025-07-01,R,'x, y'\n", "2 unclosed_quote/3 C/4 B"),
    "and one of several lines": ("A,d,R,'o1\nC,2025-07-01,R,'x\ny'\n", "2 unclosed_quote/3 C/5 B"),
    "and a torn one of several lines": (
        "A,d,R,'o1\nC,2025-07-01,R,'x\ny',z\n",
        "2 unclosed_quote/3 extra_cells/5 B",
    ),
    "and one with a quote first": ("A,d,R,'o1\n'''C'' D',2025-07-01,R,x\n", '2 unclosed_quote/3 "C" D/4 B'),
    "and one with a delimiter first": ("A,d,R,'o1\nC,2025-07-01,R,', y'\n", "2 unclosed_quote/3 C/4 B"),
    "and empty ones": ("A,d,R,'o1\nC,2025-07-01,R,''\nD,2025-07-01,R,'d'\n", "2 unclosed_quote/3 C/4 D/5 B"),
    "at the beginning of a line": ("'A,d,R,o1\n'C',2025-07-01,R,x\n", "2 unclosed_quote/3 C/4 B"),
    "many rows, and an inch": (f"A,d,R,'o1\n{B * 9}TV 42',2025-07-01,R,x\n", None),
    "many rows, and an inch within": (f"A,d,R,'o1\n{B * 9}5' disc,2025-07-01,R,x\n", None),
}


@pytest.mark.parametrize("chunk", [1 << 18, 7])
@pytest.mark.parametrize("name", OPEN)
def test_a_quote_that_never_closes_costs_its_row(name: str, chunk: int) -> None:
    text, rows = OPEN[name]
    _, found = read(HEAD + text.replace("'", '"') + B, chunk)
    if rows is None:
        assert told(found)[0] == "2 unclosed_quote"
        assert all(row.fields for row in found[1:])
        assert len(found) == 12
    else:
        assert told(found) == rows.split("/")


LINES = "".join(f"Linha {number},2025-07-02,Olinda,sala\n" for number in range(32_000))
"""More than a record may have."""


@pytest.mark.parametrize("chunk", [1 << 18, 1 << 16])
@pytest.mark.parametrize("end", ['"\n', 'fim"\n', 'fim",x\n', '"  \n', 'fim" x\n', '",,\n'])
def test_a_closed_cell_beyond_the_bound_is_one_error_and_the_next_record_is_read(
    end: str, chunk: int
) -> None:
    reader, rows = read(HEAD + f'A,2025-07-01,R,"{LINES}{end}{B}', chunk)
    assert told(rows) == ["2 too_long", "32003 B"]
    assert len("".join(rows[0].cells)) < 1 << 21
    assert reader.has_ended


def test_a_quote_that_never_closes_in_a_large_file_costs_its_row() -> None:
    for rest in (LINES * 6, LINES + 'C,2025-07-01,R,"x, y"\n' + LINES):
        reader, rows = read(f'{HEAD}A,2025-07-01,R,"d\n{rest}')
        assert told(rows)[:3] == ["2 unclosed_quote", "3 Linha 0", "4 Linha 1"]
        assert [row.line for row in rows if not row.fields] == [2]
        assert len(rows) == 1 + rest.count("\n")
        assert reader._records.work < 40 * (1 << 20)


cells = st.lists(
    st.sampled_from(
        ["Oficina,2025-07-02,Olinda,sala 2", 'a "b" c', "fim", "", 'x"', '"y', "a, ", " ", "1,2,3", ";"]
    ),
    min_size=1,
    max_size=5,
).map("\n".join)


@given(st.lists(st.lists(cells, min_size=1, max_size=7), max_size=4), st.booleans(), st.integers(1, 90))
@settings(max_examples=300)
def test_each_record_of_a_well_quoted_file_is_one_row_whatever_its_width(
    records: list[list[str]], is_all: bool, chunk: int
) -> None:
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if is_all else csv.QUOTE_MINIMAL
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")
    writer.writerows([f"T{at}", *record] for at, record in enumerate(records))
    _, rows = read(HEAD + out.getvalue(), chunk)
    assert [row.cells[0] for row in rows if not row.fields] == [f"T{at}" for at, record in enumerate(records)]
    assert len(rows) == len(records)


@given(
    st.lists(
        st.sampled_from(['a"', '"', '""', ",", "\n", "x", "\\", " ", B, 'a,"b"c,"\n', '"x\n",', '"\n']),
        min_size=1,
        max_size=6,
    ).map("".join)
)
@settings(max_examples=60, deadline=None)
def test_reading_time_grows_with_the_file(piece: str) -> None:
    def work(times: int) -> int:
        reader, _ = read(HEAD + (piece * times), 1 << 16)
        return reader._records.work if reader._state.columns else 0

    small, large = work(300), work(1_200)
    assert large <= 8 * small + 500_000
