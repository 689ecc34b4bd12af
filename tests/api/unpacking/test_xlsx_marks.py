"""Marked cells of an .xlsx are found wherever they stand, however the sheet is cut into pieces."""

import io
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.unpacking import xlsx_rows
from api.unpacking.faults import SheetMarks
from api.unpacking.xlsx_marks import mark_xlsx

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORKBOOK = f'<workbook xmlns:r="{RELATIONS}"><sheets><sheet name="A" r:id="r1"/></sheets></workbook>'
TARGETS = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'

CELLS = {
    "plain": ("<c><v>1</v></c>", {}),
    "none": ("", {}),
    "error": ('<c t="e"><v>#N/A</v></c>', {0: ("cell_error",)}),
    "quoted": ("<c/><c t='e'><v>#REF!</v></c>", {1: ("cell_error",)}),
    "formula": ("<c><f>A1</f></c>", {0: ("no_saved_value",)}),
    "shared": ('<c><f t="shared" si="0"/></c>', {0: ("no_saved_value",)}),
    "saved": ("<c><f>A1</f><v>2</v></c>", {}),
}


def sheet_of(names: list[str], *, numbered: bool, prefix: str) -> tuple[bytes, dict[int, Any]]:
    """Return a sheet with such rows, and its marks: row -> column -> codes."""
    xml, marked = "", {}
    for row, name in enumerate(names):
        cells, found = CELLS[name]
        number = f' r="{row + 1}"' if numbered else ""
        xml += f"<row{number}>{cells}</row>" if cells else f"<row{number}/>"
        if found:
            marked[row] = found
    if prefix:
        for tag in ("row", "c", "v", "f"):
            xml = xml.replace(f"<{tag}", f"<{prefix}{tag}").replace(f"</{tag}", f"</{prefix}{tag}")
    return f"<worksheet><sheetData>{xml}</sheetData></worksheet>".encode(), marked


def marks_of(sheet: bytes, calculation: str = "") -> dict[int, Any]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/workbook.xml", WORKBOOK.replace("</workbook>", f"{calculation}</workbook>"))
        archive.writestr("xl/_rels/workbook.xml.rels", TARGETS)
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
        marks = SheetMarks()
        mark_xlsx(archive, 0, marks)
    return {
        row: {column: fault.codes for column, fault in faults.items()} for row, faults in marks.faults.items()
    }


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from([*CELLS, *["plain"] * 12]), max_size=40),
    numbered=st.booleans(),
    prefix=st.sampled_from(["", "x:"]),
    piece=st.integers(1, 400),
)
def test_marks_are_found_in_every_piece(
    monkeypatch: pytest.MonkeyPatch, names: list[str], numbered: bool, prefix: str, piece: int
) -> None:
    sheet, marked = sheet_of(names, numbered=numbered, prefix=prefix)
    monkeypatch.setattr(xlsx_rows, "READ_BYTES", piece)
    assert marks_of(sheet) == marked


ZERO, TWO = "<c><f>A1</f><v>0</v></c>", "<c><f>A1</f><v>2</v></c>"
TEXT, TRUTH = '<c t="str"><f>A1</f><v>Recife</v></c>', '<c t="b"><f>A1</f><v>0</v></c>'
SHARED, TYPED = '<c><f t="shared" si="0"/><v>0</v></c>', '<c t="n"><f>A1</f><v>0</v></c>'
LATER = '<calcPr calcId="191029" fullCalcOnLoad="1"/>'
XLSX_WRITER = '<calcPr calcId="124519" fullCalcOnLoad="1"/>'


@pytest.mark.parametrize(
    ("calculation", "cells", "unsaved"),
    [
        (LATER, ZERO, [0]),
        (LATER, "<c><v>0</v></c>" + ZERO + SHARED + TYPED, [1, 2, 3]),
        ("<x:calcPr xmlns:x='x' fullCalcOnLoad='true' />", ZERO, [0]),
        # Another result shows that somebody has calculated.
        (LATER, ZERO + TWO, []),
        (LATER, TEXT + ZERO, []),
        (LATER, ZERO + TRUTH, []),
        # Of a library that never calculates, only the results that were given to it are there.
        (XLSX_WRITER, ZERO + TWO + TEXT + ZERO + TRUTH, [0, 3]),
        ('<calcPr calcId="124519"/>', ZERO, []),
        ("", ZERO, []),
        ('<calcPr calcId="191029"/>', ZERO, []),
        ('<calcPr calcId="191029" fullCalcOnLoad="0"/>', ZERO, []),
    ],
)
def test_a_workbook_that_was_never_calculated_has_no_results(
    calculation: str, cells: str, unsaved: list[int]
) -> None:
    sheet = f"<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>".encode()
    codes = dict.fromkeys(unsaved, ("no_saved_value",))
    assert marks_of(sheet, calculation) == ({0: codes} if codes else {})
