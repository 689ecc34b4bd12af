"""Everything that is traced in one process: each part wraps the one that does the work."""

from collections.abc import Callable
from pathlib import Path

from litestar.types import ASGIApp

from api.services.store import Store
from api.services.webhooks.addresses import Addresses
from api.services.webhooks.sending import Sender
from api.storage.store import Committed, SqlStore
from api.tracing.collector import Collector
from api.tracing.imports import ImportSpans
from api.tracing.messages import MessageSpans, TracedSender
from api.tracing.requests import RequestSpans
from api.tracing.transactions import TracedStore


class Traces:
    """Wraps the parts of one process, and sends their spans to a collector."""

    def __init__(self, url: str) -> None:
        """Begin to send to the URL of `/v1/traces` at a collector."""
        self._collector = Collector(url)
        self._messages = MessageSpans(self._collector.tracer)
        self.importing = ImportSpans(self._collector.tracer)

    def requests(self, inner: ASGIApp) -> ASGIApp:
        """Return an application with a span for each request."""
        return RequestSpans(self._collector.tracer, inner)

    def store(self, store: SqlStore) -> Store:
        """Return a store with a span for each transaction."""
        return TracedStore(self._collector.tracer, store)

    def publishing(self, publish: Committed) -> Committed:
        """Return what publishes messages to the feed, with a span for each."""
        return self._messages.publishing(publish)

    def sender(self, addresses: Addresses, *, now_ms: Callable[[], int], ca_file: Path | None) -> Sender:
        """Return what delivers to webhooks, with a span for each attempt."""
        return TracedSender(self._messages, addresses, now_ms=now_ms, ca_file=ca_file)

    async def aclose(self) -> None:
        """Send what is left, for a moment at most."""
        await self._collector.aclose()
