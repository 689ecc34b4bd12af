"""The store: everything durable, opened by the composition root."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from anyio import to_thread

from api.storage.blobs_chunks import ChunkBlobs
from api.storage.blobs_files import FileBlobs
from api.storage.events import SqlEvents
from api.storage.indexing import SqlIndexing
from api.storage.messages import SqlFeedReader, SqlMessages
from api.storage.migrate import migrate
from api.storage.opening import settle_timezone, the_epoch
from api.storage.outcome import was_committed
from api.storage.people import SqlPeople
from api.storage.requests import SqlRequests
from api.storage.sqlite import SqliteDatabase
from api.storage.tasks import SqlTasks
from api.storage.totals import Totals
from api.storage.unit import Database, Unit, Units
from api.storage.uploads import SqlUploads
from domain.ports import BlobStore, Indexing, StorageUnavailableError
from streams.ports import FeedReader, LiveStore, StoredMessage

if TYPE_CHECKING:
    from api.storage.meter import PostgresMeter
    from api.storage.tailer import Tailer

Committed = Callable[[Sequence[StoredMessage]], None]


class SqlSnapshot:
    """Reads of one moment. Source: `api.services.store.Snapshot`."""

    def __init__(self, unit: Unit, totals: Totals | None = None) -> None:
        self.events = SqlEvents(unit, totals)
        self.uploads = SqlUploads(unit)
        self.tasks = SqlTasks(unit)
        self.people = SqlPeople(unit)
        self.requests = SqlRequests(unit)


class SqlTransaction(SqlSnapshot):
    """Changes and the messages that tell of them. Source: `api.services.store.Transaction`."""

    def __init__(self, unit: Unit, messages: SqlMessages) -> None:
        super().__init__(unit)
        self._unit = unit
        self.messages = messages

    async def flush(self) -> list[StoredMessage]:
        """Write what was kept back, and return the messages to tell after the commit."""
        if self.events.changed or self.messages.drafted:
            await self._unit.dialect.queue_to_close(self._unit)
        await self.events.flush()
        return await self.messages.flush()


class SqlStore:
    """Everything durable. Source: `api.services.store.Store`.

    Attributes:
        live: who is online over all processes; None where one process serves.
        meter: limits counted over all processes; None where one process serves.
        indexing: what has to be brought up to the events; None where the database does it.
    """

    live: LiveStore | None = None
    meter: "PostgresMeter | None" = None
    indexing: Indexing | None = None

    def __init__(
        self, database: Database, blobs: Path | None, told: Committed, tailer: "Tailer | None"
    ) -> None:
        units = Units(database)
        self._database = database
        self._units = units
        self._told = told
        self._tailer = tailer
        self._totals = Totals()
        self.epoch = ""
        self.head = 0
        self.blobs: BlobStore = FileBlobs(blobs) if blobs else ChunkBlobs(units)
        self.feed: FeedReader = SqlFeedReader(units.reading)

    async def open(self, timezone: str) -> None:
        """Bring the tables up to date and read what holds for the whole store."""
        await self._database.open()
        async with self._units.writing() as unit:
            await unit.run_sync(migrate)
            await unit.run_sync(self._database.dialect.prepare)
            self.epoch = await the_epoch(unit)
            await settle_timezone(unit, timezone)
            await unit.commit()
        if texts := self._database.dialect.texts:
            self.indexing = SqlIndexing(self._units, texts)
        _oldest, self.head = await self.feed.bounds()
        if self._tailer is not None:
            self._tailer.start(self.head)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """Commit what the block did when it ends well, tell its messages; else roll back.

        Where the answer to the commit is lost, its outcome is looked up: an error means that
        nothing was stored.
        """
        messages: list[StoredMessage] = []
        try:
            async with self._units.writing() as unit:
                bound = SqlTransaction(unit, SqlMessages(unit, epoch=self.epoch, clock_ms=_clock_ms))
                yield bound
                messages = await bound.flush()
                await unit.commit(partial(self._tell, messages))
        except StorageUnavailableError:
            # Only what is asked over a network can be done and its answer lost.
            if self._tailer is None or not messages or not await was_committed(self._units, messages[-1]):
                raise
            self._tell(messages)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SqlSnapshot]:
        """Read as of one moment."""
        async with self._units.reading() as unit:
            yield SqlSnapshot(unit, self._totals)

    async def aclose(self) -> None:
        """Close every connection. Whoever uses the store has ended before."""
        if self._tailer is not None:
            await self._tailer.aclose()
        await self._database.aclose()

    def _tell(self, messages: Sequence[StoredMessage]) -> None:
        """Hand on what was committed; where others commit too, the tailer tells all in order."""
        if self._tailer is not None:
            self._tailer.hint()
        elif messages:
            self._told(messages)


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
    store = (
        _sqlite_store(url, data_dir, committed, serves)
        if _is_sqlite(url)
        else _postgres_store(url, committed)
    )
    try:
        await store.open(timezone)
    except BaseException:
        await store.aclose()
        raise
    return store


def _is_sqlite(url: str) -> bool:
    return not url or sa.make_url(url).get_backend_name() == "sqlite"


def _sqlite_store(url: str, data_dir: Path, committed: Committed, serves: bool) -> SqlStore:
    path = Path(sa.make_url(url).database or "") if url else data_dir / "fasttrack.sqlite3"
    return SqlStore(SqliteDatabase(path, serves=serves), data_dir / "blobs", committed, None)


def _postgres_store(url: str, committed: Committed) -> SqlStore:
    # The extra may be absent where SQLite serves.
    from api.storage.meter import PostgresMeter  # noqa: PLC0415
    from api.storage.postgres import PostgresDatabase  # noqa: PLC0415
    from api.storage.presence import PostgresLive  # noqa: PLC0415
    from api.storage.tailer import Tailer  # noqa: PLC0415

    database = PostgresDatabase(url)
    store = SqlStore(database, None, committed, Tailer(database, committed))
    store.live, store.meter = PostgresLive(database), PostgresMeter(database)
    return store


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
