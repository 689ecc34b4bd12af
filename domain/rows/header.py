"""Finds the header row of a table, and the field of each column.

Works on rows of cells, of whatever kind of file: a caller gives the first rows that are not blank,
and asks again with more while the answer is None.
"""

from collections.abc import Sequence
from datetime import tzinfo

from msgspec import Struct

from domain.imports import ImportOptions
from domain.problems import Problem, problem
from domain.rows.columns import REQUIRED, Columns, find_column, match_columns, needs_values
from domain.rows.missing_columns import known_columns
from domain.rows.names import meaning

SEARCHED_ROWS = 20
"""The header is one of so many first rows, unless `header_row` gives its place."""

SAMPLE_ROWS = 100
"""So many rows below the header show what a column holds, where its name leaves that open."""

LONGEST_SEARCH = SEARCHED_ROWS + SAMPLE_ROWS
"""More rows than these change nothing."""


class HeadRow(Struct, frozen=True):
    """A row among the first ones: `line` as a person counts, and its cells."""

    line: int
    cells: Sequence[str]


class Header(Struct, frozen=True):
    """The header of a table.

    Attributes:
        place: which of the rows it is, from 0; those before it are skipped.
    """

    place: int
    line: int
    names: Sequence[str]
    columns: Columns

    @property
    def described(self) -> dict[str, object]:
        """The members of a file's `dialect` that describe it: none where the header is the first row."""
        return {"header_row": self.line} if self.place else {}


class HeaderFault(Struct, frozen=True):
    """Why nothing can be imported, and what was taken for the header."""

    problem: Problem
    names: Sequence[str] = ()
    place: int = 0


def find_header(
    rows: Sequence[HeadRow], options: ImportOptions, *, final: bool, timezone: tzinfo | None = None
) -> Header | HeaderFault | None:
    """Return the header among the first rows, the reason why there is none, or None if more rows are needed.

    `final`: no more rows come, or none worth waiting for. `timezone`: in which times without an offset count.
    """
    place = _place(rows, options, final=final)
    if place is None or isinstance(place, HeaderFault):
        return place
    names, below = list(rows[place].cells), rows[place + 1 : place + 1 + SAMPLE_ROWS]
    waits = not final and len(below) < SAMPLE_ROWS
    if waits and needs_values(names, options.mapping):
        return None
    sample = [row.cells for row in below]
    columns = match_columns(names, options.mapping, options.defaults, sample, timezone)
    if isinstance(columns, Columns):
        return Header(place, rows[place].line, names, columns)
    if waits and columns.code == "missing_columns" and len(rows) < SEARCHED_ROWS:
        return None
    return HeaderFault(columns, names, place)


def is_enough(rows: Sequence[HeadRow], options: ImportOptions) -> bool:
    """Return whether further rows would change nothing."""
    return len(rows) >= LONGEST_SEARCH and rows[-1].line >= (options.header_row or 0) + SAMPLE_ROWS


def _place(rows: Sequence[HeadRow], options: ImportOptions, *, final: bool) -> int | HeaderFault | None:
    """Return which row is the header."""
    if options.header_row is not None:
        return _at_line(rows, options.header_row, final=final)
    searched = rows[:SEARCHED_ROWS]
    for place, row in enumerate(searched):
        if _is_complete(row.cells, options):
            return place
    if not final and len(rows) < SEARCHED_ROWS:
        return None
    likely = (place for place, row in enumerate(searched) if recognised(row.cells, options) >= 2)
    return next(likely, 0) if rows else None


def _at_line(rows: Sequence[HeadRow], line: int, *, final: bool) -> int | HeaderFault | None:
    for place, row in enumerate(rows):
        if row.line == line:
            return place
    if not final and not (rows and rows[-1].line > line):
        return None
    return HeaderFault(problem("invalid_option.header_row", "header_row", value=str(line)))


def recognised(cells: Sequence[str], options: ImportOptions) -> int:
    """Return how many columns are known by name or named by the mapping."""
    named = (name for name in (options.mapping or {}).values() if name is not None)
    mapped = sum(1 for name in named if not name.startswith("#") and find_column(cells, name))
    return max(known_columns(cells), mapped)


def _is_complete(cells: Sequence[str], options: ImportOptions) -> bool:
    """Return whether a row names at least two columns, and all that are required are there."""
    if recognised(cells, options) < 2:
        return False
    mapping = options.mapping or {}
    by_name = {known.field for known in map(meaning, cells) if known}
    by_default = {name for name, text in (options.defaults or {}).items() if text.strip()}
    for field in REQUIRED:
        name = mapping.get(field)
        if name is not None and not find_column(cells, name):
            return False
        if name is None and field not in by_default and (field in mapping or field not in by_name):
            return False
    return True
