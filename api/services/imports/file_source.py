"""The rows of a staged file, piece by piece: of a CSV, JSON or calendar, or of the table of a workbook."""

from collections import deque
from datetime import tzinfo
from time import thread_time
from typing import Any

import msgspec

from api.services.imports.row_source import Checkpoint, Digest, FileFacts, Portion, Table, TableKind
from domain.csv.reader import CsvReader
from domain.files.calendar_reader import CalendarReader
from domain.files.json_reader import JsonReader
from domain.files.record_reader import MemberReader
from domain.files.sheet_reader import SheetReader
from domain.files.unfit_options import unfit_options, unused_key
from domain.imports import ImportOptions
from domain.ports.events import Pack
from domain.rows.row_batch import RowBatch

READERS: dict[TableKind, type[CsvReader] | type[SheetReader] | type[MemberReader]] = {
    "csv": CsvReader,
    "json": JsonReader,
    "ics": CalendarReader,
    "sheet": SheetReader,
}

PART_BYTES = 256 * 1024
"""What is read and packed at once: rows as objects take ten times as much."""

MOST_REJECTED = 10_000
"""Of one portion: where a quote never closes, a megabyte of short lines comes at once, each as an object."""


class FileSource:
    """Reads rows out of consecutive pieces of a file. Not thread-safe, but may change threads."""

    def __init__(self, options: ImportOptions, checkpoint: Checkpoint, timezone: tzinfo, pack: Pack) -> None:
        """Go on from a checkpoint."""
        named = checkpoint.table.kind if checkpoint.table else checkpoint.kind
        kind = READERS[named]
        # What goes on was begun by an earlier version, perhaps.
        self._unfit = None
        if checkpoint.state is None:
            self._unfit = unfit_options(options, named) or unused_key(options)
        self._pack = pack
        self._table = checkpoint.table
        self._reader = (
            kind.load(checkpoint.state, options, timezone) if checkpoint.state else kind(options, timezone)
        )
        self._parts: deque[bytes] = deque()
        self._is_last = False
        self._told: tuple[dict[str, Any], list[dict[str, Any]]] | None = None
        if self._reader.dialect and self._reader.columns:
            self._told = (self._reader.dialect, self._reader.columns)

    @property
    def offset(self) -> int:
        """Where the next piece starts."""
        return self._reader.fed

    def take(self, piece: bytes, *, last: bool) -> Portion:
        """Return the rows that end in this piece, as many as a portion may have; `last` ends the file."""
        self._parts.extend(
            piece[start : start + PART_BYTES] for start in range(0, len(piece) or 1, PART_BYTES)
        )
        self._is_last = last
        return self.go_on()

    def go_on(self) -> Portion:
        """Return the next rows of the piece, where its last portion had more."""
        reader, began, digest = self._reader, thread_time(), Digest(self._pack)
        if self._unfit and any(self._parts):
            return Portion(digest.rows(), offset=reader.offset, state=b"", fault=self._unfit)
        while digest.rejected < MOST_REJECTED and (self._parts or not reader.is_hungry):
            if reader.is_hungry:
                self._feed()
            digest.add(self._stretch(MOST_REJECTED - digest.rejected))
        rows = digest.rows()
        has_more = reader.fault is None and (bool(self._parts) or not reader.is_hungry)
        return Portion(
            rows,
            offset=reader.offset,
            state=reader.dump(),
            cpu_seconds=thread_time() - began,
            ended=self._is_last and not has_more,
            has_more=has_more,
            facts=self._new_facts(),
            fault=reader.fault,
            warnings=tuple(reader.warnings),
        )

    def _feed(self) -> None:
        self._reader.feed(self._parts.popleft())
        if self._is_last and not self._parts:
            self._reader.close()

    def _stretch(self, most_rejected: int) -> RowBatch:
        """Return the rows that end in what was fed, until about so many are rejected."""
        batch = RowBatch.empty()
        while not self._reader.is_hungry and len(batch.rejected) < most_rejected:
            batch.extend(self._reader.read_batch())
        if self._table is not None:
            _tell_in_file(batch, self._table)
        return batch

    def _new_facts(self) -> FileFacts | None:
        dialect, columns = self._reader.dialect, self._reader.columns
        if dialect is not None and self._table is not None and self._table.file:
            dialect = {"file": self._table.file, **dialect}
        # The first byte beyond ASCII, which decides the encoding, may come megabytes after the header.
        # A JSON may have further members in later records, and a column that is not used its first values.
        if columns is None or dialect is None or self._told == (dialect, columns):
            return None
        self._told = (dialect, columns)
        return FileFacts(dialect, columns)


def _tell_in_file(batch: RowBatch, table: Table) -> None:
    """Let rows end as far into the workbook as they end into the table."""
    batch.ends = [end * table.file_size // table.size for end in batch.ends]
    batch.rejected = [
        msgspec.structs.replace(row, end=row.end * table.file_size // table.size) for row in batch.rejected
    ]
