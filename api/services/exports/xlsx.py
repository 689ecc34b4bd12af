"""Writes a workbook while it is sent, in constant memory and without a temporary file.

Source: ECMA-376 part 1; the ZIP has data descriptors (APPNOTE §4.3.9), so nothing is gone back to.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from typing import Any

from api.services.exports.table import COLUMNS, Cell, Language, row_of, titles
from domain.events import Event
from domain.rows.cells import held_in_cell
from domain.rows.formula_guard import error_as_text, looks_guarded

MOST_ROWS = 1_048_576
MOST_BYTES = 2 * 1024**3
"""Of a sheet; further rows stand on further sheets. Excel does not read parts over 4 GiB."""

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SPACES = f'xmlns="{_MAIN}" xmlns:r="{_RELATION}"'
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_PLAIN, _BOLD, _DATE, _TIME, _SECONDS, _QUOTED, _WRAPPED = range(7)
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill>'
    '<patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="7">'
    '<xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/>'
    # 14, 20, 21: a date and a time as the reader's own language writes them.
    '<xf xfId="0" numFmtId="14" applyNumberFormat="1"/><xf xfId="0" numFmtId="20" applyNumberFormat="1"/>'
    '<xf xfId="0" numFmtId="21" applyNumberFormat="1"/><xf xfId="0" quotePrefix="1"/>'
    '<xf xfId="0" applyAlignment="1"><alignment wrapText="1" vertical="top"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_EPOCH = date(1899, 12, 30).toordinal()
_RUNS = re.compile(r"[=+\-@\t\r]")
# A CR, which XML would change; text that looks like an escape (§22.9.2.19); what XML 1.0 cannot hold.
_UNSAFE = re.compile("[\r\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


class XlsxFile:
    """A workbook of events, or of other rows: `part` and `rows` may be mixed."""

    def __init__(
        self,
        language: Language,
        header: Sequence[str] | None = None,
        *,
        widths: Sequence[int] | None = None,
        sheet: str | None = None,
    ) -> None:
        """Begin a workbook whose first row is the header."""
        self._header = list(header) if header is not None else titles(language)
        own = [width for *_, width in COLUMNS]
        self._widths = widths or (own if header is None else [18] * len(self._header))
        self._name = sheet or ("Events" if language == "en" else "Eventos")
        self._sink = _Sink()
        self._archive = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=4)
        self._sheets = 0
        self._row = 0

    def opening(self) -> bytes:
        """Return what comes before the first row."""
        self._begin_sheet()
        return self._sink.taken()

    def part(self, events: Sequence[Event]) -> bytes:
        """Return some events."""
        return self.rows([_event_row(event) for event in events])

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Return some rows."""
        text: list[str] = []
        for row in rows:
            if self._row == MOST_ROWS or self._size > MOST_BYTES:
                self._write("".join(text))
                text.clear()
                self._end_sheet()
                self._begin_sheet()
            self._row += 1
            text.append(_row(self._row, row))
        self._write("".join(text))
        return self._sink.taken()

    def closing(self, after_rows: str = "") -> bytes:
        """Return what comes after the last row; `after_rows` is XML of the last sheet."""
        self._end_sheet(after_rows)
        for name, content in self._parts():
            self._archive.writestr(name, content)
        self._archive.close()
        return self._sink.taken()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._archive.open(f"xl/worksheets/sheet{self._sheets}.xml", "w")
        self._size = 0
        columns = "".join(
            f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>'
            for at, width in enumerate(self._widths, 1)
        )
        selected = ' tabSelected="1"' if self._sheets == 1 else ""
        self._sheet.write(
            (
                f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"'
                f"{selected}>"
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
                '<selection pane="bottomLeft" activeCell="A2" sqref="A2"/></sheetView></sheetViews>'
                f"{'<cols>' + columns + '</cols>' if columns else ''}<sheetData>"
            ).encode()
        )
        self._row = 1
        cells = "".join(_text(text, _BOLD) for text in self._header)
        self._sheet.write(f'<row r="1">{cells}</row>'.encode())

    def _write(self, text: str) -> None:
        content = text.encode()
        self._size += len(content)
        self._sheet.write(content)

    def _end_sheet(self, after_rows: str = "") -> None:
        self._sheet.write(f"</sheetData>{after_rows}</worksheet>".encode())
        self._sheet.close()

    def _parts(self) -> list[tuple[str, str]]:
        """Return the parts that name the sheets, whose number is known at the end."""
        numbers = range(1, self._sheets + 1)
        names = [self._name if n == 1 else f"{self._name} {n}" for n in numbers]
        sheets = "".join(
            f'<sheet name="{escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(numbers, names, strict=True)
        )
        relations = [("styles", "styles.xml"), *(("worksheet", f"worksheets/sheet{n}.xml") for n in numbers)]
        overrides = [("workbook.xml", "sheet.main"), ("styles.xml", "styles")]
        overrides += [(f"worksheets/sheet{n}.xml", "worksheet") for n in numbers]
        return [
            ("[Content_Types].xml", _content_types(overrides)),
            ("_rels/.rels", _relationships([("officeDocument", "xl/workbook.xml")], first=1)),
            ("xl/workbook.xml", f"{_HEAD}<workbook {_SPACES}><sheets>{sheets}</sheets></workbook>"),
            ("xl/_rels/workbook.xml.rels", _relationships(relations, first=0)),
            ("xl/styles.xml", _STYLES),
        ]


def _content_types(overrides: Iterable[tuple[str, str]]) -> str:
    default = "application/vnd.openxmlformats-package.relationships+xml"
    parts = "".join(
        f'<Override PartName="/xl/{name}" ContentType="{_TYPE}.{kind}+xml"/>' for name, kind in overrides
    )
    return (
        f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="{default}"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>'
    )


def _relationships(relations: Iterable[tuple[str, str]], *, first: int) -> str:
    each = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATION}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(relations, first)
    )
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


class _Sink(io.RawIOBase):
    """Takes what the archive writes, until it is taken on."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._held += content
        return len(content)

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


def _event_row(event: Event) -> list[Cell]:
    return [error_as_text(cell) if isinstance(cell, str) else cell for cell in row_of(event)]


def _row(number: int, cells: Sequence[Cell]) -> str:
    """Return a row. Cells have no references: each stands where it is counted."""
    return f'<row r="{number}">{"".join(map(_cell, cells))}</row>'


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, str):
        # A style by which a spreadsheet keeps it a text when somebody edits the cell.
        return _text(f"'{cell}" if looks_guarded(cell) else cell, _QUOTED if _RUNS.match(cell) else _PLAIN)
    if isinstance(cell, bool):
        return f'<c t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int):
        return f"<c><v>{cell}</v></c>"
    if isinstance(cell, date):
        return f'<c s="{_DATE}"><v>{cell.toordinal() - _EPOCH}</v></c>'
    seconds = cell.hour * 3600 + cell.minute * 60 + cell.second
    return f'<c s="{_SECONDS if cell.second else _TIME}"><v>{seconds / 86400!r}</v></c>'


def _text(text: str, style: int) -> str:
    safe = escape(_UNSAFE.sub(_escaped, held_in_cell(text)), quote=False)
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{safe}</t></is></c>'


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return "\ufffd" if character in "\ufffe\uffff" else f"_x{ord(character):04X}_"
