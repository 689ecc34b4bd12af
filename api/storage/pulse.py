"""Whether the database still answers: one that is frozen holds nobody up for longer than is decent."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import asyncpg
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.ports import StorageUnavailableError

_log = logging.getLogger(__name__)


class Pulse:
    """Knows the connections of a process, and cuts them all where an answer does not come in time.

    A database that is down refuses at once. One that is frozen, or behind a network that swallows
    packets, says nothing: whoever asks it would wait for the end of the statement's time.
    """

    def __init__(self) -> None:
        self.is_missed = False
        self._connections: WeakSet[asyncpg.Connection[Any]] = WeakSet()

    def watch(self, engine: AsyncEngine) -> None:
        """Know every connection that an engine makes."""

        @event.listens_for(engine.sync_engine, "connect")
        def connected(connection: Any, _record: Any) -> None:
            self._connections.add(connection.driver_connection)

    def check(self) -> None:
        """Raise StorageUnavailableError while the database does not answer."""
        if self.is_missed:
            raise StorageUnavailableError("the database does not answer")

    @contextmanager
    def expected(self, seconds: float) -> Iterator[None]:
        """Run what the database has to answer within so many seconds; else cut every connection.

        What waits for an answer then ends with the error of a lost connection, this block included.
        """
        cut = asyncio.get_running_loop().call_later(seconds, self._cut, seconds)
        try:
            yield
        finally:
            cut.cancel()
        self.is_missed = False

    def _cut(self, seconds: float) -> None:
        _log.warning("the database has not answered for %g s: its connections are cut", seconds)
        self.is_missed = True
        for connection in [*self._connections]:
            connection.terminate()
