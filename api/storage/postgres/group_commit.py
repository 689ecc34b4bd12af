"""Small changes of one process are written and committed together.

A transaction that only adds events and messages needs nothing of the database before it closes. Those
that close at once are one statement in one transaction: it takes the lock on the head of the log once for
all of them. While it is under way the next ones gather.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from api.storage.cancellation import Outcome
from api.storage.closing import Closing, changes_of
from api.storage.postgres.driver import Connections, Driver
from api.storage.postgres.durability import Durability
from api.storage.schema import events
from domain.ports.errors import StorageUnavailableError

MOST_UNITS = 64
"""In a group."""

CHANNEL = "fasttrack_feed"
"""Where commits are announced to the other processes, with the name of the one that commits."""

EventRow = tuple[Any, ...]
"""The cells of an event in the order of the table's columns."""

_COLUMNS = [column.name for column in events.c]
_TYPES = {"instant_us": "bigint", "created_ms": "bigint", "updated_ms": "bigint", "id": "bigint"} | {
    "version": "int",
    "is_indexed": "bool",
}
_ROW = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in _COLUMNS)

# The head of the log is locked after the events are inserted, which takes longest, and before any count is:
# so no two transactions wait for each other's counts.
# What is written comes as JSON: arrays for thirty columns take the driver three times as long.
_CLOSE = f"""
WITH added AS (
    INSERT INTO events ({", ".join(_COLUMNS)}) SELECT * FROM json_to_recordset($3) AS e ({_ROW}) RETURNING 1
), head AS (
    UPDATE feed_head SET seq = seq + $1 WHERE (SELECT count(*) FROM added) >= 0 RETURNING seq
), counted AS (
    INSERT INTO stats (kind, key, n)
    SELECT c.kind, c.key, c.n FROM head, json_to_recordset($2) AS c (kind text, key text, n bigint)
    ON CONFLICT (kind, key) DO UPDATE SET n = stats.n + excluded.n
), said AS (
    INSERT INTO feed_messages (seq, feed, body, final, at_ms, trace)
    SELECT head.seq - $1 + m.place, m.feed,
        convert_to(m.front || (head.seq - $1 + m.place) || m.back, 'UTF8'), m.final, m.at_ms, m.trace
    FROM head, ROWS FROM (
        json_to_recordset($4) AS (feed text, front text, back text, final bool, at_ms bigint, trace text)
    ) WITH ORDINALITY AS m (feed, front, back, final, at_ms, trace, place)
)
SELECT head.seq, pg_notify('{CHANNEL}', $5) FROM head
"""  # noqa: S608 - names are ours.

_COUNT = ("kind", "key", "n")
_TEXT = ("feed", "front", "back", "final", "at_ms", "trace")

_FORGET_ZERO = """
DELETE FROM stats AS s USING unnest($1::text[], $2::text[]) AS c (kind, key)
WHERE s.kind = c.kind AND s.key = c.key AND s.n = 0
"""


@dataclass
class Unit:
    """What one transaction adds.

    Attributes:
        then: follows the commit, in one piece with it.
    """

    closing: Closing
    rows: Sequence[EventRow]
    then: Callable[[], None]
    outcome: Outcome = field(default_factory=Outcome)


class GroupCommit:
    """Writes what transactions of this process add, for many at once.

    Args:
        pool: of one connection, which does not wait for the disk.
        durability: of what it has committed, which nobody is told before.
        name: of this process, for announcements.
    """

    def __init__(self, pool: Connections, durability: Durability, name: str) -> None:
        self._pool = pool
        self._durability = durability
        self._name = name
        self._settling: set[asyncio.Task[None]] = set()
        self._waiting: list[Unit] = []
        self._at_work: asyncio.Task[None] | None = None

    async def commit(self, closing: Closing, rows: Sequence[EventRow], then: Callable[[], None]) -> None:
        """Return when all of it is committed durably; raise when none of it is, or nobody knows."""
        unit = Unit(closing, rows, then)
        self._waiting.append(unit)
        if self._at_work is None:
            self._at_work = asyncio.create_task(self._commit_all(), name="group commit")
        await unit.outcome.known()

    async def aclose(self) -> None:
        """Wait for the groups that are under way."""
        if self._at_work is not None:
            await asyncio.wait([self._at_work])
        if self._settling:
            await asyncio.wait(self._settling)

    async def _commit_all(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:MOST_UNITS], self._waiting[MOST_UNITS:]
                await self._commit(group)
        finally:
            self._at_work = None

    async def _commit(self, group: list[Unit]) -> None:
        try:
            await self._write(group)
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who waits.
            await self._fail(group, error)
        else:
            # While it is made durable the next group is written.
            settling = asyncio.create_task(self._settle(group), name="settling of a group")
            self._settling.add(settling)
            settling.add_done_callback(self._settling.discard)

    async def _settle(self, group: list[Unit]) -> None:
        try:
            await self._durability.wait(max(unit.closing.last_seq for unit in group))
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who waits.
            _fail_all(group, error)
            return
        for unit in group:
            _tell(unit)

    async def _write(self, group: list[Unit]) -> None:
        """Write in one transaction.

        That a connection was lost while nobody used it shows when the transaction begins. Nothing is
        written by then, so another is taken.
        """
        for is_last in (False, True):
            has_begun = False
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    has_begun = True
                    closings = [unit.closing for unit in group]
                    await write_closings(connection, self._name, closings, _rows_of(group))
            except StorageUnavailableError:
                if has_begun or is_last:
                    raise
            else:
                return

    async def _fail(self, group: list[Unit], error: Exception) -> None:
        """Find the one at fault, so that the others go in; where the database is away, all have failed."""
        if len(group) == 1 or isinstance(error, StorageUnavailableError):
            _fail_all(group, error)
            return
        for unit in group:
            unit.closing.begin_at(0)
            await self._commit([unit])


async def write_closings(
    connection: Driver, name: str, closings: Sequence[Closing], rows: Sequence[EventRow] = ()
) -> None:
    """Write events, counts and messages, and draw the messages' seqs, within the connection's transaction.

    `name` is that of this process. It locks the head of the log until the commit, so it comes last.
    """
    counts = changes_of(closings)
    texts = [text for closing in closings for text in _texts(closing)]
    seq: int = await connection.fetchval(
        _CLOSE, len(texts), _records(_COUNT, counts), _records(_COLUMNS, rows), _records(_TEXT, texts), name
    )
    fallen = [(kind, key) for kind, key, n in counts if n < 0]
    if fallen:
        await connection.execute(_FORGET_ZERO, *zip(*fallen, strict=True))
    first = seq - len(texts) + 1
    for closing in closings:
        closing.begin_at(first)
        first += len(closing.drafts)


def _rows_of(group: Sequence[Unit]) -> list[EventRow]:
    return [row for unit in group for row in unit.rows]


def _texts(closing: Closing) -> list[tuple[str, str, str, bool, int, str | None]]:
    """Return its messages in two parts: the seq comes between them."""
    parts = zip(closing.drafts, closing.around_seqs(), strict=True)
    tail = (closing.at_ms, closing.trace)
    return [
        (feed, front.decode(), back.decode(), is_final, *tail) for (feed, _, is_final), (front, back) in parts
    ]


def _records(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
    """Return rows as JSON objects."""
    return msgspec.json.encode([dict(zip(names, row, strict=True)) for row in rows]).decode()


def _tell(unit: Unit) -> None:
    try:
        unit.then()
    except Exception as error:  # noqa: BLE001 - it is raised to its own unit; the others are told theirs.
        unit.outcome.settle(error)
    else:
        unit.outcome.settle(None)


def _fail_all(group: Sequence[Unit], error: Exception) -> None:
    for unit in group:
        unit.outcome.settle(error)
