"""Rows out of the table of a workbook, which comes as lines of JSON: the same rules, other bytes.

The first line is an object with the `sheet`; each further line is one row of it from row 1 on: an
array of texts, or null for a row over 1 MiB. Read like a CSV by `domain.csv_rows.RowReader`, but
that nothing has to be detected, and `line` is the number of the row in the sheet.
"""

from collections import deque
from datetime import tzinfo
from typing import Any

import msgspec
from msgspec import Struct, field

from domain.csv_cells import Row, RowParser, rejected
from domain.csv_guard import unguarded
from domain.csv_header import Columns, match_columns, unknown_fields
from domain.csv_records import trimmed
from domain.csv_stretch import Stretch
from domain.csv_warnings import Warnings
from domain.imports import ImportOptions
from domain.problems import Problem

BATCH_ROWS = 1000

_TOO_LONG = Problem("", "too_long", "the row is longer than 1 MiB")
_EMPTY = Problem("", "empty_file", "the sheet is empty: not even a header row")


class _Head(Struct):
    sheet: str


class _State(Struct):
    """What is needed to go on behind the last batch; `offset` in bytes, `line` is the last one read."""

    offset: int = 0
    line: int = 0
    record: int = 0
    sheet: str | None = None
    columns: Columns | None = None
    warnings: dict[str, int] = field(default_factory=dict)


class SheetReader:
    """Reads one table.

    Attributes:
        fault: why nothing of the sheet can be imported, once that is known.
        fed: bytes of the table that were given, from its beginning.
        names: the header's cells, also where they are a fault.
    """

    def __init__(self, options: ImportOptions, timezone: tzinfo, state: _State | None = None) -> None:
        """Start at the beginning of a table, or go on behind a state."""
        self._options = options
        self._timezone = timezone
        self._state = state or _State()
        unknown = unknown_fields(options.mapping, "mapping") + unknown_fields(options.defaults, "defaults")
        self.fault: Problem | None = unknown[0] if unknown else None
        self.fed = self._state.offset
        self.names: list[str] = []
        self._closed = False
        self._rest = b""
        self._lines: deque[bytes] = deque()
        self._warnings = Warnings(dict(self._state.warnings))
        if self._state.columns:
            self._set_columns(self._state.columns)

    @classmethod
    def load(cls, state: bytes, options: ImportOptions, timezone: tzinfo) -> "SheetReader":
        """Return a reader that goes on where another was when it `dump()`ed its state."""
        return cls(options, timezone, msgspec.msgpack.decode(state, type=_State))

    def dump(self) -> bytes:
        """Return the state behind the last batch."""
        self._state.warnings = self._warnings.counts
        return msgspec.msgpack.encode(self._state)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the table."""
        self.fed += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._lines.extend(lines)

    def close(self) -> None:
        """Say that the table has ended."""
        self._closed = True

    @property
    def offset(self) -> int:
        """Bytes of the table up to the end of the last batch."""
        return self._state.offset

    @property
    def is_hungry(self) -> bool:
        """Whether nothing more can be read without more bytes, or at all."""
        if self.fault or self._lines:
            return self.fault is not None
        return not self._closed or self._state.columns is not None

    @property
    def has_ended(self) -> bool:
        """Whether the last row was read, or there is a fault."""
        return self.fault is not None or (self._closed and self.is_hungry)

    @property
    def dialect(self) -> dict[str, Any] | None:
        """The `format`, and which `sheet` is read; None before."""
        if self._state.sheet is None:
            return None
        return {"format": "xlsx", "sheet": self._state.sheet}

    @property
    def columns(self) -> list[dict[str, Any]] | None:
        """Each column's `name` and `field` (None: ignored); None before the header was read."""
        return self._state.columns.described() if self._state.columns else None

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What was repaired or ignored so far: `code`, `message`, `count`."""
        return self._warnings.described(self._state.columns)

    def stretch(self) -> Stretch:
        """Return the next rows, as `rows` does."""
        return Stretch.of(self.rows())

    def rows(self, *, max_rows: int = BATCH_ROWS) -> list[Row]:
        """Return the next rows; none when they need more bytes or are blank."""
        found: list[Row] = []
        while self._lines and not self.fault and len(found) < max_rows:
            found.extend(self._read(self._lines.popleft()))
        if self._closed and not self._lines and self._state.columns is None:
            self.fault = self.fault or _EMPTY
        return found

    def _read(self, line: bytes) -> list[Row]:
        """Move behind a line and return its row, if it is one."""
        state = self._state
        state.offset += len(line) + 1
        if state.sheet is None:
            state.sheet = msgspec.json.decode(line, type=_Head).sheet
            return []
        state.line += 1
        cells = msgspec.json.decode(line, type=list[str] | None)
        if cells is not None and not any(cell.strip() for cell in cells):
            return []
        if state.columns is None:
            self._take_head(cells or [])
            return []
        state.record += 1
        return [self._row(cells)]

    def _row(self, cells: list[str] | None) -> Row:
        state = self._state
        assert state.columns is not None
        if cells is None:
            return rejected([], [_TOO_LONG], state.line, state.record, state.offset)
        width = len(state.columns.names)
        cells = trimmed(cells, width)
        # Empty cells at the end of a row are not stored in a workbook.
        cells += [""] * (width - len(cells))
        row = self._parser.parse(cells, line=state.line, record=state.record, end=state.offset)
        if row.fields is not None:
            self._warnings.note_rows([cells])
        return row

    def _take_head(self, names: list[str]) -> None:
        # An export that was opened in a spreadsheet and saved there still has its guards.
        self.names = [unguarded(name) for name in names]
        columns = match_columns(self.names, self._options.mapping, self._options.defaults)
        if isinstance(columns, Problem):
            self.fault = columns
            return
        self._state.columns = columns
        self._set_columns(columns)

    def _set_columns(self, columns: Columns) -> None:
        self._parser = RowParser(
            columns,
            timezone=self._timezone,
            date_format=self._options.date_format,
            warn=self._warnings.add,
        )
