"""Error cells, unsaved formulas and formats of a sheet in an .xlsx. Source: ECMA-376 part 1, §18.3.1.

Read as a stream of rows, and looked into only where a row can have such a cell.
"""

import html
import posixpath
import re
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from api.unpacking.faults import MOST_FAULTS, Format, SheetMarks, format_of, known_formats
from api.unpacking.xlsx_rows import cells_of, rows_of

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*+>([^<]*+)")
"""The value of a cell; an empty one also where its tag closes itself."""
_ERROR = re.compile(rb"""\bt=["']e["']""")
_TYPE = re.compile(rb"""\bt=["'](?!n["'])""")
_CALCULATED_LATER = re.compile(rb"""<(?:\w+:)?calcPr\b[^>]*\bfullCalcOnLoad=["'](?:1|true)["'][^>]*>""")
_BY_LIBRARY = re.compile(rb"""\bcalcId=["']124519["']""")
"""XlsxWriter and openpyxl write this beside it, and never calculate; Excel 2007 writes it alone."""
_TEXT = re.compile(rb"""\bt=["'](?:str|inlineStr)["']""")
_DATE = re.compile(rb"""\bt=["']d["']""")
_MARKS = (b'"e"', b"'e'", b"<f", b":f", b't="d"', b"t='d'")
"""Without any of them, rows have neither an error nor a formula nor a cell of the type date."""
_NUMBER = re.compile(rb"""\br=["']([0-9]+)["']""")
_STYLE = re.compile(rb"""\bs=["']([0-9]+)["']""")
_REFERENCE = re.compile(rb"""\br=["']\$?([A-Z]{1,3})\$?[0-9]+["']""")
_DOCUMENT_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def mark_xlsx(archive: ZipFile, place: int, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet by its place; a damaged file raises many exceptions."""
    part = sheet_part(archive, place)
    later = _CALCULATED_LATER.search(archive.read("xl/workbook.xml"))
    zeros = _Zeros(are_certain=_BY_LIBRARY.search(later[0]) is not None) if later else None
    formats = _formats(archive)
    styles = tuple(b"s=%c%s%c" % (quote, style, quote) for style in formats for quote in b"\"'")
    row = -1
    with archive.open(part) as content:
        for attributes, cells in rows_of(content, (*_MARKS, *styles)):
            number = _NUMBER.search(attributes)
            row = int(number[1]) - 1 if number else row + 1
            if _ERROR.search(cells) or _FORMULA.search(cells):
                _mark_row(row, cells, marks, zeros)
            if _DATE.search(cells) or any(style in cells for style in styles):
                _mark_formats(row, cells, formats, marks)
    for cell in zeros.places if zeros else ():
        marks.unsaved(*cell)


class _Zeros:
    """Formulas that are 0 in a workbook which leaves the calculation to the program that opens it.

    A library that does not calculate writes 0 in place of the result. Another one may have calculated:
    a result other than 0 shows that.
    """

    def __init__(self, *, are_certain: bool) -> None:
        self.places: list[tuple[int, int]] = []
        self._may_be_missing = True
        self._are_certain = are_certain

    def note(self, row: int, column: int, *, is_zero: bool) -> None:
        """Note the result of a formula."""
        if not is_zero and not self._are_certain:
            self._may_be_missing = False
            self.places = []
        elif is_zero and self._may_be_missing and len(self.places) < MOST_FAULTS:
            self.places.append((row, column))


def sheet_part(archive: ZipFile, place: int) -> str:
    """Return the name of the part that holds a sheet."""
    tree = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - in a process with bounds.
    sheets = [element for element in tree.iter() if element.tag.rpartition("}")[2] == "sheet"]
    rels = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - as above.
    targets = {element.get("Id"): element.get("Target", "") for element in rels}
    return part_of(targets[relation_of(sheets[place])])


def part_of(target: str) -> str:
    """Return the name of a part by its target, which is relative to the folder `xl` or absolute."""
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def relation_of(element: ET.Element) -> str | None:
    """Return the id by which a sheet names its part."""
    strict = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
    return element.get(_DOCUMENT_RELATIONS) or element.get(strict)


def _mark_row(row: int, cells: bytes, marks: SheetMarks, zeros: _Zeros | None) -> None:
    column = -1
    for found in cells_of(cells):
        attributes, content = found[1], found[2] or b""
        reference = _REFERENCE.search(attributes)
        column = _column(reference[1]) if reference else column + 1
        value = _VALUE.search(content)
        if _ERROR.search(attributes):
            shown = html.unescape(value[1].decode("utf-8", "replace")) if value else ""
            marks.error(row, column, shown or "#N/A", is_formula=_FORMULA.search(content) is not None)
        elif _FORMULA.search(content) and not (value and (value[1] or _TEXT.search(attributes))):
            marks.unsaved(row, column)
        elif zeros is not None and value and _FORMULA.search(content):
            zeros.note(row, column, is_zero=value[1] == b"0" and not _TYPE.search(attributes))


def _formats(archive: ZipFile) -> dict[bytes, Format]:
    """Return the numbers of the cell formats that show a number in percent, or a date without its day.

    Source: §18.8.10, §18.8.30.
    """
    if "xl/styles.xml" not in archive.namelist():
        return {}
    kinds = {str(number): kind for number, kind in known_formats().items()}
    styles: list[str] = []
    try:
        root = ET.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 - as above.
    except ET.ParseError:
        # The library reads such a workbook; only its formats are not known.
        return {}
    for element in root:
        name = element.tag.rpartition("}")[2]
        if name == "numFmts":
            for each in element:
                number = each.get("numFmtId", "")
                kinds[number] = format_of(each.get("formatCode", "")) or kinds.get(number)
        elif name == "cellXfs":
            styles = [each.get("numFmtId", "") for each in element]
    return {b"%d" % at: kind for at, number in enumerate(styles) if (kind := kinds.get(number))}


def _mark_formats(row: int, cells: bytes, formats: dict[bytes, Format], marks: SheetMarks) -> None:
    column = -1
    for found in cells_of(cells):
        reference, style = _REFERENCE.search(found[1]), _STYLE.search(found[1])
        column = _column(reference[1]) if reference else column + 1
        is_date = _DATE.search(found[1]) is not None
        if is_date:
            marks.typed[row].append(column)
        kind = formats.get(style[1]) if style else None
        if kind and (is_date or not _TYPE.search(found[1])):
            marks.format(row, column, kind)


def _column(letters: bytes) -> int:
    """Return the column of a reference, from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
