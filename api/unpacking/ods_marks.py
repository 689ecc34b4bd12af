"""Error cells, unsaved formulas and merged ranges of a sheet in an .ods; texts that the library leaves out.

Source: OpenDocument 1.3 part 3, §9.1 and §19.
"""

import io
import re
from collections.abc import Callable
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZipFile

from api.unpacking.faults import MOST_FAULTS, SheetMarks

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
_WORTH_READING = re.compile(rb"formula=|columns-spanned=|rows-spanned=|value-type=.(?:error|percentage)")
_ERROR_SHOWN = re.compile(r"#(?:N/A|REF!|NAME\?|DIV/0!|VALUE!|NUM!|NULL!)|(?:Err|Erro|Error|Fehler):[0-9]{3}")
_BY_CALCULATOR = re.compile(rb"generator>\s*(?:LibreOffice|OpenOffice|MicrosoftOffice|Collabora)")
_READ_BYTES = 1024 * 1024
# Source: OpenDocument 1.3 part 3, §6.1.3 to §6.1.5.
_BLANK = re.compile(
    rb"<(?:\w+:)?(?:(line-break)|(tab)|s(?:\s+(?:\w+:)?c=[\"']([0-9]{1,4})[\"'])?)"
    rb"(?:\s+[\w:-]+=[\"'][^\"']*[\"'])*\s*(?:/>|></(?:\w+:)?(?:line-break|tab|s)>)"
)
# A cell with a paragraph of its own, after a comment or without one; not one that only a drawing stands in.
# The type is optional. Source: part 3, §9.1.4.
_UNTYPED = re.compile(
    rb"<table:(?:covered-)?table-cell"
    rb"(?:\s+(?!office:value-type\s*=)[\w:.-]++\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'))*+"
    rb"(?=\s*+>\s*+(?:<office:annotation[\s>](?:(?!</office:annotation>|<table:).)*+</office:annotation>\s*+)?+"
    rb"<text:p[\s>])",
    re.DOTALL,
)
# A type that is none of OpenDocument's, such as a date with its time, or a value of numbers that is none: the
# library takes the file for damaged. Source: part 3, §19.385 and §19.387.
_ODD = re.compile(
    rb"office:value(?:-type\s*=\s*[\"'](?!(?:string|float|percentage|currency|date|time|boolean|void)[\"'])"
    rb"|\s*=\s*[\"'](?![+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+[\"']))"
)
_CELL = re.compile(
    rb"(<table:(?:covered-)?table-cell)((?:\s+[\w:.-]++\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'))++)(?=\s*+(/?)>)"
)
_VALUE = re.compile(rb"(?<!\s)\s++office:value(?P<type>-type)?\s*=\s*(?P<text>\"[^\"]*\"|'[^']*')")


def readable(content: bytes) -> bytes:
    """Return a workbook in which the library finds every text.

    It leaves out line breaks, tabs and runs of blanks, beside which words would run together, and the text
    of cells that name no type, as some programs write them; one of an unknown type it cannot read.
    """
    with ZipFile(io.BytesIO(content)) as old:
        part, blanks = _BLANK.subn(_characters, old.read("content.xml"))
        part, untyped = _UNTYPED.subn(rb'\g<0> office:value-type="string"', part)
        is_odd = _ODD.search(part) is not None
        if is_odd:
            part = _CELL.sub(_as_text, part)
        if not (blanks or untyped or is_odd):
            return content
        mended = io.BytesIO()
        with ZipFile(mended, "w", ZIP_DEFLATED, compresslevel=1) as new:
            for entry in old.infolist():
                new.writestr(entry.filename, part if entry.filename == "content.xml" else old.read(entry))
    return mended.getvalue()


def _characters(found: re.Match[bytes]) -> bytes:
    return b"\n" if found[1] else b"\t" if found[2] else b" " * int(found[3] or 1)


def _as_text(cell: re.Match[bytes]) -> bytes:
    """Return a cell whose type or value is none as one of the text that it shows, or else of its value."""
    if _ODD.search(cell[2]) is None:
        return cell[0]
    values = [found["text"] for found in _VALUE.finditer(cell[2]) if not found["type"]]
    text = b" office:string-value=" + values[0] if cell[3] and values else b""
    return cell[1] + _VALUE.sub(b"", cell[2]) + b' office:value-type="string"' + text


def mark_ods(archive: ZipFile, sheet: str, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet."""
    with archive.open("content.xml") as content:
        worth, tail = False, b""
        while not worth and (piece := content.read(_READ_BYTES)):
            worth, tail = _WORTH_READING.search(tail + piece) is not None, piece[-64:]
    if not worth:
        return
    parser = _SheetParser(sheet, marks)
    with archive.open("content.xml") as content:
        parser.read(content.read)
    # Without a result a formula looks like one whose result is an empty text.
    if not (parser.has_result or _is_of_a_calculator(archive)):
        for row, column in parser.empty:
            marks.unsaved(row, column)


def _is_of_a_calculator(archive: ZipFile) -> bool:
    """Return whether the workbook was saved by a program that calculates. Source: part 3, §4.3.2.1."""
    if "meta.xml" not in archive.namelist():
        return False
    with archive.open("meta.xml") as content:
        return _BY_CALCULATOR.search(content.read(_READ_BYTES)) is not None


class _SheetParser:
    """Counts the rows and cells of one table.

    Attributes:
        empty: row and column of formulas without a result, or with an empty text.
        has_result: another formula has one, so there was somebody to calculate them.
    """

    def __init__(self, sheet: str, marks: SheetMarks) -> None:
        self._sheet = sheet
        self._marks = marks
        self._depth = 0
        self._row = self._column = 0
        self._row_repeats = 1
        self._cell: dict[str, str] | None = None
        self._shown = ""
        self.empty: list[tuple[int, int]] = []
        self.has_result = False

    def read(self, read: Callable[[int], bytes]) -> None:
        """Read a document piece by piece."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        while piece := read(_READ_BYTES):
            parser.Parse(piece)
        parser.Parse(b"", True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if space != _TABLE:
            return
        if local == "table":
            self._depth += self._depth > 0 or attributes.get(f"{_TABLE} name") == self._sheet
        elif self._depth != 1:
            return
        elif local == "table-row":
            self._column = 0
            self._row_repeats = _count(attributes, "number-rows-repeated")
        elif local in ("table-cell", "covered-table-cell"):
            self._cell, self._shown = attributes, ""

    def _end(self, name: str) -> None:
        space, _, local = name.rpartition(" ")
        if space != _TABLE or not self._depth:
            return
        if local == "table":
            self._depth -= 1
        elif local == "table-row" and self._depth == 1:
            self._row += self._row_repeats
        elif local in ("table-cell", "covered-table-cell") and self._cell is not None:
            self._mark(self._cell)
            self._column += _count(self._cell, "number-columns-repeated")
            self._cell = None

    def _text(self, text: str) -> None:
        if self._cell is not None and len(self._shown) < 32:
            self._shown += text

    def _mark(self, cell: dict[str, str]) -> None:
        rows, columns = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
        if rows > 1 or columns > 1:
            last = (self._row + rows - 1, self._column + columns - 1)
            self._marks.merged.append((self._row, self._column, *last))
        if cell.get(f"{_OFFICE} value-type") == "percentage":
            self._each(cell, lambda row, column: self._marks.percents[row].append(column))
        shown = self._shown.strip()
        is_formula = f"{_TABLE} formula" in cell
        if cell.get(f"{_CALC} value-type") == "error" or (is_formula and _ERROR_SHOWN.fullmatch(shown)):
            shown = shown or "#N/A"
            self._each(cell, lambda row, column: self._marks.error(row, column, shown, is_formula=is_formula))
        elif is_formula and f"{_OFFICE} value-type" not in cell and not shown:
            self._each(cell, self._note_empty)
        elif is_formula:
            self.has_result = True

    def _note_empty(self, row: int, column: int) -> None:
        if len(self.empty) < MOST_FAULTS:
            self.empty.append((row, column))

    def _each(self, cell: dict[str, str], note: Callable[[int, int], None]) -> None:
        for row in range(self._row, self._row + min(self._row_repeats, 1000)):
            for column in range(_count(cell, "number-columns-repeated")):
                note(row, self._column + column)


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(f"{_TABLE} {name}", "1")
    return min(int(text), 1_048_576) if text.isascii() and text.isdigit() else 1
