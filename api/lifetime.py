"""What lives as long as the server: the store and the services, opened, at work, closed in order."""

import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import anyio

from api.live_side import LiveSide, live_side
from api.metrics import Metrics
from api.reading.readers import Readers
from api.routes.event_formats import FORMATS
from api.security.access import SignInLimit
from api.security.limits import Meter, MinuteMeter
from api.services.analysis_task import AnalysisTask
from api.services.catalogue import Catalogue
from api.services.export_task import ExportTask
from api.services.housekeeping import Housekeeping
from api.services.imports.records import ImportRecords
from api.services.imports.service import Imports
from api.services.indexing import Indexer
from api.services.people import People
from api.services.readiness import Readiness
from api.services.task_report import TaskKind
from api.services.tasks import Tasks
from api.settings import Settings
from api.storage.event_packing import pack
from api.storage.store import Committed, SqlStore, open_store
from streams.ports import StoredMessage

logger = logging.getLogger(__name__)

SERVICES = (
    "store",
    "imports",
    "import_records",
    "catalogue",
    "dashboard",
    "people",
    "readiness",
    "tasks",
    "exports",
    "hub",
    "presence",
    "meter",
    "sign_in_limit",
)
"""The names by which handlers ask for what `running_services` gives."""


class Listeners:
    """Those who hear of each commit, in turn. None of them blocks or raises."""

    def __init__(self) -> None:
        self.messages = 0
        self._listeners: list[Committed] = []

    def add(self, listener: Committed) -> None:
        """Tell one more."""
        self._listeners.append(listener)

    def committed(self, messages: Sequence[StoredMessage]) -> None:
        """Pass on the messages of a commit."""
        self.messages += len(messages)
        for listener in self._listeners:
            listener(messages)


class Jobs(NamedTuple):
    """What works on after the request that began it has been answered."""

    imports: Imports
    tasks: Tasks
    exports: ExportTask


@asynccontextmanager
async def running_services(settings: Settings, metrics: Metrics) -> AsyncIterator[dict[str, Any]]:
    """Open everything durable, keep every service at work, close in the opposite order."""
    async with AsyncExitStack() as opened:
        listeners = Listeners()
        store = await _opened_store(settings, listeners)
        opened.push_async_callback(store.aclose)
        people = await _people(settings, store)
        live = await opened.enter_async_context(
            live_side(settings, store, people, owner=_owner(settings), clock=now_ms)
        )
        listeners.add(live.committed)
        listeners.add(lambda _: live.dashboard.changed())
        housekeeping = Housekeeping(store, now_ms=now_ms, feed_keep_days=settings.feed_keep_days)
        await opened.enter_async_context(_at_work(*live.jobs, housekeeping.run))
        jobs = await opened.enter_async_context(_running_jobs(settings, store))
        _offer(metrics, listeners, live, jobs)
        await opened.enter_async_context(_indexing(store, listeners, metrics))
        yield {
            "store": store,
            "people": people,
            "hub": live.hub,
            "presence": live.presence,
            "dashboard": live.dashboard,
            "catalogue": Catalogue(store, now_ms),
            "import_records": ImportRecords(store, now_ms),
            "readiness": Readiness(store, now_ms=now_ms),
            **jobs._asdict(),
            **_limits(settings, store),
        }


@asynccontextmanager
async def _indexing(store: SqlStore, listeners: Listeners, metrics: Metrics) -> AsyncIterator[None]:
    """Keep the indexes up, where the database does not do so by itself."""
    if store.indexing is None:
        yield
        return
    indexer = Indexer(store.indexing)
    listeners.add(lambda _: indexer.changed())
    metrics.offer(
        "fasttrack_search_backlog",
        "gauge",
        "Events not yet in the index of texts.",
        lambda: indexer.texts_behind,
    )
    metrics.offer(
        "fasttrack_index_backlog",
        "gauge",
        "Events not yet in the other indexes.",
        lambda: indexer.entries_behind,
    )
    async with _at_work(indexer.run):
        yield


@asynccontextmanager
async def _running_jobs(settings: Settings, store: SqlStore) -> AsyncIterator[Jobs]:
    exports = _exports(settings, store)
    readers = Readers(settings.timezone, pack, standby=settings.standby_readers)
    tasks, imports = _tasks(settings, store, exports), _imports(settings, store, readers)
    async with readers.running(), _at_work(tasks.run, exports.sweep_daily), imports.running():
        yield Jobs(imports, tasks, exports)


async def _people(settings: Settings, store: SqlStore) -> People:
    people = People(store, clock=now_ms, session_seconds=settings.session_hours * 3600)
    if not settings.is_open:
        await _let_the_first_in(people)
    return people


def _offer(metrics: Metrics, listeners: Listeners, live: LiveSide, jobs: Jobs) -> None:
    """Let the metrics read what is at work."""
    offered: list[tuple[str, str, str, Callable[[], float]]] = [
        ("messages_total", "counter", "Messages told.", lambda: listeners.messages),
        ("streams", "gauge", "Open streams.", lambda: len(live.hub.registry.open)),
        ("people_online", "gauge", "People with a stream.", lambda: live.presence.online),
        ("imports_active", "gauge", "Imports that have not ended.", lambda: jobs.imports.active),
        ("tasks_active", "gauge", "Tasks at work or waiting.", lambda: jobs.tasks.active),
    ]
    for name, kind, about, read in offered:
        metrics.offer(f"fasttrack_{name}", kind, about, read)


async def _opened_store(settings: Settings, listeners: Listeners) -> SqlStore:
    return await open_store(
        settings.database_url or "",
        committed=listeners.committed,
        data_dir=settings.data_dir,
        timezone=settings.timezone,
    )


def _limits(settings: Settings, store: SqlStore) -> dict[str, Any]:
    meter: Meter = store.meter or MinuteMeter()
    limit = SignInLimit(meter, failures_per_minute=settings.failed_signins_per_minute)
    return {"meter": meter, "sign_in_limit": limit}


def _exports(settings: Settings, store: SqlStore) -> ExportTask:
    begin = {name: form.begin for name, form in FORMATS.items()}
    return ExportTask(store, begin, clock=now_ms, keep_days=settings.feed_keep_days)


def _tasks(settings: Settings, store: SqlStore, exports: ExportTask) -> Tasks:
    analysis = AnalysisTask(store, clock=now_ms, timezone=ZoneInfo(settings.timezone))
    kinds: dict[str, TaskKind] = {"analysis": analysis, "export": exports}
    return Tasks(
        store,
        kinds,
        clock=now_ms,
        new_id=_new_task_id,
        at_work=settings.tasks_at_once,
        owner=_owner(settings),
    )


def _owner(settings: Settings) -> str:
    """Name this process in leases: always the same where it has the store to itself."""
    is_shared = (settings.database_url or "").startswith("postgres")
    return secrets.token_hex(8) if is_shared else "server"


def _new_task_id() -> str:
    return secrets.token_urlsafe(9)


def _imports(settings: Settings, store: SqlStore, readers: Readers) -> Imports:
    return Imports(
        store,
        open_source=readers.open_source,
        now_ms=now_ms,
        max_upload_bytes=settings.max_upload_bytes,
        places=settings.imports_at_once,
        owner=_owner(settings),
    )


@asynccontextmanager
async def _at_work(*jobs: Callable[[], Any]) -> AsyncIterator[None]:
    """Run jobs for as long as the block lasts. One that fails brings the server down: nothing dies unseen."""
    async with anyio.create_task_group() as tasks:
        for job in jobs:
            tasks.start_soon(_noted, job)
        yield
        tasks.cancel_scope.cancel()


async def _noted(job: Callable[[], Any]) -> None:
    """Say at once why a job has died: what closes behind it may have to wait for a store that is away."""
    try:
        await job()
    except Exception:
        logger.critical("%s has died, so the server stops", getattr(job, "__qualname__", job), exc_info=True)
        raise


async def _let_the_first_in(people: People) -> None:
    """Make `admin` on a store without users, and print the token: never into the log, which is kept."""
    if (token := await people.add_first()) is not None:
        print(f"First start: user admin, token {token}", flush=True)  # noqa: T201


def now_ms() -> int:
    """Return milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000
