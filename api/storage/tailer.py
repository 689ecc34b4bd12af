"""Tells this process the messages that all processes commit, in the order of seq."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.storage.postgres import CHANNEL, PostgresDatabase
from api.storage.schema import feed_head, feed_messages
from api.storage.unit import Row
from streams.ports import StoredMessage

POLL_SECONDS = 1.0
ANSWER_SECONDS = 5.0
"""A database that takes longer to say that there is nothing new has stopped."""
RETRY_SECONDS = 0.5
MESSAGES_A_READ = 1000

_log = logging.getLogger(__name__)

_NEXT = (
    sa.select(*feed_messages.c["seq", "feed", "body", "final"])
    .where(feed_messages.c.seq > sa.bindparam("after"))
    .order_by(feed_messages.c.seq)
    .limit(MESSAGES_A_READ)
)


class Tailer:
    """Reads the log by seq, which is the truth; notifications only say when to look.

    Seqs become visible in their order, since each is drawn under a lock that is held until the
    commit. So what is behind the last seq read is new, and nothing before it can still come.
    """

    def __init__(
        self, database: PostgresDatabase, committed: Callable[[Sequence[StoredMessage]], None]
    ) -> None:
        self._database = database
        self._committed = committed
        self._after = 0
        self._is_lost = False
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, after: int) -> None:
        """Begin to tell the messages behind a seq."""
        self._after = after
        self._task = asyncio.create_task(self._follow(), name="tailer of the feed")

    def hint(self) -> None:
        """Say that there may be messages to tell."""
        self._hint.set()

    async def aclose(self) -> None:
        """Stop telling."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _follow(self) -> None:
        while True:
            try:
                async with self._database.alone() as connection:
                    await self._follow_on(connection)
            except Exception as error:  # noqa: BLE001 - whatever happened, the feed has to go on.
                self._note_loss(error)
                await asyncio.sleep(RETRY_SECONDS)

    def _note_loss(self, error: Exception) -> None:
        """Say it once, not with each try."""
        if not self._is_lost:
            _log.warning("the feed is not followed until the database answers: %s", error)
        self._is_lost = True

    async def _follow_on(self, connection: AsyncConnection) -> None:
        with self._database.pulse.expected(ANSWER_SECONDS):
            await self._listen(connection)
            await _keep_seqs_rising(connection, self._after)
        if self._is_lost:
            _log.warning("the feed is followed again, from seq %d", self._after)
        self._is_lost = False
        while True:
            self._hint.clear()
            while self._tell(await self._read(connection)) == MESSAGES_A_READ:
                pass
            await self._wait()

    async def _listen(self, connection: AsyncConnection) -> None:
        driver: asyncpg.Connection[Any] | None = (await connection.get_raw_connection()).driver_connection
        assert driver is not None, "a connection that has answered"
        await driver.add_listener(CHANNEL, lambda *_: self._hint.set())
        driver.add_termination_listener(lambda *_: self._hint.set())

    async def _read(self, connection: AsyncConnection) -> Sequence[Row]:
        with self._database.pulse.expected(ANSWER_SECONDS):
            return (await connection.execute(_NEXT, {"after": self._after})).all()

    async def _wait(self) -> None:
        # Not `wait_for`: up to Python 3.11 it loses a cancellation that comes together with the hint.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._hint.wait()

    def _tell(self, rows: Sequence[Row]) -> int:
        if rows:
            self._after = rows[-1].seq
            self._committed([StoredMessage(row.seq, row.feed, bytes(row.body), row.final) for row in rows])
        return len(rows)


async def _keep_seqs_rising(connection: AsyncConnection, told: int) -> None:
    """See that no seq that was told is drawn again.

    A standby that took over without the last moments of its primary would do that, and readers
    would pass over what bears a seq that they have seen.
    """
    lagging = sa.update(feed_head).where(feed_head.c.seq < told).values(seq=told)
    if (await connection.execute(lagging)).rowcount:
        _log.error("the database has lost messages that were told before seq %d", told)
