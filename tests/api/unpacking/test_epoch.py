"""The first day of a workbook, from which its unformatted numbers count."""

import io
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from api.unpacking.archive import Workbook
from api.unpacking.epoch import counts_from_1904

CORPUS = Path(__file__).parents[2] / "corpus"
DATE_MODE = b"\x22\x00\x02\x00"


@pytest.mark.parametrize("is_1904", [False, True])
def test_a_workbook_tells_whether_it_counts_from_1904(is_1904: bool) -> None:
    book, content = openpyxl.Workbook(), io.BytesIO()
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    book.save(content)
    assert counts_from_1904(Workbook("xlsx", content.getvalue())) == is_1904
    old = (CORPUS / "agenda.xls").read_bytes()
    old = old.replace(DATE_MODE + b"\x00\x00", DATE_MODE + bytes([is_1904, 0]))
    assert counts_from_1904(Workbook("xls", old)) == is_1904


@pytest.mark.parametrize("form", ["xls", "xlsx", "xlsm", "xlsb", "ods"])
def test_what_cannot_be_read_counts_as_ever(form: str) -> None:
    assert not counts_from_1904(Workbook(form, b"PK\x03\x04 damaged"))  # type: ignore[arg-type]
