"""Reads the rows of a workbook's table from lines of JSON.

The first line is an object with the `sheet`; each further line is one row of it from row 1 on: an
array of texts; an object that also lists the cells without a value; or null for a row over 1 MiB.
Read like a CSV by `domain.csv.reader.CsvReader`, but nothing has to be detected, and `line` is the
number of the row in the sheet.
"""

from collections import deque
from collections.abc import Iterator
from datetime import tzinfo
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from domain.dates import DateOrder
from domain.files.odd_seconds import OddSeconds, SecondsSearch, meant_by, odd_seconds
from domain.files.sheet_dates import Exchange, ExchangeSearch, exchanged, with_exchanged_day
from domain.files.sheet_lines import (
    SheetHead,
    SheetLine,
    decoded,
    header_cells,
    hides_totals,
    is_filled_in,
    is_separator,
    missing_values,
    padded,
    picked,
)
from domain.imports import ImportOptions
from domain.problems import Problem, problem
from domain.rows.cells import Replacements, may_hold_errors
from domain.rows.columns import MAX_COLUMNS, Columns
from domain.rows.dates_apart import holds_date
from domain.rows.fast_columns import FastColumns
from domain.rows.first_rows import FirstRows
from domain.rows.formula_guard import may_be_guarded, unguarded
from domain.rows.header import NO_HEADER, HeaderFault, HeadRow, find_header, is_enough
from domain.rows.old_state import decode_state
from domain.rows.options import option_fault
from domain.rows.order_search import OrderSearch, with_order_of_header
from domain.rows.reader import BATCH_ROWS, Reader
from domain.rows.rejected_before import RejectedBefore
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row, RowParser, rejected
from domain.rows.warnings import Warnings, other_sheets
from domain.text import is_ordinary, looks_damaged

_TOO_LONG = problem("too_long.row", limit=1)
_EMPTY = problem("empty_file.sheet")


class _State(Struct):
    """What is needed to go on after the last batch; `offset` in bytes, `line` is the last one read."""

    offset: int = 0
    line: int = 0
    record: int = 0
    head: SheetHead | None = None
    columns: Columns | None = None
    warnings: dict[str, int] = field(default_factory=dict)
    order: DateOrder | None = None
    header: dict[str, Any] = field(default_factory=dict)
    kept: list[int] | None = None
    first_rows: FirstRows = field(default_factory=FirstRows)
    is_elsewhere: bool = False
    exchange: Exchange | None = None
    odd: OddSeconds | None = None


class SheetReader(Reader):
    """Reads one table.

    Attributes:
        fault: why nothing of the sheet can be imported, once that is known.
        fed: bytes of the table that were given, from its beginning.
        names: the header's cells, also where they are a fault.
        sample: the cells of the first rows below it.
    """

    _state: _State

    def __init__(self, options: ImportOptions, timezone: tzinfo, state: _State | None = None) -> None:
        """Start at the beginning of a table, or go on after a state."""
        self._options = options
        self._timezone = timezone
        self._state = state or _State()
        self.fault = option_fault(options)
        self.fed = self._state.offset
        self.names: list[str] = []
        self._closed = False
        self._rest = b""
        self._lines: deque[bytes] = deque()
        self._warnings = Warnings(dict(self._state.warnings), self._state.first_rows)
        self.sample: list[list[str]] = []
        self._needed = 1
        self._looked = 0
        self._free = 0
        self._exchange = ExchangeSearch()
        self._seconds = SecondsSearch()
        self._searched = 0
        if self._state.columns:
            self._set_columns(self._state.columns)

    @classmethod
    def load(cls, state: bytes, options: ImportOptions, timezone: tzinfo) -> "SheetReader":
        """Return a reader that continues from a state returned by `dump()`."""
        members = decode_state(state, options)
        if members.get("sheet") is not None:  # 0.1 knew nothing else of a workbook.
            members["head"] = {"sheet": members["sheet"]}
        return cls(options, timezone, msgspec.convert(members, _State))

    def dump(self) -> bytes:
        """Return the state after the last batch."""
        state = self._state
        state.warnings, state.first_rows = self._warnings.counts, self._warnings.first_rows
        state.is_elsewhere = self._state.columns is not None and self._parser.is_elsewhere
        columns = state.columns and state.columns.small()
        return msgspec.msgpack.encode(msgspec.structs.replace(state, columns=columns))

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the table."""
        self.fed += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._lines.extend(lines)

    def close(self) -> None:
        """Note that the table has ended."""
        self._closed = True

    @property
    def offset(self) -> int:
        """Bytes of the table up to the end of the last batch."""
        return self._state.offset

    @property
    def is_hungry(self) -> bool:
        """Whether the reader needs more bytes, or has ended."""
        if self.fault:
            return True
        if self._closed:
            return not self._lines and self._state.columns is not None
        return len(self._lines) < self._needed

    @property
    def has_ended(self) -> bool:
        """Whether the last row was read, or a fault ended the file."""
        return self.fault is not None or (self._closed and self.is_hungry)

    @property
    def dialect(self) -> dict[str, Any] | None:
        """The `format`, which `sheet` is read, and its number where it is not the first; None before."""
        head = self._state.head
        if head is None:
            return None
        told: dict[str, Any] = {"format": head.format, "sheet": head.sheet}
        if head.number > 1:
            told["sheet_number"] = f"{head.number} of {len(head.sheets)}"
        told |= {"file": head.file} if head.file else {}
        return told | self._state.header | (self._state.order.described if self._state.order else {})

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The warnings so far, of sheets that are not read as well."""
        others = self._state.head.others if self._state.head else []
        return [*super().warnings, *([other_sheets(others)] if others else [])]

    def read_batch(self, *, max_rows: int = BATCH_ROWS) -> RowBatch:
        """Return the next rows; none when they need more bytes or are blank."""
        if self._state.head is None and self._lines:
            self._state.head = msgspec.json.decode(self._pass_line(), type=SheetHead)
        if self._state.columns is None:
            self._find_header()
            return RowBatch.empty()
        if not self._knows_dates():
            self._needed = len(self._lines) + 1
            return RowBatch.empty()
        self._search_order()
        found: list[_Place] = []
        while self._free and len(found) < max_rows:
            line = decoded(self._pass_line())
            self._state.line += 1
            if line is not None and self._state.kept is not None:
                line = picked(line, self._state.kept)
            if line is None or not line.is_blank:
                found.append(_Place(self._state.line, self._state.offset, line))
        return self._read(found) if found else RowBatch.empty()

    def _pass_line(self) -> bytes:
        """Move after the next line and return it."""
        line = self._lines.popleft()
        self._state.offset += len(line) + 1
        self._looked, self._free = max(0, self._looked - 1), max(0, self._free - 1)
        return line

    def _find_header(self) -> None:
        """Take the header from the first rows, or wait for more of them."""
        places: list[int] = []
        rows: list[HeadRow] = []
        for place, line in enumerate(self._lines):
            row = decoded(line)
            if row is not None and not row.is_blank:
                places.append(place)
                # An export that was opened in a spreadsheet and saved there still has its guards.
                cells = [unguarded(cell) for cell in (row.cells if rows else header_cells(row))]
                rows.append(HeadRow(place + 1, cells))
            if rows and is_enough(rows, self._options):
                break
        final = self._closed or (bool(rows) and is_enough(rows, self._options))
        if not rows:
            self.fault = self.fault or (_EMPTY if self._closed else None)
            self._needed = len(self._lines) + 1
            return
        found = find_header(rows, self._options, final=final, timezone=self._timezone)
        if found is None:
            self._needed = len(self._lines) + 1
            return
        self.names = list(found.names)
        self.sample = [list(row.cells) for row in rows[found.place + 1 :]]
        if isinstance(found, HeaderFault):
            self.fault = found.problem
            return
        for _ in range(0 if found.place == NO_HEADER else places[found.place] + 1):
            self._pass_line()
            self._state.line += 1
        for code, count in found.warnings.items():
            self._warnings.add(code, count)
        columns = found.columns
        if columns.width > MAX_COLUMNS:
            columns, self._state.kept = _compact(columns)
        self._state.columns, self._state.header = columns, found.described
        is_1904 = self._state.head is not None and self._state.head.is_1904
        asked = DateOrder.asked(self._options.date_format, is_1904=is_1904)
        self._state.order = with_order_of_header(asked, columns, found.line)
        self._needed = 1
        self._set_columns(columns)

    def _knows_dates(self) -> bool:
        """Return whether it is known if dates were exchanged or moved; the first rows wait for that."""
        state, exchange, seconds = self._state, self._exchange, self._seconds
        assert state.columns is not None
        at = state.columns.index.get("event_date")
        if at is None or state.record or self._parser.is_mended:
            state.exchange, state.odd = state.exchange or Exchange(), state.odd or OddSeconds()
        if state.exchange is not None and state.odd is not None:
            return True
        for place, line in enumerate(islice(self._lines, self._searched, None), self._searched):
            cells = self._cells_of(line)
            text = cells[at] if at is not None and at < len(cells) else ""
            if exchange.found is None:
                exchange.look(text, line=state.line + place + 1, size=len(line))
            if seconds.found is None:
                seconds.look(text)
            if exchange.found and seconds.found:
                break
        self._searched = len(self._lines)
        if self._closed:
            exchange.end()
            seconds.end()
        if exchange.found and seconds.found:
            state.exchange, state.odd = exchange.found, seconds.found
        return state.exchange is not None

    def _cells_of(self, line: bytes) -> list[str]:
        """Return the cells of a line by the columns; none of a blank or too long one."""
        row = decoded(line)
        if row is None or row.is_blank:
            return []
        return row.cells if self._state.kept is None else picked(row, self._state.kept).cells

    def _search_order(self) -> None:
        """Find how many of the lines may be read: not one whose date's order is not settled."""
        search, state = self._order, self._state
        if search.order.settled and state.order == search.order:
            self._free, self._needed = len(self._lines), 1
            return
        for place in range(self._looked, len(self._lines)):
            if search.order.settled:
                break
            if cells := self._cells_of(self._lines[place]):
                text = self._parser.date_cell(cells)
                search.look(text, line=state.line + place + 1, offset=state.offset)
            self._looked = place + 1
            if not search.is_held:
                self._free = place + 1
        if self._closed:
            search.end()
        if search.order.settled:
            self._free = len(self._lines)
            state.order = self._parser.date_order = search.order
            self._fast.set_order(search.order)
        self._needed = 1 if self._free else len(self._lines) + 1

    def _read(self, found: list["_Place"]) -> RowBatch:
        """Return the rows of lines: those without anything odd by column, the others one by one."""
        state = self._state
        assert state.columns is not None
        width = state.columns.width
        # What stands right of the table is no part of it; empty cells at its end are not stored.
        cells = [padded(place.line.cells if place.line else [], width) for place in found]
        if self._before.has_any:
            cells = [*map(self._with_extra_cells, cells, found)]
        events, odd = self._fast.read(cells)
        text = "\n".join(map("\n".join, cells))
        is_damaged = looks_damaged(text)
        if not is_ordinary(text) or may_be_guarded(text) or may_hold_errors(text):
            odd = set(range(len(found)))
        odd.update(
            at for at, place in enumerate(found) if not place.line or place.line.faults or place.line.merged
        )
        odd.update(self._exchanged_dates(cells))
        if state.odd and state.odd.seconds:
            odd.update(self._moved_dates(cells))
        batch, taken = RowBatch.empty(), 0
        for at in (*sorted(odd), len(found)):
            some = slice(taken, at)
            if self._parser.is_elsewhere:
                self._parser.pass_over(at - taken)
                some = slice(at, at)
                taken = at
            numbers = list(range(state.record + 1, state.record + 1 + at - taken))
            lines, ends = [place.number for place in found[some]], [place.end for place in found[some]]
            batch.extend(RowBatch(events.part(some), lines, numbers, ends, []))
            self._warnings.note_rows(cells[some], is_damaged=is_damaged)
            state.record += at - taken
            row = self._row(found[at], cells[at], state.record + 1) if at < len(found) else None
            if row is not None:
                state.record += 1
                batch.extend(RowBatch.of([row]))
            taken = at + 1
        return batch

    def _with_extra_cells(self, cells: list[str], place: "_Place") -> list[str]:
        """Return the cells of a row; of a rejected one also those right of the table, if it had too many."""
        surplus = place.line.cells[len(cells) :] if place.line else []
        return [*cells, *surplus] if any(map(str.strip, surplus)) and self._before.is_marked(cells) else cells

    def _row(self, place: "_Place", cells: list[str], record: int) -> Row | None:
        """Return the row of a line that needs care, if it is one."""
        assert self._state.columns is not None
        line = place.line
        if line is None:
            return rejected([], [_TOO_LONG], place.number, record, place.end)
        if is_separator(line, self._state.columns):
            self._warnings.add("separator_row")
            # Without a column of dates the rows below have the one that is given for all.
            if "event_date" not in self._state.columns.index and any(map(holds_date, cells)):
                self._warnings.add("date_in_heading")
            return None
        if is_filled_in(line, self._state.columns):
            return None
        problems = missing_values(line, self._state.columns, is_mended=self._parser.is_mended)
        if problems:
            for column, _, _ in line.faults:
                cells[column : column + 1] = [""]
        is_here = bool(problems) and not self._parser.is_elsewhere
        is_record = is_here and hides_totals(line, self._state.columns)
        parse = self._parser.parse if is_record else self._parser.parse_line
        row = parse(cells, line=place.number, record=record, end=place.end)
        if row is None:
            self._warnings.first_rows.note_header(cells)
            return None
        problems += self._problems_of_date(cells, is_accepted=not problems and row.fields is not None)
        if problems:
            told = {problem.field for problem in problems}
            problems += [problem for problem in row.errors if problem.field not in told]
            return rejected(line.cells, problems, place.number, record, place.end)
        if row.fields is not None:
            self._warnings.note_rows([cells])
        return row

    def _problems_of_date(self, cells: list[str], *, is_accepted: bool) -> list[Problem]:
        """Return the problem of a date that may be another one; warn, where that is settled."""
        if meant := self._moved_dates([cells]).get(0):
            return [odd_seconds(self._parser.date_cell(cells), meant)]
        other = self._exchanged_dates([cells]).get(0)
        if other is None:
            return []
        if self._options.date_format == "auto":
            assert self._state.exchange is not None
            return [exchanged(self._parser.date_cell(cells), other, self._state.exchange)]
        if is_accepted:
            self._warnings.add("exchanged_dates")
        return []

    def _exchanged_dates(self, records: list[list[str]]) -> dict[int, str]:
        """Return which records have a date whose day and month may be exchanged, and the other date.

        Where `values` gives another one for it, the uploader has decided.
        """
        exchange = self._state.exchange
        if exchange is None or exchange.line is None:
            return {}
        kept = self._kept_dates(records)
        return {place: other for place, text in kept if (other := with_exchanged_day(text))}

    def _moved_dates(self, records: list[list[str]]) -> dict[int, str]:
        """Return which records have a date with odd seconds, and the date that is meant."""
        odd = self._state.odd or OddSeconds()
        if self._parser.is_mended:
            return {}
        return {place: meant for place, text in self._kept_dates(records) if (meant := meant_by(text, odd))}

    def _kept_dates(self, records: list[list[str]]) -> Iterator[tuple[int, str]]:
        """Yield the dates of records that `values` gives no other one for."""
        assert self._state.columns is not None
        at = self._state.columns.index.get("event_date")
        if at is None:
            return
        for place, cells in enumerate(records):
            if self._parser.date_cell(cells) == cells[at]:
                yield place, cells[at]

    def _set_columns(self, columns: Columns) -> None:
        order = self._state.order
        assert order is not None
        self._warnings.set_columns(columns, self._timezone)
        self._order = OrderSearch(order, records=self._state.record)
        self._before = RejectedBefore(columns.names)
        self._parser = RowParser(
            columns,
            timezone=self._timezone,
            date_order=order,
            warn=self._warnings.add,
            replacements=Replacements(self._options.values),
            is_mended=self._options.repairs_of is not None,
        )
        self._fast = FastColumns(
            columns, self._timezone, order, self._parser.replacements, is_mended=self._parser.is_mended
        )
        self._parser.is_elsewhere = self._state.is_elsewhere


class _Place(NamedTuple):
    """A line of the table: its row in the sheet, and the byte after it."""

    number: int
    end: int
    line: SheetLine | None


def _compact(columns: Columns) -> tuple[Columns, list[int]]:
    """Return columns without those that have neither a name nor a field, and the places of the others.

    A far-out column would make every row as wide as the sheet.
    """
    used = set(columns.index.values())
    kept = [at for at, name in enumerate(columns.names) if name.strip() or at in used]
    place = {at: new for new, at in enumerate(kept)}
    compact = msgspec.structs.replace(
        columns,
        names=tuple(columns.names[at] for at in kept),
        index={name: place[at] for name, at in columns.index.items()},
        least=len(kept),
        most=len(kept),
        ignored=tuple(place[at] for at in columns.ignored),
    )
    return compact, kept
