"""PostgreSQL: bounded pools, short waits, and an end to every statement."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import asyncpg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from api.storage import trigrams
from api.storage.cancellation import to_the_end
from api.storage.event_packing import NULLABLE, PACKED, WIDTH
from api.storage.pulse import Pulse
from api.storage.schema import events, feed_head, id_heads
from api.storage.unit import NewEvents, Unit, guarded, held
from domain.ports import StorageError, StorageFullError, StorageUnavailableError

WRITERS = 6
READERS = 12
QUICK = 3
"""Connections of a process, at most; one more follows the feed."""

POOL_WAIT_SECONDS = 8
"""A pool that is busy is not a database that is away; whether it is that, the pulse tells sooner."""
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 30
READER_IDLE_SECONDS = 300
"""A snapshot may wait for its client so long, as a slow download makes it do."""
WRITER_IDLE_SECONDS = 15
"""A transaction may hold its locks so long for a process that has stopped in the middle of it."""

CHANNEL = "fasttrack_feed"
"""Where commits are announced to the other processes."""

COPY_FROM_ROWS = 16
"""From how many rows on COPY is the faster way."""

_FULL = {"53100", "54000"}
_UNAVAILABLE_CLASSES = {"08", "53", "57", "58", "40"}
_UNAVAILABLE_STATES = {"55P03", "25P02", "25P03", "25P04", "3D000", "28000", "28P01"}
_READ_ONLY = "25006"
"""The server is a standby: after a failover, or before it."""
_LOST = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class PostgresDialect:
    """What PostgreSQL does in its own way. Source: `api.storage.unit.Dialect`."""

    name: Literal["postgresql"] = "postgresql"
    texts = None

    def __init__(self, ids: AsyncEngine) -> None:
        self._ids = ids

    def prepare(self, connection: sa.Connection) -> None:
        """Make the index of texts."""
        trigrams.prepare(connection)

    def storage_error(self, error: Exception) -> StorageError | None:
        """Return what a driver's error means to callers; None for a fault of ours.

        Source: PostgreSQL, Appendix A, "Error Codes".
        """
        if isinstance(error, StorageError):
            return None
        if isinstance(error, PoolTimeoutError):
            return StorageUnavailableError("every connection to the database is busy")
        cause = _driver_error(error)
        state = getattr(cause, "sqlstate", None) or ""
        if state in _FULL:
            return StorageFullError("no room left for the database")
        if state in {*_UNAVAILABLE_STATES, _READ_ONLY} or state[:2] in _UNAVAILABLE_CLASSES:
            return StorageUnavailableError(f"the database does not answer now ({state})")
        if (
            isinstance(cause, _LOST)
            or isinstance(error, InterfaceError)
            or getattr(error, "connection_invalidated", False)
        ):
            return StorageUnavailableError("the connection to the database is lost")
        return None

    async def insert_rows(
        self, connection: AsyncConnection, table: sa.Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert many whole rows, a few by INSERT, more by COPY."""
        names = [column.name for column in table.c]
        if len(rows) < COPY_FROM_ROWS:
            await connection.execute(sa.insert(table), [dict(zip(names, row, strict=True)) for row in rows])
            return
        # SQLAlchemy begins with its own first statement, of which COPY is none.
        await connection.exec_driver_sql("SELECT 1")
        driver: asyncpg.Connection[Any] | None = (await connection.get_raw_connection()).driver_connection
        assert driver is not None, "a connection that has answered"
        await driver.copy_records_to_table(table.name, records=rows, columns=names)

    async def insert_events(self, connection: AsyncConnection, new: NewEvents) -> None:
        """Insert many events, a thousand by one COPY: it makes its rows without giving the loop a turn."""
        for first_id, cells in new.unpacked():
            each = zip(*[iter(cells)] * WIDTH, strict=True)
            rows = [(event_id, *_typed(row), *new.tail) for event_id, row in enumerate(each, first_id)]
            await self.insert_rows(connection, events, rows)

    async def add_counts(self, connection: AsyncConnection, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add (kind, key, n) to the counts by one statement."""
        kinds, keys, numbers = (list(column) for column in zip(*changes, strict=True))
        await connection.exec_driver_sql(_ADD, (kinds, keys, numbers))

    async def queue_to_close(self, unit: Unit) -> None:
        """Lock the head of the log. Counts and messages are then written by one transaction at a time.

        So the order of seq is that of commits, and no two transactions wait for each other's counts.
        """
        await unit.rows(sa.select(feed_head.c.seq, sa.func.pg_notify(CHANNEL, "")).with_for_update())

    async def take_ids(self, _unit: Unit, name: str, count: int) -> int:
        """Return the first of `count` consecutive ids, in a transaction of its own.

        Within the caller's, the next to insert would wait for its end. A rollback leaves a gap.
        """
        head = sa.update(id_heads).where(id_heads.c.name == name).values(last=id_heads.c.last + count)
        return await guarded(self, self._take(head.returning(id_heads.c.last))) - count + 1

    async def _take(self, head: sa.Executable) -> int:
        async with self._ids.connect() as connection:
            return int((await connection.execute(head)).scalar_one())


def _typed(cells: tuple[str, ...]) -> Iterator[str | int | None]:
    """Yield packed cells as their columns have them."""
    for name, cell in zip(PACKED, cells, strict=True):
        yield int(cell) if name == "instant_us" else cell or (None if name in NULLABLE else "")


_ADD = (
    "INSERT INTO stats SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])"
    " ON CONFLICT (kind, key) DO UPDATE SET n = stats.n + excluded.n"
)


class PostgresDatabase:
    """The connections of one process to one database."""

    def __init__(self, url: str) -> None:
        target = _asyncpg_url(url)
        self._writers = _engine(target, pool_size=WRITERS, idle_seconds=WRITER_IDLE_SECONDS)
        # Apart from the writers': slow downloads hold their snapshots, and must not hold up changes.
        self._readers = _engine(target, pool_size=READERS, idle_seconds=READER_IDLE_SECONDS)
        self._snapshots = self._readers.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        # Ids need not be durable before the rows that bear them are: the log is flushed in order.
        self._quick = _engine(
            target, {"synchronous_commit": "off"}, pool_size=QUICK, isolation_level="AUTOCOMMIT"
        )
        self._alone = create_async_engine(
            target, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_connect_args({})
        )
        self._engines = (self._writers, self._readers, self._quick, self._alone)
        self.pulse = Pulse()
        for engine in self._engines:
            self.pulse.watch(engine)
            event.listen(engine.sync_engine, "handle_error", _leave_a_standby)
        self.dialect = PostgresDialect(self._quick)

    async def open(self) -> None:
        """Nothing: connections are made when they are needed."""

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[AsyncConnection]:
        """Have a connection for one transaction."""
        self.pulse.check()
        async with held(self._writers, self.dialect) as connection:
            yield connection

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncConnection]:
        """Have a connection for one snapshot."""
        self.pulse.check()
        async with held(self._snapshots, self.dialect) as connection:
            yield connection

    @asynccontextmanager
    async def quick(self) -> AsyncIterator[Unit]:
        """Run statements each on its own, where the last moments may be lost with the machine."""
        self.pulse.check()
        async with held(self._quick, self.dialect) as connection:
            yield Unit(connection, self.dialect)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """Have a connection outside of the pool, each statement its own transaction.

        Also while the pulse is missed: somebody has to look whether it is back.
        """
        async with held(self._alone, self.dialect) as connection:
            yield connection

    async def aclose(self) -> None:
        """Close every connection."""
        for engine in self._engines:
            await to_the_end(engine.dispose())


def _leave_a_standby(context: ExceptionContext) -> None:
    """Give up every connection to a server that takes no writes: another one does by now."""
    if getattr(_driver_error(context.original_exception), "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


def _engine(
    target: sa.URL,
    settings: dict[str, str] | None = None,
    *,
    pool_size: int,
    idle_seconds: int = WRITER_IDLE_SECONDS,
    **options: Any,
) -> AsyncEngine:
    return create_async_engine(
        target,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        connect_args=_connect_args(
            {"idle_in_transaction_session_timeout": str(idle_seconds * 1000), **(settings or {})}
        ),
        **options,
    )


def _connect_args(settings: dict[str, str]) -> dict[str, Any]:
    milliseconds = str(STATEMENT_SECONDS * 1000)
    return {
        "timeout": CONNECT_SECONDS,
        "command_timeout": STATEMENT_SECONDS + 5,
        "server_settings": {
            "application_name": "fasttrack",
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "jit": "off",
            # The server's side: what a machine that lost its power held is free soon.
            "tcp_keepalives_idle": "5",
            "tcp_keepalives_interval": "2",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": "10000",
            **settings,
        },
    }


def _asyncpg_url(url: str) -> sa.URL:
    """Return the URL for asyncpg, which calls libpq's `sslmode` `ssl`."""
    target = sa.make_url(url).set(drivername="postgresql+asyncpg")
    sslmode = target.query.get("sslmode")
    if sslmode is None:
        return target
    return target.difference_update_query(["sslmode"]).update_query_dict({"ssl": sslmode})


def _driver_error(error: BaseException) -> BaseException:
    """Return the error of asyncpg's below SQLAlchemy's and its adapter's."""
    original = getattr(error, "orig", None)
    if original is None:
        return error
    cause: BaseException = original.__cause__ or original
    return cause
