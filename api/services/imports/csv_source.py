"""The rows of a staged CSV, or of the table of a workbook, piece by piece."""

from datetime import tzinfo
from time import thread_time
from typing import Any

import msgspec

from api.services.imports.row_source import Checkpoint, Digest, FileFacts, Portion, Table, TableKind
from domain.csv.reader import RowReader
from domain.files.calendar_reader import CalendarReader
from domain.files.json_reader import JsonReader
from domain.files.record_reader import RecordReader
from domain.files.sheet_reader import SheetReader
from domain.imports import ImportOptions
from domain.ports.events import Pack
from domain.rows.row_batch import RowBatch

READERS: dict[TableKind, type[RowReader] | type[SheetReader] | type[RecordReader]] = {
    "csv": RowReader,
    "json": JsonReader,
    "ics": CalendarReader,
    "sheet": SheetReader,
}

PART_BYTES = 256 * 1024
"""What is read and packed at once: rows as objects take ten times as much."""


class CsvSource:
    """Reads rows out of consecutive pieces of a file. Not thread-safe, but may change threads."""

    def __init__(self, options: ImportOptions, checkpoint: Checkpoint, timezone: tzinfo, pack: Pack) -> None:
        """Go on from a checkpoint."""
        kind = READERS[checkpoint.table.kind if checkpoint.table else checkpoint.kind]
        self._pack = pack
        self._table = checkpoint.table
        self._reader = (
            kind.load(checkpoint.state, options, timezone) if checkpoint.state else kind(options, timezone)
        )
        self._told: tuple[dict[str, Any], list[dict[str, Any]]] | None = None
        if self._reader.dialect and self._reader.columns:
            self._told = (self._reader.dialect, self._reader.columns)

    @property
    def offset(self) -> int:
        """Where the next piece starts."""
        return self._reader.fed

    def take(self, piece: bytes, *, last: bool) -> Portion:
        """Return the rows that end in this piece; `last` ends the file."""
        reader, began, digest = self._reader, thread_time(), Digest(self._pack)
        for start in range(0, len(piece) or 1, PART_BYTES):
            reader.feed(piece[start : start + PART_BYTES])
            if last and start + PART_BYTES >= len(piece):
                reader.close()
            digest.add(self._stretch())
        rows = digest.rows()
        return Portion(
            rows,
            offset=reader.offset,
            state=reader.dump(),
            cpu_seconds=thread_time() - began,
            ended=last,
            facts=self._new_facts(),
            fault=reader.fault,
            warnings=tuple(reader.warnings),
        )

    def _stretch(self) -> RowBatch:
        """Return the rows that end in what was fed."""
        stretch = RowBatch.empty()
        while not self._reader.is_hungry:
            stretch.extend(self._reader.stretch())
        if self._table is not None:
            _tell_in_file(stretch, self._table)
        return stretch

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


def _tell_in_file(stretch: RowBatch, table: Table) -> None:
    """Let rows end as far into the workbook as they end into the table."""
    stretch.ends = [end * table.file_size // table.size for end in stretch.ends]
    stretch.rejected = [
        msgspec.structs.replace(row, end=row.end * table.file_size // table.size) for row in stretch.rejected
    ]
