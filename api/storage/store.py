"""The store: everything durable, opened by the composition root."""

import errno
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import sqlalchemy as sa
from anyio import to_thread

from api.storage.backup import BLOBS, DATABASE
from api.storage.blobs_chunks import ChunkBlobs
from api.storage.blobs_files import FileBlobs
from api.storage.closing import Closing
from api.storage.count_cache import CountCache
from api.storage.events import SqlEvents
from api.storage.idempotency_keys import SqlKeys
from api.storage.messages import SqlFeedReader, SqlMessages
from api.storage.migrate import migrate
from api.storage.people import SqlPeople
from api.storage.personal import SqlPersonal
from api.storage.postgres.commit_outcome import was_committed
from api.storage.private_files import make_folder, make_private
from api.storage.sqlite.database import SqliteDatabase
from api.storage.sqlite.restoring import complete_restore, no_store
from api.storage.store_metadata import begin_put_back, settle_timezone, the_epoch
from api.storage.tasks import SqlTasks
from api.storage.unit_of_work import Database, Unit
from api.storage.unusable import NoStoreError, why_unusable
from api.storage.uploads import SqlUploads
from api.storage.webhooks import SqlWebhooks
from api.storage.work_requests import SqlRequests
from domain.ports.blobs import BlobStore
from domain.ports.errors import StorageUnavailableError, StoreUnusableError
from domain.ports.indexing import Indexing
from streams.ports import FeedReader, LiveStore
from streams.stored import StoredMessage

if TYPE_CHECKING:
    from api.storage.postgres.feed_tailer import FeedTailer
    from api.storage.postgres.rate_limit import PostgresRateLimiter

Committed = Callable[[Sequence[StoredMessage]], None]

_NOT_OF_RIGHTS = {errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR}


class SqlSnapshot:
    """Reads of one moment. Source: `api.services.store.Snapshot`."""

    def __init__(self, unit: Unit, totals: CountCache | None = None) -> None:
        self._unit = unit
        self.events = SqlEvents(unit, totals)

    @property
    def uploads(self) -> SqlUploads:
        """Imports."""
        return SqlUploads(self._unit)

    @property
    def tasks(self) -> SqlTasks:
        """Long tasks."""
        return SqlTasks(self._unit)

    @property
    def people(self) -> SqlPeople:
        """Users, sessions, tickets."""
        return SqlPeople(self._unit)

    @property
    def personal(self) -> SqlPersonal:
        """What people keep for themselves."""
        return SqlPersonal(self._unit)

    @property
    def webhooks(self) -> SqlWebhooks:
        """Webhooks and their last attempts."""
        return SqlWebhooks(self._unit)

    @property
    def requests(self) -> SqlRequests:
        """Requests to the process that holds a lease."""
        return SqlRequests(self._unit)


class SqlTransaction(SqlSnapshot):
    """Changes, and the messages about them. Source: `api.services.store.Transaction`."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit)
        self.messages = SqlMessages(unit)

    @property
    def keys(self) -> SqlKeys:
        """Idempotency keys."""
        return SqlKeys(self._unit)

    def closing(self, epoch: str) -> Closing:
        """Return what is still to be written before the commit."""
        deltas, drafts = self.events.take_deltas(), self.messages.take_drafts()
        return Closing(deltas, drafts, epoch, _clock_ms(), self.messages.trace)


class SqlStore:
    """Everything durable. Source: `api.services.store.Store`.

    Attributes:
        live: who is online over all processes; None where one process serves.
        meter: limits counted over all processes; None where one process serves.
        published: how many messages this process has committed.
        indexing: what has to be brought up to the events; None where there is no index of texts.
        free_disk_bytes: returns what is free where blobs are; None where the database has them.
    """

    live: LiveStore | None = None
    meter: "PostgresRateLimiter | None" = None
    indexing: Indexing | None = None

    def __init__(
        self, database: Database, blobs: FileBlobs | None, told: Committed, tailer: "FeedTailer | None"
    ) -> None:
        self._database = database
        self._told = told
        self._tailer = tailer
        self._totals = CountCache()
        self.epoch = ""
        self.head = 0
        self.published = 0
        self.blobs: BlobStore = blobs or ChunkBlobs(database)
        self.free_disk_bytes = blobs.free_bytes if blobs else None
        self.feed: FeedReader = SqlFeedReader(database.reading)

    async def open(self, timezone: str | None, *, creates: bool) -> None:
        """Create or migrate the tables, and read the metadata of the store.

        `timezone`: of naive times from now on; None leaves it, and tables of an earlier version, to those
        that serve the store.

        Raises:
            NoStoreError: there are no tables, and it is not to create them.
            StoreUnusableError: other processes serve it in another time zone.
        """
        await self._database.open()
        async with self._database.writing() as unit:
            await unit.run_sync(partial(migrate, creates=creates, upgrades=timezone is not None))
            await unit.run_sync(self._database.dialect.prepare)
            # A command leaves that to the servers, too.
            origin = None if timezone is None else self._database.dialect.origin
            self.epoch = await the_epoch(unit, origin)
            if timezone is not None:
                await settle_timezone(unit, timezone, now_ms=_clock_ms())
            await unit.commit()
        if self._database.dialect.texts is not None:
            self.indexing = self._database.indexing()
        _oldest, self.head = await self.feed.bounds()
        if self._tailer is not None:
            self._tailer.start(self.head)

    async def begin_anew(self, *, keep_webhooks: bool) -> None:
        """Make it another store than the one that it is a copy of: readers are told, webhooks are disabled.

        Raises:
            StoreUnusableError: other processes serve it.
        """
        async with self._database.writing() as unit:
            origin, now_ms = self._database.dialect.origin, _clock_ms()
            self.epoch = await begin_put_back(unit, origin, keep_webhooks=keep_webhooks, now_ms=now_ms)
            await unit.commit()

    def transaction(self) -> AbstractAsyncContextManager[SqlTransaction]:
        """Commit what the block did, then publish its messages; roll back if it raises.

        Where the answer to the commit is lost, its outcome is looked up: an error means that
        nothing was stored.
        """
        return _Writing(self, self._database.writing())

    def snapshot(self) -> AbstractAsyncContextManager[SqlSnapshot]:
        """Read from one snapshot."""
        return _Reading(self._database.reading(), self._totals)

    def glance(self) -> AbstractAsyncContextManager[SqlSnapshot]:
        """Read by one statement, which needs no snapshot."""
        return _Reading(self._database.glancing(), None)

    def publish_from(self, after: int) -> None:
        """Publish all messages after a seq, also those committed before there was a listener."""
        if self._tailer is not None:
            self._tailer.resume_from(after)

    async def aclose(self) -> None:
        """Close every connection. All that use the store have ended before."""
        if self._tailer is not None:
            await self._tailer.aclose()
        await self._database.aclose()

    async def commit(self, unit: Unit, closing: Closing) -> None:
        """Commit a unit with its counts and messages, and publish those."""
        await unit.close(closing, partial(self._publish, closing))

    async def is_committed(self, closing: Closing) -> bool:
        """Find out whether a commit without an answer has happened; publish its messages if so."""
        # Only over a network can a commit succeed and its answer be lost.
        if self._tailer is None or not closing.is_on_its_way:
            return False
        if not await was_committed(self._database, closing):
            return False
        self._publish(closing)
        return True

    def _publish(self, closing: Closing) -> None:
        """Publish what was committed; where other processes commit too, the tailer does it in order."""
        self.published += len(closing.drafts)
        if not closing.drafts:
            return
        if self._tailer is not None:
            self._tailer.take(closing.messages())
        else:
            self._told(closing.messages())


class _Writing(AbstractAsyncContextManager[SqlTransaction]):
    """A transaction for a block. No generator: that takes microseconds more."""

    __slots__ = ("_bound", "_store", "_unit", "_writing")

    def __init__(self, store: SqlStore, writing: AbstractAsyncContextManager[Unit]) -> None:
        self._store = store
        self._writing = writing

    async def __aenter__(self) -> SqlTransaction:
        self._unit = await self._writing.__aenter__()
        self._bound = SqlTransaction(self._unit)
        return self._bound

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self._writing.__aexit__(kind, error, trace)
            return
        closing: Closing | None = None
        try:
            try:
                closing = self._bound.closing(self._store.epoch)
                await self._store.commit(self._unit, closing)
            except BaseException as failure:
                await self._writing.__aexit__(type(failure), failure, failure.__traceback__)
                raise
            await self._writing.__aexit__(None, None, None)
        except StorageUnavailableError:
            if closing is None or not await self._store.is_committed(closing):
                raise


class _Reading(AbstractAsyncContextManager[SqlSnapshot]):
    """A snapshot for a block. No generator: that takes a microsecond more."""

    __slots__ = ("_totals", "_unit")

    def __init__(self, unit: AbstractAsyncContextManager[Unit], totals: CountCache | None) -> None:
        self._unit = unit
        self._totals = totals

    async def __aenter__(self) -> SqlSnapshot:
        return SqlSnapshot(await self._unit.__aenter__(), self._totals)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._unit.__aexit__(kind, error, trace)


async def open_store(
    url: str,
    *,
    committed: Committed,
    data_dir: Path,
    timezone: str,
    serves: bool = True,
    creates: bool = True,
    disk_reserve_bytes: int | None = 0,
    connections: int = 23,
) -> SqlStore:
    """Return the store at a URL, with the tables of this version.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``; "" is SQLite in the data folder.
        committed: called with the messages of each commit, in order of seq; must not block or raise.
        data_dir: made when absent.
        timezone: IANA name; gives naive times their instant.
        serves: this process serves the store; False for a command.
        creates: a store that is missing is made.
        disk_reserve_bytes: of the data folder's disk, which blobs leave free; None goes by its size.
        connections: to PostgreSQL, at most.

    Raises:
        StoreInUseError: another process serves this SQLite file.
        StorageUnavailableError: there is no database at the URL, or it does not answer.
        StoreUnusableError: it is damaged, cannot be written, or was made by a newer version or another
            program; or it is missing, and not to be made.
    """
    path = sqlite_path(url, data_dir)
    if path is None:
        store = _postgres_store(url, committed, connections, serves)
    else:
        store = await to_thread.run_sync(_sqlite_store, path, data_dir, committed, serves, disk_reserve_bytes)
    try:
        # A command in a shell with other settings must not move the events of a server.
        await store.open(timezone if serves else None, creates=creates)
    except BaseException as error:
        await store.aclose()
        if isinstance(error, NoStoreError):
            raise StoreUnusableError(_no_store(url, path)) from error
        if (why := why_unusable(error)) is not None:
            raise StoreUnusableError(f"{path or 'the database'} {why}") from error
        raise
    return store


def sqlite_path(url: str, data_dir: Path) -> Path | None:
    """Return the file of a SQLite store, None where another database is the store."""
    if not url:
        return data_dir / DATABASE
    parsed = sa.make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def _sqlite_store(
    path: Path, data_dir: Path, committed: Committed, serves: bool, reserve_bytes: int | None
) -> SqlStore:
    try:
        make_folder(data_dir)
        complete_restore(path, data_dir / BLOBS)
        make_private(path)
        blobs = FileBlobs(data_dir / BLOBS, reserve_bytes=reserve_bytes)
        return SqlStore(SqliteDatabase(path, serves=serves), blobs, committed, None)
    except OSError as error:
        advice = (
            ""
            if error.errno in _NOT_OF_RIGHTS
            else "; give the user of the server write access, or set another"
        )
        raise StoreUnusableError(f"{error.filename} cannot be used: {error.strerror}{advice}") from error


def _postgres_store(url: str, committed: Committed, connections: int, serves: bool) -> SqlStore:
    # The extra may be absent where SQLite serves.
    from api.storage.postgres.database import PostgresDatabase  # noqa: PLC0415
    from api.storage.postgres.feed_tailer import FeedTailer  # noqa: PLC0415
    from api.storage.postgres.presence import PostgresPresence  # noqa: PLC0415
    from api.storage.postgres.rate_limit import PostgresRateLimiter  # noqa: PLC0415

    database = PostgresDatabase(url, connections, serves=serves)
    store = SqlStore(database, None, committed, FeedTailer(database, committed))
    store.live, store.meter = PostgresPresence(database), PostgresRateLimiter(database)
    return store


def _no_store(url: str, path: Path | None) -> str:
    if path is not None:
        return no_store(path)
    from api.storage.postgres.address import no_store_at  # noqa: PLC0415  # As above.

    return no_store_at(url)


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
