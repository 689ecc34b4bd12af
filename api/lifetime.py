"""Opens the store and the services, keeps them running, and closes them in the opposite order."""

import logging
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import anyio

from api.feed_lifetime import running_feed
from api.http.metrics import Metrics
from api.logs import JobFailedError
from api.metric_sources import offer_indexing, offer_process, offer_webhooks
from api.parsing.pool import ParserPool
from api.security.rate_limit import MemoryRateLimiter
from api.services.analysis_task import AnalysisTask
from api.services.events import Events
from api.services.exports.formats import FORMATS
from api.services.exports.task import ExportTask
from api.services.housekeeping import Housekeeping
from api.services.imports.check import CheckTask
from api.services.imports.history import ImportHistory
from api.services.imports.service import Imports
from api.services.imports.worker import unwatched
from api.services.indexing import Indexer
from api.services.open_bodies import OpenBodies
from api.services.people import People
from api.services.personal import Personal
from api.services.readiness import Readiness
from api.services.services import Services
from api.services.store import Store
from api.services.task_report import TaskKind
from api.services.tasks import Tasks
from api.services.webhooks.addresses import Addresses
from api.services.webhooks.delivery import Deliveries
from api.services.webhooks.sending import Sender
from api.services.webhooks.service import Webhooks
from api.settings import Settings
from api.storage.event_packing import pack
from api.storage.store import Committed, SqlStore, open_store
from streams.stored import StoredMessage

if TYPE_CHECKING:
    from api.tracing.traces import Traces

logger = logging.getLogger(__name__)


class Listeners:
    """Calls its listeners after each commit, in turn. None of them blocks or raises."""

    def __init__(self) -> None:
        self._listeners: list[Committed] = []

    def add(self, listener: Committed) -> None:
        """Add a listener."""
        self._listeners.append(listener)

    def committed(self, messages: Sequence[StoredMessage]) -> None:
        """Pass the messages of a commit to all listeners."""
        for listener in self._listeners:
            listener(messages)


class Jobs(NamedTuple):
    """Background jobs that outlive the request that started them."""

    imports: Imports
    tasks: Tasks
    exports: ExportTask


@asynccontextmanager
async def running_services(
    settings: Settings, metrics: Metrics, traces: "Traces | None" = None
) -> AsyncIterator[Services]:
    """Open the store and run every service; close in the opposite order."""
    owner = _owner(settings)
    async with AsyncExitStack() as opened:
        listeners = Listeners()
        store = await _opened_store(settings, listeners)
        opened.push_async_callback(store.aclose)
        people = await _people(settings, store)
        bodies = OpenBodies(people.ended)
        feed = await opened.enter_async_context(
            running_feed(settings, store, people, bodies, owner=owner, clock=now_ms)
        )
        # The ring was filled some time ago: what was committed since then comes first.
        store.publish_from(feed.hub.log.head)
        listeners.add(traces.publishing(feed.committed) if traces else feed.committed)
        listeners.add(lambda _: feed.dashboard.changed())
        housekeeping = Housekeeping(store, now_ms=now_ms, feed_keep_days=settings.feed_keep_days)
        await opened.enter_async_context(_at_work(*feed.jobs, housekeeping.run))
        served: Store = traces.store(store) if traces else store
        jobs = await opened.enter_async_context(_running_jobs(settings, served, traces, owner=owner))
        offer_process(metrics, store, feed, jobs.imports, jobs.tasks)
        await opened.enter_async_context(_indexing(store, listeners, metrics))
        await opened.enter_async_context(_at_work(metrics.keep_fresh))
        webhooks = await opened.enter_async_context(
            _webhooks(settings, served, listeners, metrics, traces, owner=owner)
        )
        yield Services(
            settings=settings,
            timezone=ZoneInfo(settings.timezone),
            store=served,
            events=Events(served, now_ms),
            imports=jobs.imports,
            import_history=ImportHistory(served),
            tasks=jobs.tasks,
            exports=jobs.exports,
            people=people,
            bodies=bodies,
            personal=Personal(served, now_ms),
            webhooks=webhooks,
            presence=feed.presence,
            dashboard=feed.dashboard,
            hub=feed.hub,
            readiness=Readiness(store, now_ms=now_ms),
            rate_limiter=store.meter or MemoryRateLimiter(),
        )


@asynccontextmanager
async def _indexing(store: SqlStore, listeners: Listeners, metrics: Metrics) -> AsyncIterator[None]:
    """Update the indexes that the database does not update by itself."""
    if store.indexing is None:
        yield
        return
    indexer = Indexer(store.indexing)
    listeners.add(lambda _: indexer.changed())
    offer_indexing(metrics, indexer)
    async with _at_work(indexer.run):
        yield


@asynccontextmanager
async def _running_jobs(
    settings: Settings, store: Store, traces: "Traces | None", *, owner: str
) -> AsyncIterator[Jobs]:
    exports = _exports(settings, store)
    readers = ParserPool(settings.timezone, pack, standby=settings.standby_readers)
    tasks = _tasks(settings, store, exports, readers, owner=owner)
    imports = _imports(settings, store, readers, traces, owner=owner)
    async with readers.running(), _at_work(tasks.run, exports.sweep_daily), imports.running():
        yield Jobs(imports, tasks, exports)


@asynccontextmanager
async def _webhooks(
    settings: Settings,
    store: Store,
    listeners: Listeners,
    metrics: Metrics,
    traces: "Traces | None",
    *,
    owner: str,
) -> AsyncIterator[Webhooks]:
    addresses = Addresses(allow_private=settings.webhook_private_addresses)
    new_sender = traces.sender if traces else Sender
    sender = new_sender(addresses, now_ms=now_ms, ca_file=settings.webhook_ca_file)
    chance = random.SystemRandom().random
    deliveries = Deliveries(store, sender, owner=owner, now_ms=now_ms, chance=chance)
    listeners.add(deliveries.committed)
    offer_webhooks(metrics, deliveries.figures, now_ms)
    async with _at_work(deliveries.run):
        yield Webhooks(store, addresses, sender, deliveries, now_ms=now_ms)


async def _people(settings: Settings, store: SqlStore) -> People:
    people = People(store, clock=now_ms, session_seconds=settings.session_hours * 3600)
    if not settings.is_open:
        await _add_first_user(people)
    return people


async def _opened_store(settings: Settings, listeners: Listeners) -> SqlStore:
    return await open_store(
        settings.database_url or "",
        committed=listeners.committed,
        data_dir=settings.data_dir,
        timezone=settings.timezone,
        disk_reserve_bytes=settings.disk_reserve_bytes,
        connections=settings.database_connections,
    )


def _exports(settings: Settings, store: Store) -> ExportTask:
    begin = {name: form.begin for name, form in FORMATS.items()}
    keep_days, timezone = settings.feed_keep_days, settings.timezone
    return ExportTask(store, begin, clock=now_ms, keep_days=keep_days, timezone=timezone)


def _tasks(
    settings: Settings, store: Store, exports: ExportTask, readers: ParserPool, *, owner: str
) -> Tasks:
    analysis = AnalysisTask(store, clock=now_ms, timezone=ZoneInfo(settings.timezone))
    checks = CheckTask(store, readers.open_source)
    kinds: dict[str, TaskKind] = {"analysis": analysis, "export": exports, "check": checks}
    return Tasks(
        store,
        kinds,
        clock=now_ms,
        new_id=_new_task_id,
        at_work=settings.tasks_at_once,
        owner=owner,
    )


def _owner(settings: Settings) -> str:
    """Return the name of this process in leases: always the same where it has the store to itself."""
    return secrets.token_hex(8) if settings.is_postgres else "server"


def _new_task_id() -> str:
    return secrets.token_urlsafe(9)


def _imports(
    settings: Settings, store: Store, readers: ParserPool, traces: "Traces | None", *, owner: str
) -> Imports:
    return Imports(
        store,
        open_source=readers.open_source,
        now_ms=now_ms,
        max_upload_bytes=settings.max_upload_bytes,
        staged_bytes_per_person=settings.staged_bytes_per_person,
        places=settings.imports_at_once,
        owner=owner,
        watch=traces.importing if traces else unwatched,
    )


@asynccontextmanager
async def _at_work(*jobs: Callable[[], Any]) -> AsyncIterator[None]:
    """Run jobs for the block. A job that fails stops the server: none dies unnoticed."""
    async with anyio.create_task_group() as tasks:
        for job in jobs:
            tasks.start_soon(_noted, job)
        yield
        tasks.cancel_scope.cancel()


async def _noted(job: Callable[[], Any]) -> None:
    """Run a job; log at once why it died, since closing the rest may wait for an unavailable store."""
    try:
        await job()
    except Exception as error:
        name = getattr(job, "__qualname__", repr(job))
        logger.critical("the background job %s failed, so the server stops", name, exc_info=True)
        raise JobFailedError(name) from error


async def _add_first_user(people: People) -> None:
    """Create `admin` in a store without users and print the token, but not to the log, which is kept."""
    if (token := await people.add_first()) is not None:
        try:
            print(f"First start: user admin, token {token}", flush=True)  # noqa: T201
        except OSError as error:
            lost = "the token of admin could not be printed (%s); run: fasttrack user rotate admin"
            logger.warning(lost, error.strerror)


def now_ms() -> int:
    """Return milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000
