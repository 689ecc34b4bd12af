"""A collector of OpenTelemetry in the loop of the test: takes OTLP over HTTP, and reads its protobuf."""

import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.api.services.webhooks.receiver import Arrived, Receiver, receiving, status


class Span(NamedTuple):
    """A span as it came; ids are hex."""

    name: str
    trace: str
    id: str
    parent: str
    links: list[tuple[str, str]]
    attributes: dict[str, Any]
    process: str
    """The `service.instance.id` of its resource."""


class Collector:
    """What came to one collector."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.url = f"http://127.0.0.1:{receiver.port}"

    @property
    def bytes(self) -> bytes:
        """All that came."""
        return b"".join(_body(one) for one in self._receiver.arrived)

    @property
    def spans(self) -> list[Span]:
        """Every span that came."""
        return [span for one in self._receiver.arrived for span in _spans(_body(one))]

    def answers_never(self) -> None:
        """Take requests, and leave them without an answer."""
        self._receiver.answer = lambda _: None

    async def until_asked(self) -> None:
        """Wait for the first request."""
        await self._receiver.until_arrived(1)

    async def until(self, found: Callable[[list[Span]], bool]) -> list[Span]:
        """Return the spans that came, when they fulfil a condition."""
        await self._receiver.until(lambda: found(self.spans))
        return self.spans


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Have a collector for the block."""
    async with receiving(target="/v1/traces") as receiver:
        receiver.answer = lambda _: status(200)
        yield Collector(receiver)


def _body(arrived: Arrived) -> bytes:
    is_packed = arrived.headers.get("content-encoding") == "gzip"
    return gzip.decompress(arrived.body) if is_packed else arrived.body


def _spans(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            span.name,
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
            _values(span.attributes),
            _values(group.resource.attributes)["service.instance.id"],
        )
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
