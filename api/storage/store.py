"""The store: everything durable, opened by the composition root."""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from api.storage.blobs_files import FileBlobs
from api.storage.cancellation import to_the_end
from api.storage.events import SqlEvents
from api.storage.messages import SqlFeedReader, SqlMessages
from api.storage.migrate import migrate
from api.storage.opening import settle_timezone, the_epoch
from api.storage.people import SqlPeople
from api.storage.sqlite import SqliteDatabase
from api.storage.tasks import SqlTasks
from api.storage.unit import Dialect, Unit
from api.storage.uploads import SqlUploads
from domain.ports import BlobStore
from streams.ports import FeedReader, StoredMessage

Committed = Callable[[Sequence[StoredMessage]], None]


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


class SqlSnapshot:
    """Reads of one moment. Source: `api.services.store.Snapshot`."""

    def __init__(self, unit: Unit) -> None:
        self.events = SqlEvents(unit)
        self.uploads = SqlUploads(unit)
        self.tasks = SqlTasks(unit)
        self.people = SqlPeople(unit)


class SqlTransaction(SqlSnapshot):
    """Changes and the messages that tell of them. Source: `api.services.store.Transaction`."""

    def __init__(self, unit: Unit, messages: SqlMessages) -> None:
        super().__init__(unit)
        self.messages = messages

    async def flush(self) -> list[StoredMessage]:
        """Write what was kept back, and return the messages to tell after the commit."""
        await self.events.flush()
        return await self.messages.flush()


class SqlStore:
    """Everything durable. Source: `api.services.store.Store`."""

    epoch: str
    blobs: BlobStore
    feed: FeedReader

    def __init__(self, database: Database, blobs: BlobStore, committed: Committed) -> None:
        self._database = database
        self._committed = committed
        self.epoch = ""
        self.blobs = blobs
        self.feed = SqlFeedReader(self._read)

    async def open(self, timezone: str) -> None:
        """Bring the tables up to date and read what holds for the whole store."""
        await self._database.open()
        async with self._database.writer() as connection, self._write(connection) as unit:
            await connection.run_sync(migrate)
            self.epoch = await the_epoch(unit)
            await settle_timezone(unit, timezone)
            await connection.commit()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """Commit what the block did when it ends well, tell its messages; else roll back."""
        async with self._database.writer() as connection, self._write(connection) as unit:
            bound = SqlTransaction(unit, SqlMessages(unit, epoch=self.epoch, clock_ms=_clock_ms))
            yield bound
            messages = await bound.flush()
            await to_the_end(self._commit(connection, messages))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlSnapshot]:
        """Read as of one moment."""
        async with self._read() as unit:
            yield SqlSnapshot(unit)

    async def aclose(self) -> None:
        """Close every connection. Whoever uses the store has ended before."""
        await self._database.aclose()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[Unit]:
        with self._told_errors():
            async with self._database.reader() as connection:
                yield Unit(connection, self._database.dialect)

    @asynccontextmanager
    async def _write(self, connection: AsyncConnection) -> AsyncIterator[Unit]:
        """Begin; roll back what is not committed at the end."""
        with self._told_errors():
            await to_the_end(_started(connection))
            try:
                yield Unit(connection, self._database.dialect)
            finally:
                if connection.in_transaction():
                    await to_the_end(connection.rollback())

    async def _commit(self, connection: AsyncConnection, messages: Sequence[StoredMessage]) -> None:
        """Commit and tell, in one piece: a cancellation between the two would lose messages."""
        await connection.commit()
        if messages:
            self._committed(messages)

    @contextmanager
    def _told_errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            told = self._database.dialect.storage_error(error)
            if told is None:
                raise
            raise told from error


async def open_store(
    url: str,
    *,
    committed: Committed,
    data_dir: Path,
    timezone: str,
    serves: bool = True,
) -> SqlStore:
    """Return the store at a URL, its tables up to date.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``; "" is SQLite in the data folder.
        committed: called with the messages of each commit, in order of seq; must not block or raise.
        data_dir: made when absent.
        timezone: IANA name; gives naive times their instant.
        serves: this process serves the store; False for a command beside a server.

    Raises:
        StoreInUseError: another process serves this SQLite file.
        StorageUnavailableError: there is no database at the URL, or it does not answer.
    """
    await to_thread.run_sync(partial(data_dir.mkdir, parents=True, exist_ok=True))
    database = SqliteDatabase(sqlite_path(url, data_dir), serves=serves)
    store = SqlStore(database, FileBlobs(data_dir / "blobs"), committed)
    try:
        await store.open(timezone)
    except BaseException:
        await store.aclose()
        raise
    return store


def sqlite_path(url: str, data_dir: Path) -> Path:
    """Return the file that a URL of SQLite names."""
    if not url:
        return data_dir / "fasttrack.sqlite3"
    return Path(sa.make_url(url).database or "")


async def _started(connection: AsyncConnection) -> None:
    await connection.begin()


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
