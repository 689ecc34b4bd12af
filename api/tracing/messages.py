"""Spans of a message on its way: published to the feed of this process, delivered to a webhook."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
from msgspec import structs
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from api.services.webhooks.addresses import Addresses
from api.services.webhooks.sending import Outgoing, Sender
from api.storage.store import Committed
from api.tracing.spans import Attributes, is_in_trace, parent_from, span_of, traceparent_of
from domain.webhooks import Attempt, Webhook
from streams.stored import StoredMessage

MOST_REMEMBERED = 10_000
"""Published messages whose spans are remembered for their deliveries; later ones follow the transaction."""


class MessageSpans:
    """Traces messages that were stored within a trace; all others cost a look at one member."""

    def __init__(self, tracer: Tracer) -> None:
        self.tracer = tracer
        self._published: OrderedDict[int, str] = OrderedDict()

    def publishing(self, publish: Committed) -> Committed:
        """Return what publishes messages, and makes a span of each."""

        def traced(messages: Sequence[StoredMessage]) -> None:
            began = time.time_ns()
            publish(messages)
            ended = time.time_ns()
            for message in messages:
                if message.trace is not None:
                    self._note(message, message.trace, began, ended)

        return traced

    def parent_of(self, message: Outgoing) -> Context | None:
        """Return the span in which a message was published here, else that of its transaction."""
        _, _, seq = message.message_id.rpartition(".")
        published = self._published.get(int(seq)) if seq.isdecimal() else None
        traceparent = published or message.trace
        return parent_from(traceparent) if traceparent else None

    def _note(self, message: StoredMessage, traceparent: str, began: int, ended: int) -> None:
        known = {"messaging.operation.type": "send", "messaging.destination.name": _family(message.feed)}
        span = self.tracer.start_span(
            "publish", parent_from(traceparent), SpanKind.PRODUCER, known, start_time=began
        )
        span.set_attribute("fasttrack.seq", message.seq)
        span.end(ended)
        self._published[message.seq] = traceparent_of(span)
        if len(self._published) > MOST_REMEMBERED:
            self._published.popitem(last=False)


class TracedSender(Sender):
    """Sends messages to receivers, with a span for each attempt; receivers can continue the trace."""

    def __init__(
        self,
        spans: MessageSpans,
        addresses: Addresses,
        *,
        now_ms: Callable[[], int],
        ca_file: Path | None = None,
    ) -> None:
        super().__init__(addresses, now_ms=now_ms, ca_file=ca_file)
        self._spans = spans

    async def send(self, client: httpx.AsyncClient, webhook: Webhook, message: Outgoing) -> Attempt:
        """POST one message and return the attempt; every error is a failed attempt."""
        parent = self._spans.parent_of(message)
        if parent is None and not is_in_trace():
            return await super().send(client, webhook, message)
        # Not its URL: that of many receivers is a secret.
        known = {"fasttrack.webhook_id": webhook.id, "fasttrack.message_id": message.message_id}
        with span_of(
            self._spans.tracer, "webhook delivery", SpanKind.CLIENT, parent=parent, attributes=known
        ) as span:
            told = structs.replace(message, trace=traceparent_of(span))
            attempt = await super().send(client, webhook, told)
            span.set_attributes(_outcome(attempt))
            if not attempt.succeeded:
                span.set_status(Status(StatusCode.ERROR))
            return attempt


def _outcome(attempt: Attempt) -> Attributes:
    if attempt.status is None:
        return {"error.type": "no_answer"}
    known: dict[str, str | int | bool] = {"http.response.status_code": attempt.status}
    return known if attempt.succeeded else known | {"error.type": str(attempt.status)}


def _family(feed: str) -> str:
    """Return the name of a feed without the part after its slash: one for all imports, all tasks."""
    return feed.partition("/")[0]
