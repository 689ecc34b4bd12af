"""Units of work on PostgreSQL. Source: `api.storage.unit_of_work.Unit`."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from api.storage.cancellation import to_the_end
from api.storage.closing import Closing
from api.storage.event_packing import KNOWN_COLUMNS, NULLABLE, PACKED, PART, WIDTH
from api.storage.kept_text import KeptText
from api.storage.postgres.connections import DriverPool
from api.storage.postgres.driver import TEXTS, Driver, executed, fetched
from api.storage.postgres.errors import is_of_a_standby
from api.storage.postgres.group_commit import write_closings
from api.storage.schema import events
from api.storage.statements import kept
from api.storage.unit_of_work import ChangedEvents, Dialect, LookedUp, NewEvents, Parameters, Row, Unit

_COLUMNS = [column.name for column in events.c]
_PART, _NULL = PART.encode(), b"\\N"

COPY_FROM_ROWS = 16
"""From how many rows on COPY is the faster way."""

_log = logging.getLogger(__name__)

T = TypeVar("T")
Act = Callable[[Driver, KeptText, Any], Awaitable[T]]


class PostgresUnit(Unit):
    """Statements on one connection of a pool, which is taken when the first of them needs it.

    Kept statements go to the driver directly, others through SQLAlchemy, in one transaction.

    Attributes:
        process: the name under which a commit is announced; "" is nobody's, so everyone looks.
    """

    process = ""

    def __init__(self, engine: AsyncEngine, dialect: Dialect) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self.dialect = dialect

    async def rows(self, statement: sa.Executable, parameters: Parameters | None = None) -> Sequence[Row]:
        """Run a statement and return its rows."""
        text = None if isinstance(parameters, Sequence) else TEXTS.of(statement)
        if text is not None:
            return await self._directly(fetched, text, parameters)
        return await guarded(self.dialect, self._rows(statement, parameters))

    async def run(self, statement: sa.Executable, parameters: Parameters | None = None) -> int:
        """Run a statement and return how many rows it changed."""
        text = None if isinstance(parameters, Sequence) else TEXTS.of(statement)
        if text is not None:
            return await self._directly(executed, text, parameters)
        return await guarded(self.dialect, self._run(statement, parameters))

    async def insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert whole rows, cells in the order of the table's columns."""
        if rows:
            await guarded(self.dialect, self._insert_rows(table, rows))

    async def insert_events(self, new: NewEvents) -> None:
        """Insert many events."""
        await guarded(self.dialect, self._insert_events(new))

    async def find_events(self, keys: Sequence[LookedUp]) -> Sequence[Row]:
        """Return the events of many keys, and lock them."""
        return await guarded(self.dialect, self._find_events(keys))

    async def change_events(self, changed: ChangedEvents) -> None:
        """Overwrite columns of many events."""
        await guarded(self.dialect, self._change_events(changed))

    async def add_counts(self, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add (kind, key, n) to the counts, no two of one key."""
        await guarded(self.dialect, self._add_counts(changes))

    async def run_sync(self, work: Callable[[sa.Connection], None]) -> None:
        """Run work that knows only synchronous connections."""
        await guarded(self.dialect, self._run_sync(work))

    async def commit(self) -> None:
        """Commit what was done. The last act of a unit."""
        if self._connection is not None:
            await guarded(self.dialect, self._connection.commit())

    async def close(self, closing: Closing, then: Callable[[], None]) -> None:
        """Write counts and messages, commit, and do what follows in one piece with it."""
        if not closing.is_empty:
            await guarded(self.dialect, self._write(closing))
        await self.commit()
        then()

    async def release(self) -> None:
        """Roll back what was not committed, and give the connection back."""
        if self._connection is not None and self._connection.sync_connection is not None:
            await to_the_end(_rolled_back(self._connection))
            await to_the_end(_given_back(self._connection))

    async def connect(self) -> AsyncConnection:
        """Return the unit's connection."""
        if self._connection is None:
            self._connection = self._engine.connect()
            await guarded(self.dialect, _started(self._connection))
        return self._connection

    async def _directly(self, act: Act[T], text: KeptText, parameters: Any) -> T:
        """Run a kept statement by the driver alone, which may be cancelled at any time."""
        driver = await self._driver()
        try:
            return await act(driver, text, parameters)
        except Exception as error:
            if is_of_a_standby(error):
                driver.terminate()
            meant = self.dialect.storage_error(error)
            if meant is None:
                raise
            raise meant from error

    async def _driver(self) -> Driver:
        """Return the driver's connection, within the transaction that SQLAlchemy ends.

        SQLAlchemy begins it with its own first statement, and the driver's may come before that.
        """
        connection = await self.connect()
        assert connection.sync_connection is not None, "it was started"
        adapter: Any = connection.sync_connection.connection.dbapi_connection
        if adapter._transaction is None and not adapter.autocommit:  # noqa: SLF001 - see docs/architecture.md.
            await guarded(self.dialect, adapter._start_transaction())  # noqa: SLF001
        driver: Driver = adapter.driver_connection
        return driver

    async def _rows(self, statement: sa.Executable, parameters: Parameters | None) -> Sequence[Row]:
        return (await (await self.connect()).execute(statement, parameters)).all()

    async def _run(self, statement: sa.Executable, parameters: Parameters | None) -> int:
        return (await (await self.connect()).execute(statement, parameters)).rowcount

    async def _run_sync(self, work: Callable[[sa.Connection], None]) -> None:
        await (await self.connect()).run_sync(work)

    async def _write(self, closing: Closing) -> None:
        await write_closings(await self._driver(), self.process, [closing])

    async def _insert_rows(self, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert a few by INSERT, more by COPY."""
        names = [column.name for column in table.c]
        if len(rows) < COPY_FROM_ROWS:
            cells = [dict(zip(names, row, strict=True)) for row in rows]
            await (await self.connect()).execute(_insert(table), cells)
            return
        await (await self._driver()).copy_records_to_table(table.name, records=rows, columns=names)

    async def _insert_events(self, new: NewEvents) -> None:
        """Insert by one COPY: while PostgreSQL takes in a chunk, the next one's lines are made."""
        driver = await self._driver()
        await driver.copy_to_table(events.name, source=_lines(new), columns=_COLUMNS, delimiter=PART)

    async def _add_counts(self, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add to the counts by one statement."""
        kinds, keys, numbers = (list(column) for column in zip(*changes, strict=True))
        await (await self.connect()).exec_driver_sql(_ADD, (kinds, keys, numbers))

    async def _find_events(self, keys: Sequence[LookedUp]) -> Sequence[Row]:
        columns = tuple(list(column) for column in zip(*keys, strict=True))
        return (await (await self.connect()).exec_driver_sql(FIND_TEXT, columns)).all()

    async def _change_events(self, changed: ChangedEvents) -> None:
        """Overwrite by one statement."""
        names = tuple(changed.columns)
        parameters = (changed.at_ms, changed.ids, changed.raised, *changed.columns.values())
        await (await self.connect()).exec_driver_sql(change_text(names), parameters)


class Glance(PostgresUnit):
    """Single reads in autocommit: a kept statement is one round trip to the database."""

    def __init__(self, engine: AsyncEngine, dialect: Dialect, pool: DriverPool) -> None:
        super().__init__(engine, dialect)
        self._pool = pool

    async def _directly(self, act: Act[T], text: KeptText, parameters: Any) -> T:
        async with self._pool.connection() as connection:
            return await act(connection, text, parameters)


FIND_TEXT = f"""
    SELECT {KNOWN_COLUMNS}
    FROM unnest($1::text[], $2::bigint[], $3::text[]) AS k (title_key, instant_us, city_key)
    JOIN events AS e ON e.title_key = k.title_key AND e.instant_us = k.instant_us AND e.city_key = k.city_key
    ORDER BY e.id FOR UPDATE OF e
"""  # noqa: S608 - names are ours.
"""Parameters are the folded titles, instants and folded cities of keys."""


@cache
def change_text(columns: tuple[str, ...]) -> str:
    """Return an UPDATE of some columns: parameters are the time, ids, rises of the versions, and cells."""
    cells = ", ".join(f"{name} = {_from_text(name)}" for name in columns)
    arrays = ", ".join(f"${place}::text[]" for place in range(4, 4 + len(columns)))
    return (
        f"UPDATE events SET {cells}, version = events.version + new.raised, updated_ms = $1"  # noqa: S608 - names are ours.
        f" FROM unnest($2::bigint[], $3::int[], {arrays}) AS new (id, raised, {', '.join(columns)})"
        " WHERE events.id = new.id"
    )


def _from_text(name: str) -> str:
    if name == "instant_us":
        return f"CAST(new.{name} AS bigint)"
    return f"nullif(new.{name}, '')" if name in NULLABLE else f"new.{name}"


async def _lines(new: NewEvents) -> AsyncIterator[bytes]:
    first_id = new.first_id
    for chunk in new.chunks:
        lines = copied_lines(chunk, first_id, new.tail)
        first_id += lines.count(b"\n")
        yield lines


def copied_lines(chunk: bytes, first_id: int, tail: tuple[Any, ...]) -> bytes:
    """Return packed events as lines of COPY, each with an id before its cells and the tail behind.

    Source: PostgreSQL, COPY, "Text Format", with a delimiter that no cell has. Values of Python, which the
    driver writes in binary, take longer; so does text, which would be decoded and encoded again.
    """
    escaped = chunk.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    cells = escaped.split(_PART)
    for name in NULLABLE:
        place = PACKED.index(name)
        cells[place::WIDTH] = [cell or _NULL for cell in cells[place::WIDTH]]
    end = b"".join([_PART + (_NULL if cell is None else str(cell).encode()) for cell in tail]) + b"\n"
    each = enumerate(zip(*[iter(cells)] * WIDTH, strict=True), first_id)
    return b"".join([b"%d%b%b%b" % (event_id, _PART, _PART.join(row), end) for event_id, row in each])


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return kept(sa.insert(table))


_ADD = (
    "INSERT INTO stats SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"
    " ON CONFLICT (kind, key) DO UPDATE SET n = stats.n + excluded.n"
)


class InUnit(AbstractAsyncContextManager[PostgresUnit]):
    """A unit of work for a block; what the block does not commit is rolled back.

    Args:
        connects: the unit takes its connection when the block begins.
    """

    __slots__ = ("_connects", "_unit")

    def __init__(self, unit: PostgresUnit, *, connects: bool = False) -> None:
        self._unit = unit
        self._connects = connects

    async def __aenter__(self) -> PostgresUnit:
        """Begin the block."""
        if self._connects:
            try:
                await self._unit.connect()
            except BaseException:
                await self._unit.release()
                raise
        return self._unit

    async def __aexit__(self, *_error: object) -> None:
        """Roll back what was not committed."""
        await self._unit.release()


async def guarded(dialect: Dialect, operation: Coroutine[Any, Any, T]) -> T:
    """Run an operation of the driver to its end, and raise its errors as storage errors."""
    try:
        return await to_the_end(operation)
    except Exception as error:
        meant = dialect.storage_error(error)
        if meant is None:
            raise
        raise meant from error


@asynccontextmanager
async def held(engine: AsyncEngine, dialect: Dialect) -> AsyncIterator[AsyncConnection]:
    """Take a connection from a pool for the block, and always return it."""
    connection = engine.connect()
    try:
        await guarded(dialect, _started(connection))
        yield connection
    finally:
        await to_the_end(_given_back(connection))


async def _started(connection: AsyncConnection) -> None:
    await connection.start()


async def _given_back(connection: AsyncConnection) -> None:
    """Close a connection that was started; discard one that cannot be given back."""
    if connection.sync_connection is None:
        return
    try:
        await connection.close()
    except Exception as error:  # noqa: BLE001 - the block's own error is the one to report.
        _log.warning("a connection could not be released: %s", error)
        # A lost connection is closed even if close() raised; do not invalidate it twice.
        if not connection.closed:
            await connection.invalidate()


async def _rolled_back(connection: AsyncConnection) -> None:
    """Roll back what is open. A connection that cannot is discarded, which ends its transaction."""
    # Not `in_transaction`: a transaction whose commit failed is none, but bars the way to the next.
    if connection.get_transaction() is None:
        return
    try:
        await connection.rollback()
    except Exception as error:  # noqa: BLE001 - the block's own error is the one to report.
        _log.warning("a rollback failed, its connection is closed: %s", error)
        await connection.invalidate()
