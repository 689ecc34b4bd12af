"""Error cells, merged ranges and formats of a sheet in an .xlsb; cells that the library leaves out.

Source: [MS-XLSB] §2.1.4, §2.4.
"""

import io
from collections.abc import Iterator
from struct import pack, unpack_from
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZipFile

from api.unpacking.faults import ERROR_NAMES, Format, SheetMarks, format_of, known_formats
from api.unpacking.xlsx_marks import part_of

_ROW_HEADER, _CELL_ERROR, _FORMULA_ERROR, _MERGED = 0, 3, 11, 176
_NUMBERS = frozenset({2, 5, 9})
_CELLS = frozenset({*range(1, 12), 62})
"""Records of cells, which begin with their column and their format."""
_SHORT_CELLS = dict(zip(range(12, 19), range(1, 8), strict=True))
"""Records of cells without a column, which stand right of the one before, and those that have one.

SheetJS writes them; the library passes over them. Source: §2.4.811 to §2.4.817.
"""
_BUNDLE_SHEET, _NO_TEXT = 156, 0xFFFFFFFF
_NUMBER_FORMAT, _CELL_FORMAT, _CELL_FORMATS, _CELL_FORMATS_END = 44, 47, 617, 618
_SEARCHED_BYTES = 64 * 1024
"""A program that writes short records writes them in the first rows."""
_SHEETS, _STYLES = "xl/worksheets/", "xl/styles.bin"


def readable(content: bytes) -> bytes:
    """Return a workbook in which the library finds every cell; its own bytes, where nothing is mended."""
    with ZipFile(io.BytesIO(content)) as old:
        sheets = [entry for entry in old.namelist() if entry.startswith(_SHEETS) and entry.endswith(".bin")]
        short = {entry for entry in sheets if _has_short_cells(old, entry)}
        if not short:
            return content
        mended = io.BytesIO()
        with ZipFile(mended, "w", ZIP_DEFLATED, compresslevel=1) as new:
            for entry in old.infolist():
                part = old.read(entry)
                if entry.filename in short:
                    part = b"".join(_record(kind, body) for kind, body in _whole_cells(part))
                new.writestr(entry.filename, part)
    return mended.getvalue()


def _has_short_cells(archive: ZipFile, entry: str) -> bool:
    with archive.open(entry) as content:
        return any(kind in _SHORT_CELLS for kind, _ in _records(content.read(_SEARCHED_BYTES)))


def _whole_cells(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of each record, of cells with their column."""
    column = -1
    for kind, body in _records(content):
        if kind in _SHORT_CELLS:
            column += 1
            yield _SHORT_CELLS[kind], pack("<I", column) + body
            continue
        if kind in _CELLS and len(body) >= 4:
            (column,) = unpack_from("<I", body)
        elif kind == _ROW_HEADER:
            column = -1
        yield kind, body


def mark_xlsb(archive: ZipFile, place: int, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet by its place; a damaged file raises many exceptions."""
    row, formats = 0, _formats(archive)
    for kind, body in _whole_cells(archive.read(_part(archive, place))):
        if kind == _ROW_HEADER and len(body) >= 4:
            (row,) = unpack_from("<I", body)
        elif kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9:
            (column,) = unpack_from("<I", body)
            marks.error(row, column, ERROR_NAMES.get(body[8], "#N/A"), is_formula=kind == _FORMULA_ERROR)
        elif kind == _MERGED and len(body) >= 16:
            first, last, left, right = unpack_from("<4I", body)
            marks.merged.append((first, left, last, right))
        elif formats and kind in _NUMBERS and len(body) >= 8:
            column, style = unpack_from("<II", body)
            # The upper byte has flags.
            if told := formats.get(style & 0xFFFFFF):
                marks.format(row, column, told)


def _formats(archive: ZipFile) -> dict[int, Format]:
    """Return what the formats of cells do, by their number. Source: §2.4.697 (BrtFmt), §2.4.840 (BrtXF)."""
    if _STYLES not in archive.namelist():
        return {}
    kinds = known_formats()
    places: list[int] = []
    is_of_cells = False
    for kind, body in _records(archive.read(_STYLES)):
        if kind in (_CELL_FORMATS, _CELL_FORMATS_END):
            is_of_cells = kind == _CELL_FORMATS
        elif kind == _CELL_FORMAT and is_of_cells and len(body) >= 4:
            places += unpack_from("<H", body, 2)
        elif kind == _NUMBER_FORMAT and len(body) >= 6:
            number, length = unpack_from("<HI", body)
            code = body[6 : 6 + 2 * length].decode("utf-16-le", "replace")
            kinds[number] = format_of(code) or kinds.get(number)
    return {at: told for at, number in enumerate(places) if (told := kinds.get(number))}


def _part(archive: ZipFile, place: int) -> str:
    """Return the name of the part that holds a sheet."""
    rels = ET.fromstring(archive.read("xl/_rels/workbook.bin.rels"))  # noqa: S314 - in a process with bounds.
    targets = {element.get("Id"): element.get("Target", "") for element in rels}
    sheets = [body for kind, body in _records(archive.read("xl/workbook.bin")) if kind == _BUNDLE_SHEET]
    told = [relation for body in sheets if (relation := _relation(body)) is not None]
    return part_of(targets[told[place]])


def _relation(sheet: bytes) -> str | None:
    """Return the relationship of a sheet; None of one without a part. Source: §2.4.304."""
    (length,) = unpack_from("<I", sheet, 8)
    return None if length == _NO_TEXT else sheet[12 : 12 + 2 * length].decode("utf-16-le", "replace")


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield kind and body of each record: both lengths are numbers of 7 bits a byte."""
    at, size = 0, len(content)
    while at < size:
        kind, at = _number(content, at, 2)
        length, at = _number(content, at, 4)
        yield kind, content[at : at + length]
        at += length


def _number(content: bytes, at: int, most: int) -> tuple[int, int]:
    value = 0
    for shift in range(most):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            break
    return value, at


def _record(kind: int, body: bytes) -> bytes:
    return _written(kind) + _written(len(body)) + body


def _written(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*written, value))
