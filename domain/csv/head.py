"""Finds the head of a CSV: the header, the lines above it, and the delimiter."""

import re
from collections.abc import Sequence
from datetime import tzinfo

from msgspec import Struct
from msgspec.structs import replace

from domain.csv.dialect import BINARY
from domain.csv.record_scanner import Record, line_ends, next_line, scan
from domain.imports import ImportOptions
from domain.problems import Problem, problem, sendable
from domain.rows.columns import MAX_COLUMNS
from domain.rows.formula_guard import unguarded
from domain.rows.header import (
    LONGEST_SEARCH,
    NO_HEADER,
    SAMPLE_ROWS,
    SEARCHED_ROWS,
    Header,
    HeaderFault,
    HeadRow,
    find_header,
    is_enough,
    recognised,
)
from domain.rows.placed_cells import is_dated

DELIMITERS = (",", ";", "\t", "|")
HEAD_CHARACTERS = 64 * 1024
"""The header must end within so many characters, and is searched no further."""

NAMED_HEAD_CHARACTERS = 512 * 1024
"""The same, where the option `header_row` gives the line."""

_EMPTY = problem("empty_file")
_MARKS = re.compile("\ufeff*")
_BLANK_LINES = re.compile(r"(?:[ ,;\t|]*+(?:\r\n|\n|\r))*+")
_OTHER_DELIMITERS = re.compile(r"(?:,++|;++|\t++|\|++)\Z")
_SEP_LINE = re.compile(r'"?sep=([^"\r\n])"?[ ,;\t|]*(?:\r\n|\n|\r|\Z)', re.IGNORECASE)


class Head(Struct, frozen=True):
    """The head of a file.

    Attributes:
        header: or why there is none that can be used.
        rows: the first rows that are not blank, the header among them.
        end: index of the first character after the header, or of the first row of a file without; after
            all that was looked at, where that has a fault.
    """

    delimiter: str
    header: Header | HeaderFault
    rows: list[HeadRow]
    end: int


class _Reading(Struct):
    """The first rows by one delimiter, where each one ends, and which have a quote that is not closed."""

    delimiter: str
    rows: list[HeadRow]
    ends: list[int]
    open: set[int]


class _Window(Struct, frozen=True):
    """What is looked at of a text: up to `stop`, after which nothing follows if it is `final`."""

    text: str
    start: int
    stop: int
    final: bool
    full: bool


def read_head(
    text: str, *, closed: bool, options: ImportOptions, timezone: tzinfo | None = None
) -> Head | Problem | None:
    """Return the head of a file, the reason why there is none, or None if more text is needed."""
    if not closed and len(text) < HEAD_CHARACTERS and not _has_whole_line(text):
        return None
    start = _MARKS.match(text).end()  # type: ignore[union-attr] # matches anything
    start = _behind_blank_lines(text, start)
    sep, delimiter = _SEP_LINE.match(text, start), options.delimiter
    if sep:
        start, delimiter = _behind_blank_lines(text, sep.end()), delimiter or sep[1]
    if start >= len(text) or not text[start:].strip(" ,;\t|"):
        return _EMPTY if closed else None
    window = _window(text, start, closed=closed, options=options)
    return _head(window, (delimiter,) if delimiter else DELIMITERS, options, timezone)


def other_delimiters(names: Sequence[str], delimiter: str) -> str:
    """Return the delimiters of another kind with which a header ends: `Cidade,,,`."""
    found = _OTHER_DELIMITERS.search(names[-1][-MAX_COLUMNS:]) if names else None
    return found[0] if found and found[0][0] != delimiter else ""


def _has_whole_line(text: str) -> bool:
    """Return whether some line has ended for certain: a CR at the very end may become a CRLF."""
    return "\n" in text or "\r" in text[:-1]


def _behind_blank_lines(text: str, start: int) -> int:
    return _BLANK_LINES.match(text, start).end()  # type: ignore[union-attr] # matches anything


def _window(text: str, start: int, *, closed: bool, options: ImportOptions) -> _Window:
    most = NAMED_HEAD_CHARACTERS if options.header_row is not None else HEAD_CHARACTERS
    stop = min(len(text), start + most)
    full = stop - start == most
    return _Window(text, start, stop, final=closed and stop == len(text), full=full)


def _head(
    window: _Window, delimiters: tuple[str, ...], options: ImportOptions, timezone: tzinfo | None
) -> Head | Problem | None:
    readings = [_first_rows(window, delimiter, SEARCHED_ROWS, options) for delimiter in delimiters]
    is_last = window.final or window.full
    if not any(reading.rows for reading in readings) and not (is_last and options.header_row):
        return _without_rows(window, delimiters)
    if not is_last and not all(reading.rows for reading in readings):
        return None
    best = max(readings, key=lambda reading: _fitness(reading.rows, options))
    best = _first_rows(window, best.delimiter, LONGEST_SEARCH, options)
    final = is_last or is_enough(best.rows, options)
    found = find_header(best.rows, options, final=final, timezone=timezone)
    if found is not None and _cut_tails(best, found):
        found = find_header(best.rows, options, final=final, timezone=timezone)
    if found is None:
        return None
    if isinstance(found, HeaderFault) and found.place in best.open:
        found = replace(found, problem=_with_quote(found.problem, best.rows[found.place].line))
    first = best.rows[0].cells if found.place == NO_HEADER else found.names
    if any("\0" in cell for cell in first):
        return BINARY
    return Head(best.delimiter, found, best.rows, _end(window, best, found))


def _with_quote(fault: Problem, line: int) -> Problem:
    """Return the fault of a header that lacks columns with its likely reason: a quote has swallowed them."""
    fields = fault.params.get("fields") if fault.params else None
    if fault.code != "missing_columns" or fields is None:
        return fault
    return problem("missing_columns.open_quote", value=fault.value, fields=fields, line=line)


def _cut_tails(reading: _Reading, found: Header | HeaderFault) -> bool:
    """Take off the delimiters of another kind with which the header ends from the rows below it, too.

    Return whether there are any: values of the last column show then what it holds.
    """
    tail = "" if found.place == NO_HEADER else other_delimiters(found.names, reading.delimiter)
    for place, row in enumerate(reading.rows if tail else ()):
        if place > found.place and row.cells and row.cells[-1].endswith(tail):
            reading.rows[place] = HeadRow(row.line, [*row.cells[:-1], row.cells[-1].removesuffix(tail)])
    return bool(tail)


def _end(window: _Window, reading: _Reading, found: Header | HeaderFault) -> int:
    """Return the index after the header, or before the first row of a file without one."""
    if found.place != NO_HEADER:
        return reading.ends[found.place] if reading.ends else window.stop
    return window.start if isinstance(found, Header) else reading.ends[:SAMPLE_ROWS][-1]


def _first_rows(window: _Window, delimiter: str, most: int, options: ImportOptions) -> _Reading:
    """Return the first rows by a delimiter, as far as they are certain."""
    reading = _Reading(delimiter, [], [], set())
    text, position = window.text, window.start
    line, last = 1 + line_ends(text[:position]), (options.header_row or 0) + most
    while position < window.stop and (len(reading.rows) < most or line < last):
        record = scan(text, position, window.stop, delimiter, backslash=False, final=window.final)
        if record is None:
            break
        line_end = next_line(text, position, window.stop)
        is_open = record.fault == "unclosed_quote" or (record.fault is not None and line_end < record.end)
        if record.fault == "unclosed_quote":
            record.end = line_end
        if not record.is_blank:
            if is_open:
                reading.open.add(len(reading.rows))
            reading.rows.append(HeadRow(line, [sendable(unguarded(cell)) for cell in record.cells]))
            reading.ends.append(record.end)
        line += line_ends(text[position : record.end])
        position = record.end
    return reading


def _fitness(rows: list[HeadRow], options: ImportOptions) -> tuple[int, int, int]:
    """Prefer the delimiter by which some row names the most columns.

    Where none names any, that by which the most rows have a date, then the most columns at the top.
    """
    if not rows:
        return 0, 0, 0
    line = options.header_row
    named = rows if line is None else [row for row in rows if row.line == line]
    known, width = max(((recognised(row.cells, options), len(row.cells)) for row in named), default=(0, 0))
    if known:
        return known, 0, width
    # Where the line of the header is given, no more than the rows up to it are sure to be here.
    dated = 0 if line else sum(is_dated(row.cells, options) for row in rows)
    return 0, dated, len(rows[0].cells)


def _without_rows(window: _Window, delimiters: tuple[str, ...]) -> Problem | None:
    if window.full:
        return _endless(window, delimiters)
    return _EMPTY if window.final else None


def _endless(window: _Window, delimiters: tuple[str, ...]) -> Problem:
    """Return the fault of a first line that does not end."""
    readings = (
        scan(window.text, window.start, window.stop, delimiter, backslash=False, final=True)
        for delimiter in delimiters
    )
    most = max(len(record.cells) for record in readings if isinstance(record, Record))
    if most > MAX_COLUMNS:
        return problem("too_many_columns.first_line", limit=MAX_COLUMNS)
    return problem("too_large.first_line", limit=(window.stop - window.start) // 1024)
