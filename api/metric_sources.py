"""Where the metrics get their values from; docs/operating.md says what each means."""

from collections.abc import Callable
from typing import get_args

from api.feed_lifetime import RunningFeed
from api.feeds.admission import Transport
from api.http.metrics import Metrics
from api.services.imports.service import Imports
from api.services.indexing import Indexer
from api.services.tasks import Tasks
from api.services.webhooks.figures import Figures
from api.storage.store import SqlStore


def offer_process(
    metrics: Metrics, store: SqlStore, feed: RunningFeed, imports: Imports, tasks: Tasks
) -> None:
    """Let the metrics read counts of this process, and of the store, which all processes see alike."""
    registry, none_open = feed.hub.registry, dict.fromkeys(get_args(Transport), 0.0)
    offer = metrics.offer
    offer("fasttrack_messages_total", "counter", "Messages published.", lambda: store.published)
    by = "transport"
    offer(
        "fasttrack_streams",
        "gauge",
        "Open streams.",
        lambda: none_open | registry.open_by_transport,
        label=by,
    )
    offer(
        "fasttrack_streams_opened_total",
        "counter",
        "Streams opened.",
        lambda: none_open | registry.opened,
        label=by,
    )
    online = "People with an open stream."
    offer("fasttrack_people_online", "gauge", online, lambda: feed.presence.online, merge="livemax")
    rows = "Rows of imports and dry runs."
    offer("fasttrack_import_rows_total", "counter", rows, lambda: imports.rows, label="result")
    offer("fasttrack_imports_active", "gauge", "Imports that have not ended.", lambda: imports.active)
    offer("fasttrack_tasks_active", "gauge", "Tasks that are running or waiting.", lambda: tasks.active)
    staged = "Bytes of unfinished imports."
    offer("fasttrack_staged_bytes", "gauge", staged, lambda: imports.staged_bytes, merge="livemax")
    if store.free_disk_bytes is not None:
        about = "Bytes free on the disk of the data folder."
        offer("fasttrack_disk_free_bytes", "gauge", about, store.free_disk_bytes, merge="livemin")


def offer_webhooks(metrics: Metrics, figures: Figures, now_ms: Callable[[], int]) -> None:
    """Let the metrics read how deliveries go."""
    offer = metrics.offer
    tried = "Attempts to deliver messages to webhooks."
    offer("fasttrack_webhook_deliveries_total", "counter", tried, lambda: figures.attempts, label="result")
    waiting = "Messages that webhooks have not taken yet."
    offer("fasttrack_webhook_pending_messages", "gauge", waiting, lambda: figures.pending)
    oldest = "Age of the oldest message that a webhook has not taken yet."
    offer(
        "fasttrack_webhook_oldest_seconds",
        "gauge",
        oldest,
        lambda: figures.oldest_seconds(now_ms()),
        merge="livemax",
    )
    states = "Webhooks that are enabled, or disabled for a cause."
    offer("fasttrack_webhooks", "gauge", states, lambda: figures.states, label="state", merge="livemax")


def offer_indexing(metrics: Metrics, indexer: Indexer) -> None:
    """Let the metrics read how far the indexes are behind."""
    metrics.offer(
        "fasttrack_search_backlog",
        "gauge",
        "Events that are not yet in the text index.",
        lambda: indexer.texts_behind,
        merge="livemax",
    )
    metrics.offer(
        "fasttrack_index_backlog",
        "gauge",
        "Events that are not yet in the other indexes.",
        lambda: indexer.entries_behind,
        merge="livemax",
    )
