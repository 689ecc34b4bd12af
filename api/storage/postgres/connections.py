"""Connections of the driver's own, outside SQLAlchemy's pools: one that is kept, and a pool of a few."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple, Protocol

from api.storage.places import Places
from api.storage.postgres.connecting import connect
from api.storage.postgres.driver import Driver
from api.storage.postgres.errors import is_of_a_standby, storage_error
from api.storage.postgres.watchdog import Watchdog
from domain.ports.errors import StorageUnavailableError

_log = logging.getLogger(__name__)

IDLE_SECONDS = 300.0
"""A pool closes a connection that nobody uses for so long."""
CLOSE_SECONDS = 2.0
"""So long the database may take to part with a connection; then its socket is closed."""


class Connections(Protocol):
    """Connections in autocommit."""

    async def open(self) -> None:
        """Prepare to connect; connections are opened when they are needed."""
        ...

    def connection(self) -> AbstractAsyncContextManager[Driver]:
        """Have a connection for the block; errors of the driver are raised as those of the storage."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class OneConnection:
    """One connection that is kept for one user at a time.

    To take a connection from a pool and to give it back costs half of what a short statement does.

    Args:
        connect_args: of asyncpg.
    """

    def __init__(self, connect_args: Mapping[str, Any], pulse: Watchdog) -> None:
        self._arguments = connect_args
        self._pulse = pulse
        self._kept: Driver | None = None
        self._is_free = asyncio.Lock()

    async def open(self) -> None:
        """Do nothing: the first user connects."""

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Driver]:
        """Have the connection for the block; errors of the driver are raised as those of the storage."""
        async with self._is_free:
            with _AS_OF_THE_STORAGE:
                if self._kept is None or self._kept.is_closed():
                    self._kept = await connect(**self._arguments)
                    await self._pulse.add(self._kept)
                try:
                    yield self._kept
                except Exception as error:
                    _end_if_lost(self._kept, error)
                    raise

    async def aclose(self) -> None:
        """Close the connection, with the database's consent or without."""
        if self._kept is not None and not self._kept.is_closed():
            await _closed(self._kept)


class DriverPool:
    """A few connections in autocommit, opened when they are needed.

    Its users run single statements, which change nothing of a connection. The driver's own pool resets one
    all the same, and hands out a proxy of it: that is a sixth of what reading one event takes.

    Args:
        connect_args: of asyncpg.
        wait_seconds: so long a statement waits for a connection.
    """

    def __init__(
        self,
        connect_args: Mapping[str, Any],
        pulse: Watchdog,
        *,
        size: int,
        wait_seconds: float,
    ) -> None:
        self._arguments = connect_args
        self._pulse = pulse
        self._free: list[_Free] = []  # The one that was used last is taken first.
        self._places: Places[Driver] = Places(size, wait_seconds, self.give_back)
        self._is_closed = False
        self._looking: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Do nothing: the first user connects."""

    def connection(self) -> AbstractAsyncContextManager[Driver]:
        """Have a connection for the block; errors of the driver are raised as those of the storage."""
        return _Lent(self)

    async def taken(self) -> Driver:
        """Return a connection that is the caller's until it is given back."""
        if self._free:
            connection = self._free.pop().connection
            return await self._another() if connection.is_closed() else connection
        return await self._places.take() or await self._another()

    def give_back(self, connection: Driver) -> None:
        """Take a connection back."""
        if self._is_closed or connection.is_closed():
            connection.terminate()
            self._places.leave()
        elif not self._places.pass_on(connection):
            self._free.append(_Free(connection, asyncio.get_running_loop().time()))
            self._look_later()

    async def aclose(self) -> None:
        """Close every connection that is free, and those in use when they are given back."""
        self._is_closed = True
        if self._looking is not None:
            self._looking.cancel()
        free, self._free = self._free, []
        for _ in free:
            self._places.leave()
        await asyncio.gather(*[_closed(one.connection) for one in free], *self._closing)

    async def _another(self) -> Driver:
        """Open one in a place that the caller has."""
        connection: Driver | None = None
        try:
            connection = await connect(**self._arguments)
            await self._pulse.add(connection)
        except BaseException:
            if connection is not None:
                connection.terminate()
            self._places.leave()
            raise
        return connection

    def _look_later(self) -> None:
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._look)

    def _look(self) -> None:
        """Close what nobody has used for long."""
        self._looking = None
        until = asyncio.get_running_loop().time() - IDLE_SECONDS
        idle = [one for one in self._free if one.since <= until]
        self._free = [one for one in self._free if one.since > until]
        for one in idle:
            self._places.leave()
            task = asyncio.create_task(_closed(one.connection), name="close of an idle connection")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if self._free:
            self._look_later()


class _Free(NamedTuple):
    """A connection that nobody uses, in seconds of the loop's clock."""

    connection: Driver
    since: float


class _Lent(AbstractAsyncContextManager["Driver"]):
    """A connection of a pool for a block."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: DriverPool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Driver:
        with _AS_OF_THE_STORAGE:
            self._connection = await self._pool.taken()
        return self._connection

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        _end_if_lost(self._connection, error)
        self._pool.give_back(self._connection)
        _raise_as_of_the_storage(error)


async def _closed(connection: Driver) -> None:
    """Close a connection, with the database's consent or without."""
    try:
        await connection.close(timeout=CLOSE_SECONDS)
    except Exception as error:  # noqa: BLE001 - it is over, and there are others to close.
        _log.warning("a connection could not be closed: %s", error)
        connection.terminate()


class _AsOfTheStorage:
    """Raises errors of the driver as those of the storage. No generator: that takes a microsecond more."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise what the error means."""
        _raise_as_of_the_storage(error)


_AS_OF_THE_STORAGE = _AsOfTheStorage()


def _raise_as_of_the_storage(error: BaseException | None) -> None:
    """Raise the storage's error of a driver's error; return for any other, and for none."""
    meant = storage_error(error) if isinstance(error, Exception) else None
    if meant is not None:
        raise meant from error


def _end_if_lost(connection: Driver, error: BaseException | None) -> None:
    """End a connection whose error says that it is lost: its end may be on its way to the next user."""
    if isinstance(error, Exception) and (
        is_of_a_standby(error) or isinstance(storage_error(error), StorageUnavailableError)
    ):
        connection.terminate()
