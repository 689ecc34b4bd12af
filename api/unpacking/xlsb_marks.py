"""Error cells and merged ranges of a sheet in an .xlsb. Source: [MS-XLSB] §2.1.4, §2.4."""

from collections.abc import Iterator
from struct import unpack_from
from xml.etree import ElementTree as ET
from zipfile import ZipFile

from api.unpacking.faults import ERROR_NAMES, SheetMarks
from api.unpacking.xlsx_marks import part_of

_ROW_HEADER, _CELL_ERROR, _FORMULA_ERROR, _MERGED = 0, 3, 11, 176
_BUNDLE_SHEET, _NO_TEXT = 156, 0xFFFFFFFF


def mark_xlsb(archive: ZipFile, place: int, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet by its place; a damaged file raises many exceptions."""
    row = 0
    for kind, body in _records(archive.read(_part(archive, place))):
        if kind == _ROW_HEADER and len(body) >= 4:
            (row,) = unpack_from("<I", body)
        elif kind in (_CELL_ERROR, _FORMULA_ERROR) and len(body) >= 9:
            (column,) = unpack_from("<I", body)
            marks.error(row, column, ERROR_NAMES.get(body[8], "#N/A"), is_formula=kind == _FORMULA_ERROR)
        elif kind == _MERGED and len(body) >= 16:
            first, last, left, right = unpack_from("<4I", body)
            marks.merged.append((first, left, last, right))


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
