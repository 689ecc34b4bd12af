"""What passes between the reader of a file and the job that stores it, perhaps from another process."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import accumulate
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from domain.csv_stretch import Stretch
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
        notable: in file order: those of the first thousand of the file, every rejected one, and of
            the others some, the newest good one and the last among them.
    """

    events: EventBatch
    rejected: list[RejectedRow]
    notable: list[Notable]


class Portion(Struct, frozen=True):
    """The rows of one piece of a file, and how to go on behind them.

    Attributes:
        facts: given with the portion in which the header was understood, and again when they change.
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


def joined(portions: Sequence[Portion]) -> Portion:
    """Return consecutive portions as one."""
    if len(portions) == 1:
        return portions[0]
    chunks: list[bytes] = []
    counts: Counter[tuple[str, str]] = Counter()
    rejected: list[RejectedRow] = []
    notable: list[Notable] = []
    count = 0
    for rows in (portion.rows for portion in portions):
        notable += [
            Notable(one.row, count + one.accepted, len(rejected) + one.rejected) for one in rows.notable
        ]
        rejected += rows.rejected
        chunks += rows.events.chunks
        counts.update({(kind, key): n for kind, key, n in rows.events.counts})
        count += rows.events.count
    events = EventBatch(count, chunks, [(kind, key, n) for (kind, key), n in counts.items()])
    facts = next((portion.facts for portion in reversed(portions) if portion.facts), None)
    return msgspec.structs.replace(portions[-1], rows=Rows(events, rejected, notable), facts=facts)


class ReaderLostError(Exception):
    """The process that read a file is gone. Another one can go on from the last checkpoint."""


class RowSource(Protocol):
    """Reads rows out of consecutive pieces of a file."""

    @property
    def offset(self) -> int:
        """Where the next piece starts."""
        ...

    @property
    def reads_ahead(self) -> bool:
        """A second piece may be given while one is read."""
        ...

    async def give(self, piece: bytes, *, last: bool) -> None:
        """Let the next piece be read; `last` ends the file.

        Raises:
            ReaderLostError: whoever read is gone.
        """
        ...

    async def portion(self) -> Portion:
        """Return the rows that end in the first piece that was given and not asked for.

        Raises:
            ReaderLostError: whoever read is gone.
        """
        ...


class Digest:
    """Gathers what became of rows, in the form that is cheap to keep, to pass on and to store."""

    def __init__(self, pack: Pack) -> None:
        """Begin a portion."""
        self._pack = pack
        self._count = 0
        self._chunks: list[bytes] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._rejected: list[RejectedRow] = []
        self._notable: list[Notable] = []

    def add(self, stretch: Stretch) -> None:
        """Add the rows that follow."""
        self._notable += _notable(stretch, accepted=self._count, rejected=len(self._rejected))
        self._rejected += [
            RejectedRow(row.line, row.record, row.cells, row.errors) for row in stretch.rejected
        ]
        batch = self._pack(stretch.events)
        self._count += batch.count
        self._chunks += batch.chunks
        for kind, key, n in batch.counts:
            self._counts[kind, key] += n

    def rows(self) -> Rows:
        """Return all that was added."""
        counts = [(kind, key, n) for (kind, key), n in self._counts.items()]
        return Rows(EventBatch(self._count, self._chunks, counts), self._rejected, self._notable)


def _notable(stretch: Stretch, *, accepted: int, rejected: int) -> list[Notable]:
    """Return the rows that may be told; `accepted` and `rejected` rows came before them."""
    numbers, events = stretch.records, stretch.events
    early = bisect_right(numbers, EVERY_ROW_UP_TO)
    newest = range(max(early, len(numbers) - 1), len(numbers))
    rows = [
        ReadRow(stretch.lines[at], numbers[at], stretch.ends[at], events.titles[at], ())
        for at in (*range(early), *newest)
    ]
    rows += [ReadRow(row.line, row.record, row.end, None, row.errors) for row in stretch.rejected]
    rows.sort(key=lambda row: row.record)
    first = min([*numbers[:1], *(row.record for row in stretch.rejected[:1])], default=1)
    bad = accumulate((int(row.title is None) for row in rows), initial=rejected)
    next(bad)
    before = first - 1 - accepted - rejected
    return [Notable(row, row.record - before - n, n) for row, n in zip(rows, bad, strict=True)]


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
