"""Reads a CSV of any size as it arrives, in batches and bounded memory: bytes in, rows out.

    reader = CsvReader(options, timezone)
    reader.feed(chunk)                       # as bytes arrive; close() after the last
    while not reader.is_hungry:
        batch = reader.read_batch()          # at most a few milliseconds of work
        commit(batch, reader.offset, reader.dump())

After a crash, `CsvReader.load(state, options, timezone)` goes on when it is fed the file's bytes
from `reader.offset` on.
"""

import re
from datetime import tzinfo
from typing import Any

import msgspec
from msgspec import Struct, field

from domain.csv.dialect import Encoding, known_encoding, not_text
from domain.csv.fast_reader import FastReader
from domain.csv.head import HEAD_CHARACTERS, Head, other_delimiters, read_head
from domain.csv.named_encoding import wrong_encoding
from domain.csv.record_scanner import Record, RecordReader, Shape, line_ends, next_line
from domain.csv.text_window import TextWindow
from domain.dates import DateOrder
from domain.imports import ImportOptions
from domain.problems import Problem, problem
from domain.rows.cells import Replacements, trimmed
from domain.rows.columns import Columns
from domain.rows.fast_columns import FastColumns
from domain.rows.first_rows import FirstRows
from domain.rows.header import HeaderFault
from domain.rows.names import EITHER
from domain.rows.old_state import decode_state
from domain.rows.options import option_fault
from domain.rows.order_search import OrderSearch, with_order_of_header
from domain.rows.reader import BATCH_ROWS, Reader
from domain.rows.row_batch import RowBatch
from domain.rows.row_parser import Row, RowParser, rejected
from domain.rows.warnings import Warnings

BATCH_CHARACTERS = 64 * 1024
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class _State(Struct):
    """What is needed to go on after the last batch.

    Attributes:
        offset: bytes of the file up to there.
        line: of the next record; `record`: number of the last one.
        skipping: the rest of an endless line is still to be passed over.
        order: of dates, None before the header was read.
        header: the members of `dialect` that describe it.
        is_elsewhere: the next row is below another header.
    """

    offset: int = 0
    line: int = 1
    record: int = 0
    encoding: Encoding | None = None
    delimiter: str | None = None
    columns: Columns | None = None
    skipping: bool = False
    warnings: dict[str, int] = field(default_factory=dict)
    order: DateOrder | None = None
    header: dict[str, Any] = field(default_factory=dict)
    first_rows: FirstRows = field(default_factory=FirstRows)
    is_elsewhere: bool = False


class CsvReader(Reader):
    """Reads one file.

    Attributes:
        fault: why nothing of the file can be imported, once that is known.
        names: the header's cells, also where they are a fault.
        sample: the cells of the first rows below it.
    """

    _state: _State

    def __init__(self, options: ImportOptions, timezone: tzinfo) -> None:
        """Start at the beginning of a file."""
        self._options = options
        self._timezone = timezone
        self._state = _State()
        self._start()

    @classmethod
    def load(cls, state: bytes, options: ImportOptions, timezone: tzinfo) -> "CsvReader":
        """Return a reader that continues from a state returned by `dump()`."""
        reader = cls(options, timezone)
        reader._state = msgspec.convert(decode_state(state, options), _State)
        reader._start()
        return reader

    def dump(self) -> bytes:
        """Return the state after the last batch: a few hundred bytes, whatever the file.

        What is remembered to recognise repeated rows is left out: after a crash, rows are compared
        only with those after it.
        """
        state = self._state
        state.warnings, state.first_rows = self._warnings.counts, self._warnings.first_rows
        state.offset, state.line = self._window.offset, self._window.line
        state.encoding = self._encoding
        state.is_elsewhere = state.columns is not None and self._parser.is_elsewhere
        columns = state.columns and state.columns.small()
        return msgspec.msgpack.encode(msgspec.structs.replace(state, columns=columns))

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        self._window.feed(chunk)

    def close(self) -> None:
        """Note that the file has ended."""
        self._window.close()

    @property
    def fed(self) -> int:
        """Bytes of the file that were given, from its beginning."""
        return self._window.fed

    @property
    def offset(self) -> int:
        """Bytes of the file up to the end of the last batch."""
        return self._window.offset

    @property
    def is_hungry(self) -> bool:
        """Whether the reader needs more bytes, or has ended."""
        if self.fault:
            return True
        if self._window.closed and self._state.columns is None:
            return False
        return self._window.is_hungry

    @property
    def has_ended(self) -> bool:
        """Whether the last row was read, or a fault ended the file."""
        return self.fault is not None or (self._window.closed and self.is_hungry)

    @property
    def dialect(self) -> dict[str, Any] | None:
        """The encoding, delimiter and so on of the file; None before the header.

        `encoding`, `delimiter`; `header_row` where rows stand above it, 0 without one; `date_format` and
        `date_format_line` where a date proved the order.
        """
        if self._state.delimiter is None:
            return None
        told = {"encoding": self._window.encoding, "delimiter": self._state.delimiter}
        return told | self._state.header | (self._state.order.described if self._state.order else {})

    def read_batch(self, *, max_rows: int = BATCH_ROWS) -> RowBatch:
        """Return the next rows; none if more bytes are needed or all lines were blank."""
        if self.is_hungry:
            return RowBatch.empty()
        self._gather()
        if self._state.columns is None:
            self._read_head()
        if self._state.columns is None or self.fault:
            return RowBatch.empty()
        if self._state.skipping:
            self._skip_line()
            return RowBatch.empty()
        return self._read_rows(max_rows)

    def _start(self) -> None:
        """Set up everything that is derived from the state."""
        self.fault: Problem | None = self._option_fault()
        self.names: list[str] = []
        # Up to the end of the last batch all was ASCII where no encoding is kept.
        self._encoding = self._state.encoding
        self._window = TextWindow(
            given=self._options.encoding,
            encoding=self._encoding,
            offset=self._state.offset,
            line=self._state.line,
            look=self._look_at,
        )
        self._warnings = Warnings(dict(self._state.warnings), self._state.first_rows)
        self.sample: list[list[str]] = []
        self._searched = 0
        self._held: int | None = None
        if self._state.columns:
            self._set_columns(self._state.columns)

    def _look_at(self, first_bytes: bytes) -> None:
        self.fault = self.fault or not_text(first_bytes)

    def _option_fault(self) -> Problem | None:
        encoding = self._options.encoding
        if encoding and known_encoding(encoding) is None:
            return problem("invalid_option.encoding", "encoding", value=encoding[:80])
        return option_fault(self._options)

    def _doubtful(self) -> int | None:
        """Return the index from which on the text reads wrongly by the encoding that is assumed."""
        if self._window.decoder.doubt is None:
            return None
        # Before the encoding was decided, all was ASCII.
        found = _NOT_ASCII.search(self._window.text, self._window.position)
        return found.start() if found else None

    def _gather(self) -> None:
        """Join the text that was fed to the text that is left."""
        dropped = self._window.gather()
        self._searched = max(0, self._searched - dropped)
        if self._held is not None:
            self._held -= dropped

    def _read_head(self) -> None:
        window = self._window
        head = read_head(window.text, closed=window.closed, options=self._options, timezone=self._timezone)
        if head is None:
            self._window.want_more()
        elif isinstance(head, Problem):
            self.fault = self._wrong_encoding(head) or head
        else:
            self._take_head(head)

    def _take_head(self, head: Head) -> None:
        header, state = head.header, self._state
        state.delimiter = head.delimiter
        self.names = list(header.names)
        self.sample = [list(row.cells) for row in head.rows[header.place + 1 :]]
        if isinstance(header, HeaderFault):
            doubtful = self._doubtful()
            is_doubtful = doubtful is not None and doubtful < head.end
            if is_doubtful:
                self.fault = self._window.decoder.doubt
            else:
                self.fault = self._wrong_encoding(head) or header.problem
            return
        state.columns, state.header = header.columns, header.described
        asked = DateOrder.asked(self._options.date_format)
        state.order = with_order_of_header(asked, header.columns, header.line)
        for code, count in header.warnings.items():
            self._warnings.add(code, count)
        self._set_columns(header.columns)
        self._advance(head.end)
        self._searched = self._window.position

    def _wrong_encoding(self, head: Head | Problem) -> Problem | None:
        """Return the problem of a named encoding that hides the header, or columns of it."""
        if not self._options.encoding:
            return None
        content = self._window.bytes_up_to(self._window.position + HEAD_CHARACTERS)
        return wrong_encoding(content, head, self._options, self._timezone)

    def _set_columns(self, columns: Columns) -> None:
        delimiter, order = self._state.delimiter or ",", self._state.order
        assert order is not None
        self._warnings.set_columns(columns, self._timezone)
        self._order = OrderSearch(order, records=self._state.record)
        self._parser = RowParser(
            columns,
            timezone=self._timezone,
            date_order=order,
            warn=self._warnings.add,
            replacements=Replacements(self._options.values),
            is_mended=self._options.repairs_of is not None,
        )
        self._tail = other_delimiters(columns.names, delimiter)
        either = columns.index.get(EITHER)
        json_column = columns.index.get("local_info", either)
        braced = json_column is not None and json_column == either
        self._records = RecordReader(
            Shape(delimiter, columns.least, json_column, json_only_braced=braced, most=columns.most)
        )
        self._values = FastColumns(
            columns, self._timezone, order, self._parser.replacements, is_mended=self._parser.is_mended
        )
        self._parser.is_elsewhere = self._state.is_elsewhere
        self._fast = FastReader(columns, delimiter, self._parser, self._values, note=self._warnings.note_rows)

    def _advance(self, end: int) -> None:
        """Move to the end of what was read: index, line and byte."""
        self._window.move_to(end, *self._window.after(end))
        self._encoding = self._window.decoder.proved

    def _read_rows(self, max_rows: int) -> RowBatch:
        window, stop = self._window, self._readable()
        if stop <= window.position:
            return RowBatch.empty()
        doubtful = self._doubtful()
        plain = (
            stop if doubtful is None else window.text.rfind("\n", window.position, min(stop, doubtful)) + 1
        )
        batch = RowBatch.empty()
        if plain > window.position and self._ends_line(plain):
            batch = self._read_fast(plain, max_rows)
        rows: list[Row] = []
        while window.position < stop and len(batch) + len(rows) < max_rows and not self._state.skipping:
            record = self._records.read(window.text, window.position, closed=window.closed)
            if record is None:
                window.want_more()
                break
            if doubtful is not None and record.end > doubtful:
                self.fault = window.decoder.doubt
                break
            rows.extend(self._take_record(record))
        batch.extend(RowBatch.of(rows))
        return batch

    def _readable(self) -> int:
        """Return the index up to which rows can be read: not beyond a date whose order is not settled."""
        window = self._window
        if not self._order.order.settled:
            self._search_order()
        if self._order.order.settled:
            return self._whole_lines()
        if self._held is None and self._searched == window.position:
            window.want_more()
            return window.position
        stop = self._searched if self._held is None else self._held
        if stop <= window.position:
            # More of the file is waited for; what was searched is not searched again.
            window.want_more(len(window.text) - self._searched)
        return stop

    def _search_order(self) -> None:
        """Look at the dates of the records that are there, until one proves their order."""
        search, window = self._order, self._window
        text = window.text
        self._searched = max(self._searched, window.position)
        offset, line = window.after(self._searched)
        while not search.order.settled:
            record = self._records.read(text, self._searched, closed=window.closed)
            if record is None or (window.closed and self._searched == len(text)):
                break
            self._cut_tail(record.cells)
            if not record.is_blank:
                search.look(self._parser.date_cell(record.cells), line=line, offset=offset)
                if search.is_held and self._held is None:
                    self._held = self._searched
            passed = text[self._searched : record.end]
            line, offset = line + line_ends(passed), offset + window.decoder.size(passed)
            self._searched = record.end
        if window.closed and self._searched == len(text):
            search.end()
        if search.order.settled:
            self._settle_order()

    def _settle_order(self) -> None:
        order = self._state.order = self._parser.date_order = self._order.order
        self._values.set_order(order)
        self._held = None

    def _whole_lines(self) -> int:
        """Return the index after the last whole line of a batch; of the rest, when there is none."""
        text, position = self._window.text, self._window.position
        stop = min(len(text), position + BATCH_CHARACTERS)
        if stop == len(text) and self._window.closed:
            return stop
        return text.rfind("\n", position, stop) + 1 or stop

    def _read_fast(self, stop: int, max_rows: int) -> RowBatch:
        window, state = self._window, self._state
        text = window.text[window.position : stop]
        if window.decoder.is_wide or self._tail or not self._fast.can_read(text):
            return RowBatch.empty()
        raw = window.decoder.bytes_of(text)
        region = self._fast.read(
            text, raw, line=window.line, record=state.record, offset=window.offset, max_rows=max_rows
        )
        state.record += len(region.batch)
        end = window.position + region.characters
        window.move_to(end, min(window.fed, region.end), window.line + region.lines)
        self._encoding = window.decoder.proved
        return region.batch

    def _take_record(self, record: Record) -> list[Row]:
        """Move to the end of a record and return its row, in a list: empty where the record is none."""
        line = self._window.line
        if record.opened > self._window.position and record.fault == "unclosed_quote":
            line += line_ends(self._window.text[self._window.position : record.opened])
        at_bound = record.fault in ("too_long", "unclosed_quote") and not self._ends_line(record.end)
        self._advance(record.end)
        self._state.skipping = at_bound
        self._cut_tail(record.cells)
        if record.is_blank:
            return []
        row = self._row(record, line, self._state.record + 1)
        if row is None:
            return []
        self._state.record += 1
        return [row]

    def _cut_tail(self, cells: list[str]) -> None:
        """Take off the delimiters of another kind with which the header ends, too."""
        if self._tail and cells and cells[-1].endswith(self._tail):
            cells[-1] = cells[-1].removesuffix(self._tail)

    def _ends_line(self, end: int) -> bool:
        text = self._window.text
        return text[end - 1 : end] in ("\n", "\r") or (self._window.closed and end == len(text))

    def _row(self, record: Record, line: int, number: int) -> Row | None:
        end = self._window.offset
        if record.fault:
            if self._parser.is_elsewhere:
                self._parser.pass_over(1)
                return None
            return rejected(record.cells, [record.problem], line, number, end)
        row = self._parser.parse_line(record.cells, line=line, record=number, end=end)
        if row is not None and row.fields is not None:
            assert self._state.columns is not None
            self._warnings.note_rows([trimmed(record.cells, self._state.columns.width)])
        return row

    def _skip_line(self) -> None:
        """Pass over the rest of an endless line, as far as it has come."""
        window = self._window
        window.pass_to(next_line(window.text, window.position, len(window.text)))
        self._encoding = window.decoder.proved
        self._state.skipping = window.text[window.position - 1 : window.position] not in ("\n", "\r")
