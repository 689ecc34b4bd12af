"""The single writer: units of work one after the other, committed in groups.

A commit costs a sync of the disk, however little is in it. So a unit that is done leaves the
transaction open for the next, and one commit serves all that came meanwhile: each unit is a savepoint
in the group's transaction, and waits for the group's commit before any of it is published or
answered. While a commit syncs in a thread, the next units queue; they are the next group.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from api.storage.sqlite.connection import Connection
from domain.ports.errors import StorageUnavailableError

GROUP_SECONDS = 0.005
"""A group that is older is committed before the next unit begins."""
GROUP_UNITS = 64

Then = Callable[[], None]


class _Group:
    """Units that are committed together.

    Attributes:
        then: what follows the commit, in the order of the units.
        error: why the group was lost.
    """

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.units = 0
        self.then: list[Then] = []
        self.error: BaseException | None = None
        self._is_settled = False
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_ripe(self) -> bool:
        """Whether it has waited long enough for others to join."""
        return self.units >= GROUP_UNITS or time.perf_counter() - self.began > GROUP_SECONDS

    def settle(self, error: BaseException | None) -> None:
        """Give every unit the outcome of the group."""
        self._is_settled, self.error = True, error
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def settled(self) -> None:
        """Wait for the commit; raise its error if it failed. A cancellation is raised after that."""
        cancellation: asyncio.CancelledError | None = None
        with anyio.CancelScope(shield=True):
            while not self._is_settled:
                # Each waiter has a future of its own: cancelling a task cancels the future that it awaits.
                waiter = asyncio.get_running_loop().create_future()
                self._waiting.append(waiter)
                try:
                    await waiter
                except asyncio.CancelledError as error:
                    cancellation = error
        if cancellation is not None:
            raise cancellation
        if self.error is not None:
            raise self.error


class Turn:
    """One unit's time with the connection.

    Attributes:
        group: whose uncommitted changes the unit sees; None before it has begun.
        is_first: the unit has the transaction to itself so far, and needs no savepoint.
    """

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self.group: _Group | None = None
        self.is_first = True
        self.has_ended = False

    def lose(self, error: BaseException) -> None:
        """Note an error of a statement. Some errors make SQLite roll back the whole transaction."""
        if not self._writer.connection.is_open:
            self._writer.settle(error)

    def note_changes(self) -> None:
        """Commit even where SQLite counts no change, as for changes of tables."""
        self._writer.counted = -1

    async def commit(self, then: Then | None) -> None:
        """Leave the unit's changes in the group, and wait for its commit."""
        await self._end(keep=True, then=then)

    async def roll_back(self) -> None:
        """Undo the unit's changes. Its answer may depend on those of others: wait for their commit."""
        await self._end(keep=False, then=None)

    async def _end(self, *, keep: bool, then: Then | None) -> None:
        self.has_ended = True
        self._writer.leave(self, keep=keep, then=then)
        if self.group is not None and self.group.units:
            await self.group.settled()


class Writer:
    """Units of work on the writer's connection, first come first served.

    Attributes:
        counted: changes counted by SQLite when the group began.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.counted = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._is_taken = False
        self._group = _Group()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Hold the connection exclusively, in the group's transaction; uncommitted changes are undone."""
        await self._wait()
        turn = Turn(self)
        try:
            await self._begin(turn)
            yield turn
        finally:
            if not turn.has_ended:
                await turn.roll_back()

    def leave(self, turn: Turn, *, keep: bool, then: Then | None) -> None:
        """End a unit's turn, with its changes kept in the group or undone."""
        try:
            if turn.group is self._group:
                self._leave(turn, keep=keep, then=then)
        except sqlite3.Error as error:
            self._abandon(error)
            raise
        finally:
            self._pass_on()

    def settle(self, error: BaseException | None) -> None:
        """Report the outcome of the commit to the units of the group."""
        group, self._group = self._group, _Group()
        group.settle(error)

    async def _wait(self) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        self._queue.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Let the next unit begin; commit when none waits, or the group has waited long enough."""
        while self._queue and self._queue[0].done():
            self._queue.popleft()
        if self._group.units and (not self._queue or self._group.is_ripe):
            self._commit()
        elif self._queue:
            self._queue.popleft().set_result(None)
        else:
            self._abandon(None)
            self._is_taken = False

    async def _begin(self, turn: Turn) -> None:
        if not self.connection.is_open:
            await self._open()
        turn.group = self._group
        turn.is_first = not self._group.units
        if not turn.is_first:
            self.connection.execute("SAVEPOINT unit")

    async def _open(self) -> None:
        self._group = _Group()
        self.counted = self.connection.raw.total_changes
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            # A command is writing at the same time.
            await self.connection.in_thread(lambda: self.connection.execute("BEGIN IMMEDIATE"))

    def _leave(self, turn: Turn, *, keep: bool, then: Then | None) -> None:
        if not keep and turn.is_first:
            self.connection.execute("ROLLBACK")
            return
        if not keep:
            self.connection.execute("ROLLBACK TO unit")
        if not turn.is_first:
            self.connection.execute("RELEASE unit")
        if keep:
            self._group.units += 1
            self._group.then += [then] if then else []

    def _commit(self) -> None:
        if self.connection.raw.total_changes == self.counted:
            # Nothing was changed, so nothing is written.
            self.connection.execute("COMMIT")
            self._committed(None)
        else:
            self.connection.submit(self._commit_durably, self._committed)

    def _commit_durably(self) -> None:
        """Run in the thread."""
        try:
            self.connection.execute("COMMIT")
        except sqlite3.Error:
            if self.connection.is_open:
                self.connection.execute("ROLLBACK")
            raise

    def _committed(self, error: BaseException | None) -> None:
        if error is None:
            for then in self._group.then:
                then()
        self.settle(error)
        self._pass_on()

    def _abandon(self, error: BaseException | None) -> None:
        """Roll back the open transaction; its units get the error."""
        if self.connection.is_open:
            self.connection.execute("ROLLBACK")
        if self._group.units:
            self.settle(error or StorageUnavailableError("the transaction was rolled back"))
