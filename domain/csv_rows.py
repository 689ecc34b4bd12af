"""Bytes in, rows out: reads a CSV of any size as it comes, in bounded memory and batches.

    reader = RowReader(options, timezone)
    reader.feed(chunk)                       # as bytes arrive; close() after the last
    while not reader.is_hungry:
        stretch = reader.stretch()           # at most a few milliseconds of work
        commit(stretch, reader.offset, reader.dump())

After a crash, `RowReader.load(state, options, timezone)` goes on when it is fed the file's bytes
from `reader.offset` on.
"""

from datetime import tzinfo
from typing import Any

import msgspec
from msgspec import Struct, field

from domain.csv_cells import Row, RowParser, rejected
from domain.csv_dialect import SNIFF_BYTES, Decoder, Encoding, known_encoding, not_text, sniffed_encoding
from domain.csv_fast import FastReader
from domain.csv_head import Head, read_head
from domain.csv_header import EITHER, Columns, match_columns, unknown_fields
from domain.csv_plain import PlainValues
from domain.csv_records import Record, RecordReader, Shape, line_ends, next_line
from domain.csv_stretch import Stretch
from domain.csv_warnings import Warnings
from domain.imports import ImportOptions
from domain.problems import Problem

BATCH_ROWS = 1000
BATCH_CHARACTERS = 64 * 1024
_LOOKAHEAD_FACTOR = 16


class _State(Struct):
    """What is needed to go on behind the last batch.

    Attributes:
        offset: bytes of the file up to there.
        line: of the next record; `record`: number of the last one.
        skipping: the rest of an endless line is still to be passed over.
    """

    offset: int = 0
    line: int = 1
    record: int = 0
    encoding: Encoding | None = None
    delimiter: str | None = None
    columns: Columns | None = None
    skipping: bool = False
    warnings: dict[str, int] = field(default_factory=dict)


class RowReader:
    """Reads one file.

    Attributes:
        fault: why nothing of the file can be imported, once that is known.
        fed: bytes of the file that were given, from its beginning.
        names: the header's cells, also where they are a fault.
    """

    def __init__(self, options: ImportOptions, timezone: tzinfo) -> None:
        """Start at the beginning of a file."""
        self._options = options
        self._timezone = timezone
        self._state = _State()
        self._start()

    @classmethod
    def load(cls, state: bytes, options: ImportOptions, timezone: tzinfo) -> "RowReader":
        """Return a reader that goes on where another was when it `dump()`ed its state."""
        reader = cls(options, timezone)
        reader._state = msgspec.msgpack.decode(state, type=_State)
        reader._start()
        return reader

    def dump(self) -> bytes:
        """Return the state behind the last batch: a few hundred bytes, whatever the file.

        What is remembered to recognise repeated rows is left out: after a crash, rows are compared
        with those behind it.
        """
        self._state.warnings = self._warnings.counts
        return msgspec.msgpack.encode(self._state)

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the file."""
        self.fed += len(chunk)
        self._decode(chunk)

    def close(self) -> None:
        """Say that the file has ended."""
        self._closed = True
        self._decode(b"")

    @property
    def offset(self) -> int:
        """Bytes of the file up to the end of the last batch."""
        return self._state.offset

    @property
    def is_hungry(self) -> bool:
        """Whether nothing more can be read without more bytes, or at all."""
        if self.fault or self._decoder is None:
            return True
        rest = len(self._text) - self._position + self._coming_size
        if self._closed:
            return rest == 0 and self._state.columns is not None
        return rest < self._wanted

    @property
    def has_ended(self) -> bool:
        """Whether the last row was read, or there is a fault."""
        return self.fault is not None or (self._closed and self.is_hungry)

    @property
    def dialect(self) -> dict[str, Any] | None:
        """What the head of the file told: `encoding`, `delimiter`; None before."""
        if self._state.delimiter is None:
            return None
        encoding = self._decoder.encoding if self._decoder else None
        return {"encoding": encoding or "utf-8", "delimiter": self._state.delimiter}

    @property
    def columns(self) -> list[dict[str, Any]] | None:
        """Each column's `name` and `field` (None: ignored); None before the header was read."""
        return self._state.columns.described() if self._state.columns else None

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """What was repaired or ignored so far: `code`, `message`, `count`."""
        return self._warnings.described(self._state.columns)

    def rows(self, *, max_rows: int = BATCH_ROWS) -> list[Row]:
        """Return the next rows whole, as `stretch` does."""
        return self.stretch(max_rows=max_rows).rows()

    def stretch(self, *, max_rows: int = BATCH_ROWS) -> Stretch:
        """Return the next rows; none when they need more bytes or a stretch has only blank lines."""
        if self.is_hungry:
            return Stretch.empty()
        self._gather()
        if self._state.columns is None:
            self._read_head()
            return Stretch.empty()
        if self._state.skipping:
            self._skip_line()
            return Stretch.empty()
        return self._read_rows(max_rows)

    def _start(self) -> None:
        """Set up everything that follows from the state."""
        self.fault: Problem | None = self._option_fault()
        self.fed = self._state.offset
        self.names: list[str] = []
        self._closed = False
        self._head = b""
        self._decoder: Decoder | None = Decoder(self._state.encoding) if self._state.offset else None
        self._text = ""
        self._position = 0
        self._coming: list[str] = []
        self._coming_size = 0
        self._wanted = 1
        self._warnings = Warnings(dict(self._state.warnings))
        if self._state.columns:
            self._set_columns(self._state.columns)

    def _option_fault(self) -> Problem | None:
        encoding = self._options.encoding
        if encoding and known_encoding(encoding) is None:
            return Problem(
                "encoding", "invalid_option", f"files in {encoding[:40]} cannot be read", encoding[:80]
            )
        unknown = unknown_fields(self._options.mapping, "mapping")
        unknown += unknown_fields(self._options.defaults, "defaults")
        return unknown[0] if unknown else None

    def _decode(self, chunk: bytes) -> None:
        if self._decoder is None:
            chunk = self._opened(chunk)
        if self._decoder is None:
            return
        text = self._decoder.decode(chunk, final=self._closed)
        if text:
            self._coming.append(text)
            self._coming_size += len(text)
        if len(self._coming) > 1024:
            self._coming = ["".join(self._coming)]

    def _opened(self, chunk: bytes) -> bytes:
        """Hold the first bytes back until they tell what the file is; return what to decode."""
        self._head += chunk
        if len(self._head) < SNIFF_BYTES and not self._closed:
            return b""
        sniffed = self._head[:SNIFF_BYTES]
        self.fault = self.fault or not_text(sniffed)
        given = known_encoding(self._options.encoding or "")
        self._decoder = Decoder(sniffed_encoding(sniffed, given))
        head, self._head = self._head, b""
        return head

    def _gather(self) -> None:
        """Bring what came together with what is left."""
        if self._coming:
            self._text = self._text[self._position :] + "".join(self._coming)
            self._position = self._coming_size = 0
            self._coming = []

    def _want_more(self) -> None:
        """Wait for half as much again, so that a long record is not tried at each new byte."""
        rest = len(self._text) - self._position
        self._wanted = rest + rest // 2 + 1

    def _read_head(self) -> None:
        head = read_head(self._text, closed=self._closed, delimiter=self._options.delimiter)
        if head is None:
            self._want_more()
        elif isinstance(head, Problem):
            self.fault = head
        else:
            self._take_head(head)

    def _take_head(self, head: Head) -> None:
        self.names = head.names
        self._state.delimiter = head.delimiter
        columns = match_columns(head.names, self._options.mapping, self._options.defaults)
        if isinstance(columns, Problem):
            self.fault = columns
            return
        self._state.columns = columns
        self._set_columns(columns)
        self._advance(head.end)

    def _set_columns(self, columns: Columns) -> None:
        delimiter = self._state.delimiter or ","
        self._parser = RowParser(
            columns,
            timezone=self._timezone,
            date_format=self._options.date_format,
            warn=self._warnings.add,
        )
        either = columns.index.get(EITHER)
        json_column = columns.index.get("local_info", either)
        shape = Shape(
            delimiter, len(columns.names), json_column, json_column is not None and json_column == either
        )
        self._records = RecordReader(shape)
        values = PlainValues(columns, self._timezone)
        self._fast = FastReader(columns, delimiter, self._parser, values, note=self._warnings.note_rows)

    def _advance(self, end: int) -> None:
        """Move behind what was read: index, line and byte."""
        assert self._decoder is not None
        passed = self._text[self._position : end]
        self._state.line += line_ends(passed)
        self._state.offset = min(self.fed, self._state.offset + self._decoder.size(passed))
        self._move(end)

    def _move(self, end: int) -> None:
        assert self._decoder is not None
        self._state.encoding = self._decoder.encoding
        self._position = end
        self._wanted = 1

    def _read_rows(self, max_rows: int) -> Stretch:
        stop = self._whole_lines()
        stretch = self._read_fast(stop, max_rows) if self._ends_line(stop) else Stretch.empty()
        rows: list[Row] = []
        while self._position < stop and len(stretch) + len(rows) < max_rows and not self._state.skipping:
            record = self._records.read(self._text, self._position, closed=self._closed)
            if record is None:
                self._want_more()
                break
            rows.extend(self._take_record(record))
        stretch.extend(Stretch.of(rows))
        return stretch

    def _whole_lines(self) -> int:
        """Return the index behind the last whole line of a batch; of the rest, when there is none."""
        stop = min(len(self._text), self._position + BATCH_CHARACTERS)
        if stop == len(self._text) and self._closed:
            return stop
        return self._text.rfind("\n", self._position, stop) + 1 or stop

    def _read_fast(self, stop: int, max_rows: int) -> Stretch:
        decoder, state = self._decoder, self._state
        text = self._text[self._position : stop]
        if decoder is None or decoder.is_wide or not self._fast.can_read(text):
            return Stretch.empty()
        raw = decoder.bytes_of(text)
        region = self._fast.read(
            text, raw, line=state.line, record=state.record, offset=state.offset, max_rows=max_rows
        )
        state.record += len(region.stretch)
        state.line += region.lines
        state.offset = min(self.fed, region.end)
        self._move(self._position + region.characters)
        return region.stretch

    def _take_record(self, record: Record) -> list[Row]:
        """Move behind a record and return its row, if it is one."""
        line = self._state.line
        if record.opened > self._position and record.fault == "unclosed_quote":
            line += line_ends(self._text[self._position : record.opened])
        at_bound = record.fault in ("too_long", "unclosed_quote") and not self._ends_line(record.end)
        self._advance(record.end)
        self._state.skipping = at_bound
        if record.is_blank:
            return []
        self._state.record += 1
        return [self._row(record, line)]

    def _ends_line(self, end: int) -> bool:
        return self._text[end - 1 : end] in ("\n", "\r") or (self._closed and end == len(self._text))

    def _row(self, record: Record, line: int) -> Row:
        number, end = self._state.record, self._state.offset
        if record.fault:
            return rejected(record.cells, [_FAULTS[record.fault]], line, number, end)
        row = self._parser.parse(record.cells, line=line, record=number, end=end)
        if row.fields is not None:
            self._warnings.note_rows([record.cells])
        return row

    def _skip_line(self) -> None:
        """Pass over the rest of an endless line, as far as it has come."""
        end = next_line(self._text, self._position, len(self._text))
        if self._text[end - 1 : end] == "\r" and end == len(self._text) and not self._closed:
            end -= 1
            self._wanted = 2
        ended = self._text[end - 1 : end] in ("\n", "\r")
        wanted = self._wanted
        self._advance(end)
        self._wanted = wanted
        self._state.skipping = not ended


_FAULTS = {
    "malformed_quote": Problem(
        "",
        "malformed_quote",
        'there is text behind a closing quote; write a quote within a quoted cell twice: ""',
    ),
    "unclosed_quote": Problem(
        "", "unclosed_quote", "the quote that opens on this line never closes; add a closing quote"
    ),
    "too_long": Problem("", "too_long", "the row is longer than 1 MiB"),
    "too_many_cells": Problem("", "extra_cells", "the row has far more cells than the header"),
}
