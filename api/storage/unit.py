"""A unit of work on one connection: how every statement is run, and how its errors are told."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from api.storage.cancellation import to_the_end
from domain.ports import StorageError

Row = sa.Row[*tuple[Any, ...]]
"""A row of a result; its columns by name or place."""

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Of one run of a statement, or of many."""


class Dialect(Protocol):
    """What the two databases do differently."""

    @property
    def name(self) -> Literal["sqlite", "postgresql"]:
        """SQLAlchemy's name of it."""
        ...

    def storage_error(self, error: Exception) -> StorageError | None:
        """Return what a driver's error means to callers; None for a fault of ours."""
        ...

    async def insert_rows(
        self, connection: AsyncConnection, table: sa.Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert many whole rows, past the compiler, cells in the order of the table's columns."""
        ...

    async def take_ids(self, unit: "Unit", name: str, count: int) -> int:
        """Return the first of `count` consecutive ids that were never given before."""
        ...


class Unit:
    """One connection within a transaction or a snapshot."""

    def __init__(self, connection: AsyncConnection, dialect: Dialect) -> None:
        self._connection = connection
        self.dialect = dialect

    async def rows(
        self,
        statement: sa.Executable,
        parameters: Parameters | None = None,
    ) -> Sequence[Row]:
        """Run a statement and return its rows."""
        return await to_the_end(self._rows(statement, parameters))

    async def first(
        self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None
    ) -> Row | None:
        """Run a statement and return its first row."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    async def run(
        self,
        statement: sa.Executable,
        parameters: Parameters | None = None,
    ) -> int:
        """Run a statement and return how many rows it changed."""
        return await to_the_end(self._run(statement, parameters))

    async def insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many whole rows, cells in the order of the table's columns."""
        if rows:
            await to_the_end(self._insert_rows(table, rows))

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT of this database's own, which has ON CONFLICT."""
        return sqlite.insert(table) if self.dialect.name == "sqlite" else postgresql.insert(table)

    async def newest(
        self, table: sa.Table, *, limit: int, before: tuple[int, str] | None
    ) -> tuple[Sequence[Row], tuple[int, str] | None]:
        """Return rows of a table with `created_ms` and `id`, newest first, and the next position."""
        order = sa.tuple_(table.c.created_ms, table.c.id)
        statement = sa.select(table).order_by(table.c.created_ms.desc(), table.c.id.desc()).limit(limit + 1)
        if before is not None:
            statement = statement.where(order < sa.tuple_(sa.literal(before[0]), sa.literal(before[1])))
        rows = await self.rows(statement)
        last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit], (last.created_ms, last.id) if last else None

    async def _rows(self, statement: sa.Executable, parameters: Parameters | None) -> Sequence[Row]:
        try:
            return (await self._connection.execute(statement, parameters)).all()
        except Exception as error:
            raise self.told(error) from error

    async def _run(self, statement: sa.Executable, parameters: Parameters | None) -> int:
        try:
            return (await self._connection.execute(statement, parameters)).rowcount
        except Exception as error:
            raise self.told(error) from error

    async def _insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            await self.dialect.insert_rows(self._connection, table, rows)
        except Exception as error:
            raise self.told(error) from error

    def told(self, error: Exception) -> Exception:
        """Return the error as callers know it."""
        return self.dialect.storage_error(error) or error
