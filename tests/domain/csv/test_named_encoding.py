"""A named encoding that is not the file's: told as the reason, with one that is."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.services.imports.options import parse_options
from domain.csv.dialect import ENCODINGS, known_encoding
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


NAMES = {
    "utf-8": "utf8 UTF_8 utf-8-sig cp65001 u8",
    "windows-1252": "cp1252 cp-1252 CP_1252 windows1252 windows_1252 win1252 win-1252 x-cp1252 1252",
    "windows-1251": "cp1251 windows-1251 win-1251",
    "koi8-r": "koi8r KOI8_R cskoi8r",
    "iso-8859-1": "iso8859-1 iso_8859_1 ISO88591 ISO-8859_1 latin1 latin-1 latin_1 L1 cp819",
    "iso-8859-15": "iso8859-15 latin9 latin-9 l9",
    "mac-roman": "macroman macintosh mac_roman x-mac-roman MacRoman mac",
    "cp850": "CP-850 cp_850 850 ibm850 IBM-850",
    "utf-16-le": "utf16le UTF-16LE utf_16_le utf-16 u16",
    "utf-16-be": "utf16be UTF-16BE",
}
WITH_BLANKS = {
    "windows-1252": "windows 1252",
    "iso-8859-1": " ISO 8859 1\n",
    "cp850": "cp 850",
    "utf-8": "UTF 8",
}


@pytest.mark.parametrize(("encoding", "names"), NAMES.items())
def test_an_encoding_is_known_by_any_of_its_usual_names(encoding: str, names: str) -> None:
    wanted = [encoding, encoding.upper(), *names.split(), WITH_BLANKS.get(encoding, encoding)]
    assert {name: known_encoding(name) for name in wanted} == dict.fromkeys(wanted, encoding)
    assert {name: parse_options({"encoding": name}) for name in wanted} == dict.fromkeys(
        wanted, ImportOptions(encoding=encoding)
    )


@pytest.mark.parametrize(
    "name", ["", " ", "x", "-", "utf-7", "cp437", "8850", "cp850x", "ütf-8", "\ud800", "\0"]
)
def test_other_names_are_those_of_no_encoding_that_is_read(name: str) -> None:
    assert known_encoding(name) is None
