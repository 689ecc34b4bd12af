"""Detects that the database has stopped answering, so that requests fail quickly."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ports.errors import StorageUnavailableError

_log = logging.getLogger(__name__)


class Watchdog:
    """Closes all connections of a process when an answer does not come in time.

    A database that is down refuses at once. One that is frozen, or cut off by a network that drops
    packets, does not answer: each statement would wait until its own timeout.
    """

    def __init__(self) -> None:
        self.is_missed = False
        self._connections: WeakSet[asyncpg.Connection[Any]] = WeakSet()

    def watch(self, engine: AsyncEngine) -> None:
        """Register every connection of an engine."""

        @event.listens_for(engine.sync_engine, "connect")
        def connected(connection: Any, _record: Any) -> None:
            self._connections.add(connection.driver_connection)

    async def add(self, connection: "asyncpg.Connection[Any]") -> None:
        """Register one connection of the driver's."""
        self._connections.add(connection)

    def check(self) -> None:
        """Raise StorageUnavailableError while the database does not answer."""
        if self.is_missed:
            raise StorageUnavailableError("the database does not answer")

    @contextmanager
    def expected(self, seconds: float) -> Iterator[None]:
        """Run a block that the database must answer within a timeout; otherwise close all connections.

        What waits for an answer then ends with the error of a lost connection, this block included.
        """
        cut = asyncio.get_running_loop().call_later(seconds, self._cut, seconds)
        try:
            yield
        finally:
            cut.cancel()
        self.is_missed = False

    def _cut(self, seconds: float) -> None:
        _log.warning("the database has not answered for %g s: its connections are closed", seconds)
        self.is_missed = True
        for connection in [*self._connections]:
            connection.terminate()
