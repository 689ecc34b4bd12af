"""A span for each stretch of work on an import: a trace of its own, linked to the request that began it."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from api.services.imports.running_import import RunningImport
from api.tracing.spans import link_to_current, span_of


class ImportSpans:
    """Traces imports. Source: `api.services.imports.worker.Watch`."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def __call__(self, running: RunningImport) -> Iterator[None]:
        """Have a span for the block. The request has been answered by its end, so it is no parent."""
        known = {"fasttrack.upload_id": running.upload.id}
        links = link_to_current()
        with span_of(
            self._tracer, "import", SpanKind.INTERNAL, parent=Context(), links=links, attributes=known
        ) as span:
            try:
                yield
            finally:
                upload = running.upload
                span.set_attribute("fasttrack.upload_state", upload.state)
                span.set_attribute("fasttrack.rows_accepted", upload.accepted)
                span.set_attribute("fasttrack.rows_rejected", upload.rejected)
                if upload.state == "failed":
                    span.set_status(Status(StatusCode.ERROR))
