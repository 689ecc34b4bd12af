"""The lines of a workbook's table as `api.unpacking` writes them: JSON, one row per line."""

from itertools import pairwise

import msgspec
from msgspec import Struct

from domain.problems import Problem, problem
from domain.rows.columns import REQUIRED, Columns
from domain.rows.dates_apart import holds_date
from domain.rows.names import EITHER

NO_VALUE = frozenset({"cell_error", "no_saved_value"})
"""Codes of the problems of cells without a value to be read."""

_NO_VALUE = {
    "cell_error": "cell_error.sheet",
    "no_saved_value": "no_saved_value",
    "": "no_saved_value.error",
}


class SheetName(Struct):
    """A sheet of the workbook."""

    name: str


class SheetHead(Struct):
    """The first line: which sheet of which file this is.

    Attributes:
        format: of the workbook.
        number: of the sheet, from 1; `sheets` are all of them.
        file: name of the workbook within an archive.
        others: names of further sheets with events, where the uploader chose none.
        is_1904: the workbook counts its days from 1904.
    """

    sheet: str
    format: str = "xlsx"
    number: int = 1
    sheets: list[SheetName] = []
    file: str | None = None
    others: list[str] = []
    is_1904: bool = False


class SheetLine(Struct):
    """A row with marks in addition to its texts.

    Attributes:
        faults: column, code and what is shown of cells without a value.
        merged: columns that are one with the cell to their left.
    """

    cells: list[str]
    faults: list[tuple[int, str, str]] = []
    merged: list[int] = []

    @property
    def is_blank(self) -> bool:
        """Whether nothing is in it."""
        return not (self.faults or any(cell.strip() for cell in self.cells))


def padded(cells: list[str], width: int) -> list[str]:
    """Return exactly `width` cells: empty ones added, surplus ones left out."""
    return cells[:width] + [""] * (width - len(cells))


def picked(line: SheetLine, kept: list[int]) -> SheetLine:
    """Return the cells at some places."""
    width = len(line.cells)
    cells = [line.cells[at] if at < width else "" for at in kept]
    place = {at: new for new, at in enumerate(kept)}
    faults = [(place[column], code, shown) for column, code, shown in line.faults if column in place]
    joined = set(line.merged)
    merged = [place[at] for left, at in pairwise(kept) if joined.issuperset(range(left + 1, at + 1))]
    return SheetLine(cells, faults, merged)


def decoded(line: bytes) -> SheetLine | None:
    """Return the row of a line; None for one over 1 MiB."""
    read = msgspec.json.decode(line, type=list[str] | SheetLine | None)
    return SheetLine(read) if isinstance(read, list) else read


def header_cells(row: SheetLine) -> list[str]:
    """Return the names of a header: one that is merged over columns names the first of them."""
    return ["" if column in row.merged else cell for column, cell in enumerate(row.cells)]


def missing_values(line: SheetLine, columns: Columns, *, is_mended: bool = False) -> list[Problem]:
    """Return the problems of each cell of a field that has no value to be read.

    Of a formula that was saved with an error, that the value is missing is told where one is required. Which
    fields the columns of mended rows are, the import knows that rejected them: theirs are told by name.
    """
    fields = {column: name for name, column in columns.index.items()}
    if is_mended:
        fields = dict(enumerate(columns.names))
    return [
        problem(_NO_VALUE["" if is_echo else code], name, value=shown or None)
        for column, code, shown in line.faults
        if (name := _field(fields.get(column)))
        and (not (is_echo := bool(shown) and code == "no_saved_value") or name in REQUIRED)
    ]


def is_filled_in(line: SheetLine, columns: Columns) -> bool:
    """Return whether a row is blank but for formulas that were filled in below the table.

    They have no value there. Where title or date may be one of them, the row may be an event.
    """
    if not line.faults:
        return False
    unvalued = {column for column, _, _ in line.faults}
    is_told = any(cell.strip() for at, cell in enumerate(line.cells) if at not in unvalued)
    needed = [columns.index.get(name) for name in ("title", "event_date")]
    return not is_told and None not in needed and unvalued.isdisjoint(needed)


def hides_totals(line: SheetLine, columns: Columns) -> bool:
    """Return whether date and city both have no value to be read: it may be an event or a row of totals."""
    unvalued = {column for column, _, _ in line.faults}
    places = [columns.index[name] for name in ("event_date", "city") if name in columns.index]
    return bool(places) and unvalued.issuperset(places)


def is_separator(line: SheetLine, columns: Columns) -> bool:
    """Return whether title, date and city are one merged cell: the heading of the rows below it.

    Where the title alone is a column of these, a cell over all columns that are used may be a title as well,
    and is a heading only where it names a day.
    """
    places = [columns.index[name] for name in REQUIRED if name in columns.index]
    if places == [columns.index.get("title")] and any(map(holds_date, line.cells[places[0] :][:1])):
        places = [*columns.index.values()]
    joined = range(min(places, default=0) + 1, max(places, default=0) + 1)
    return len(places) > 1 and set(line.merged).issuperset(joined)


def _field(name: str | None) -> str | None:
    """Return the field as problems name it."""
    return "local_info.location_name" if name == EITHER else name
