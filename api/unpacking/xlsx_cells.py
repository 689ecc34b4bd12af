"""Mends or names the cells of an .xlsx for which the library gives up the whole workbook.

Looked for only in a workbook that it could not read. Source: ECMA-376 part 1, §18.3.1.4, §18.18.11.
"""

import io
import re
from typing import NamedTuple
from xml.etree import ElementTree as ET
from zipfile import ZIP_DEFLATED, ZipFile

from api.unpacking.faults import ERROR_NAMES
from api.unpacking.xlsx_marks import part_of, relation_of

_CELL = re.compile(rb"(<(?:\w+:)?c\b(?:[^>/]|/(?!>))*+>)((?:[^<]|<(?!/(?:\w+:)?c>))*+)")
_VALUE = re.compile(rb"(<(?:\w+:)?v\b[^>]*+(?<!/)>)([^<]*+)")
_TYPE = re.compile(rb"""\st\s*=\s*["']([^"']*)["']""")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3}[0-9]{1,7})["']""")
_SHARED_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")
_NUMBER = re.compile(
    rb"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE
)
_INDEX = re.compile(rb"[0-9]{1,18}")
_SHARED_TEXTS = "xl/sharedStrings.xml"
_TEXTS = frozenset({b"str", b"inlineStr"})
_TYPES = _TEXTS | {b"s", b"b", b"e", b"d", b"n"}
_KNOWN_ERRORS = frozenset(name.encode() for name in ERROR_NAMES.values() if name != "#GETTING_DATA") | {b""}
_BLANKS = b" \t\r\n"
_SHOWN_CHARACTERS = 40


class DamagedCell(NamedTuple):
    """A cell without a value of its type: its sheet, its reference, and what it holds."""

    sheet: str
    cell: str
    value: str


def with_known_values(content: bytes) -> bytes | None:
    """Return a workbook whose cells have values that the library knows; None where nothing is mended.

    Errors such as #SPILL! of Excel 365 or #ERROR! of Google Sheets get the name of another one, and blanks
    around a value are left out, which XML allows there.
    """
    mended, is_changed = io.BytesIO(), False
    with ZipFile(io.BytesIO(content)) as old, ZipFile(mended, "w", ZIP_DEFLATED, compresslevel=1) as new:
        for entry in old.infolist():
            part = old.read(entry)
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                known = _CELL.sub(_known, part)
                is_changed = is_changed or known != part
                part = known
            new.writestr(entry.filename, part)
    return mended.getvalue() if is_changed else None


def _known(cell: re.Match[bytes]) -> bytes:
    value = _VALUE.search(cell[2])
    kind = _type(cell[1])
    if value is None or kind in _TEXTS:
        return cell[0]
    known = value[2].strip(_BLANKS)
    if kind == b"e" and known not in _KNOWN_ERRORS:
        known = b"#N/A"
    return cell[1] + cell[2][: value.start(2)] + known + cell[2][value.end(2) :]


def damaged_cell(content: bytes) -> DamagedCell | None:
    """Return the first cell that no program can read, None where that is not the reason."""
    with ZipFile(io.BytesIO(content)) as archive:
        names = set(archive.namelist())
        shared = archive.read(_SHARED_TEXTS) if _SHARED_TEXTS in names else b""
        texts = sum(1 for _ in _SHARED_TEXT.finditer(shared))
        for sheet, part in _sheets(archive):
            for cell in _CELL.finditer(archive.read(part)) if part in names else ():
                value = _VALUE.search(cell[2])
                held = value[2].strip(_BLANKS) if value else b""
                if not _has_value(_type(cell[1]), held, texts):
                    reference = _REFERENCE.search(cell[1])
                    shown = held.decode("utf-8", "replace")[:_SHOWN_CHARACTERS]
                    return DamagedCell(sheet, reference[1].decode(), shown) if reference else None
    return None


def _sheets(archive: ZipFile) -> list[tuple[str, str]]:
    """Return the name and the part of each sheet."""
    tree = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - in a process with bounds.
    rels = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - as above.
    targets = {element.get("Id"): element.get("Target", "") for element in rels}
    sheets = [element for element in tree.iter() if element.tag.rpartition("}")[2] == "sheet"]
    return [(each.get("name", ""), part_of(targets.get(relation_of(each), ""))) for each in sheets]


def _type(tag: bytes) -> bytes:
    found = _TYPE.search(tag)
    return found[1] if found else b""


def _has_value(kind: bytes, value: bytes, texts: int) -> bool:
    """Return whether a cell of a type can hold a value, in a workbook with so many shared texts."""
    if kind == b"s":
        return not value or (_INDEX.fullmatch(value) is not None and int(value) < texts)
    if kind == b"n":
        return not value or _NUMBER.fullmatch(value) is not None
    return not kind or kind in _TYPES
