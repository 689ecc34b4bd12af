"""Reads rows of JSON and calendars by the rules of CSV cells.

The members that the records have are the columns. A member that first comes later is one column
more, so that nothing of a file is lost because its first records lack it.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from itertools import islice
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, field

from domain.dates import DateOrder
from domain.dates.order import PROOF_BYTES, PROOF_RECORDS, first_proof, order_shown_by
from domain.event_columns import EventColumns
from domain.files.found_record import FoundRecord, Scanner, ScannerState
from domain.files.member_columns import MemberColumns
from domain.imports import ImportOptions
from domain.problems import Problem, sendable
from domain.rows.cells import Replacements
from domain.rows.columns import MAX_COLUMNS, Columns, match_columns
from domain.rows.fast_columns import FastColumns
from domain.rows.first_rows import FirstRows
from domain.rows.looks import is_date
from domain.rows.names import meaning
from domain.rows.options import key_fault, option_fault
from domain.rows.reader import BATCH_ROWS, Reader
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row, RowParser, rejected
from domain.rows.warnings import Warnings
from domain.text import is_ordinary, looks_damaged

HEAD_RECORDS = 100
HEAD_BYTES = 64 * 1024
"""Where the first record lacks a required member, so much is searched for it."""


_OF_IMPORTED = frozenset(
    {"recurring_event", "postponed_event", "changed_occurrence", "nameless_attendee", "absent_attendee"}
)
"""Codes of the warnings that say how a record was imported."""


class _State(Struct):
    """What is needed to go on after the last batch."""

    scanner: ScannerState = ScannerState()
    record: int = 0
    names: list[str] = []
    columns: Columns | None = None
    order: DateOrder | None = None
    warnings: dict[str, int] = field(default_factory=dict)
    first_rows: FirstRows = field(default_factory=FirstRows)


class MemberReader(Reader):
    """Reads one file whose records are names and values. The interface is `domain.rows.reader.Reader`.

    Attributes:
        fault: why nothing more of the file can be imported, once that is known.
        names: those of the members, in order of appearance.
        sample: the texts of the first records.
    """

    own_mapping: ClassVar[dict[str, str]] = {}
    """Field -> name of a kind whose names are its own; the uploader's mapping stands above it."""

    _state: _State

    def __init__(self, options: ImportOptions, timezone: tzinfo, state: _State | None = None) -> None:
        """Start at the beginning of a file, or go on after a state."""
        self._options = options
        self._timezone = timezone
        self._state = state or _State()
        self._replacements = Replacements(options.values)
        self.sample: list[list[str]] = []
        self._fault = option_fault(options)
        self._scanner = self._make_scanner(self._state.scanner)
        self._ahead: deque[FoundRecord] = deque()
        self._closed = self._waiting = self._needs_proof = False
        self._examined = self._head = 0
        self._names = self._state.names
        self._members = MemberColumns(self._names, self._replacements)
        self._warnings = Warnings(dict(self._state.warnings), self._state.first_rows)
        self._order = self._state.order or DateOrder.asked(options.date_format)
        if self._state.columns:
            self._set_columns(self._state.columns)

    def _make_scanner(self, state: ScannerState) -> Scanner:
        """Return the scanner of a kind at a state."""
        raise NotImplementedError

    @classmethod
    def load(cls, state: bytes, options: ImportOptions, timezone: tzinfo) -> "MemberReader":
        """Return a reader that continues from a state returned by `dump()`."""
        return cls(options, timezone, msgspec.msgpack.decode(state, type=_State))

    def dump(self) -> bytes:
        """Return the state after the last batch."""
        self._state.warnings = self._warnings.counts
        self._state.first_rows = self._warnings.first_rows
        return msgspec.msgpack.encode(self._state)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        self._waiting = False
        self._scanner.feed(chunk)

    def close(self) -> None:
        """Note that the file has ended."""
        self._closed = True
        self._waiting = False
        self._scanner.close()

    @property
    def fault(self) -> Problem | None:
        """The fault that ended the file; the records before it were returned."""
        return self._fault or (None if self._ahead else self._scanner.fault)

    @property
    def ends_early(self) -> bool:
        """Whether the only fault is that the rest of the file is missing."""
        return self._fault is None and self._scanner.ends_early

    @property
    def fed(self) -> int:
        """The number of bytes fed since the beginning of the file."""
        return self._scanner.fed

    @property
    def names(self) -> list[str]:
        """The names of the members."""
        return self._names

    @property
    def offset(self) -> int:
        """Bytes of the file up to the end of the last batch."""
        return self._state.scanner.offset

    @property
    def is_hungry(self) -> bool:
        """Whether the reader needs more bytes, or has ended."""
        if self.fault:
            return True
        if not self._scanner.is_hungry:
            return False
        if self._closed:
            return not self._ahead and self._state.columns is not None
        return not self._ahead or self._waiting

    @property
    def has_ended(self) -> bool:
        """Whether the last row was read, or a fault ended the file."""
        return self.fault is not None or (self._closed and self.is_hungry)

    @property
    def dialect(self) -> dict[str, Any] | None:
        """What the file turned out to be; None before its columns are known."""
        if self._state.columns is None:
            return None
        return self._scanner.dialect | self._order.described

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The warnings so far; at the end of the file also of what is behind the last record."""
        columns, warnings = self._state.columns, self._warnings
        if self._ahead or not self._is_all:
            return warnings.described(columns)
        # They are no part of the state: a reader that goes on after the last record meets them again.
        return warnings.with_more(self._scanner.notes).described(columns)

    def read_batch(self, *, max_rows: int = BATCH_ROWS) -> RowBatch:
        """Return the next rows; none when they need more bytes."""
        if not self._find(max_rows) or self.fault:
            return RowBatch.empty()
        records: list[FoundRecord] = []
        while self._ahead and len(records) < max_rows:
            is_new = self._is_new(self._ahead[0])
            # What is before it is read by the columns that were known, whatever came with it.
            if is_new and (records or not self._has_added(self._ahead[0])):
                break
            records.append(self._ahead.popleft())
        self._examined = max(0, self._examined - len(records))
        return self._read(records) if records else RowBatch.empty()

    def _is_new(self, record: FoundRecord) -> bool:
        """Return whether a record may change the columns, or not be read by them."""
        return self._members.lacks_any_of(record)

    def _has_added(self, record: FoundRecord) -> bool:
        """Take the new members of a record as columns; False where that is a fault."""
        self._add_names(self._members.missing(record))
        return self._fault is None

    def _find(self, most: int) -> bool:
        """Find further records; return whether enough of them are there to read the first."""
        self._fill(max(most, HEAD_RECORDS) if self._state.columns is None else most)
        if self._state.columns is None and not (self._has_head() and self._state.columns):
            return False
        if not self._order.settled and not self._has_order():
            return False
        self._waiting = False
        return True

    def _fill(self, most: int) -> None:
        if len(self._ahead) < most:
            self._ahead.extend(self._scanner.find(most - len(self._ahead)))

    @property
    def _is_all(self) -> bool:
        """Whether no further record will be found."""
        return self._scanner.fault is not None or (self._closed and self._scanner.is_hungry)

    def _has_head(self) -> bool:
        """Decide the columns by the first records that are enough for that, however many have come."""
        names: dict[str, None] = {}
        for count, record in enumerate(self._ahead, 1):
            is_last = count == HEAD_RECORDS or record.end >= HEAD_BYTES
            if is_last or not record.members.keys() <= names.keys():
                names.update(dict.fromkeys(record.members))
                self._head = count
                if is_last or self._matches([*names]):
                    self._add_names([*names], at_start=True)
                    return True
        if not self._is_all:
            self._waiting = True
            return False
        if self._ahead or self._scanner.fault is None:
            self._add_names([*names], at_start=True)
        return True

    def _matches(self, names: list[str]) -> bool:
        return isinstance(self._matched(names), Columns)

    def _matched(self, names: Sequence[str]) -> Columns | Problem:
        given = self._options.defaults
        columns = match_columns(names, self._mapping(names), given, timezone=self._timezone)
        if isinstance(columns, Problem) or self._state.columns is not None:
            return columns
        return key_fault(self._options, columns) or columns

    def _has_order(self) -> bool:
        """Look for a proof of the order of dates; False while one is needed and may still come.

        A file that needs none is never kept waiting.
        """
        needed = False
        while True:
            dates = self._dates_ahead()
            shown = [order_shown_by(text) for _, text in dates]
            needed = needed or "either" in shown or self._needs_proof
            proof = first_proof(dates)
            if proof:
                self._set_order(self._order.proved(*proof))
                return True
            seen = self._state.record + len(self._ahead)
            if seen >= PROOF_RECORDS or (self._ahead and self._ahead[-1].end >= PROOF_BYTES) or self._is_all:
                self._set_order(self._order.unproved())
                return True
            if not needed:
                return True
            before = len(self._ahead)
            self._fill(PROOF_RECORDS - self._state.record)
            if len(self._ahead) == before:
                self._needs_proof = self._waiting = True
                return False

    def _dates_ahead(self) -> list[tuple[int, str]]:
        """Return line and text of the dates that were not looked at."""
        columns = self._state.columns
        assert columns is not None
        at = columns.index.get("event_date")
        records = list(islice(self._ahead, self._examined, None))
        self._examined = len(self._ahead)
        if at is None:
            return []
        name = columns.names[at]
        found = ((record.line, record.members.get(name)) for record in records)
        return [(line, text.strip()) for line, text in found if isinstance(text, str)]

    def mapping_of_kind(self) -> dict[str, str | None]:
        """Return the uploader's mapping, and that of the kind: parts of objects, properties of calendars."""
        return self._mapping(self._names)

    def _mapping(self, names: Sequence[str]) -> dict[str, str | None]:
        """Return the uploader's mapping, and that of the kind for the names that the file has."""
        given = self._options.mapping or {}
        taken = set(given.values())
        own = {
            name: own
            for name, own in self.own_mapping.items()
            if name not in given and own in names and own not in taken
        }
        if {"event_date", "event_time"}.isdisjoint(own.keys() | given.keys()):
            name = self._start_as_date()
            return {**own, **given, **({"event_date": name} if name else {})}
        return {**own, **given}

    def _start_as_date(self) -> str | None:
        """Return the member of times that is the date, as in tables: it holds dates, no other is named so.

        The first record that has a time decides, so that the outcome does not depend on how the bytes come;
        and what was taken stays, whatever members come later.
        """
        if columns := self._state.columns:
            at = columns.index.get("event_date")
            name = self._state.names[at] if at is not None else None
            return name if name and _field(name) == "event_time" else None
        for record in islice(self._ahead, self._head):
            fields = {name: _field(name) for name in record.members}
            if "event_date" in fields.values():
                return None
            times = [name for name, found in fields.items() if found == "event_time"]
            texts = [text for name in times if isinstance(text := record.members[name], str)]
            if any(map(str.strip, texts)):
                return times[0] if len(times) == 1 and is_date(texts[0]) else None
        return None

    def _add_names(self, names: Sequence[str], *, at_start: bool = False) -> None:
        """Take further members as columns; a fault where that cannot be."""
        state = self._state
        known = self._names = [*state.names, *names][:MAX_COLUMNS]
        columns = self._matched(known)
        if isinstance(columns, Problem) and not known and at_start:
            columns = Columns((), {})
        if isinstance(columns, Problem):
            self._fault = self._explained(columns)
            # Those of the state stay: a reader that goes on finds the names, and the fault, once more.
            self._members.rename(known)
            self._show_ahead()
            return
        state.names = known
        self._set_columns(columns)

    def _show_ahead(self) -> None:
        """Take the records that a fault keeps from being read as the sample."""
        self.sample = [self._members.cells(record) for record in islice(self._ahead, HEAD_RECORDS)]

    def _explained(self, fault: Problem) -> Problem:
        """Return a fault of the columns with what may be the reason in a file of this kind."""
        return fault

    def _set_columns(self, columns: Columns) -> None:
        self._state.columns = columns
        self._members.rename(self._state.names)
        self._members.read_as(columns.index)
        self._parser = RowParser(
            columns,
            timezone=self._timezone,
            date_order=self._order,
            warn=self._warnings.add,
            replacements=self._replacements,
            is_table=False,
            is_mended=self._options.repairs_of is not None,
        )
        self._warnings.set_columns(columns, self._timezone)
        self._fast = FastColumns(
            columns, self._timezone, self._order, self._replacements, is_mended=self._parser.is_mended
        )

    def _set_order(self, order: DateOrder) -> None:
        self._state.order = self._order = order
        self._parser.date_order = order
        self._fast.set_order(order)

    def _read(self, records: list[FoundRecord]) -> RowBatch:
        """Return the rows of records: those without anything odd by column, the others one by one."""
        cells = [self._members.cells(record) for record in records]
        self.sample += cells[: HEAD_RECORDS - len(self.sample)]
        events, odd, is_damaged = self._events(cells)
        odd.update(at for at, record in enumerate(records) if record.problems)
        lines, ends = [record.line for record in records], [record.end for record in records]
        rows = {at: self._row(records[at], cells[at], self._state.record + at + 1) for at in sorted(odd)}
        for at, record in enumerate(records):
            if record.notes:
                self._count_notes(record, rows.get(at))
        self._state.scanner = records[-1].resume
        return self._batch(events, lines, ends, cells, rows, is_damaged=is_damaged)

    def _events(self, cells: list[list[str]]) -> tuple[EventColumns, set[int], bool]:
        """Return an event for each record, which of them need care, and whether letters look damaged."""
        text = "\n".join(map("\n".join, cells))
        if is_ordinary(text):
            events, odd = self._fast.read(cells)
        else:
            # Each record is read with care; by column only what can be encoded may be looked at.
            events, _ = self._fast.read([[*map(sendable, row)] for row in cells])
            odd = set(range(len(cells)))
        # Damage may be spelled in escapes, in a venue as it is written: then each record is looked at.
        return events, odd, "\\u" in text or looks_damaged(text)

    def _batch(
        self,
        events: EventColumns,
        lines: list[int],
        ends: list[int],
        cells: list[list[str]],
        rows: Mapping[int, Row],
        *,
        is_damaged: bool,
    ) -> RowBatch:
        """Return records by column, but for the `rows` at some places; count and remember them."""
        batch, taken, first = RowBatch.empty(), 0, self._state.record + 1
        for at in (*rows, len(cells)):
            some = slice(taken, at)
            numbers = list(range(first + taken, first + at))
            batch.extend(RowBatch(events.part(some), lines[some], numbers, ends[some], []))
            if at < len(cells):
                batch.extend(RowBatch.of([rows[at]]))
            taken = at + 1
        refused = {at for at, row in rows.items() if row.fields is None}
        accepted = [row for at, row in enumerate(cells) if at not in refused] if refused else cells
        self._note(accepted, batch.events, is_damaged=is_damaged)
        self._state.record += len(cells)
        return batch

    def _count_notes(self, record: FoundRecord, row: Row | None) -> None:
        """Count the warnings of a record, and of what was left out before it; a rejected one has no own."""
        for code in record.notes:
            if row is None or row.fields is not None or code not in _OF_IMPORTED:
                self._warnings.add(code)

    def _note(self, cells: list[list[str]], events: EventColumns, *, is_damaged: bool) -> None:
        """Remember accepted records: venues by what they say, not by how their JSON is written."""
        at = self._state.columns.index.get("local_info") if self._state.columns else None
        if at is not None:
            cells = [
                [*row[:at], venue, *row[at + 1 :]] for row, venue in zip(cells, events.venues, strict=True)
            ]
        # How many columns follow depends on which records were read together.
        cells = [row if row and row[-1] else _without_empty(row) for row in cells]
        self._warnings.note_rows(cells, is_damaged=is_damaged)

    def _row(self, record: FoundRecord, cells: list[str], number: int) -> Row:
        """Return the row of a record that needs care."""
        if not record.members and record.problems:
            return rejected([], list(record.problems), record.line, number, record.end)
        row = self._parser.parse(cells, line=record.line, record=number, end=record.end)
        if record.problems:
            told = {*(problem.field.partition("[")[0] for problem in record.problems), *record.refused}
            others = [problem for problem in row.errors if problem.field not in told]
            return rejected(
                _without_empty(cells), [*record.problems, *others], record.line, number, record.end
            )
        if row.fields is None:
            return rejected(_without_empty(cells), list(row.errors), record.line, number, record.end)
        return row


def _without_empty(cells: list[str]) -> list[str]:
    """Return cells up to the last with text: how many columns follow depends on later records."""
    width = max((at for at, cell in enumerate(cells, 1) if cell), default=0)
    return cells[:width]


def _field(name: str) -> str | None:
    found = meaning(name)
    return found.field if found else None
