"""A named encoding that is not the file's: told as the reason, with one that is."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.csv.dialect import ENCODINGS
from domain.csv.reader import CsvReader
from domain.files.preview import preview
from domain.imports import ImportOptions
from domain.rows.names import column_key
from domain.rows.row_parser import Row

RECIFE = ZoneInfo("America/Recife")
TEXT = (
    "título;data;município;descrição\n"
    "São João;24/06/2026;Ribeirão Preto;Até amanhã\n"
    "Conceição;25/06/2026;Goiânia;Três às nove\n"
)
LATIN = [name for name in ENCODINGS if name[:2] in ("ut", "is", "ma", "cp") or name.endswith("1252")]


def read(content: bytes, **options: Any) -> tuple[CsvReader, list[Row]]:
    reader = CsvReader(ImportOptions(**options), RECIFE)
    reader.feed(content)
    reader.close()
    rows: list[Row] = []
    while not reader.is_hungry:
        rows += reader.rows(max_rows=3)
    return reader, rows


@pytest.mark.parametrize("named", ENCODINGS)
@pytest.mark.parametrize("own", LATIN)
def test_a_named_encoding_that_hides_the_header_is_told_with_one_that_shows_it(own: str, named: str) -> None:
    content = TEXT.encode("utf-8" if own == "utf-8" else own)
    reader, rows = read(content, encoding=named)
    # The NULs of UTF-16 decide its order; and what is another letter may be the same one without accents.
    shown_by = own if own[:6] == named[:6] == "utf-16" else named
    names = content.decode(shown_by, "replace").split("\n")[0].split(";")
    if {"titulo", "data", "municipio"} <= set(map(column_key, names)):
        assert (reader.fault, len(rows)) == (None, 2)
        return
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.rule) == ("unclear_encoding", "named")
    assert (reader.fault.field, reader.fault.value) == ("encoding", named)
    _, mended = read(content, encoding=reader.fault.suggestion)
    assert [row.fields and row.fields.title for row in mended] == ["São João", "Conceição"]
    shown = preview(content, truncated=False, options=ImportOptions(encoding=named), timezone=RECIFE)
    assert shown.fault == reader.fault
    assert shown.encodings == (reader.fault.suggestion,)
    assert [row.fields and row.fields.title for row in shown.rows] == ["São João", "Conceição"]


@pytest.mark.parametrize("named", ENCODINGS)
@pytest.mark.parametrize("header", ["nome;dia;descrição", "a;b;c"])
def test_the_encoding_is_not_blamed_for_columns_that_the_file_lacks(header: str, named: str) -> None:
    reader, _ = read(f"{header}\nFesta;x;y\n".encode(named, "replace"), encoding=named)
    assert reader.fault is not None
    assert reader.fault.code == "missing_columns"


def test_the_encoding_is_blamed_for_some_of_the_missing_columns() -> None:
    reader, _ = read("título;data;descrição\nFesta;24/06/2026;Até\n".encode(), encoding="windows-1252")
    assert reader.fault is not None
    assert (reader.fault.code, reader.fault.suggestion) == ("unclear_encoding", "utf-8")
