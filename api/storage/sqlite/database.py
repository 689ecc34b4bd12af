"""The SQLite database, driven directly: one writer, separate readers, durable commits.

WAL lets readers go on while a transaction commits. One writer connection in the process avoids the
waits of busy connections and a rare corruption of WAL with several (SQLite 3.40, fixed in 3.51).
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from api.storage.kept_text import KeptTexts
from api.storage.private_files import open_private
from api.storage.sqlite import deferred_index, text_index
from api.storage.sqlite.connection import Connection
from api.storage.sqlite.hints import HintingCompiler, hinting_dialect
from api.storage.sqlite.indexing import SqliteIndexing
from api.storage.sqlite.readers import Readers
from api.storage.sqlite.unit import SqliteUnit
from api.storage.sqlite.writer import Writer
from api.storage.unit_of_work import TextIndex, Unit
from domain.ports.errors import StorageError, StorageFullError, StorageUnavailableError

READER_THREADS = 8
CHECKPOINT_PAGES = 16000
"""Of 4 KiB. A checkpoint holds up the commit that reaches it: rare for imports, short for others."""

KEPT_TEXTS = 256
"""Statements that a connection keeps prepared."""

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
    """SQLite's dialect. Source: `api.storage.unit_of_work.Dialect`."""

    name: Literal["sqlite"] = "sqlite"
    texts: TextIndex | None = None
    origin: None = None
    """A file that was moved is the same store, and a copy looks like it."""

    def prepare(self, connection: sa.Connection) -> None:
        """Create the text index; if that is not possible, also write all deferred index entries."""
        self.texts = text_index if text_index.prepare(connection) else None
        if self.texts is None:
            deferred_index.add_all(connection)

    def storage_error(self, error: Exception) -> StorageError | None:
        """Return the storage error of a driver's error; None for any other error."""
        code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
        if code is None:
            return None
        primary = code & 0xFF
        if primary == sqlite3.SQLITE_FULL:
            return StorageFullError("no space left for the database")
        return StorageUnavailableError(str(error)) if primary in _UNAVAILABLE else None

    async def lock_all_events(self, unit: Unit) -> None:
        """Do nothing: there is one writer."""

    async def end_frozen(self, unit: Unit) -> None:
        """Do nothing: a process that is frozen has the whole store."""

    async def lock(self, unit: Unit, what: str) -> None:
        """Do nothing: there is one writer."""

    async def take_ids(self, unit: Unit, count: int) -> int:
        """Return the first of `count` consecutive ids of events that were never given before."""
        assert isinstance(unit, SqliteUnit)
        return unit.take_ids(count)


class SqliteDatabase:
    """The connections to one file."""

    def __init__(self, path: Path, *, serves: bool) -> None:
        self.dialect = SqliteDialect()
        self._lock_file = lock(path) if serves else None
        self._texts = KeptTexts(hinting_dialect())
        self._write_thread = ThreadPoolExecutor(1, "store-writer")
        self._read_threads = ThreadPoolExecutor(READER_THREADS, "store-reader")
        self.engines = (_engine(path, _WRITER_PRAGMAS), _engine(path, _READER_PRAGMAS))
        """SQLAlchemy's, which run what is not kept: the writer's and the readers'."""
        self._readers = Readers(self._read_threads, partial(_connect, self.engines[1], self._read_threads))
        self._writer: Writer | None = None

    async def open(self) -> None:
        """Connect the writer."""
        connect = partial(_connect, self.engines[0], self._write_thread)
        self._writer = Writer(await asyncio.get_running_loop().run_in_executor(self._write_thread, connect))

    def indexing(self) -> SqliteIndexing:
        """Return what brings its deferred indexes up to the events."""
        return SqliteIndexing(self)

    def writing(self) -> AbstractAsyncContextManager[Unit]:
        """Begin a transaction; it is rolled back unless the block commits."""
        assert self._writer is not None, "the database is open"
        return _Writing(self._writer, self.dialect, self._texts)

    def reading(self) -> AbstractAsyncContextManager[Unit]:
        """Read from one snapshot, by a read-only connection."""
        return _Reading(self._readers, lambda connection: SqliteUnit(connection, self.dialect, self._texts))

    def glancing(self) -> AbstractAsyncContextManager[Unit]:
        """Read by one statement: to begin a snapshot takes microseconds."""
        return self.reading()

    @contextmanager
    def traced(self, trace: Callable[[str], None]) -> Iterator[None]:
        """Pass on the text of each statement that a reader runs, its parameters written in."""
        self._readers.trace(trace)
        try:
            yield
        finally:
            self._readers.trace(None)

    async def aclose(self) -> None:
        """Close every connection and let another process have the file."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._readers.close()
        if self._writer is not None:
            self._writer.close()
        self._write_thread.shutdown()
        self._read_threads.shutdown()
        if self._lock_file is not None:
            os.close(self._lock_file)


class _Writing(AbstractAsyncContextManager[Unit]):
    """A turn with the writer's connection for a block. No generator: that takes microseconds more."""

    __slots__ = ("_dialect", "_texts", "_turn", "_writer")

    def __init__(self, writer: Writer, dialect: SqliteDialect, texts: KeptTexts) -> None:
        self._writer = writer
        self._dialect = dialect
        self._texts = texts

    async def __aenter__(self) -> Unit:
        self._turn = await self._writer.turn()
        return SqliteUnit(self._writer.connection, self._dialect, self._texts, self._turn)

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            await self._turn.end()
        except sqlite3.Error as late:
            self._raise_as_of_the_storage(late)
            raise
        if isinstance(error, sqlite3.Error):
            self._raise_as_of_the_storage(error)

    def _raise_as_of_the_storage(self, error: sqlite3.Error) -> None:
        meant = self._dialect.storage_error(error)
        if meant is not None:
            raise meant from error


class _Reading(AbstractAsyncContextManager[Unit]):
    """A reader's connection for a block. No generator: that takes a microsecond more."""

    __slots__ = ("_connection", "_readers", "_unit_of")

    def __init__(self, readers: Readers, unit_of: Callable[[Connection], Unit]) -> None:
        self._readers = readers
        self._unit_of = unit_of

    async def __aenter__(self) -> Unit:
        self._connection = await self._readers.taken()
        return self._unit_of(self._connection)

    async def __aexit__(self, *_error: object) -> None:
        self._readers.give_back(self._connection)


def _connect(engine: sa.Engine, threads: ThreadPoolExecutor) -> Connection:
    return Connection(engine.connect(), threads)


def lock(path: Path) -> int:
    """Take the lock of the process that serves this file; the kernel drops it when the process dies.

    Raises:
        StoreInUseError: another process has it.
    """
    descriptor = open_private(Path(f"{path}.lock"), os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreInUseError(
            f"{path} is used by another server; stop it first, or choose another data folder"
        ) from error
    return descriptor


def _engine(path: Path, pragmas: tuple[str, ...]) -> sa.Engine:
    """Return SQLAlchemy's engine, which begins and ends no transaction: the writer does."""

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=KEPT_TEXTS
        )
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    engine.dialect.statement_compiler = HintingCompiler
    return engine


_COMMON_PRAGMAS = ("busy_timeout=5000", "foreign_keys=ON", "temp_store=MEMORY")
_WRITER_PRAGMAS = (
    *_COMMON_PRAGMAS,
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-16000",
    "secure_delete=OFF",
    "journal_size_limit=67108864",
    f"wal_autocheckpoint={CHECKPOINT_PAGES}",
    "busy_timeout=0",
)
_READER_PRAGMAS = (*_COMMON_PRAGMAS, "query_only=ON", "cache_size=-8000", "busy_timeout=0")
