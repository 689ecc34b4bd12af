"""Connections of the driver's own, for short statements: SQLAlchemy costs more than these do in the database.

Statements are compiled once, by SQLAlchemy Core, and prepared once by asyncpg on each connection.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeAlias

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from api.storage.kept_text import KeptText, KeptTexts
from api.storage.postgres.errors import is_of_a_standby, storage_error
from api.storage.postgres.watchdog import Watchdog
from api.storage.unit_of_work import Row
from domain.ports.errors import StorageUnavailableError

_log = logging.getLogger(__name__)

Driver: TypeAlias = "asyncpg.Connection[Any]"

_DIALECT: Any = PGDialect_asyncpg()  # type: ignore[no-untyped-call]

TEXTS = KeptTexts(_DIALECT)

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
                    self._kept = await asyncpg.connect(**self._arguments)
                    await self._pulse.add(self._kept)
                with _EndedIfLost(self._kept) as connection:
                    yield connection

    async def aclose(self) -> None:
        """Close the connection, with the database's consent or without."""
        if self._kept is None or self._kept.is_closed():
            return
        try:
            await self._kept.close(timeout=CLOSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - it is over, and there are others to close.
            _log.warning("a connection could not be closed: %s", error)
            self._kept.terminate()


class DriverPool:
    """A few connections in autocommit.

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
        self._size = size
        self._wait_seconds = wait_seconds
        self._pool: asyncpg.Pool[Any] | None = None

    async def open(self) -> None:
        """Prepare to connect; connections are opened when they are needed."""
        self._pool = await asyncpg.create_pool(
            **self._arguments,
            min_size=0,
            max_size=self._size,
            max_inactive_connection_lifetime=IDLE_SECONDS,
            init=self._pulse.add,
            reset=_leave_as_it_is,
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Driver]:
        """Have a connection for the block; errors of the driver are raised as those of the storage."""
        assert self._pool is not None, "opened with the store"
        with _AS_OF_THE_STORAGE:
            connection = await self._taken(self._pool)
            try:
                with _EndedIfLost(connection):
                    yield connection
            finally:
                await self._pool.release(connection)

    async def aclose(self) -> None:
        """Close every connection."""
        if self._pool is not None:
            await self._pool.close()

    async def _taken(self, pool: "asyncpg.Pool[Any]") -> Any:
        is_free = pool.get_idle_size() > 0 or pool.get_size() < self._size
        try:
            # A time limit costs a task, so it is set only where somebody has to wait.
            return await pool.acquire(timeout=None if is_free else self._wait_seconds)
        except TimeoutError as error:
            if is_free:
                raise
            raise StorageUnavailableError("every connection to the database is busy") from error


class _AsOfTheStorage:
    """Raises errors of the driver as those of the storage. No generator: each costs a microsecond."""

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Raise what the error means."""
        meant = storage_error(error) if isinstance(error, Exception) else None
        if meant is not None:
            raise meant from error


_AS_OF_THE_STORAGE = _AsOfTheStorage()


class _EndedIfLost:
    """Ends a connection whose error says that it is lost: its end may be on its way to the next user."""

    __slots__ = ("_connection",)

    def __init__(self, connection: Driver) -> None:
        self._connection = connection

    def __enter__(self) -> Driver:
        """Begin the block."""
        return self._connection

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """End the connection if it is lost."""
        if isinstance(error, Exception) and (
            is_of_a_standby(error) or isinstance(storage_error(error), StorageUnavailableError)
        ):
            self._connection.terminate()


async def _leave_as_it_is(_connection: Any) -> None:
    """Leave a connection as its last user did: statements in autocommit change nothing of it."""


def text_of(statement: sa.Executable) -> KeptText:
    """Return the text of a kept statement."""
    text = TEXTS.of(statement)
    assert text is not None, "it is kept"
    return text


async def fetched(connection: Driver, text: KeptText, parameters: Mapping[str, Any] | None) -> Sequence[Row]:
    """Run a kept statement and return its rows."""
    found = await connection.fetch(text.sql, *text.bound(parameters or {}))
    return text.made(found[0].keys(), found) if found else []


async def executed(connection: Driver, text: KeptText, parameters: Mapping[str, Any] | None) -> int:
    """Run a kept statement and return how many rows it changed."""
    status = await connection.execute(text.sql, *text.bound(parameters or {}))
    return int(status.rpartition(" ")[2]) if status[-1:].isdigit() else 0
