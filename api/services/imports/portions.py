"""What passes between the reader of a file and the job that stores it."""

from typing import Any, Protocol

import msgspec
from msgspec import Struct

from domain.csv_cells import Row
from domain.problems import Problem


class FileFacts(Struct, frozen=True):
    """What the head of a file told. Shapes as in `GET /uploads/{id}`."""

    dialect: dict[str, Any]
    columns: list[dict[str, Any]]


class Portion(Struct, frozen=True):
    """The rows of one piece of a file, and how to go on behind them.

    Attributes:
        facts: given once, with the portion in which the header was understood.
        fault: why nothing of this file can be imported.
        warnings: about the file up to here; whole each time.
        offset: of the next byte to be given to the reader.
        state: what a reader needs to go on there.
        ended: the file has no further row.
    """

    rows: list[Row]
    offset: int
    state: bytes
    ended: bool = False
    facts: FileFacts | None = None
    fault: Problem | None = None
    warnings: tuple[dict[str, Any], ...] = ()


class RowSource(Protocol):
    """Reads rows out of consecutive pieces of a file. Not thread-safe, but may change threads."""

    @property
    def offset(self) -> int:
        """Where the next piece starts."""
        ...

    def take(self, piece: bytes, *, last: bool) -> Portion:
        """Return the rows that end in this piece; `last` ends the file."""
        ...


class LastRow(Struct, frozen=True):
    """The row read last, kept until its message is told: title of a good one, errors of a bad one."""

    line: int
    record: int
    end: int
    title: str | None
    errors: tuple[Problem, ...]


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
    last: LastRow | None = None


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
