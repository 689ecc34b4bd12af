"""Rows and cells of an .xlsx are cut in one pass, whatever the sheet leaves open and however long it is."""

import io
import time

import pytest

from api.unpacking import xlsx_rows
from api.unpacking.xlsx_rows import cells_of, rows_of

MIB = 1024 * 1024
MARKS = (b"<f",)


def rows(xml: bytes) -> list[tuple[bytes, bytes]]:
    return list(rows_of(io.BytesIO(xml), MARKS))


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_every_row_is_found_in_pieces_of_any_size(
    monkeypatch: pytest.MonkeyPatch, piece: int, prefix: str
) -> None:
    monkeypatch.setattr(xlsx_rows, "READ_BYTES", piece)
    xml = "<rowBreaks/><row><c><f/></c></row><row a='1'/><row></row>"
    xml = xml.replace("</row", f"</{prefix}row").replace("<row", f"<{prefix}row")
    assert rows(f"<sheetData>{xml}</sheetData>".encode()) == [
        (b"", b"<c><f/></c>"),
        (b" a='1'", b""),
        (b"", b""),
    ]


def test_rows_without_a_mark_are_passed_over_up_to_the_last() -> None:
    xml = b"".join(b'<row r="%d"><c/></row>' % number for number in range(1, 9))
    assert rows(xml) == [(b' r="8"', b"")]


def test_cells_have_their_attributes_and_their_content() -> None:
    found = [each.groups() for each in cells_of(b"<c r='A1'/><c><v>1</v></c><x:c s='2'><x:v>2</x:v></x:c>")]
    assert found == [(b" r='A1'", None), (b"", b"<v>1</v>"), (b" s='2'", b"<x:v>2</x:v>")]


ENDLESS = {
    "attribute": (b'<row><c r="', b"A" * 100),
    "attributes": (b"<row><c ", b'a="1" ' * 20),
    "row": (b"<row>", b"<c><v>1</v></c>" * 10),
    "empty_cells": (b"<row>", b"<c/>" * 30),
    "text": (b"<row><c>", b"a>" * 50),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_row_or_a_tag_without_end_is_refused(name: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    begin, more = ENDLESS[name]
    with pytest.raises(SystemExit):
        rows(begin + more * (70 * MIB // len(more)))
    assert b"too_large" in capfdbinary.readouterr().out


OPEN = {
    "rows": (b"<row>", b""),
    "rows_before_an_empty_one": (b"<row>", b"<row/>"),
    "rows_before_a_whole_one": (b"<row>", b"</row>"),
    "tags_of_rows": (b"<row ", b"</row>"),
    "empty_rows": (b"<row/>", b""),
    "prefixes": (b"<aaaaa", b"</row>"),
    "ends": (b"</row>", b""),
}


@pytest.mark.alone
@pytest.mark.parametrize("name", OPEN)
def test_what_a_sheet_leaves_open_is_read_in_time_that_grows_with_its_length(name: str) -> None:
    many, end = OPEN[name]
    begun = time.process_time()
    for _, content in rows(many * (8 * MIB // len(many)) + end):
        for _ in cells_of(content):
            pass
    assert time.process_time() - begun < 5


@pytest.mark.alone
@pytest.mark.parametrize("many", [b"<c>", b"<c ", b"<x:c>", b"<c/>", b"<c><c/>", b"</c>", b"<"])
def test_what_a_row_leaves_open_is_read_in_time_that_grows_with_its_length(many: bytes) -> None:
    row = many * (8 * MIB // len(many))
    begun = time.process_time()
    for _ in cells_of(row):
        pass
    assert time.process_time() - begun < 5
