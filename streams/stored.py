"""A message as the store keeps it and every transport sends it."""

from msgspec import Struct


class StoredMessage(Struct, frozen=True, gc=False):
    """A durable message.

    Attributes:
        feed: the feed it was published to.
        body: the JSON object as it goes over every wire, `id` included; UTF-8, no line breaks.
        final: it is the `finished` of its feed: nothing follows.
        trace: the trace that it was stored in (a W3C `traceparent`), opaque here; None where none is kept.
    """

    seq: int
    feed: str
    body: bytes
    final: bool = False
    trace: str | None = None
