"""The pool of read-only connections: few are kept, more are opened under load."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from api.storage.cancellation import to_the_end
from api.storage.places import Places
from api.storage.sqlite.connection import Connection

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
        self._trace: Trace | None = None
        self._places: Places[Connection] = Places(AT_MOST, WAIT_SECONDS, self._put_back)

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
        given = await self._places.take()
        if given is not None:
            return given
        opening = asyncio.get_running_loop().run_in_executor(self._executor, self._connect)
        try:
            return await to_the_end(opening)
        except BaseException:
            # Who is cancelled leaves what was opened all the same, if it was.
            if opening.exception() is None:
                self._put_back(opening.result())
            else:
                self._places.leave()
            raise

    def _put_back(self, connection: Connection) -> None:
        if self._places.pass_on(connection):
            return
        if len(self._free) < KEPT:
            self._free.append(connection)
        else:
            connection.close()
            self._places.leave()
