"""Files in, rows out: the corpus, and what must hold for any bytes."""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain.csv.reader import CsvReader
from domain.imports import ImportOptions
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row
from tests.domain.corpus import CASES, DATE, HEADER, RFC_VENUE, file, row

RECIFE = ZoneInfo("America/Recife")


def drain(reader: CsvReader, **limits: int) -> Iterator[Row]:
    while not reader.is_hungry:
        yield from reader.rows(**limits)


def read(
    content: bytes, chunk: int = 1 << 20, options: Mapping[str, Any] | None = None
) -> tuple[CsvReader, list[Row]]:
    reader = CsvReader(ImportOptions(**(options or {})), RECIFE)
    rows: list[Row] = []
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
        rows.extend(drain(reader))
    reader.close()
    rows.extend(drain(reader))
    return reader, rows


def told(row: Row) -> str:
    if row.fields:
        return f"{row.line} {row.fields.title}"
    return f"{row.line} " + " ".join(f"{error.field}:{error.code}" for error in row.errors)


@pytest.mark.parametrize("chunk", [1 << 20, 4096, 7])
@pytest.mark.parametrize("name", CASES)
def test_each_file_of_the_corpus_reads_as_documented(name: str, chunk: int) -> None:
    case = CASES[name]
    if chunk == 7 and len(case.content) > 100_000:
        chunk = 997
    reader, rows = read(case.content, chunk, case.options)
    assert (reader.fault.code if reader.fault else None) == case.fault
    assert [told(row) for row in rows] == list(case.rows)
    assert [row.record for row in rows] == list(range(1, len(rows) + 1))
    assert {w["code"]: w["count"] for w in reader.warnings} == case.warnings
    assert case.dialect.items() <= (reader.dialect or {}).items()
    assert reader.has_ended
    if not case.fault:
        assert reader.offset == len(case.content)


pieces = st.sampled_from(
    [
        *'",;\\ \n\r\tx0{}[]:',
        '""',
        '\\"',
        "\r\n",
        ',"',
        '",',
        '" ,',
        ' "',
        ', ""',
        "\n,,,,,\n",
        "A\u0303",
        "\x00",
        "\ud800",
        "\u2028",
        "\u202e",
        row("A"),
        row("A") + "\n",
        row("A", f'Ana;Bo,"{RFC_VENUE}"') + "\n",
        row("B", ',"{\\"location_name\\": \\"Teatro\\"}"') + "\n",
        (
            f'"T",,{DATE}Z,Olinda,,"{{""location_name"":""ab"",""capacity"":1,""venue_type"":""Salao"",'
            '""is_accessible"":true,""address"":null,""past_events"":[],""manually_edited"":false}"\n'
        ),
        f"{DATE[:10]},",
    ]
)
bodies = st.lists(pieces, max_size=25).map("".join)
contents = st.binary(max_size=200) | st.builds(
    lambda body, raw, end: HEADER.encode() + b"\n" + body.encode("utf-8", "surrogatepass") + raw + end,
    bodies,
    st.binary(max_size=4),
    bodies.map(lambda text: text.encode("utf-8", "surrogatepass")),
)


@given(contents, st.integers(1, 60))
def test_chunk_boundaries_do_not_change_the_rows(content: bytes, chunk: int) -> None:
    whole, rows = read(content)
    cut, same = read(content, chunk)
    assert same == rows
    assert (cut.fault, cut.warnings, cut.dialect, cut.offset) == (
        whole.fault,
        whole.warnings,
        whole.dialect,
        whole.offset,
    )


def _read_carefully(content: bytes) -> list[Row]:
    """Read without the fast path."""
    return list(drain(_careful_reader(content)))


def _told(reader: CsvReader) -> list[dict[str, object]]:
    """Return the warnings of single cells: repeated rows are told by whoever passes rows on."""
    return [warning for warning in reader.warnings if warning["code"] != "repeated_row"]


def _careful_reader(content: bytes) -> CsvReader:
    reader = CsvReader(ImportOptions(), RECIFE)
    reader._read_fast = lambda _stop, _rows: RowBatch.empty()  # type: ignore[method-assign]
    reader.feed(content)
    reader.close()
    return reader


@given(contents)
@settings(max_examples=300)
def test_the_fast_path_gives_the_rows_of_the_careful_readers(content: bytes) -> None:
    assert read(content)[1] == _read_carefully(content)


names = st.sampled_from(
    [
        *HEADER.split(","),
        "local",
        "location_name",
        "capacity",
        "venue_type",
        "is_accessible",
        "address",
        "x",
        "",
    ]
)
values = st.sampled_from(
    [
        *(
            "",
            " ",
            "A",
            " A",
            "A ",
            ' "A',
            '"',
            "Teatro",
            "teatro",
            "12",
            "1.0",
            "-1",
            "99999999999",
            "sim",
            "0",
        ),
        *(
            "ab",
            "Ana;Bo",
            "Ana;;Ana",
            "Ana\nBo",
            "250",
            " 1.200",
            '["Ana"]',
            "[Ana",
            "null",
            " NULL ",
            DATE,
            DATE[:10],
            "{",
            *('{"location_name":"ab"}', "\\", '\\"', 'a\\", "b'),
            RFC_VENUE.replace('""', '"'),
        ),
        '{"location_name":"ab","location_name":"cd"}',
        '{"location_name":"ab","capacity":3,"capacity":3,"address":"x:y"}',
        '{"location_name": "address", "address": " R: 1 ", "venue_type": "praca", "past_events": [" p "]}',
    ]
)


@given(
    st.lists(names, max_size=6).map(lambda more: ["title", "event_date", "city", *more]),
    st.lists(st.lists(values, min_size=2, max_size=9), max_size=6),
    st.sampled_from(",;"),
)
@settings(max_examples=400)
def test_the_fast_path_equals_the_careful_readers_for_any_columns(
    header: list[str], rows: list[list[str]], delimiter: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(header)
    writer.writerows(["T", DATE, "Recife", *cells[: len(header) - 3]] for cells in rows)
    # And as nobody should write them: quotes and backslashes stand as they are.
    out.write(
        "".join(f"T,{DATE},Recife,".replace(",", delimiter) + delimiter.join(cells) + "\n" for cells in rows)
    )
    content = out.getvalue().encode()
    fast, found = read(content)
    careful = _careful_reader(content)
    assert found == list(drain(careful))
    assert _told(fast) == _told(careful)


@given(contents, st.integers(1, 3), st.integers(20, 300))
@example(HEADER.encode() + b"\nx\nS\x8bo Jo\x8bo\n", 1, 300)
def test_a_reader_resumes_after_any_batch_of_a_lost_reader(content: bytes, most: int, size: int) -> None:
    options = ImportOptions()
    _, expected = read(content)
    reader = CsvReader(options, RECIFE)
    rows: list[Row] = []
    for _ in range(10_000):
        reader.feed(content[reader.fed : reader.fed + size])
        if reader.fed == len(content):
            reader.close()
        while not reader.is_hungry:
            batch = reader.rows(max_rows=most)
            rows.extend(batch)
            if batch:
                reader = CsvReader.load(reader.dump(), options, RECIFE)
                break
        if reader.has_ended:
            break
    assert rows == expected


def _simple_lines(content: bytes) -> list[int]:
    """Number the records of a well-formed file by counting as an editor does, byte by byte."""
    numbers, line, quoted, fresh = [], 1, False, True
    for index, byte in enumerate(content):
        if fresh and byte not in b"\r\n":
            numbers.append(line)
            fresh = False
        quoted ^= byte == ord('"')
        if byte == ord("\n") or (byte == ord("\r") and content[index + 1 : index + 2] != b"\n"):
            line += 1
            fresh = fresh or not quoted
    return numbers[1:]


cells = st.text(st.sampled_from('ab",;\n\r\\ \u2028é\x85'.replace("\x85", "")), max_size=8)


@given(st.lists(st.tuples(cells, cells), max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_files_written_by_the_csv_module_read_back_with_their_line_numbers(
    written: list[tuple[str, str]], line_end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER.split(","))
    writer.writerows([f"t{a}", b, DATE, "Recife", "", ""] for a, b in written)
    content = out.getvalue().encode()
    _, rows = read(content)
    assert [row.fields and row.fields.description for row in rows] == [b for _, b in written]
    assert [row.fields and row.fields.title for row in rows] == [
        " ".join(f"t{a}".split()) for a, _ in written
    ]
    assert [row.line for row in rows] == _simple_lines(content)


@given(st.integers(0, 60))
def test_each_row_ends_at_the_offset_where_the_next_one_begins(lead: int) -> None:
    content = file("", *[row(f"Ação {n}", ',"x\ny"') for n in range(lead)], row("Z"))
    _, rows = read(content)
    starts = [content[row.end :].split(b",")[0].decode() for row in rows[:-1]]
    assert starts == [f"Ação {n}" for n in range(1, lead)] + ["Z"][: len(starts)]
    assert rows[-1].end == len(content)


@pytest.mark.parametrize(
    "line",
    ['a","\n', '"\n', '""\n', 'a,"\n', 'x,"\\"\n', '"a""\n', ' "\n', 'a,"b"c,"\n', '\\"\\\n', '","\\",\n'],
)
def test_reading_time_is_linear_in_the_file_size(line: str) -> None:
    def work(lines: int) -> int:
        content = (HEADER + "\n" + line * lines).encode()
        reader, _ = read(content, 1 << 16)
        return reader._records.work

    small, large = work(4_000), work(16_000)
    assert large <= 5 * small + 1_000_000
    assert large <= 400 * 16_000 * len(line) + 1_000_000


def test_a_checkpoint_is_small() -> None:
    reader, _ = read(file(*[row(f"T{n}") for n in range(3000)]))
    assert len(reader.dump()) < 1000
