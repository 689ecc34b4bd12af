"""Transactions on PostgreSQL: one that only adds a few events and messages is committed with others."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.storage.closing import Closing
from api.storage.postgres.durability import Durability
from api.storage.postgres.group_commit import EventRow, GroupCommit
from api.storage.postgres.unit import COPY_FROM_ROWS, PostgresUnit, guarded
from api.storage.schema import events
from api.storage.unit_of_work import Dialect


class Writing(NamedTuple):
    """By what transactions are written.

    Attributes:
        durability: what a commit waits for.
        group: commits those that need no connection of their own.
        process: the name of this one in announcements of commits.
    """

    engine: AsyncEngine
    dialect: Dialect
    durability: Durability
    group: GroupCommit
    process: str


class PostgresTransaction(PostgresUnit):
    """Changes of one transaction. As long as it only adds a few events it needs no connection."""

    def __init__(self, by: Writing) -> None:
        super().__init__(by.engine, by.dialect)
        self._by = by
        self.process = by.process
        self._new: list[EventRow] = []

    async def connect(self) -> AsyncConnection:
        """Return the unit's connection, in a transaction that sees what the unit has added."""
        is_new = self._connection is None
        connection = await super().connect()
        if is_new:
            await guarded(self.dialect, _begun(connection))
        if self._new:
            new, self._new = self._new, []
            await super().insert_rows(events, new)
        return connection

    async def insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert whole rows; events once there is a connection, or with the commit of a group."""
        if self._connection is None and table is events and len(rows) < COPY_FROM_ROWS:
            self._new += rows
        else:
            await super().insert_rows(table, rows)

    async def commit(self) -> None:
        """Commit durably."""
        if self._new:
            await self.connect()
        await self._commit(None, lambda: None)

    async def close(self, closing: Closing, then: Callable[[], None]) -> None:
        """Write counts and messages, commit durably, and do what follows in one piece with it."""
        if self._connection is not None:
            await self._commit(closing, then)
        elif closing.is_empty:
            then()
        else:
            await self._by.group.commit(closing, self._new, then)

    async def _commit(self, closing: Closing | None, then: Callable[[], None]) -> None:
        if self._connection is not None:
            await guarded(self.dialect, self._committed(self._connection, closing, then))

    async def _committed(
        self, connection: AsyncConnection, closing: Closing | None, then: Callable[[], None]
    ) -> None:
        if closing is not None and not closing.is_empty:
            await self._write(closing)
        await connection.commit()
        await self._by.durability.wait(closing.last_seq if closing else 0)
        then()


async def _begun(connection: AsyncConnection) -> None:
    await connection.begin()
