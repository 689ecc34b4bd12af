"""Publishes the messages that all processes commit, in the order of seq."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from api.storage.postgres.database import PostgresDatabase
from api.storage.postgres.driver import Driver, fetched, text_of
from api.storage.postgres.group_commit import CHANNEL
from api.storage.schema import feed_head, feed_messages
from api.storage.statements import kept
from api.storage.unit_of_work import Row
from streams.stored import StoredMessage

POLL_SECONDS = 1.0
ANSWER_SECONDS = 5.0
"""A database that takes longer for an empty answer counts as stopped."""
RETRY_SECONDS = 0.5
MESSAGES_A_READ = 1000

_log = logging.getLogger(__name__)

_NEXT = text_of(
    kept(
        sa.select(*feed_messages.c["seq", "feed", "body", "final", "trace"])
        .where(feed_messages.c.seq > sa.bindparam("after"))
        .order_by(feed_messages.c.seq)
        .limit(MESSAGES_A_READ)
    )
)


class FeedTailer:
    """Reads the log by seq; notifications are only hints when to look.

    Seqs become visible in their order, since each is drawn under a lock that is held until the
    commit. So everything after the last seq read is new, and nothing before it can still come.
    What this process has committed itself is not read again where nothing of others lies before it.
    """

    def __init__(
        self, database: PostgresDatabase, committed: Callable[[Sequence[StoredMessage]], None]
    ) -> None:
        self._database = database
        self._committed = committed
        self._after = 0
        self._from: int | None = None
        self._is_lost = False
        self._hint = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, after: int) -> None:
        """Start publishing the messages after a seq."""
        self._after = after
        self._task = asyncio.create_task(self._follow(), name="tailer of the feed")

    def resume_from(self, after: int) -> None:
        """Pass on the messages after a seq next, whatever was passed on before: nobody may have listened."""
        self._from = after
        self._hint.set()

    def take(self, messages: Sequence[StoredMessage]) -> None:
        """Pass on what this process has committed, and is on disk; or read it where others came before."""
        if messages[0].seq == self._after + 1 and self._from is None:
            self._after = messages[-1].seq
            self._committed(messages)
        else:
            self._hint.set()

    async def aclose(self) -> None:
        """Stop."""
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
                self._database.note_loss()
                self._note_loss(error)
                await asyncio.sleep(RETRY_SECONDS)

    def _note_loss(self, error: Exception) -> None:
        """Log the loss once, not with each try."""
        if not self._is_lost:
            _log.warning("live messages of other processes are delayed until the database answers: %s", error)
        self._is_lost = True

    async def _follow_on(self, connection: AsyncConnection) -> None:
        with self._database.pulse.expected(ANSWER_SECONDS):
            driver = await self._listen(connection)
            await _keep_seqs_rising(connection, self._after)
        if self._is_lost:
            _log.warning("live messages of other processes continue from seq %d", self._after)
        self._is_lost = False
        while True:
            self._hint.clear()
            if self._from is not None:
                self._after, self._from = self._from, None
            while self._pass_on(await self._read(driver)) == MESSAGES_A_READ:
                pass
            await self._wait()

    async def _listen(self, connection: AsyncConnection) -> Driver:
        driver: Driver | None = (await connection.get_raw_connection()).driver_connection
        assert driver is not None, "a connection that has answered"
        await driver.add_listener(CHANNEL, self._note_commit)
        driver.add_termination_listener(lambda *_: self._hint.set())
        return driver

    def _note_commit(self, _connection: object, _pid: int, _channel: str, process: object) -> None:
        """Read what another process has committed; this one's own comes to `take`, once it is on disk."""
        if process != self._database.process:
            self._database.note_other()
            self._hint.set()

    async def _read(self, driver: Driver) -> Sequence[Row]:
        with self._database.pulse.expected(ANSWER_SECONDS):
            rows = await fetched(driver, _NEXT, {"after": self._after})
            if rows:
                # A published message must not be lost with the database's machine.
                await self._database.durability.wait_for_messages(rows[-1].seq)
            return rows

    async def _wait(self) -> None:
        # Not `wait_for`: up to Python 3.11 it loses a cancellation that comes together with the hint.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._hint.wait()

    def _pass_on(self, rows: Sequence[Row]) -> int:
        if self._from is not None:
            return 0  # Read before that was asked for: they are read again, behind those that come first.
        # Meanwhile this process may have passed on some of its own.
        new = [_stored(row) for row in rows if row.seq > self._after]
        if new:
            self._after = new[-1].seq
            self._committed(new)
        return len(rows)


def _stored(row: Row) -> StoredMessage:
    return StoredMessage(row.seq, row.feed, bytes(row.body), row.final, row.trace)


async def _keep_seqs_rising(connection: AsyncConnection, told: int) -> None:
    """Raise the head of the log to the last published seq, so that no seq is drawn twice.

    A standby that took over without the last moments of its primary would do that, and readers
    would skip messages whose seq they have seen.
    """
    lagging = sa.update(feed_head).where(feed_head.c.seq < told).values(seq=told)
    if (await connection.execute(lagging)).rowcount:
        _log.error("the database has lost published messages before seq %d", told)
