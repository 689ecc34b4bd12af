"""Sends spans to a collector from a thread of its own, and never waits for it but a moment at the end.

What does not fit into the queue (2,048 spans) is dropped. Sampling, limits and headers, such as the key
of a provider, are OpenTelemetry's own variables: OTEL_TRACES_SAMPLER, OTEL_BSP_*, OTEL_EXPORTER_OTLP_HEADERS.
Source: OTLP 1.x over HTTP.
"""

import asyncio
import logging
import os
import threading
import time
import uuid
from contextlib import suppress
from importlib.metadata import version

import anyio
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer

FLUSH_SECONDS = 2.0
"""For the last spans, while the server stops."""
QUIET_SECONDS = 60.0
"""Between two lines of the log about a collector that does not take spans."""

logger = logging.getLogger("fasttrack.traces")


class Collector:
    """The way to one collector.

    Attributes:
        tracer: begins spans that go there.
    """

    def __init__(self, url: str) -> None:
        """Begin to send to the URL of `/v1/traces` at a collector."""
        _relay_warnings()
        self._exporter = OTLPSpanExporter(endpoint=url)
        # Not at exit: it would wait for a dead collector.
        provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._processor = BatchSpanProcessor(self._exporter)
        provider.add_span_processor(self._processor)
        self.tracer: Tracer = provider.get_tracer("fasttrack", version("fasttrack"))

    async def aclose(self) -> None:
        """Send what is left, for a moment at most."""
        loop, done = asyncio.get_running_loop(), anyio.Event()

        def flush() -> None:
            self._processor.shutdown()  # type: ignore[no-untyped-call]
            with suppress(RuntimeError):  # The loop is closed by now.
                loop.call_soon_threadsafe(done.set)

        # A thread that the interpreter does not wait for.
        threading.Thread(target=flush, name="last traces", daemon=True).start()
        with anyio.move_on_after(FLUSH_SECONDS, shield=True):
            await done.wait()
        if not done.is_set():
            logger.warning("the last traces were not delivered within %.0f s", FLUSH_SECONDS)


class OnceAMinute(logging.Handler):
    """Passes on a record of the library, and none of the next minute: each batch would be a line."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._quiet_until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Log the text of a record."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECONDS
            logger.warning("traces are not delivered: %s", record.getMessage())


def _relay_warnings() -> None:
    library = logging.getLogger("opentelemetry")
    library.handlers[:] = [OnceAMinute()]
    library.propagate = False


def _resource() -> Resource:
    own: dict[str, str | int] = {
        "service.name": "fasttrack",
        "service.version": version("fasttrack"),
        "service.instance.id": str(uuid.uuid4()),
        "process.pid": os.getpid(),
    }
    # The operator's own come last, from OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
    return Resource.create(own).merge(OTELResourceDetector().detect())
