"""SQLite: one writer connection in a fair queue, readers apart, durable at each commit.

WAL lets readers go on while a transaction commits. One writer connection in the process avoids the
waits of busy connections and a rare corruption of WAL with several (SQLite 3.40, fixed in 3.51).
"""

import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import aiosqlite
import anyio
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from api.storage import index_entries, text_index
from api.storage.cancellation import to_the_end
from api.storage.event_packing import NULLABLE, PACKED, WIDTH
from api.storage.schema import id_heads, stats
from api.storage.sqlite_driver import connect
from api.storage.unit import NewEvents, Unit, held
from domain.ports import StorageError, StorageFullError, StorageUnavailableError

BUSY_TIMEOUT_MS = 5000
READERS_KEPT = 4
READERS_AT_MOST = 32
READER_WAIT_SECONDS = 5
CHECKPOINT_PAGES = 16000
"""Of 4 KiB. A checkpoint holds up the commit that reaches it: rare for imports, short for others."""

ROWS_A_STATEMENT = 1024
"""Times 16 cells is within the 32,766 variables of a default build."""

_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PROTOCOL,
}


class StoreInUseError(StorageError):
    """Another server process has this store open."""


class SqliteDialect:
    """What SQLite does in its own way. Source: `api.storage.unit.Dialect`."""

    name: Literal["sqlite"] = "sqlite"
    texts: text_index.TextIndex | None = None

    def prepare(self, connection: sa.Connection) -> None:
        """Make the index of texts, or see to it that no event waits for whoever fills it."""
        if text_index.prepare(connection):
            self.texts = text_index.TextIndex()
        else:
            index_entries.add_all(connection)

    def storage_error(self, error: Exception) -> StorageError | None:
        """Return what a driver's error means to callers; None for a fault of ours."""
        if isinstance(error, PoolTimeoutError):
            return StorageUnavailableError("every connection to the store is busy")
        code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
        if code is None:
            return None
        primary = code & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            return StorageFullError("no room left for the database")
        return StorageUnavailableError(str(error)) if primary in _UNAVAILABLE else None

    async def insert_rows(
        self, connection: AsyncConnection, table: sa.Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert many whole rows, up to 1,024 by one statement.

        One statement is one step of SQLite's, during which the thread does without Python's lock.
        `executemany` takes it back for each row and waits for it up to 5 ms, while rows are parsed.
        """
        await _insert_padded(connection, table, rows, "")

    async def insert_events(self, connection: AsyncConnection, new: NewEvents) -> None:
        """Insert many events by few statements, as `insert_rows` does, in one turn of the writer's thread.

        Each turn between the threads costs as much as some rows, and there are four a statement.
        """
        writer: aiosqlite.Connection | None = (await connection.get_raw_connection()).driver_connection
        assert writer is not None, "the writer is connected"
        await writer.execute_fetchall(_NEW_EVENTS, new)

    async def add_counts(self, connection: AsyncConnection, changes: Sequence[tuple[str, str, int]]) -> None:
        """Add (kind, key, n) to the counts, up to 1,024 by one statement."""
        await _insert_padded(connection, stats, changes, _ADD)

    async def queue_to_close(self, unit: Unit) -> None:
        """Be next at once: there is one writer."""

    async def take_ids(self, unit: Unit, name: str, count: int) -> int:
        """Return the first of `count` consecutive ids that were never given before."""
        head = sa.update(id_heads).where(id_heads.c.name == name).values(last=id_heads.c.last + count)
        row = await unit.first(head.returning(id_heads.c.last))
        assert row is not None, "heads of ids are made with the store"
        return int(row.last) - count + 1


class _Writer(sqlite3.Connection):
    """The connection of the writer, which unpacks new events in its own thread."""

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        """Execute a statement; `NewEvents` by several."""
        cursor = self.cursor()
        if sql is not _NEW_EVENTS:
            return cursor.execute(sql, parameters)
        for first_id, cells in parameters.unpacked():
            places = _places(len(cells) // WIDTH)
            empty = (None,) * (WIDTH * places - len(cells))
            # Ids come by place, not as cells.
            cursor.execute(_insert_events(places), (first_id, *parameters.tail, *cells, *empty))
        return cursor


_NEW_EVENTS = "INSERT INTO events"
"""Stands for the statements that insert `NewEvents`."""


class _HintingCompiler(SQLiteCompiler):
    """Writes hints as they are: `INDEXED BY …`. SQLAlchemy drops them for SQLite."""

    def get_from_hint_text(self, _table: Any, text: str | None) -> str | None:
        """Return what follows a table's name."""
        return text


_ADD = " ON CONFLICT (kind, key) DO UPDATE SET n = n + excluded.n"


async def _insert_padded(
    connection: AsyncConnection, table: sa.Table, rows: Sequence[tuple[Any, ...]], conflict: str
) -> None:
    """Insert by statements for 1, 2, 4, … rows, of which few are ever prepared."""
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        chunk = rows[start : start + ROWS_A_STATEMENT]
        places = _places(len(chunk))
        empty = (None,) * (len(table.c) * (places - len(chunk)))
        cells = tuple(chain(chain.from_iterable(chunk), empty))
        await connection.exec_driver_sql(_insert_values(table, places) + conflict, cells)


def _places(rows: int) -> int:
    """Return for how many rows the statement is that takes so many."""
    return 1 << (rows - 1).bit_length()


@cache
def _insert_values(table: sa.Table, places: int) -> str:
    """Return an INSERT of as many rows, but for those whose first cell is NULL: the empty places."""
    row = f"({', '.join('?' * len(table.c))})"
    values = ", ".join([row] * places)
    return f"INSERT INTO {table.name} SELECT * FROM (VALUES {values}) WHERE column1 IS NOT NULL"  # noqa: S608 - names are ours.


@cache
def _insert_events(places: int) -> str:
    """Return an INSERT of as many events: parameters are the first id, the tail, then cells.

    Affinity makes numbers of the texts in columns of numbers.
    """
    row = ", ".join("?" * WIDTH)
    values = ", ".join([f"({number}, {row})" for number in range(places)])
    cells = ", ".join(
        f"nullif(column{place}, '')" if name in NULLABLE else f"column{place}"
        for place, name in enumerate(PACKED, 2)
    )
    chosen = f"? + column1, {cells}, ?, ?, ?, ?, ?"
    return f"INSERT INTO events SELECT {chosen} FROM (VALUES {values}) WHERE column2 IS NOT NULL"  # noqa: S608 - names are ours.


class SqliteDatabase:
    """The connections to one file."""

    def __init__(self, path: Path, *, serves: bool) -> None:
        self.dialect = SqliteDialect()
        self._path = path
        self._lock_file = _lock(path) if serves else None
        self._turn = anyio.Lock()
        self._writers = _engine(path, writes=True)
        self._readers = _engine(path, writes=False)
        self._writer: AsyncConnection | None = None

    async def open(self) -> None:
        """Connect the writer."""
        self._writer = await self._writers.connect()

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[AsyncConnection]:
        """Have the writer's connection to oneself: first come, first served."""
        async with self._turn:
            assert self._writer is not None, "the database is open"
            yield self._writer

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[AsyncConnection]:
        """Have a connection that can only read; what it began is ended."""
        async with held(self._readers, self.dialect) as connection:
            yield connection

    async def aclose(self) -> None:
        """Close every connection and let another process have the file."""
        if self._writer is not None:
            await to_the_end(self._writer.close())
        await to_the_end(self._readers.dispose())
        await to_the_end(self._writers.dispose())
        if self._lock_file is not None:
            os.close(self._lock_file)


def _lock(path: Path) -> int:
    """Take the lock that says which process serves this file; the kernel drops it when it dies.

    Raises:
        StoreInUseError: another process has it.
    """
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreInUseError(
            f"{path} is served by another process; stop it first, or choose another data folder"
        ) from error
    return descriptor


def _engine(path: Path, *, writes: bool) -> AsyncEngine:
    engine = create_async_engine(
        sa.URL.create("sqlite+aiosqlite", database=str(path)),
        pool_size=1 if writes else READERS_KEPT,
        max_overflow=0 if writes else READERS_AT_MOST - READERS_KEPT,
        pool_timeout=READER_WAIT_SECONDS,
        async_creator=partial(connect, str(path), _Writer if writes else sqlite3.Connection),
    )
    pragmas = _WRITER_PRAGMAS if writes else _READER_PRAGMAS

    engine.sync_engine.dialect.statement_compiler = _HintingCompiler

    @sa.event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN comes late and is never IMMEDIATE: ours is below.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


_COMMON_PRAGMAS = (f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON", "temp_store=MEMORY")
_WRITER_PRAGMAS = (
    *_COMMON_PRAGMAS,
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-16000",
    "secure_delete=OFF",
    "journal_size_limit=67108864",
    f"wal_autocheckpoint={CHECKPOINT_PAGES}",
)
_READER_PRAGMAS = (*_COMMON_PRAGMAS, "query_only=ON", "cache_size=-8000")
