"""Chooses the sheet of a workbook, and returns its rows as in a CSV."""

import io
import re
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple, NoReturn
from zipfile import BadZipFile, ZipFile

from msgspec import Struct
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from api.unpacking import ods_marks, xls_readable, xlsb_marks
from api.unpacking.archive import INSTEAD, Format, Workbook
from api.unpacking.fault import ending_with, fail, fail_with
from api.unpacking.faults import CellFault, SheetMarks
from api.unpacking.moments import as_shown, as_typed, wall_clock
from api.unpacking.ods_marks import mark_ods
from api.unpacking.xls_marks import mark_xls
from api.unpacking.xlsb_marks import mark_xlsb
from api.unpacking.xlsx_cells import damaged_cell, with_known_values
from api.unpacking.xlsx_marks import mark_xlsx
from domain.imports import ImportOptions
from domain.problems import excerpt, problem
from domain.rows.columns import REQUIRED
from domain.rows.header import LONGEST_SEARCH, HeadRow, find_table, recognised
from domain.rows.looks import without_totals

ROW_CHARACTERS = 1024 * 1024
SEARCHED_WORKBOOK_BYTES = 5 * 1024 * 1024
"""In a workbook up to this size, further sheets with events are looked for, whatever the first one has."""

EXACT_INTEGERS = 1e15
"""Below it, a number of a workbook without a fraction is the integer that was typed."""

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?", re.ASCII)
_SPAN = re.compile(r"PT(2[4-9]|[3-9][0-9]|[0-9]{3,6})H([0-9]{2})M([0-9]{2}(?:[.,][0-9]+)?)S", re.ASCII)


class SheetFacts(Struct, omit_defaults=True):
    """A sheet as the preview lists it; `rows` up to the last one with a cell, where they were counted."""

    name: str
    hidden: bool = False
    rows: int | None = None


class RowLine(Struct, omit_defaults=True):
    """A row with marks in addition to its texts. Columns count from 0.

    Attributes:
        faults: column, code and what is shown of cells that have no value.
        merged: columns whose text is that of the cell to the left, which they are one with.
    """

    cells: list[str]
    faults: Sequence[tuple[int, str, str]] = ()
    merged: list[int] = []


Line = list[str] | RowLine | None
"""A row as it is written; None for one over 1 MiB."""


class OpenSheet(NamedTuple):
    """The sheet that is read, and all there are.

    Attributes:
        place: of the sheet among all of the workbook, from 0, hidden ones and charts included.
        others: names of further visible sheets with events, where the uploader chose none.
    """

    sheet: CalamineSheet
    place: int
    number: int
    sheets: list[SheetFacts]
    others: Sequence[str] = ()


def open_sheet(workbook: Workbook, options: ImportOptions, *, count_rows: bool) -> OpenSheet:
    """Return the sheet of a name or number, else the first that has a header; or end with a fault."""
    opened = _opened(_readable(workbook), options, count_rows=count_rows)
    if opened is None and workbook.format in ("xlsx", "xlsm"):
        with ending_with(_fail_damaged):
            mended = with_known_values(workbook.content)
        opened = _opened(mended, options, count_rows=count_rows) if mended else None
        if opened is None:
            _fail_by_cell(workbook.content)
    return opened or _fail_damaged()


def _readable(workbook: Workbook) -> bytes:
    """Return the bytes that the library is given; those of a damaged file are left to it."""
    mend = _MENDERS.get(workbook.format)
    try:
        return mend(workbook.content) if mend else workbook.content
    except (OSError, ValueError, KeyError, BadZipFile, zlib.error, struct.error):
        return workbook.content


_MENDERS: "dict[Format, Callable[[bytes], bytes]]" = {
    "ods": ods_marks.readable,
    "xls": xls_readable.readable,
    "xlsb": xlsb_marks.readable,
}
"""They return the bytes that the library reads right."""


def _opened(content: bytes, options: ImportOptions, *, count_rows: bool) -> OpenSheet | None:
    """Return the sheet that is read; None of a workbook that the library cannot read."""
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        # Each further sheet is read as a whole to see its header: too dear in a large workbook.
        is_small = len(content) <= SEARCHED_WORKBOOK_BYTES
        return _chosen(book, options, count_rows=count_rows, is_small=is_small)
    except (MemoryError, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - of a damaged file, also a panic of the library.
        return None


def _fail_by_cell(content: bytes) -> None:
    """End with a fault that names the cell which is the reason, if one is."""
    with ending_with(_fail_damaged):
        found = damaged_cell(content)
    if found:
        sheet, cell, value = map(excerpt, found)
        fail_with("not_text.damaged_cell", sheet=sheet, cell=cell, value=value, advice=INSTEAD)


def _fail_damaged() -> NoReturn:
    fail_with("not_text.damaged_workbook", advice=INSTEAD)


def _chosen(book: CalamineWorkbook, options: ImportOptions, *, count_rows: bool, is_small: bool) -> OpenSheet:
    tables = [
        (at, each) for at, each in enumerate(book.sheets_metadata) if each.typ == SheetTypeEnum.WorkSheet
    ]
    facts = [SheetFacts(each.name, hidden=each.visible != SheetVisibleEnum.Visible) for _, each in tables]
    if not facts:
        fail_with("empty_file.workbook")
    opened: dict[str, CalamineSheet] = {}

    def sheet(name: str) -> CalamineSheet:
        if name not in opened:
            if not count_rows:
                opened.clear()
            opened[name] = book.get_sheet_by_name(name)
        return opened[name]

    name = _named(facts, options.sheet) if options.sheet else _with_header(facts, sheet, options)
    if count_rows:
        for each in facts:
            end = sheet(each.name).end
            each.rows = end[0] + 1 if end else 0
    at = [each.name for each in facts].index(name)
    chosen = sheet(name)
    others = () if options.sheet else _others(facts, name, sheet, options, is_small=is_small)
    return OpenSheet(chosen, tables[at][0], at + 1, facts, others)


def _with_header(
    facts: list[SheetFacts], sheet: Callable[[str], CalamineSheet], options: ImportOptions
) -> str:
    """Return the first visible sheet with a header.

    Where none has one, the first that names some columns, or else the first with any cell.
    """
    visible = [each.name for each in facts if not each.hidden] or [each.name for each in facts]
    likely: dict[bool, str] = {}
    for name in visible:
        rows = _first_rows(sheet(name))
        if find_table(rows, options):
            return name
        if rows:
            likely.setdefault(any(recognised(row.cells, options) >= 2 for row in rows), name)
    return likely.get(True) or likely.get(False) or visible[0]


def _others(
    facts: list[SheetFacts],
    name: str,
    sheet: Callable[[str], CalamineSheet],
    options: ImportOptions,
    *,
    is_small: bool,
) -> list[str]:
    """Return the further visible sheets that have rows below a header with the required columns of this one.

    In a large workbook they are looked for only where this one has no rows itself, as a template has none.
    """
    chosen = _table(sheet(name), options)
    if chosen is None or not chosen.fields or not (is_small or chosen.is_empty):
        return []
    visible = (each.name for each in facts if not each.hidden and each.name != name)
    tables = ((each, _table(sheet(each), options)) for each in visible)
    return [each for each, table in tables if table and not table.is_empty and table.fields >= chosen.fields]


class _Table(NamedTuple):
    """What a sheet begins with: the required fields that it has columns of, and whether nothing follows."""

    fields: frozenset[str]
    is_empty: bool


def _table(sheet: CalamineSheet, options: ImportOptions) -> _Table | None:
    """Return the table that the first rows of a sheet begin, if they do."""
    rows = _first_rows(sheet)
    header = find_table(rows, options)
    if header is None:
        return None
    below = [row.cells for row in rows[header.place + 1 :]]
    return _Table(frozenset(REQUIRED).intersection(header.columns.index), not without_totals(below))


def _first_rows(sheet: CalamineSheet) -> list[HeadRow]:
    """Return the first rows of a sheet that are not blank."""
    left = [""] * (sheet.start[1] if sheet.start else 0)
    rows = (HeadRow(line, left + _texts(row)) for line, row in enumerate(sheet.iter_rows(), 1))
    filled = (row for row in rows if any(cell.strip() for cell in row.cells))
    return list(islice(filled, LONGEST_SEARCH))


def _named(facts: list[SheetFacts], wanted: str) -> str:  # noqa: RET503 - fail() ends the process.
    """Return the sheet of this name, else of this number among the visible ones."""
    names = [each.name for each in facts]
    visible = [each.name for each in facts if not each.hidden] or names
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(visible):
        return visible[int(wanted) - 1]
    near = get_close_matches(wanted, names, n=1)
    suggestion = near[0] if near else None
    fail(problem("unknown_sheet", "sheet", value=wanted, suggestion=suggestion, names=tuple(visible[:20])))


def marks_of(workbook: Workbook, chosen: OpenSheet) -> SheetMarks:
    """Return the error cells, unsaved formulas and merged ranges of a sheet; or end with a fault.

    Sheets are found by their place, for their names are read in more ways than one. One that is not found
    is a fault: that it has no such cells would be a guess.
    """
    marks = SheetMarks()
    with ending_with(_fail_damaged):
        ranges = chosen.sheet.merged_cell_ranges or []
        marks.merged += [(*first, *last) for first, last in ranges]
        if workbook.format == "xls":
            mark_xls(workbook.content, chosen.place, marks)
        else:
            with ZipFile(io.BytesIO(workbook.content)) as archive:
                if workbook.format == "ods":
                    mark_ods(archive, chosen.sheet.name, marks)
                else:
                    _MARKERS[workbook.format](archive, chosen.place, marks)
    return marks


_MARKERS = {"xlsx": mark_xlsx, "xlsm": mark_xlsx, "xlsb": mark_xlsb}


def row_lines(sheet: CalamineSheet, marks: SheetMarks, most_rows: int) -> Iterator[Line]:
    """Yield each row from the first of the sheet on; None for one that is too long."""
    left = sheet.start[1] if sheet.start else 0
    width = sheet.end[1] + 1 if sheet.end else 0
    merges = _Merges(marks.merged, width)
    for number, row in enumerate(_rows(sheet, most_rows)):
        cells = [""] * left + _texts(row)
        for column in marks.percents.get(number, ()):
            if column < len(cells):
                cells[column] = _percent(cells[column])
        for column in marks.typed.get(number, ()):
            if column < len(cells):
                cells[column] = wall_clock(cells[column])
        for column, shown in marks.shown.get(number, {}).items():
            if column < len(cells):
                cells[column] = as_shown(cells[column], shown)
        yield _line(cells, number, marks.faults.get(number), merges)


def _rows(sheet: CalamineSheet, most_rows: int) -> Iterator[list[Any]]:
    with ending_with(_fail_damaged):
        yield from islice(sheet.iter_rows(), most_rows)


def _line(cells: list[str], number: int, faults: dict[int, CellFault] | None, merges: "_Merges") -> Line:
    found = dict(faults or ())
    cells += [""] * (max(found, default=-1) + 1 - len(cells))
    for column, fault in found.items():
        cells[column] = fault.shown
    merged = merges.fill(cells, number, found)
    while cells and not cells[-1] and len(cells) - 1 not in found:
        cells.pop()
    if sum(map(len, cells)) > ROW_CHARACTERS:
        return None
    if not (found or merged):
        return cells
    told = tuple(
        (column, code, fault.shown) for column, fault in sorted(found.items()) for code in fault.codes
    )
    return RowLine(cells, told, [column for column in merged if column < len(cells)])


class _Merges:
    """Gives the cells of merged ranges the value of their first one, which is what is seen."""

    def __init__(self, ranges: list[tuple[int, int, int, int]], width: int) -> None:
        self._coming = sorted(ranges, reverse=True)
        self._open: list[_OpenRange] = []
        self._width = width

    def fill(self, cells: list[str], row: int, faults: dict[int, CellFault]) -> list[int]:
        """Fill the cells of a row; return the columns that were filled from the left.

        What stands behind the first cell of a range is not seen, be it a value or a fault. A row without a
        cell of its own stays blank: it is the rest of the row that is merged.
        """
        self._open = [each for each in self._open if each.last >= row]
        while self._coming and self._coming[-1][0] <= row:
            first, left, last, right = self._coming.pop()
            if first == row:
                text = cells[left] if left < len(cells) else ""
                stop = min(right + 1, self._width)
                self._begin(_OpenRange(left, stop, first, last, text, faults.get(left)))
        if not self._open or _is_blank(cells, faults):
            return []
        covered = [(column, each) for each in self._open for column in each.covered(row, len(cells))]
        cells += [""] * (max((column for column, _ in covered), default=-1) + 1 - len(cells))
        for column, _ in covered:
            cells[column] = ""
            faults.pop(column, None)
        if _is_blank(cells, faults):
            return []
        for column, each in covered:
            cells[column] = each.text
            if each.fault:
                faults[column] = each.fault
        return [column for column, each in covered if each.first == row and each.is_filled]

    def _begin(self, new: "_OpenRange") -> None:
        """Keep a range from its first row on, in the order of columns.

        Not one that overlaps another one, as no program writes them: a row is filled once, not once for
        each of as many as there may be.
        """
        at = bisect_left(self._open, new.left, key=attrgetter("left"))
        overlaps = (at > 0 and self._open[at - 1].stop > new.left) or (
            at < len(self._open) and self._open[at].left < new.stop
        )
        if new.left < new.stop and not overlaps:
            self._open.insert(at, new)


class _OpenRange(NamedTuple):
    """A merged range that the rows have reached: its columns from `left` up to `stop`, and its value."""

    left: int
    stop: int
    first: int
    last: int
    text: str
    fault: CellFault | None

    @property
    def is_filled(self) -> bool:
        """Whether its first cell has something to show."""
        return bool(self.text or self.fault)

    def covered(self, row: int, width: int) -> range:
        """Return the columns of a row whose cells lie behind the first one.

        Of an empty range those below `width`, where the row has cells: there is nothing to fill beyond.
        """
        stop = self.stop if self.is_filled else min(self.stop, width)
        return range(self.left + (row == self.first), stop)


def _is_blank(cells: list[str], faults: dict[int, CellFault]) -> bool:
    return not (any(cell.strip() for cell in cells) or faults)


def _texts(row: list[Any]) -> list[str]:
    """Return cells as text, up to the last that is filled: a far-out column makes all rows as wide."""
    width = len(row)
    while width and row[width - 1] == "":
        width -= 1
    return [_text(cell) for cell in row[:width]]


def _text(cell: Any) -> str:
    """Return a cell as a CSV would have it."""
    if isinstance(cell, str):
        return _span(cell) if cell.startswith("PT") else cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT_INTEGERS:
        return str(int(cell))
    return str(cell) if isinstance(cell, int | float) else _moment(cell)


def _percent(text: str) -> str:
    """Return the text of a number as a sheet shows it in percent; another text as it is."""
    return f"{float(text) * 100:.15g}%" if _NUMBER.fullmatch(text) else text


def _moment(cell: Any) -> str:
    if isinstance(cell, datetime):
        return as_typed(cell).isoformat()
    if isinstance(cell, time):
        return as_typed(datetime.combine(date(2000, 1, 1), cell)).time().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return _duration(cell) if isinstance(cell, timedelta) else str(cell)


def _span(cell: str) -> str:
    """Return a span of an .ods, which the library gives as text from a day on, in the form of the others."""
    found = _SPAN.fullmatch(cell)
    if found is None:
        return cell
    hours, minutes, seconds = found.groups()
    return _duration(
        timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds.replace(",", ".")))
    )


def _duration(span: timedelta) -> str:
    """Return a span as a sheet shows it, hours first: below a day it reads as a time of day."""
    if span < timedelta(0):
        return f"-{_duration(-span)}"
    seconds = round(span.total_seconds(), 3)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    fraction = f"{seconds % 1:.3f}"[1:] if seconds % 1 else ""
    return f"{int(hours):02}:{int(minutes):02}:{int(seconds):02}{fraction}"
