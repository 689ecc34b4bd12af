"""What passes between the reader of a file and the job that stores it, perhaps from another process."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from domain.csv_cells import Row
from domain.imports import ImportOptions, RejectedRow
from domain.ports import EventBatch, Pack
from domain.problems import Problem

EVERY_ROW_UP_TO = 1_000
"""So many rows of a file are told one by one."""


class FileFacts(Struct, frozen=True):
    """What the head of a file told. Shapes as in `GET /uploads/{id}`."""

    dialect: dict[str, Any]
    columns: list[dict[str, Any]]


class ReadRow(Struct, frozen=True):
    """A row as it is told: the title of a good one, the errors of a bad one."""

    line: int
    record: int
    end: int
    title: str | None
    errors: tuple[Problem, ...]


class Notable(Struct, frozen=True):
    """A row that may be told, and how many of its portion went in or not, up to and with it."""

    row: ReadRow
    accepted: int
    rejected: int


class Rows(Struct, frozen=True):
    """What became of consecutive rows.

    Attributes:
        events: the good ones, packed for the store.
        rejected: the others.
        notable: in file order: those of the first thousand of the file, every rejected one, the
            newest good one and the last.
    """

    events: EventBatch
    rejected: list[RejectedRow]
    notable: list[Notable]


class Portion(Struct, frozen=True):
    """The rows of one piece of a file, and how to go on behind them.

    Attributes:
        facts: given once, with the portion in which the header was understood.
        fault: why nothing of this file can be imported.
        warnings: about the file up to here; whole each time.
        offset: of the next byte to be given to the reader.
        state: what a reader needs to go on there.
        cpu_seconds: what reading it cost, without any waiting.
        ended: the file has no further row.
    """

    rows: Rows
    offset: int
    state: bytes
    cpu_seconds: float = 0.0
    ended: bool = False
    facts: FileFacts | None = None
    fault: Problem | None = None
    warnings: tuple[dict[str, Any], ...] = ()


class ReaderLostError(Exception):
    """The process that read a file is gone. Another one can go on from the last checkpoint."""


class RowSource(Protocol):
    """Reads rows out of consecutive pieces of a file."""

    @property
    def offset(self) -> int:
        """Where the next piece starts."""
        ...

    async def take(self, piece: bytes, *, last: bool) -> Portion:
        """Return the rows that end in this piece; `last` ends the file.

        Raises:
            ReaderLostError: whoever read is gone.
        """
        ...


def digested(rows: Sequence[Row], pack: Pack) -> Rows:
    """Return what became of rows, in the form that is cheap to pass on and to store."""
    good = [row.fields for row in rows if row.fields is not None]
    bad = [RejectedRow(row.line, row.record, row.cells, row.errors) for row in rows if row.fields is None]
    return Rows(pack(good), bad, _notable(rows))


def _notable(rows: Sequence[Row]) -> list[Notable]:
    newest = next((row.record for row in reversed(rows) if row.fields is not None), 0)
    last = rows[-1].record if rows else 0
    found, rejected = [], 0
    for count, row in enumerate(rows, 1):
        rejected += row.fields is None
        if row.record <= EVERY_ROW_UP_TO or row.fields is None or row.record in (newest, last):
            title = row.fields.title if row.fields is not None else None
            read = ReadRow(row.line, row.record, row.end, title, row.errors)
            found.append(Notable(read, count - rejected, rejected))
    return found


class Story(Struct, frozen=True):
    """How much of an import its feed has told.

    Attributes:
        percent: told last; never falls.
        told_record: of the last row that had its message.
        row_errors: how many were told.
        last: the row read last.
    """

    percent: int = 0
    told_record: int = 0
    row_errors: int = 0
    last: ReadRow | None = None


class Table(Struct, frozen=True):
    """The table that was made of a workbook: its size in bytes, and that of the workbook."""

    size: int
    file_size: int


class Checkpoint(Struct, frozen=True):
    """All that is needed to go on after the last committed batch, as `Upload.checkpoint` keeps it."""

    offset: int = 0
    state: bytes | None = None
    story: Story = Story()
    checked: bool = False
    """An atomic import whose every row is good: only the storing is left."""
    table: Table | None = None
    """Of a workbook: rows are read from it, and `offset` counts its bytes."""

    def dump(self) -> bytes:
        """Return it as bytes."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def load(cls, dumped: bytes | None) -> "Checkpoint":
        """Return what was dumped, or the beginning."""
        return msgspec.msgpack.decode(dumped, type=cls) if dumped else cls()


OpenSource = Callable[[ImportOptions, Checkpoint], AbstractAsyncContextManager[RowSource]]
"""Gives a reader that goes on at a checkpoint, for as long as the block lasts."""
