"""A unit of work on one connection: how every statement is run, and how its errors are told."""

import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.storage.cancellation import to_the_end
from api.storage.event_packing import WIDTH, unpacked
from domain.ports import StorageError

if TYPE_CHECKING:
    from api.storage.text_index import TextIndex

_log = logging.getLogger(__name__)

T = TypeVar("T")

Row = sa.Row[*tuple[Any, ...]]
"""A row of a result; its columns by name or place."""

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""Of one run of a statement, or of many."""


class NewEvents(NamedTuple):
    """Rows for the table of events: consecutive ids from `first_id` on, packed cells, then the same tail."""

    first_id: int
    chunks: list[bytes]
    tail: tuple[str | None, int, int, int, bool]

    def unpacked(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the cells of each chunk behind the id of its first event.

        Cells are those of `event_packing.PACKED`, event by event: texts, of which the empty ones
        of `NULLABLE` are NULL.
        """
        first_id = self.first_id
        for chunk in self.chunks:
            cells = unpacked(chunk)
            yield first_id, cells
            first_id += len(cells) // WIDTH


class Dialect(Protocol):
    """What the two databases do differently."""

    @property
    def name(self) -> Literal["sqlite", "postgresql"]:
        """SQLAlchemy's name of it."""
        ...

    @property
    def texts(self) -> "TextIndex | None":
        """The index of texts that has to be kept by hand; None where the database keeps its own."""
        ...

    def prepare(self, connection: sa.Connection) -> None:
        """Make, within the connection's transaction, what is not the same in both databases."""
        ...

    def storage_error(self, error: Exception) -> StorageError | None:
        """Return what a driver's error means to callers; None for a fault of ours."""
        ...

    async def insert_rows(
        self, connection: AsyncConnection, table: sa.Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert many whole rows, past the compiler, cells in the order of the table's columns."""
        ...

    async def insert_events(self, connection: AsyncConnection, new: NewEvents) -> None:
        """Insert many events, past the compiler."""
        ...

    async def add_counts(self, connection: AsyncConnection, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add (kind, key, n) to the counts, no two of one key, by few statements."""
        ...

    async def queue_to_close(self, unit: "Unit") -> None:
        """Wait for the turn to close: what follows until the commit is never done by two at once."""
        ...

    async def take_ids(self, unit: "Unit", name: str, count: int) -> int:
        """Return the first of `count` consecutive ids that were never given before."""
        ...


class Database(Protocol):
    """The connections to one database."""

    @property
    def dialect(self) -> Dialect:
        """What it does in its own way."""
        ...

    async def open(self) -> None:
        """Connect."""
        ...

    def writer(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Have a connection for one transaction."""
        ...

    def reader(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Have a connection for one snapshot."""
        ...

    async def aclose(self) -> None:
        """Close every connection."""
        ...


class Unit:
    """One connection within a transaction or a snapshot."""

    def __init__(self, connection: AsyncConnection, dialect: Dialect) -> None:
        self._connection = connection
        self.dialect = dialect

    async def rows(self, statement: sa.Executable, parameters: Parameters | None = None) -> Sequence[Row]:
        """Run a statement and return its rows."""
        return await guarded(self.dialect, self._rows(statement, parameters))

    async def first(self, statement: sa.Executable, parameters: Parameters | None = None) -> Row | None:
        """Run a statement and return its first row."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    async def run(self, statement: sa.Executable, parameters: Parameters | None = None) -> int:
        """Run a statement and return how many rows it changed."""
        return await guarded(self.dialect, self._run(statement, parameters))

    async def insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many whole rows, cells in the order of the table's columns."""
        if rows:
            await guarded(self.dialect, self.dialect.insert_rows(self._connection, table, rows))

    async def insert_events(self, new: NewEvents) -> None:
        """Insert many events."""
        await guarded(self.dialect, self.dialect.insert_events(self._connection, new))

    async def add_counts(self, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add (kind, key, n) to the counts, no two of one key."""
        await guarded(self.dialect, self.dialect.add_counts(self._connection, changes))

    async def run_sync(self, work: Callable[[sa.Connection], None]) -> None:
        """Run work that knows only synchronous connections."""
        await guarded(self.dialect, self._connection.run_sync(work))

    async def commit(self, then: Callable[[], None] | None = None) -> None:
        """Commit, and do what follows in one piece with it: no cancellation comes between."""
        await guarded(self.dialect, self._commit(then))

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
        return (await self._connection.execute(statement, parameters)).all()

    async def _run(self, statement: sa.Executable, parameters: Parameters | None) -> int:
        return (await self._connection.execute(statement, parameters)).rowcount

    async def _commit(self, then: Callable[[], None] | None) -> None:
        await self._connection.commit()
        if then is not None:
            then()


class Units:
    """The units of work of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Unit]:
        """Read as of one moment."""
        async with self._database.reader() as connection:
            yield Unit(connection, self._database.dialect)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Unit]:
        """Begin; what the block does not commit is rolled back."""
        async with self._database.writer() as connection:
            try:
                await guarded(self._database.dialect, _begun(connection))
                yield Unit(connection, self._database.dialect)
            finally:
                await to_the_end(_rolled_back(connection))


async def guarded(dialect: Dialect, operation: Coroutine[Any, Any, T]) -> T:
    """Run an operation of the driver's to its end, and raise its errors as callers know them."""
    try:
        return await to_the_end(operation)
    except Exception as error:
        told = dialect.storage_error(error)
        if told is None:
            raise
        raise told from error


@asynccontextmanager
async def held(engine: AsyncEngine, dialect: Dialect) -> AsyncIterator[AsyncConnection]:
    """Take a connection from a pool and give it back, whatever comes between."""
    connection = engine.connect()
    try:
        await guarded(dialect, _started(connection))
        yield connection
    finally:
        await to_the_end(_given_back(connection))


async def _started(connection: AsyncConnection) -> None:
    await connection.start()


async def _given_back(connection: AsyncConnection) -> None:
    """Close a connection that was started. One that cannot be given back is thrown away."""
    if connection.sync_connection is None:
        return
    try:
        await connection.close()
    except Exception as error:  # noqa: BLE001 - the block's own error is the one to tell.
        _log.warning("a connection could not be given back: %s", error)
        # One that was lost is closed by now, for all that closing it failed, and cannot be thrown away again.
        if not connection.closed:
            await connection.invalidate()


async def _begun(connection: AsyncConnection) -> None:
    await connection.begin()


async def _rolled_back(connection: AsyncConnection) -> None:
    """Roll back what is open. A connection that cannot is thrown away, which ends its transaction."""
    # Not `in_transaction`: a transaction whose commit failed is none, but bars the way to the next.
    if connection.get_transaction() is None:
        return
    try:
        await connection.rollback()
    except Exception as error:  # noqa: BLE001 - whatever it was, the block's own error is the one to tell.
        _log.warning("a rollback failed, its connection is closed: %s", error)
        await connection.invalidate()
