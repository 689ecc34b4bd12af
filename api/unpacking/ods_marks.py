"""Error cells, unsaved formulas, merged ranges and formats of a sheet in an .ods.

Also texts that the library leaves out. Source: OpenDocument 1.3 part 3, §9.1 and §19.
"""

import io
import re
from collections.abc import Callable
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZipFile

from api.unpacking.faults import MOST_FAULTS, SheetMarks
from api.unpacking.moments import Shown, whole_duration

_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_DRAWINGS = (
    "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "urn:oasis:names:tc:opendocument:xmlns:dr3d:1.0",
)
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
_CALC = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"
_WORTH_READING = re.compile(rb"formula=|columns-spanned=|rows-spanned=|value-type=.(?:error|percentage)")
_DATE = re.compile(
    rb"date-value=[\"']([0-9]{4}-[0-9]{2}-01)(?![0-9])[^<>]{0,400}+>((?:[^<]|<(?!/?table:)){0,400}+)",
    re.DOTALL,
)
_TAG = re.compile(rb"<[^<>]*+>?")
_CELL_BYTES = 1024
_FIRST_OF_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}-01(?![0-9])")
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_ERROR_SHOWN = re.compile(r"#(?:N/A|REF!|NAME\?|DIV/0!|VALUE!|NUM!|NULL!)|(?:Err|Erro|Error|Fehler):[0-9]{3}")
_BY_CALCULATOR = re.compile(rb"generator>\s*(?:LibreOffice|OpenOffice|MicrosoftOffice|Collabora)")
_VALUES = tuple(f"{_OFFICE} {name}" for name in ("value", "date-value", "time-value", "boolean-value"))
_NUMBER_TYPES = frozenset({"float", "percentage", "currency", "date", "time", "boolean"})
_READ_BYTES = 1024 * 1024
_LINE_BREAK = re.compile("[\\t\\r\\n]")
"""In an attribute it is read as a blank. Source: XML 1.0 §3.3.3."""
# Source: OpenDocument 1.3 part 3, §6.1.3 to §6.1.5.
_BLANK = re.compile(
    rb"<(?:\w+:)?(?:(line-break)|(tab)|s(?:\s+(?:\w+:)?c=[\"']([0-9]{1,4})[\"'])?)"
    rb"(?:\s+[\w:-]+=[\"'][^\"']*[\"'])*\s*(?:/>|></(?:\w+:)?(?:line-break|tab|s)>)"
)
# What a cell does not say itself: the words of drawings and pictures that stand in it, how a word is spoken,
# notes. Source: part 3, §10.2, §10.3, §6.4 and §6.3.
_ASIDE = re.compile(
    rb"<(/?)(?:(?:draw|dr3d):[\w.-]++|text:(?:ruby-text|note)(?![\w.-]))(?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+>"
)
# Blanks between elements where no text can stand, as indented documents have them; in a paragraph they are
# text. Source: part 3, §1.5 (white space), §9.1.
_INDENT = re.compile(
    rb">[ \t\r\n]++(?=<(?:/?+table:|/?+office:(?:body|spreadsheet|document-content)[\s>]|text:p[\s/>]))"
)
_INDENTED_NOTE = re.compile(
    rb"(</text:p>|<table:table-cell(?:\s[^<>]*+)?>)[ \t\r\n]++(?=<office:annotation[\s>])"
)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
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
# A time that is not written with hours, minutes and seconds: the library gives it as a text.
_SHORT_TIME = re.compile(
    # The literal in front is found fast.
    rb"(office:time-value=[\"'])"
    rb"(?!PT[0-9]{2,}H[0-9]{2}M[0-9]{2}(?:\.[0-9]{1,9})?S[\"'])(P[0-9YDTHMS.,]{2,80})(?=[\"'])"
)
_VALUE = re.compile(rb"(?<!\s)\s++office:value(?P<type>-type)?\s*=\s*(?P<text>\"[^\"]*\"|'[^']*')")


def readable(content: bytes) -> bytes:
    """Return a workbook in which the library finds every text.

    It leaves out line breaks, tabs and runs of blanks, beside which words would run together, and the text
    of cells that name no type, as some programs write them; one of an unknown type it cannot read, nor a
    document that is indented, nor a short form of a time. What stands aside of the text of a cell it adds to
    it.
    """
    with ZipFile(io.BytesIO(content)) as old:
        whole = old.read("content.xml")
        part = _without_asides(whole)
        has_asides = part is not whole
        part, indents = _without_indents(part)
        part, blanks = _BLANK.subn(_characters, part)
        part, times = _SHORT_TIME.subn(_whole_time, part)
        part, untyped = _UNTYPED.subn(rb'\g<0> office:value-type="string"', part)
        is_odd = _ODD.search(part) is not None
        if is_odd:
            part = _CELL.sub(_as_text, part)
        if not (has_asides or indents or blanks or times or untyped or is_odd):
            return content
        mended = io.BytesIO()
        with ZipFile(mended, "w", ZIP_DEFLATED, compresslevel=1) as new:
            for entry in old.infolist():
                new.writestr(entry.filename, part if entry.filename == "content.xml" else old.read(entry))
    return mended.getvalue()


def _without_indents(part: bytes) -> tuple[bytes, int]:
    """Return a document without what stands between its elements for who reads its source, and how much."""
    part, comments = _COMMENT.subn(b"", part) if b"<!--" in part else (part, 0)
    part, indents = _INDENT.subn(b">", part)
    if indents and b"<office:annotation" in part:
        part = _INDENTED_NOTE.sub(rb"\1", part)
    return part, comments + indents


def _without_asides(part: bytes) -> bytes:
    """Return a document without drawings, notes and what is said of words; itself where it has none."""
    kept: list[bytes] = []
    depth = end = 0
    for tag in _ASIDE.finditer(part):
        is_end, is_empty = bool(tag[1]), tag[0].endswith(b"/>")
        if depth == 0 and not is_end:
            kept.append(part[end : tag.start()])
        depth += 0 if is_empty else -1 if is_end else 1
        if depth < 0:
            return part  # It is damaged, which the library tells.
        if depth == 0:
            end = tag.end()
    return b"".join((*kept, part[end:])) if end and depth == 0 else part


def _characters(found: re.Match[bytes]) -> bytes:
    return b"\n" if found[1] else b"\t" if found[2] else b" " * int(found[3] or 1)


def _whole_time(found: re.Match[bytes]) -> bytes:
    return found[1] + whole_duration(found[2].decode()).encode()


def _as_text(cell: re.Match[bytes]) -> bytes:
    """Return a cell whose type or value is none as one of the text that it shows, or else of its value."""
    if _ODD.search(cell[2]) is None:
        return cell[0]
    values = [found["text"] for found in _VALUE.finditer(cell[2]) if not found["type"]]
    text = b" office:string-value=" + values[0] if cell[3] and values else b""
    return cell[1] + _VALUE.sub(b"", cell[2]) + b' office:value-type="string"' + text


def mark_ods(archive: ZipFile, sheet: str, marks: SheetMarks) -> None:
    """Note the marked cells of a sheet; damaged files raise many exceptions."""
    with archive.open("content.xml") as content:
        worth, tail = False, b""
        while not worth and (piece := content.read(_READ_BYTES)):
            held = tail + piece
            worth, tail = _WORTH_READING.search(held) is not None or _has_month(held), held[-_CELL_BYTES:]
    if not worth:
        return
    parser = _SheetParser(_LINE_BREAK.sub(" ", sheet), marks)
    with archive.open("content.xml") as content:
        parser.read(content.read)
    if not parser.has_sheet:
        raise KeyError(sheet)
    # Without a result a formula looks like one whose result is an empty text. LibreOffice writes that as a
    # paragraph without words; a library that gives a formula no result writes nothing.
    unclear = parser.bare if parser.has_result else parser.bare + parser.empty
    if unclear and not _is_of_a_calculator(archive):
        for row, column in unclear:
            marks.unsaved(row, column)


def _has_month(xml: bytes) -> bool:
    """Return whether a cell may show a month without a day."""
    return any(
        _shown(_TAG.sub(b"", cell[2]).decode("utf-8", "replace"), cell[1].decode())
        for cell in _DATE.finditer(xml)
    )


def _shown(shown: str, value: str) -> Shown | None:
    """Return the smallest part of a date that a text shows; None where it is the day or a time.

    Asked only of the first of a month: of two numbers that are 1 one is the month.
    """
    if not _FIRST_OF_MONTH.match(value):
        return None
    numbers, has_letters = _DIGITS.findall(shown), any(map(str.isalpha, shown))
    # A weekday, a clock or a day in Roman numbers shows no year, and is no month.
    if ":" in shown or not {value[:4], value[2:4]}.intersection(numbers):
        return None
    ones = sum(int(number) == 1 for number in numbers)
    is_month = ones == 1 and value[5:7] == "01" and len(numbers) == 2 and not has_letters
    if (ones and not is_month) or not (numbers or has_letters):
        return None
    return "year" if len(numbers) == 1 and len(numbers[0]) == 4 and not has_letters else "month"


def _is_of_a_calculator(archive: ZipFile) -> bool:
    """Return whether the workbook was saved by a program that calculates. Source: part 3, §4.3.2.1."""
    if "meta.xml" not in archive.namelist():
        return False
    with archive.open("meta.xml") as content:
        return _BY_CALCULATOR.search(content.read(_READ_BYTES)) is not None


class _SheetParser:
    """Counts the rows and cells of one table.

    Attributes:
        has_sheet: the table was found.
        empty: row and column of formulas without a result, or with an empty text.
        bare: likewise, of those without even a paragraph.
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
        self._has_paragraph = False
        self._aside = 0
        self.has_sheet = False
        self.empty: list[tuple[int, int]] = []
        self.bare: list[tuple[int, int]] = []
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
        self._aside += _is_aside(space, local)
        if space != _TABLE or self._aside:
            self._has_paragraph |= space == _TEXT and local == "p" and not self._aside
            return
        if local == "table":
            self._depth += self._depth > 0 or attributes.get(f"{_TABLE} name") == self._sheet
            self.has_sheet = self.has_sheet or self._depth > 0
        elif self._depth != 1:
            return
        elif local == "table-row":
            self._column = 0
            self._row_repeats = _count(attributes, "number-rows-repeated")
        elif local in ("table-cell", "covered-table-cell"):
            self._cell, self._shown, self._has_paragraph = attributes, "", False

    def _end(self, name: str) -> None:
        space, _, local = name.rpartition(" ")
        self._aside -= _is_aside(space, local)
        if space != _TABLE or self._aside or not self._depth:
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
        if self._cell is not None and not self._aside and len(self._shown) < 32:
            self._shown += text

    def _mark(self, cell: dict[str, str]) -> None:
        rows, columns = _count(cell, "number-rows-spanned"), _count(cell, "number-columns-spanned")
        if rows > 1 or columns > 1:
            last = (self._row + rows - 1, self._column + columns - 1)
            self._marks.merged.append((self._row, self._column, *last))
        if cell.get(f"{_OFFICE} value-type") == "percentage":
            self._each(cell, lambda row, column: self._marks.format(row, column, "percent"))
        shown = self._shown.strip()
        if part := _shown(shown, cell.get(f"{_OFFICE} date-value", "")):
            self._each(cell, lambda row, column: self._marks.format(row, column, part))
        is_formula = f"{_TABLE} formula" in cell
        if cell.get(f"{_CALC} value-type") == "error" or (is_formula and _ERROR_SHOWN.fullmatch(shown)):
            shown = shown or "#N/A"
            self._each(cell, lambda row, column: self._marks.error(row, column, shown, is_formula=is_formula))
        elif is_formula and not shown and not _has_value(cell):
            self._note_unclear(cell)
        elif is_formula:
            self.has_result = True

    def _note_unclear(self, cell: dict[str, str]) -> None:
        """Note a formula without a value: it has no result, or that is an empty text."""
        kind = cell.get(f"{_OFFICE} value-type", "")
        if kind in _NUMBER_TYPES:
            self._each(cell, self._marks.unsaved)
        elif kind == "string" and self._has_paragraph:
            self.has_result = True
        else:
            self._each(cell, self._note_empty if self._has_paragraph else self._note_bare)

    def _note_empty(self, row: int, column: int) -> None:
        if len(self.empty) < MOST_FAULTS:
            self.empty.append((row, column))

    def _note_bare(self, row: int, column: int) -> None:
        if len(self.bare) < MOST_FAULTS:
            self.bare.append((row, column))

    def _each(self, cell: dict[str, str], note: Callable[[int, int], None]) -> None:
        for row in range(self._row, self._row + min(self._row_repeats, 1000)):
            for column in range(_count(cell, "number-columns-repeated")):
                note(row, self._column + column)


def _has_value(cell: dict[str, str]) -> bool:
    """Return whether a cell has a value beside its text; an empty text is one. Source: part 3, §19.379."""
    return f"{_OFFICE} string-value" in cell or any(cell.get(name, "").strip() for name in _VALUES)


def _is_aside(space: str, local: str) -> bool:
    """Return whether an element in a cell is no part of its text: a drawing, a note, a comment."""
    is_note = (space == _TEXT and local in ("ruby-text", "note")) or (
        space == _OFFICE and local == "annotation"
    )
    return is_note or space in _DRAWINGS


def _count(attributes: dict[str, str], name: str) -> int:
    text = attributes.get(f"{_TABLE} {name}", "1")
    return min(int(text), 1_048_576) if text.isascii() and text.isdigit() else 1
