"""Cells for which the library gives up a workbook: mended, or named."""

import io
import time
from zipfile import ZipFile

import pytest

from api.unpacking.xlsx_cells import damaged_cell, with_known_values
from tests.api.unpacking.test_sheets import fault, raw_sheet, rows


@pytest.mark.parametrize("blanks", [" ", "\n  ", "\t"])
@pytest.mark.parametrize("kind", ["n", "b"])
def test_blanks_around_a_value_are_no_part_of_it(kind: str, blanks: str) -> None:
    padded = f'<c r="A1" t="{kind}"><v>{blanks}1{blanks}</v></c><c r="B1" t="n"><v> 300 </v></c>'
    text = '<c r="C1" t="str"><v> a </v></c>'
    [[first, *others]] = rows(raw_sheet(f'<row r="1">{padded}{text}</row>'))
    assert first in ("1", "true")
    assert others == ["300", " a "]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('<c r="C2" t="s"><v>9999</v></c>', "9999"),
        ('<c r="C2" t="s"><v>x</v></c>', "x"),
        ('<c r="C2" t="z"><v>3</v></c>', "3"),
        ('<c s="0" t="n" r="C2"><f>A1</f><v>três</v></c>', "três"),
    ],
)
def test_a_cell_that_nobody_can_read_is_named(cell: str, value: str) -> None:
    told = fault(raw_sheet(f'<row r="1"><c r="A1"><v>1</v></c></row><row r="2">{cell}</row>'))
    assert (told["code"], told["rule"], told["value"]) == ("not_text", "damaged_cell", value)
    assert (told["params"]["sheet"], told["params"]["cell"]) == ("S", "C2")
    assert "cell C2 of the sheet S" in told["message"]


def test_a_cell_is_not_named_where_it_is_not_the_reason() -> None:
    cells = '<c r="A1" t="n"/><c r="B1" t="s"><v/></c><c r="C1" t="n"><v>1e5</v></c><c r="D1"><v>x</v></c>'
    content = raw_sheet(f'<row r="1">{cells}</row>')
    assert damaged_cell(content) is None
    assert with_known_values(content) is None
    assert damaged_cell(raw_sheet('<row r="1"><c t="z"><v>3</v></c></row>')) is None  # Without a name.


@pytest.mark.parametrize("hostile", ["<c>", "<c t='n'><v> ", '<c r="', "<v>" + " " * 9, "<c/"])
def test_damage_is_searched_in_time_that_grows_with_its_size(hostile: str) -> None:
    content = raw_sheet(f"<row><c>{hostile * 100_000}</c></row>")
    began = time.monotonic()
    damaged_cell(content)
    mended = with_known_values(content)
    assert time.monotonic() - began < 20
    assert mended is None or ZipFile(io.BytesIO(mended)).testzip() is None
