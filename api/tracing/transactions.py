"""A span for each transaction of a request, an import or a delivery; its messages carry its context."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from opentelemetry.trace import SpanKind, Tracer

from api.services.store import Snapshot, Transaction
from api.storage.store import SqlStore
from api.tracing.spans import is_in_trace, span_of, traceparent_of


class TracedStore:
    """The store, with spans. Source: `api.services.store.Store`."""

    def __init__(self, tracer: Tracer, store: SqlStore) -> None:
        self._tracer = tracer
        self._store = store
        self.epoch = store.epoch
        self.head = store.head
        self.blobs = store.blobs
        self.feed = store.feed

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Return a read-write unit of work. Raises StorageUnavailableError, StorageFullError."""
        if not is_in_trace():
            # Of a background job: leases and cursors are renewed every few seconds.
            async with self._store.transaction() as unit:
                yield unit
            return
        with span_of(self._tracer, "transaction", SpanKind.INTERNAL) as span:
            async with self._store.transaction() as unit:
                unit.messages.trace = traceparent_of(span)
                yield unit

    def snapshot(self) -> AbstractAsyncContextManager[Snapshot]:
        """Return a read-only unit of work. Raises StorageUnavailableError."""
        return self._store.snapshot()

    def glance(self) -> AbstractAsyncContextManager[Snapshot]:
        """Return a read of one statement. Raises StorageUnavailableError."""
        return self._store.glance()
