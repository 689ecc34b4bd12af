"""The pool of read-only connections: few are kept, more are opened under load."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

from api.storage.cancellation import to_the_end
from api.storage.sqlite.connection import Connection
from domain.ports.errors import StorageUnavailableError

KEPT = 8
AT_MOST = 32
WAIT_SECONDS = 5.0

Trace = Callable[[str], None]


class Readers:
    """Gives each reader a connection of its own.

    Args:
        executor: runs `connect`, which reads the file.
    """

    def __init__(self, executor: Executor, connect: Callable[[], Connection]) -> None:
        self._executor = executor
        self._connect = connect
        self._free: list[Connection] = []
        self._opened = 0
        self._trace: Trace | None = None
        self._queue: deque[asyncio.Future[Connection | None]] = deque()

    async def taken(self) -> Connection:
        """Return a connection that is the caller's until it gives it back."""
        # The one that was used last knows most pages.
        connection = self._free.pop() if self._free else await self._another()
        connection.raw.set_trace_callback(self._trace)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Take a connection back; its snapshot ends."""
        try:
            if connection.is_open:
                connection.execute("ROLLBACK")
        finally:
            self._put_back(connection)

    def trace(self, trace: Trace | None) -> None:
        """Pass on the text of each statement from now on."""
        self._trace = trace

    def close(self) -> None:
        """Close all connections, after all readers have ended."""
        for connection in self._free:
            connection.close()
        self._free.clear()

    async def _another(self) -> Connection:
        given = await self._turn() if self._opened >= AT_MOST else None
        if given is not None:
            return given
        self._opened += 1
        opening = asyncio.get_running_loop().run_in_executor(self._executor, self._connect)
        try:
            return await to_the_end(opening)
        except asyncio.CancelledError:
            self._put_back(opening.result())
            raise
        except Exception:
            self._opened -= 1
            self._wake(None)
            raise

    async def _turn(self) -> Connection | None:
        """Wait for a connection that is given back; None where a new one may be opened instead."""
        mine: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._queue.append(mine)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await mine
        except BaseException as error:
            self._decline(mine)
            if isinstance(error, TimeoutError):
                raise StorageUnavailableError("every connection to the store is busy") from None
            raise

    def _decline(self, mine: "asyncio.Future[Connection | None]") -> None:
        """Give back what came in the moment in which its receiver gave up."""
        if not mine.done() or mine.cancelled():
            return
        if (connection := mine.result()) is not None:
            self._put_back(connection)
        else:
            self._wake(None)

    def _put_back(self, connection: Connection) -> None:
        if self._wake(connection):
            return
        if len(self._free) < KEPT:
            self._free.append(connection)
        else:
            self._opened -= 1
            connection.close()

    def _wake(self, connection: Connection | None) -> bool:
        """Give a connection, or the permission to open one, to the longest waiter; False without waiters."""
        while self._queue:
            waiter = self._queue.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False
