"""The data between the reader of a file and the job that stores it, perhaps in another process."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import accumulate
from typing import Any, Literal, Protocol

import msgspec
from msgspec import Struct

from domain.event_columns import add_ids
from domain.files.kinds import Kind
from domain.imports import ImportOptions, RejectedRow
from domain.ports.events import EventBatch, Pack
from domain.problems import Problem
from domain.rows.row_batch import RowBatch

EVERY_ROW_UP_TO = 1_000
"""So many rows of a file are reported one by one."""


class FileFacts(Struct, frozen=True):
    """What the head of a file says. Shapes as in `GET /uploads/{id}`."""

    dialect: dict[str, Any]
    columns: list[dict[str, Any]]


class ReadRow(Struct, frozen=True):
    """A row as it is reported: the title of a good one, the errors of a bad one."""

    line: int
    record: int
    end: int
    title: str | None
    errors: tuple[Problem, ...]


class Notable(Struct, frozen=True):
    """A row that may be reported, and how many of its portion went in or not, up to and with it."""

    row: ReadRow
    accepted: int
    rejected: int


class Rows(Struct, frozen=True):
    """The outcome of consecutive rows.

    Attributes:
        events: the good ones, packed for the store.
        rejected: the others.
        notable: in file order: those of the first thousand of the file, every rejected one, and of
            the others some, the newest good one and the last among them.
    """

    events: EventBatch
    rejected: list[RejectedRow]
    notable: list[Notable]


_NO_ROWS = Rows(EventBatch(0, [], [], []), [], [])


class Portion(Struct, frozen=True):
    """The rows of one piece of a file, and the state to resume after them.

    Attributes:
        facts: given with the portion in which the header was understood, and again when they change.
        fault: why nothing of this file can be imported.
        warnings: about the file up to here; whole each time.
        offset: of the next byte to be given to the reader.
        state: what a reader needs to go on there.
        cpu_seconds: what reading it cost, without any waiting.
        ended: the file has no further row.
        has_more: the piece gives another portion, since a portion is bounded.
    """

    rows: Rows
    offset: int
    state: bytes
    cpu_seconds: float = 0.0
    ended: bool = False
    has_more: bool = False
    facts: FileFacts | None = None
    fault: Problem | None = None
    warnings: tuple[dict[str, Any], ...] = ()

    @property
    def takes_all_out(self) -> bool:
        """Whether no row of the file may stay: the same file comes again, as its fault asks."""
        return self.fault is not None and self.fault.code == "unclear_encoding"


def doubted(portion: Portion, doubt: Problem | None) -> Portion:
    """Return a portion, with a fault alone where the encoding is in doubt: here, or from the first look on.

    A fault of the header goes ahead of that doubt: what it says holds by any encoding.
    """
    is_read = portion.facts is not None or portion.fault is not None
    fault = portion.fault or doubt
    if fault is None or not (portion.takes_all_out or (doubt and is_read)):
        return portion
    return msgspec.structs.replace(portion, rows=_NO_ROWS, facts=None, fault=fault, warnings=())


def joined(portions: Sequence[Portion]) -> Portion:
    """Return consecutive portions as one."""
    if len(portions) == 1:
        return portions[0]
    chunks: list[bytes] = []
    ids: list[str] = []
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
        add_ids(ids, count, rows.events.ids, rows.events.count)
        counts.update({(kind, key): n for kind, key, n in rows.events.counts})
        count += rows.events.count
    events = EventBatch(count, chunks, [(kind, key, n) for (kind, key), n in counts.items()], ids)
    facts = next((portion.facts for portion in reversed(portions) if portion.facts), None)
    return msgspec.structs.replace(portions[-1], rows=Rows(events, rejected, notable), facts=facts)


class ReaderLostError(Exception):
    """The process that read a file has died. Another one can resume from the last checkpoint."""


class RowSource(Protocol):
    """Reads rows out of consecutive pieces of a file."""

    @property
    def offset(self) -> int:
        """Where the next piece starts."""
        ...

    @property
    def reads_ahead(self) -> bool:
        """Whether a second piece may be sent while one is read."""
        ...

    async def give(self, piece: bytes, *, last: bool) -> None:
        """Send the next piece; `last` ends the file.

        Raises:
            ReaderLostError: the parser is gone.
        """
        ...

    async def portion(self) -> Portion:
        """Return the next rows of the oldest piece that was not read to its end.

        Raises:
            ReaderLostError: the parser is gone.
        """
        ...


class Digest:
    """Gathers what became of rows, in the form that is cheap to keep, to pass on and to store."""

    def __init__(self, pack: Pack) -> None:
        """Begin a portion."""
        self._pack = pack
        self._count = 0
        self._chunks: list[bytes] = []
        self._ids: list[str] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._rejected: list[RejectedRow] = []
        self._notable: list[Notable] = []

    @property
    def rejected(self) -> int:
        """How many rows were rejected."""
        return len(self._rejected)

    def add(self, stretch: RowBatch) -> None:
        """Add the rows that follow."""
        self._notable += _notable(stretch, accepted=self._count, rejected=len(self._rejected))
        self._rejected += [
            RejectedRow(row.line, row.record, row.cells, row.errors) for row in stretch.rejected
        ]
        batch = self._pack(stretch.events)
        add_ids(self._ids, self._count, batch.ids, batch.count)
        self._count += batch.count
        self._chunks += batch.chunks
        for kind, key, n in batch.counts:
            self._counts[kind, key] += n

    def rows(self) -> Rows:
        """Return all that was added."""
        counts = [(kind, key, n) for (kind, key), n in self._counts.items()]
        return Rows(EventBatch(self._count, self._chunks, counts, self._ids), self._rejected, self._notable)


def _notable(stretch: RowBatch, *, accepted: int, rejected: int) -> list[Notable]:
    """Return the rows that may be reported; `accepted` and `rejected` rows came before them."""
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


TableKind = Kind | Literal["sheet"]


class Story(Struct, frozen=True):
    """How much of an import its feed has reported.

    Attributes:
        percent: reported last; never falls.
        told_record: of the last row that had its message.
        row_errors: how many were reported.
        last: the row read last.
    """

    percent: int = 0
    told_record: int = 0
    row_errors: int = 0
    last: ReadRow | None = None


class Table(Struct, frozen=True):
    """The content of a container: the table of a workbook, or the file of a ZIP.

    Attributes:
        size: its bytes; `file_size`: those of the container.
        kind: how it is read.
        file: its name in the ZIP.
    """

    size: int
    file_size: int
    kind: TableKind = "sheet"
    file: str | None = None


class Checkpoint(Struct, frozen=True):
    """The state to resume after the last committed batch, as in `Upload.checkpoint`."""

    offset: int = 0
    state: bytes | None = None
    story: Story = Story()
    checked: bool = False
    """An atomic import whose every row is good: only the storing is left."""
    table: Table | None = None
    """Of a container: rows are read from it, and `offset` counts its bytes."""
    kind: Kind = "csv"
    """Of a file that is no container."""

    def dump(self) -> bytes:
        """Return it as bytes."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def load(cls, dumped: bytes | None) -> "Checkpoint":
        """Return the dumped checkpoint, or the one of the beginning."""
        return msgspec.msgpack.decode(dumped, type=cls) if dumped else cls()


OpenSource = Callable[[ImportOptions, Checkpoint], AbstractAsyncContextManager[RowSource]]
"""Gives a reader that goes on at a checkpoint, for as long as the block lasts."""
