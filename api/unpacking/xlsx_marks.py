"""Error cells and unsaved formulas of a sheet in an .xlsx. Source: ECMA-376 part 1, §18.3.1.

Read as a stream of rows, and looked into only where a row can have such a cell.
"""

import html
import io
import posixpath
import re
from collections.abc import Iterator
from typing import IO
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZipFile

from api.unpacking.faults import BUILT_IN_PERCENT, ERROR_NAMES, MOST_FAULTS, SheetMarks, is_percent

_READ_BYTES = 1024 * 1024
_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row>)", re.DOTALL)
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]*)<")
_ERROR = re.compile(rb"""\bt=["']e["']""")
_TYPE = re.compile(rb"""\bt=["'](?!n["'])""")
_CALCULATED_LATER = re.compile(rb"""<(?:\w+:)?calcPr\b[^>]*\bfullCalcOnLoad=["'](?:1|true)["'][^>]*>""")
_BY_LIBRARY = re.compile(rb"""\bcalcId=["']124519["']""")
"""XlsxWriter and openpyxl write this beside it, and never calculate; Excel 2007 writes it alone."""
_TEXT = re.compile(rb"""\bt=["'](?:str|inlineStr)["']""")
# The error of a cell: what comes before it, and its name.
_ERROR_VALUE = re.compile(
    rb"""(<(?:\w+:)?c\b[^>]*\bt=["']e["'][^>]*>(?:<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>))?\s*"""
    rb"""<(?:\w+:)?v\b[^>]*>)([^<]*)"""
)
_KNOWN_ERRORS = frozenset(name.encode() for name in ERROR_NAMES.values() if name != "#GETTING_DATA") | {b""}
_MARKS = (b'"e"', b"'e'", b"<f", b":f")
"""Without any of them, rows have neither an error nor a formula."""
_NUMBER = re.compile(rb"""\br=["']([0-9]+)["']""")
_STYLE = re.compile(rb"""\bs=["']([0-9]+)["']""")
_REFERENCE = re.compile(rb"""\br=["']\$?([A-Z]{1,3})\$?[0-9]+["']""")
_DOCUMENT_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MOST_ROW_BYTES = 64 * 1024 * 1024


def mark_xlsx(archive: ZipFile, sheet: str, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet."""
    part = sheet_part(archive, sheet, "xl/workbook.xml")
    if part is None:
        return
    later = _CALCULATED_LATER.search(archive.read("xl/workbook.xml"))
    zeros = _Zeros(are_certain=_BY_LIBRARY.search(later[0]) is not None) if later else None
    percents = _percent_styles(archive)
    styles = tuple(b"s=%c%s%c" % (quote, style, quote) for style in percents for quote in b"\"'")
    row = -1
    with archive.open(part) as content:
        for attributes, cells in _rows(content, (*_MARKS, *styles)):
            number = _NUMBER.search(attributes)
            row = int(number[1]) - 1 if number else row + 1
            if _ERROR.search(cells) or _FORMULA.search(cells):
                _mark_row(row, cells, marks, zeros)
            if any(style in cells for style in styles):
                _mark_percents(row, cells, percents, marks)
    for place in zeros.places if zeros else ():
        marks.unsaved(*place)


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


def with_known_errors(content: bytes) -> bytes | None:
    """Return a workbook whose error cells all have names that the library knows; None where they have.

    It reads no sheet with another one, such as #SPILL! of Excel 365 or #ERROR! of Google Sheets.
    """
    mended, changed = io.BytesIO(), 0
    with ZipFile(io.BytesIO(content)) as old, ZipFile(mended, "w", ZIP_DEFLATED, compresslevel=1) as new:
        for entry in old.infolist():
            part = old.read(entry)
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                part, count = _ERROR_VALUE.subn(_known, part)
                changed += count
            new.writestr(entry.filename, part)
    return mended.getvalue() if changed else None


def _known(found: re.Match[bytes]) -> bytes:
    return found[0] if found[2] in _KNOWN_ERRORS else found[1] + b"#N/A"


def sheet_part(archive: ZipFile, sheet: str, workbook: str) -> str | None:
    """Return the name of the part that holds a sheet of this name, where it can be found."""
    names = set(archive.namelist())
    relations = f"xl/_rels/{posixpath.basename(workbook)}.rels"
    if workbook not in names or relations not in names:
        return None
    tree = ET.fromstring(archive.read(workbook))  # noqa: S314 - in a process with bounds.
    ids = {
        element.get("name"): _relation(element)
        for element in tree.iter()
        if element.tag.rpartition("}")[2] == "sheet"
    }
    rels = ET.fromstring(archive.read(relations))  # noqa: S314 - as above.
    targets = {element.get("Id"): element.get("Target", "") for element in rels}
    target = targets.get(ids.get(sheet))
    part = part_of(target) if target else None
    return part if part in names else None


def part_of(target: str) -> str:
    """Return the name of a part by its target, which is relative to the folder `xl` or absolute."""
    return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")


def _relation(element: ET.Element) -> str | None:
    strict = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
    return element.get(_DOCUMENT_RELATIONS) or element.get(strict)


def _rows(content: IO[bytes], marks: tuple[bytes, ...]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the attributes and the cells of each row; of many rows without a mark, only the last."""
    held = b""
    while piece := content.read(_READ_BYTES):
        held += piece
        end = held.rfind(b"</row>")
        if (last := _last_of_plain(held, end, marks)) is not None:
            yield last, b""
            held = held[end + len(b"</row>") :]
            continue
        end = 0
        for found in _ROW.finditer(held):
            yield found[1], found[2] or b""
            end = found.end()
        held = held[end:]
        if len(held) > _MOST_ROW_BYTES:
            return


def _last_of_plain(rows: bytes, end: int, marks: tuple[bytes, ...]) -> bytes | None:
    """Return the attributes of the last row up to an index, where no row can have a mark; else None."""
    if end < 0 or any(mark in rows for mark in marks):
        return None
    start = rows.rfind(b"<row", 0, end)
    attributes = rows[start : rows.find(b">", start)]
    return attributes if start >= 0 and _NUMBER.search(attributes) else None


def _mark_row(row: int, cells: bytes, marks: SheetMarks, zeros: _Zeros | None) -> None:
    column = -1
    for found in _CELL.finditer(cells):
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


def _percent_styles(archive: ZipFile) -> frozenset[bytes]:
    """Return the numbers of the cell formats that show a number in percent. Source: §18.8.10, §18.8.30."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    percents = set(map(str, BUILT_IN_PERCENT))
    styles: list[str] = []
    try:
        root = ET.fromstring(archive.read("xl/styles.xml"))  # noqa: S314 - as above.
    except ET.ParseError:
        # The library reads such a workbook; only its formats are not known.
        return frozenset()
    for element in root:
        name = element.tag.rpartition("}")[2]
        if name == "numFmts":
            percents.update(
                each.get("numFmtId", "") for each in element if is_percent(each.get("formatCode", ""))
            )
        elif name == "cellXfs":
            styles = [each.get("numFmtId", "") for each in element]
    return frozenset(b"%d" % at for at, number in enumerate(styles) if number in percents)


def _mark_percents(row: int, cells: bytes, percents: frozenset[bytes], marks: SheetMarks) -> None:
    column = -1
    for found in _CELL.finditer(cells):
        reference, style = _REFERENCE.search(found[1]), _STYLE.search(found[1])
        column = _column(reference[1]) if reference else column + 1
        if style and style[1] in percents and not _TYPE.search(found[1]):
            marks.percents[row].append(column)


def _column(letters: bytes) -> int:
    """Return the column of a reference, from 0: A is 0, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
