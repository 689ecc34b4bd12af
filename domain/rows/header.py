"""Finds the header row of a table, and the field of each column.

Works on rows of cells, of whatever kind of file: a caller gives the first rows that are not blank,
and asks again with more while the answer is None. A table may have no header: its columns are known by
their places then, where the option `header_row` is 0 or the mapping shows that the first row is an event.
"""

from collections.abc import Sequence
from datetime import tzinfo

from msgspec import Struct
from msgspec.structs import replace

from domain.imports import ImportOptions
from domain.problems import Problem, problem
from domain.rows.columns import (
    MAX_COLUMNS,
    REQUIRED,
    Columns,
    find_column,
    is_own_column,
    match_columns,
    needs_values,
    place_of,
)
from domain.rows.missing_columns import known_columns, unplaced_columns
from domain.rows.names import meaning
from domain.rows.options import key_fault
from domain.rows.placed_cells import PlacedCells, is_dated, names_date, unplaced_fields

SEARCHED_ROWS = 20
"""The header is one of so many first rows, unless `header_row` gives its place."""

SAMPLE_ROWS = 100
"""So many rows below the header show what a column holds, where its name leaves that open."""

LONGEST_SEARCH = SEARCHED_ROWS + SAMPLE_ROWS
"""More rows than these change nothing."""

NO_HEADER = -1
"""The place of the header where there is none: the first row is the one after it."""


class HeadRow(Struct, frozen=True):
    """A row among the first ones: `line` as a person counts, and its cells."""

    line: int
    cells: Sequence[str]


class Header(Struct, frozen=True):
    """The header of a table.

    Attributes:
        place: which of the rows it is, from 0; those before it are skipped. `NO_HEADER` of a table without.
        line: as a person counts; 0 of a table without.
        is_assumed: it may be an event as well, and only the places of columns make it the header.
    """

    place: int
    line: int
    names: Sequence[str]
    columns: Columns
    is_assumed: bool = False

    @property
    def described(self) -> dict[str, object]:
        """The members of a file's `dialect` that describe it: none where the header is the first row."""
        return {"header_row": self.line} if self.place else {}

    @property
    def warnings(self) -> dict[str, int]:
        """The code of each warning of rows that are no records because of it, and how many these are."""
        counts = {"rows_above_header": self.place, "assumed_header": int(self.is_assumed)}
        return {code: count for code, count in counts.items() if count > 0}


class HeaderFault(Struct, frozen=True):
    """Why nothing can be imported, and what was taken for the header."""

    problem: Problem
    names: Sequence[str] = ()
    place: int = 0


_Found = Header | HeaderFault | None


def find_header(
    rows: Sequence[HeadRow], options: ImportOptions, *, final: bool, timezone: tzinfo | None = None
) -> _Found:
    """Return the header among the first rows, the reason why there is none, or None if more rows are needed.

    `final`: no more rows come, or none worth waiting for. `timezone`: in which times without an offset count.
    """
    place = _place(rows, options, final=final)
    if place is None or isinstance(place, HeaderFault):
        return place
    if place == NO_HEADER:
        return _without_header(rows, options, final=final, timezone=timezone)
    names, below = list(rows[place].cells), rows[place + 1 : place + 1 + SAMPLE_ROWS]
    waits = not final and len(below) < SAMPLE_ROWS
    sample = [row.cells for row in below]
    if waits and needs_values(names, options.mapping, sample):
        return None
    columns = match_columns(names, options.mapping, options.defaults, sample, timezone)
    if isinstance(columns, Columns):
        fault = key_fault(options, columns)
        found = Header(place, rows[place].line, names, columns, _is_assumed(names, options))
        return HeaderFault(fault, names, place) if fault else found
    if waits and columns.code == "missing_columns" and len(rows) < SEARCHED_ROWS:
        return None
    return HeaderFault(columns, names, place)


def find_table(rows: Sequence[HeadRow], options: ImportOptions) -> Header | None:
    """Return the header of a table of events that these rows begin, if they do.

    A table without a header is known by its dates.
    """
    found = find_header(rows, replace(options, key=None), final=True)
    if not isinstance(found, Header):
        return None
    is_table = found.place != NO_HEADER or any(is_dated(row.cells, options) for row in rows)
    return found if is_table else None


def _without_header(
    rows: Sequence[HeadRow], options: ImportOptions, *, final: bool, timezone: tzinfo | None
) -> _Found:
    """Return the columns of a table without a header, by their places: as many as its first rows have."""
    first = [row.cells for row in rows[:SAMPLE_ROWS]]
    if not final and len(first) < SAMPLE_ROWS:
        return None
    names = _places(first, options)
    if unplaced := unplaced_fields(options):
        return HeaderFault(unplaced_columns(unplaced, first), names, NO_HEADER)
    columns = match_columns(names, options.mapping, options.defaults, first, timezone)
    if not isinstance(columns, Columns):
        return HeaderFault(columns, names, NO_HEADER)
    if fault := key_fault(options, columns):
        return HeaderFault(fault, names, NO_HEADER)
    # Nobody has said how many cells a row has, but those that are mapped must be there.
    least = 1 + max(columns.index.values(), default=-1)
    return Header(NO_HEADER, 0, names, replace(columns, least=least, has_header=False))


def _places(first: Sequence[Sequence[str]], options: ImportOptions) -> list[str]:
    """Return the names of columns by their places: `#1`, `#2`.

    Of more than can have a name, only those have one that are mapped or have a cell.
    """
    width = max(map(len, first), default=0)
    named = set(range(width))
    if width > MAX_COLUMNS:
        named = {at for cells in first for at, cell in enumerate(cells) if cell.strip()}
        named.update(at for name in (options.mapping or {}).values() if name and (at := place_of(name)))
    return [f"#{at + 1}" if at in named else "" for at in range(width)]


def is_enough(rows: Sequence[HeadRow], options: ImportOptions) -> bool:
    """Return whether further rows would change nothing."""
    return len(rows) >= LONGEST_SEARCH and rows[-1].line >= (options.header_row or 0) + SAMPLE_ROWS


def _place(rows: Sequence[HeadRow], options: ImportOptions, *, final: bool) -> int | HeaderFault | None:
    """Return which row is the header; `NO_HEADER` if none is."""
    if options.header_row == 0:
        return _before_first(rows)
    if options.header_row is not None:
        return _at_line(rows, options.header_row, final=final)
    return _searched(rows[:SEARCHED_ROWS], options, final=final or len(rows) >= SEARCHED_ROWS)


def _searched(rows: Sequence[HeadRow], options: ImportOptions, *, final: bool) -> int | None:
    """Return which row is the header by its names; `NO_HEADER` where the first one is an event by places."""
    placed = PlacedCells.of(options)
    if any(_names_unplaced(row.cells, options) for row in rows):
        # What is mapped by places is a part of a table whose other columns have names.
        placed = None
    begins_with_event = placed is not None and bool(rows) and placed.is_event(rows[0].cells)

    def may_name(cells: Sequence[str]) -> bool:
        # Words of an event may be names of columns, too: `Show`, `Local`.
        if placed is None:
            return True
        return names_date(cells, options) if begins_with_event else not placed.is_event(cells)

    for place, row in enumerate(rows):
        if may_name(row.cells) and _is_complete(row.cells, options):
            if placed is None or not placed.are_events([above.cells for above in rows[:place]]):
                return place
            # The table has begun above: this is the header of another, or comes late.
            return NO_HEADER if begins_with_event else 0
    if not final:
        return None
    if begins_with_event:
        return NO_HEADER
    likely = (
        place for place, row in enumerate(rows) if may_name(row.cells) and recognised(row.cells, options) >= 2
    )
    return next(likely, 0) if rows else None


def _names_unplaced(cells: Sequence[str], options: ImportOptions) -> bool:
    """Return whether a row has names of columns, and among them that of a required field without a place."""
    mapping = options.mapping or {}
    named = {known.field for known in map(meaning, cells) if known}
    return recognised(cells, options) >= 2 and any(
        field in named and field not in mapping for field in REQUIRED
    )


def _is_assumed(names: Sequence[str], options: ImportOptions) -> bool:
    """Return whether nobody has said which row is the header, and this one may be an event as well."""
    placed = PlacedCells.of(options) if options.header_row is None else None
    return placed is not None and placed.may_be_event(names)


def _before_first(rows: Sequence[HeadRow]) -> int | None:
    """Return that there is no header; but a file of rejected rows has one, whatever theirs had."""
    if not rows:
        return None
    return 0 if any(map(is_own_column, rows[0].cells)) else NO_HEADER


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
