"""The single writer: units of work one after the other, committed in groups.

A commit costs a sync of the disk and a hop to a thread and back, however little is in it. So a unit that
is done leaves the transaction open for the next, and one commit serves all that came meanwhile: it begins
when the loop has turned twice and no unit has come. Each unit waits for the group's commit before any of it
is published or answered. While a commit syncs in a thread, the next units queue; they are the next group.

A unit that only adds events and messages runs no statement: what it adds is written for the whole
group at once. Any other begins with a savepoint, behind what those before it have added.
"""

import asyncio
import sqlite3
import time
from collections import deque
from functools import partial

from api.storage.cancellation import Outcome
from api.storage.sqlite.additions import Addition, Ids, write_additions, write_alone
from api.storage.sqlite.commit_thread import CommitThread
from api.storage.sqlite.connection import Connection
from domain.ports.errors import StorageUnavailableError

GROUP_SECONDS = 0.02
"""A group that is older is committed before the next unit begins."""
GROUP_UNITS = 64
QUIET_TURNS = 2
"""In the first turn of the loop a request arrives, in the second its unit begins."""


class _Group:
    """Units that are committed together.

    Attributes:
        additions: of these units, in their order.
        written: how many of them are in the transaction.
        outcome: of their commit.
    """

    def __init__(self) -> None:
        self.began = 0.0
        self.units = 0
        self.additions: list[Addition] = []
        self.written = 0
        self.outcome = Outcome()

    @property
    def is_ripe(self) -> bool:
        """Whether it has waited long enough for others to join."""
        return self.units >= GROUP_UNITS or time.perf_counter() - self.began > GROUP_SECONDS

    def add(self, addition: Addition) -> None:
        """Have a further unit in the group. It ages from its first one on."""
        if not self.units:
            self.began = time.perf_counter()
        self.units += 1
        self.additions.append(addition)


class Turn:
    """One unit's time with the connection.

    Attributes:
        group: whose uncommitted changes the unit sees.
        has_begun: the unit may run statements.
        is_first: the unit has the transaction to itself so far, and needs no savepoint.
    """

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self.group = writer.group
        self.has_begun = False
        self.is_first = True
        self.has_ended = False

    async def begin(self) -> None:
        """Be ready for statements."""
        await self._writer.begin(self)
        self.has_begun = True

    def take_ids(self, count: int) -> int:
        """Return the first of `count` consecutive ids of events that were never given before."""
        return self._writer.ids.take(count, is_stored=self.has_begun)

    def lose(self, error: BaseException) -> None:
        """Note an error of a statement. Some errors make SQLite roll back the whole transaction."""
        if not self._writer.connection.is_open:
            self._writer.settle(error)

    def note_changes(self) -> None:
        """Commit even where SQLite counts no change, as for changes of tables."""
        self._writer.counted = -1

    async def commit(self, addition: Addition) -> None:
        """Leave the unit's changes in the group, and wait for its commit."""
        self.has_ended = True
        addition.is_all = not self.has_begun
        if not self.has_begun and addition.is_empty:
            self._writer.leave(self, None)
            addition.then()
            return
        self._writer.leave(self, addition)
        try:
            # Raises also where the group is lost by now, by a statement whose error the unit did not mind.
            await self.group.outcome.known()
        finally:
            if addition.error is not None:
                raise addition.error

    async def end(self) -> None:
        """Undo what is not committed. The answer may depend on changes of others: wait for their commit."""
        if self.has_ended:
            return
        self.has_ended = True
        self._writer.leave(self, None)
        if self.has_begun and self.group.units:
            await self.group.outcome.known()


class Writer:
    """Units of work on the writer's connection, first come first served.

    Attributes:
        group: the units since the last commit.
        counted: changes counted by SQLite when the transaction began.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.group = _Group()
        self.ids = Ids(connection.raw)
        self.counted = 0
        self._thread = CommitThread("store-commits")
        self._queue: deque[asyncio.Future[None]] = deque()
        self._is_taken = False
        self._is_watched = False

    async def turn(self) -> Turn:
        """Hold the connection exclusively, until the turn ends."""
        await self._wait()
        return Turn(self)

    async def begin(self, turn: Turn) -> None:
        """Put a unit behind what those before it have added."""
        try:
            await self._write()
        except Exception as error:
            if not self.group.units:
                raise
            self._abandon(error)
            await self._write()
        turn.group = self.group
        turn.is_first = not self.group.units
        if not turn.is_first:
            self.connection.execute("SAVEPOINT unit")

    def leave(self, turn: Turn, addition: Addition | None) -> None:
        """End a unit's turn, with its changes kept in the group, or undone where it adds nothing."""
        try:
            if turn.group is self.group:
                self._leave(turn, addition)
        except sqlite3.Error as error:
            self._abandon(error)
            raise
        finally:
            self._pass_on()

    def close(self) -> None:
        """Close the connection, after all units have ended."""
        self._thread.close()
        self.connection.close()

    def settle(self, error: BaseException | None) -> None:
        """Report the outcome of the commit to the units of the group."""
        group, self.group = self.group, _Group()
        group.outcome.settle(error)

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
        """Let the next unit have its turn; commit when none comes, or the group has waited long enough."""
        while self._queue and self._queue[0].done():
            self._queue.popleft()
        if self.group.units and self.group.is_ripe:
            self._commit()
        elif self._queue:
            self._queue.popleft().set_result(None)
        else:
            if self.group.units:
                self._watch()
            else:
                self._abandon(None)
            self._is_taken = False

    def _watch(self) -> None:
        if not self._is_watched:
            self._is_watched = True
            asyncio.get_running_loop().call_soon(self._commit_if_quiet, self.group.units, QUIET_TURNS)

    def _commit_if_quiet(self, units: int, turns: int) -> None:
        """Commit if no unit comes for so many turns of the loop. One that has its turn passes it on later."""
        self._is_watched = False
        if self._is_taken or not self.group.units:
            return
        if self.group.units > units:
            self._watch()
        elif turns > 1:
            self._is_watched = True
            asyncio.get_running_loop().call_soon(self._commit_if_quiet, units, turns - 1)
        else:
            self._is_taken = True
            self._commit()

    async def _write(self) -> None:
        if not self.connection.is_open and not self._opens_at_once():
            await self.connection.in_thread(self._open_late)
        self._write_additions()

    def _opens_at_once(self) -> bool:
        """Begin the transaction; false while a command is writing at the same time."""
        self.counted = self.connection.raw.total_changes
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def _open_late(self) -> None:
        """Run in the thread, which waits for the command."""
        self.connection.execute("BEGIN IMMEDIATE")

    def _leave(self, turn: Turn, addition: Addition | None) -> None:
        if turn.has_begun:
            self._end_unit(turn, keep=addition is not None)
        if addition is not None:
            self.group.add(addition)

    def _end_unit(self, turn: Turn, *, keep: bool) -> None:
        if not keep:
            self.ids.forget_stored()
            self.connection.execute("ROLLBACK" if turn.is_first else "ROLLBACK TO unit")
        if not turn.is_first:
            self.connection.execute("RELEASE unit")

    def _write_additions(self, *, is_last: bool = False) -> None:
        """Write what the group adds; `is_last`: the commit follows."""
        group = self.group
        waiting, group.written = group.additions[group.written :], len(group.additions)
        # The whole transaction of a lone unit can be rolled back for it.
        write = write_alone if is_last and group.units == 1 else write_additions
        write(self.connection.raw, waiting, self.ids)

    def _commit(self) -> None:
        try:
            if not self.connection.is_open and not self._opens_at_once():
                self._thread.submit(partial(self.connection.patiently, self._open_late), self._opened)
                return
            self._write_additions(is_last=True)
            if self.connection.raw.total_changes != self.counted:
                self._thread.submit(self._commit_durably, self._committed)
                return
            # Nothing was changed, so nothing is written.
            self.connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - the units of the group get it.
            self._abandon(error)
            self._pass_on()
        else:
            self._committed(None)

    def _opened(self, error: BaseException | None) -> None:
        if error is None:
            self._commit()
        else:
            self._committed(error)

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
            for addition in self.group.additions:
                if addition.error is None:
                    addition.then()
        else:
            self.ids.forget_stored()
        self.settle(error)
        self._pass_on()

    def _abandon(self, error: BaseException | None) -> None:
        """Roll back the open transaction; its units get the error."""
        if self.connection.is_open:
            self.ids.forget_stored()
            self.connection.execute("ROLLBACK")
        if self.group.units:
            self.settle(error or StorageUnavailableError("the transaction was rolled back"))
