"""Small changes of one process are written and committed together.

A transaction that only adds events and messages needs nothing of the database before it closes. Those
that close at once are one statement in one transaction: it takes the lock on the head of the log once for
all of them. While it is under way the next ones gather.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any

import msgspec

from api.storage.cancellation import Outcome
from api.storage.closing import Closing, Sent, changes_of
from api.storage.postgres.connections import Connections
from api.storage.postgres.driver import Driver
from api.storage.postgres.durability import Durability
from api.storage.postgres.errors import is_refusal
from api.storage.schema import events
from domain.ports.errors import StorageUnavailableError

MOST_UNITS = 64
"""In a group."""

FRESH_SECONDS = 1.0
"""So long after a group the next one is taken to find the connection there."""

ALONE_SECONDS = 1.0
"""So long after a commit of another process none of its own is expected."""

QUICK_SECONDS = 0.001
"""A disk that takes no longer may be waited for under the lock: the next group gathers meanwhile."""

KNOWN_SECONDS = 10.0
"""So long the time that the disk took is taken for what it takes."""

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
SELECT head.seq, pg_notify('{CHANNEL}', $5), set_config('synchronous_commit', $6, true) FROM head
"""  # noqa: S608 - names are ours.

_NO_SYNC = "off"
"""The commit does not wait for the disk."""

_Event: Any = msgspec.defstruct("_Event", [*map(str, _COLUMNS)], gc=False)
_Count: Any = msgspec.defstruct("_Count", ["kind", "key", "n"], gc=False)
_Text: Any = msgspec.defstruct("_Text", ["feed", "front", "back", "final", "at_ms", "trace"], gc=False)

_BACKEND = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"

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

    @property
    def is_unique(self) -> bool:
        """Whether its messages can be told from all others: that of new events bears their ids."""
        return bool(self.rows and self.closing.drafts)


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
        self._written_at, self._last_seq = -inf, 0
        self._other_at = -inf
        self._backend: tuple[Driver, tuple[int, datetime]] | None = None

    def note_other(self) -> None:
        """Note that another process commits, too."""
        self._other_at = asyncio.get_running_loop().time()

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
        level = self._level_for(group)
        try:
            await self._write(group, level or _NO_SYNC)
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who waits.
            await self._fail(group, error)
            return
        if level is not None:
            _tell(group)
            return
        # While it is made durable the next group is written.
        settling = asyncio.create_task(self._settle(group), name="settling of a group")
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)

    def _level_for(self, group: list[Unit]) -> str | None:
        """Return how the commit of a group waits for the disk itself: a round trip less. None: it does not.

        It holds the head of the log meanwhile. So it waits only where no other process has committed lately,
        and nobody of this one could use the time, or it is short.
        """
        now = asyncio.get_running_loop().time()
        if now - self._other_at <= ALONE_SECONDS:
            return None
        is_last = len(group) == 1 and not self._waiting and not self._settling
        is_quick = self._durability.took < QUICK_SECONDS
        is_known = now - self._durability.flushed_at < KNOWN_SECONDS
        return self._durability.level if is_last or (is_quick and is_known) else None

    async def _settle(self, group: list[Unit]) -> None:
        try:
            await self._durability.wait(max(unit.closing.last_seq for unit in group))
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who waits.
            _fail_all(group, error)
        else:
            _tell(group)

    async def _write(self, group: list[Unit], sync: str) -> None:
        """Write in one transaction: by one statement alone where its outcome can be looked up.

        To begin and to commit take two more round trips. The last seq of the group before bounds where
        to look, and an old one would not; it also shows that the connection was there a moment ago.
        """
        loop = asyncio.get_running_loop()
        if loop.time() - self._written_at < FRESH_SECONDS and all(unit.is_unique for unit in group):
            async with self._pool.connection() as connection:
                _note_sent(group, Sent(self._last_seq, await self._backend_of(connection)))
                try:
                    await self._write_on(connection, group, sync)
                except Exception as error:
                    if is_refusal(error):
                        _note_sent(group, None)
                    raise
        else:
            await self._write_between(group, sync)
        self._written_at = loop.time()
        self._last_seq = max(self._last_seq, *(unit.closing.last_seq for unit in group))

    async def _backend_of(self, connection: Driver) -> tuple[int, datetime]:
        """Return which process of the database serves a connection."""
        known = self._backend
        if known is None or known[0] is not connection:
            row = await connection.fetchrow(_BACKEND)
            assert row is not None, "a session sees itself"
            known = self._backend = (connection, (row["pid"], row["backend_start"]))
        return known[1]

    async def _write_between(self, group: list[Unit], sync: str) -> None:
        """Write between a BEGIN and a COMMIT.

        That a connection was lost while nobody used it shows when the transaction begins. Nothing is
        written by then, so another is taken.
        """
        for is_last in (False, True):
            has_begun = False
            try:
                async with self._pool.connection() as connection, connection.transaction():
                    has_begun = True
                    await self._write_on(connection, group, sync)
            except StorageUnavailableError:
                if has_begun or is_last:
                    raise
            else:
                return

    async def _write_on(self, connection: Driver, group: list[Unit], sync: str) -> None:
        rows = [row for unit in group for row in unit.rows]
        closings = [unit.closing for unit in group]
        await write_closings(connection, self._name, closings, rows, sync)

    async def _fail(self, group: list[Unit], error: Exception) -> None:
        """Find the one at fault, so that the others go in; where the database is away, all have failed."""
        if len(group) == 1 or isinstance(error, StorageUnavailableError):
            _fail_all(group, error)
            return
        for unit in group:
            unit.closing.begin_at(0)
            await self._commit([unit])


async def write_closings(
    connection: Driver,
    name: str,
    closings: Sequence[Closing],
    rows: Sequence[EventRow] = (),
    sync: str = _NO_SYNC,
) -> None:
    """Write events, counts and messages, and draw the messages' seqs, within the connection's transaction.

    `name` is that of this process. It locks the head of the log until the commit, so it comes last.
    `sync` tells whether that waits for the disk: a value of PostgreSQL's `synchronous_commit`.
    """
    counts = changes_of(closings)
    texts = [text for closing in closings for text in _texts(closing)]
    seq: int = await connection.fetchval(
        _CLOSE,
        len(texts),
        _records(_Count, counts),
        _records(_Event, rows),
        _records(_Text, texts),
        name,
        sync,
    )
    fallen = [(kind, key) for kind, key, n in counts if n < 0]
    if fallen:
        await connection.execute(_FORGET_ZERO, *zip(*fallen, strict=True))
    first = seq - len(texts) + 1
    for closing in closings:
        closing.begin_at(first)
        first += len(closing.drafts)


def _texts(closing: Closing) -> list[tuple[str, str, str, bool, int, str | None]]:
    """Return its messages in two parts: the seq comes between them."""
    parts = zip(closing.drafts, closing.around_seqs(), strict=True)
    tail = (closing.at_ms, closing.trace)
    return [
        (feed, front.decode(), back.decode(), is_final, *tail) for (feed, _, is_final), (front, back) in parts
    ]


def _note_sent(group: Sequence[Unit], sent: Sent | None) -> None:
    """Note where their messages are; None for nowhere."""
    for unit in group:
        unit.closing.sent = sent


def _records(record: Any, rows: Sequence[tuple[Any, ...]]) -> str:
    """Return rows as JSON objects."""
    return msgspec.json.encode([record(*row) for row in rows]).decode()


def _tell(group: Sequence[Unit]) -> None:
    for unit in group:
        try:
            unit.then()
        except Exception as error:  # noqa: BLE001 - it is raised to its own unit; the others are told theirs.
            unit.outcome.settle(error)
        else:
            unit.outcome.settle(None)


def _fail_all(group: Sequence[Unit], error: Exception) -> None:
    for unit in group:
        unit.outcome.settle(error)
