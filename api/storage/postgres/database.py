"""The PostgreSQL database: connection pools with timeouts."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from secrets import token_hex
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from api.storage.cancellation import to_the_end
from api.storage.migrate import LOCK
from api.storage.postgres import text_index
from api.storage.postgres.address import connect_seconds, driver_url, public_url
from api.storage.postgres.backends import FROZEN_SECONDS, end_frozen
from api.storage.postgres.connecting import connect
from api.storage.postgres.connections import Connections, DriverPool, OneConnection
from api.storage.postgres.durability import Durability
from api.storage.postgres.errors import is_passed_over, leave_a_standby, storage_error
from api.storage.postgres.group_commit import GroupCommit
from api.storage.postgres.ids import Ids
from api.storage.postgres.indexing import PostgresIndexing
from api.storage.postgres.suitability import refuse_unsuitable
from api.storage.postgres.transaction import PostgresTransaction, Writing
from api.storage.postgres.unit import Glance, InUnit, PostgresUnit, held
from api.storage.postgres.watchdog import Watchdog
from api.storage.statements import kept
from api.storage.unit_of_work import TextIndex, Unit
from domain.ports.errors import StorageError, StorageUnavailableError

CONNECTIONS = 23
"""Of a process, at most, where nothing else is said."""

_NO_SYNC = {"synchronous_commit": "off"}

POOL_WAIT_SECONDS = 8
"""A busy pool does not mean that the database is away; the watchdog finds that sooner."""
CONNECT_SECONDS = 3
STATEMENT_SECONDS = 30
READER_IDLE_SECONDS = 300
"""A snapshot may wait for its client so long, as a slow download makes it do."""
WRITER_IDLE_SECONDS = FROZEN_SECONDS
"""A transaction may hold its locks so long for a process that has stopped in the middle of it."""

_DRIVER = "postgresql+asyncpg://"
"""The address goes to the driver as it is: it knows libpq's parameters, SQLAlchemy's adapter does not."""

_LOCK = kept(
    sa.select(
        sa.func.pg_advisory_xact_lock(
            sa.literal(LOCK, sa.Integer), sa.func.hashtext(sa.bindparam("what", type_=sa.Text))
        )
    )
)
"""Locks by two numbers are others than those by one."""
_ORIGIN = (
    "SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "FROM pg_control_system()"
)
_LOCK_EVENTS = sa.text("LOCK TABLE events IN EXCLUSIVE MODE")


def _origin(connection: sa.Connection) -> str | None:
    """Return the cluster and the number of the database; None where a service does not tell them.

    A standby that takes over has both: what it lost, nothing shows.
    """
    try:
        with connection.begin_nested():
            return str(connection.exec_driver_sql(_ORIGIN).scalar())
    except sa.exc.DBAPIError as error:
        if not is_passed_over(error):
            raise
        return None


class Pools(NamedTuple):
    """How many connections each kind of work may take."""

    writers: int
    readers: int
    glances: int
    quick: int


APART = 3
"""Connections that do one thing: follow the feed, commit small changes, make commits durable."""


def pools(connections: int) -> Pools:
    """Share the connections of a process, 8 at least."""
    shared = connections - APART
    writers, glances, quick = shared * 2 // 7, max(1, shared // 5), max(1, shared // 7)
    return Pools(writers, shared - writers - glances - quick, glances, quick)


class _Target(NamedTuple):
    """The database, and how long a connection to it may take."""

    url: str
    connect_seconds: float


class PostgresDialect:
    """PostgreSQL's dialect. Source: `api.storage.unit_of_work.Dialect`."""

    name: Literal["postgresql"] = "postgresql"
    texts: TextIndex | None = None
    origin: str | None = None

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    def prepare(self, connection: sa.Connection) -> None:
        """Create the text index where that is possible, and learn which database it is."""
        self.texts = text_index if text_index.prepare(connection) else None
        self.origin = _origin(connection)

    def storage_error(self, error: Exception) -> StorageError | None:
        """Return the storage error of a driver's error; None for any other error."""
        return storage_error(error)

    async def lock_all_events(self, unit: Unit) -> None:
        """Lock the table against all but plain reads: who locks or changes a row of it locks it, too."""
        await unit.run(_LOCK_EVENTS)

    async def end_frozen(self, unit: Unit) -> None:
        """End connections that wait in the middle of a statement, with the locks that they have."""
        await end_frozen(unit)

    async def lock(self, unit: Unit, what: str) -> None:
        """Wait until no other transaction has this lock, and keep it to the end of this one."""
        await unit.rows(_LOCK, {"what": what})

    async def take_ids(self, _unit: Unit, count: int) -> int:
        """Return the first of `count` consecutive ids, in a transaction of its own.

        Within the caller's, the next to insert would wait for its end. A rollback leaves a gap.
        """
        return await self._ids.take("events", count)


class PostgresDatabase:
    """The connections of one process to one database.

    Attributes:
        process: its name in announcements of commits.
        glances: for single statements in autocommit, which do not wait for the disk.
    """

    def __init__(self, url: str, connections: int = CONNECTIONS, *, serves: bool = True) -> None:
        self._url = url
        self._wanted = connections if serves else None
        target = _Target(driver_url(url), connect_seconds(url, CONNECT_SECONDS))
        sizes = pools(connections)
        # What they commit is made durable for many at once: see durability.
        self._writers = _engine(target, _NO_SYNC, pool_size=sizes.writers, idle_seconds=WRITER_IDLE_SECONDS)
        # Apart from the writers': slow downloads hold their snapshots, and must not hold up changes.
        self._readers = _engine(target, pool_size=sizes.readers, idle_seconds=READER_IDLE_SECONDS)
        self._snapshots = self._readers.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._singles = self._readers.execution_options(
            isolation_level="AUTOCOMMIT", postgresql_readonly=True
        )
        # Ids need not be durable before the rows that bear them are: the log is flushed in order.
        self._quick = _engine(target, _NO_SYNC, pool_size=sizes.quick, isolation_level="AUTOCOMMIT")
        self._alone = create_async_engine(
            _DRIVER,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args=_engine_args(target, {}),
        )
        self._engines = (self._writers, self._readers, self._quick, self._alone)
        self.process = token_hex(8)
        self.pulse = Watchdog()
        for engine in self._engines:
            self.pulse.watch(engine)
            event.listen(engine.sync_engine, "handle_error", leave_a_standby)
        self.glances = _driver_pool(target, _NO_SYNC, self.pulse, sizes.glances)
        self._closing = OneConnection(_driver_args(target, _NO_SYNC), self.pulse)
        self._plain = _driver_args(target, {})
        self._durable = OneConnection(self._plain, self.pulse)
        self._driver_pools: tuple[Connections, ...] = (self.glances, self._closing, self._durable)
        self.durability = Durability(self._durable)
        self._group = GroupCommit(self._closing, self.durability, self.process)
        self._ids = Ids(self.glances)
        self.dialect = PostgresDialect(self._ids)
        self._writing = Writing(self._writers, self.dialect, self.durability, self._group, self.process)

    async def open(self) -> None:
        """Look whether the database can be the store; connections are opened when they are needed."""
        try:
            await refuse_unsuitable(lambda: connect(**self._plain), self._wanted)
        except StorageUnavailableError as error:
            # The URL may stand in a file, or in the environment of a service.
            raise StorageUnavailableError(f"{error}; look at {public_url(self._url)}") from error
        for pool in self._driver_pools:
            await pool.open()

    def indexing(self) -> PostgresIndexing:
        """Return what brings its deferred indexes up to the events."""
        return PostgresIndexing(self)

    def writing(self) -> AbstractAsyncContextManager[Unit]:
        """Begin a transaction; it is rolled back unless the block commits."""
        self.pulse.check()
        return InUnit(PostgresTransaction(self._writing))

    def reading(self) -> AbstractAsyncContextManager[Unit]:
        """Read from one snapshot."""
        self.pulse.check()
        return InUnit(PostgresUnit(self._snapshots, self.dialect), connects=True)

    def glancing(self) -> AbstractAsyncContextManager[Unit]:
        """Read by one statement: no BEGIN before it, no ROLLBACK after."""
        self.pulse.check()
        return InUnit(Glance(self._singles, self.dialect, self.glances))

    def quick(self) -> AbstractAsyncContextManager[Unit]:
        """Run statements in autocommit, without waiting for the disk."""
        self.pulse.check()
        return InUnit(PostgresUnit(self._quick, self.dialect))

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection outside of the pool, in autocommit.

        Also while the pulse is missed: somebody has to look whether it is back.
        """
        async with held(self._alone, self.dialect) as connection:
            yield connection

    def note_other(self) -> None:
        """Note that another process has committed."""
        self._group.note_other()

    def note_loss(self) -> None:
        """Expect a database that has lost its last moments."""
        self._ids.forget()

    async def aclose(self) -> None:
        """Close every connection."""
        await to_the_end(self._group.aclose())
        await to_the_end(self.durability.aclose())
        for pool in self._driver_pools:
            await to_the_end(pool.aclose())
        for engine in self._engines:
            await to_the_end(engine.dispose())


def _driver_pool(target: _Target, settings: dict[str, str], pulse: Watchdog, size: int) -> DriverPool:
    return DriverPool(_driver_args(target, settings), pulse, size=size, wait_seconds=POOL_WAIT_SECONDS)


def _driver_args(target: _Target, settings: dict[str, str]) -> dict[str, Any]:
    idle = {"idle_in_transaction_session_timeout": str(WRITER_IDLE_SECONDS * 1000)}
    return _connect_args(target, idle | settings)


def _engine(
    target: _Target,
    settings: dict[str, str] | None = None,
    *,
    pool_size: int,
    idle_seconds: int = WRITER_IDLE_SECONDS,
    **options: Any,
) -> AsyncEngine:
    engine = create_async_engine(
        _DRIVER,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        connect_args=_engine_args(
            target,
            {"idle_in_transaction_session_timeout": str(idle_seconds * 1000), **(settings or {})},
        ),
        **options,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool open another connection in the place of a closed one.

    The driver knows that of itself, without a round trip; that a server is silent, the watchdog finds out.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError("the server has closed this connection")


def _engine_args(target: _Target, settings: dict[str, str]) -> dict[str, Any]:
    return {**_connect_args(target, settings), "async_creator_fn": connect}


def _connect_args(target: _Target, settings: dict[str, str]) -> dict[str, Any]:
    milliseconds = str(STATEMENT_SECONDS * 1000)
    return {
        "dsn": target.url,
        "timeout": target.connect_seconds,
        "command_timeout": STATEMENT_SECONDS + 5,
        "server_settings": {
            "application_name": "fasttrack",
            "statement_timeout": milliseconds,
            "lock_timeout": milliseconds,
            "jit": "off",
            # Whatever the role's: the locks here are meant for it, and another gives up what waits for them.
            "default_transaction_isolation": "read committed",
            # The server's side: what a machine that lost its power held is free soon.
            "tcp_keepalives_idle": "5",
            "tcp_keepalives_interval": "2",
            "tcp_keepalives_count": "3",
            "tcp_user_timeout": "10000",
            **settings,
        },
    }
