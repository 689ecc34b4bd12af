"""Shares one disk sync between many commits.

A commit holds the lock on the head of the log; a sync of the disk within it would limit the store to
a few dozen transactions a second. So writers commit with `synchronous_commit` off, which takes no longer
than a statement, and then wait here: one small durable commit flushes everything that was committed
before it. Nothing is answered or published before. Source: PostgreSQL, "Asynchronous Commit".
"""

import asyncio
from math import inf
from typing import NamedTuple

from api.storage.postgres.connections import Connections

MARK = "SELECT current_setting('synchronous_commit'), pg_logical_emit_message(true, 'fasttrack', '')"
"""Writes only to the write-ahead log; without a write, its commit would not wait for the disk."""


class _Waiter(NamedTuple):
    """Who waits for a flush of all messages up to a seq."""

    seq: int
    flushed: "asyncio.Future[None]"


class Durability:
    """Makes the commits of this process durable, many at once.

    Args:
        pool: its connections commit durably, each statement by itself.

    Attributes:
        level: how the database makes commits durable where nothing is said (`synchronous_commit`);
            None before the first flush.
        took: seconds of the last flush.
        flushed_at: when it ended, in seconds of the loop's clock.
    """

    def __init__(self, pool: Connections) -> None:
        self.level: str | None = None
        self.took, self.flushed_at = inf, -inf
        self._pool = pool
        self._waiting: list[_Waiter] = []
        self._flushing: asyncio.Task[None] | None = None
        self._under_way: list[_Waiter] = []
        self._reached = 0

    async def wait(self, seq: int = 0) -> None:
        """Return when everything committed before this call is on disk; raise if that is unknown.

        Args:
            seq: of the last message that was committed; 0 for none.
        """
        mine = _Waiter(seq, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush_all(), name="flush of commits")
        await mine.flushed

    async def wait_for_messages(self, seq: int) -> None:
        """Return when the messages up to a seq are on disk.

        Those of this process are flushed by their writers, who come first.
        """
        if seq > self._reached and any(seq <= waiter.seq for waiter in self._under_way):
            await asyncio.wait([waiter.flushed for waiter in self._under_way])
        if seq > self._reached:
            await self.wait(seq)

    async def aclose(self) -> None:
        """Wait for the flush that is under way."""
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    async def _flush_all(self) -> None:
        """Flush until none waits. A commit during a flush may be too late for it, and waits for the next."""
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                self._under_way = group
                error = await self._outcome()
                if error is None:
                    self._reached = max(self._reached, *(waiter.seq for waiter in group))
                _settle(group, error)
        finally:
            self._flushing, self._under_way = None, []

    async def _outcome(self) -> Exception | None:
        try:
            await self._flush()
        except Exception as error:  # noqa: BLE001 - it is raised to everyone who waits.
            return error
        return None

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        async with self._pool.connection() as connection:
            began = loop.time()
            self.level = await connection.fetchval(MARK)
        self.flushed_at = loop.time()
        self.took = self.flushed_at - began


def _settle(group: list[_Waiter], error: Exception | None) -> None:
    for waiter in group:
        if waiter.flushed.done():
            continue
        if error is None:
            waiter.flushed.set_result(None)
        else:
            waiter.flushed.set_exception(error)
