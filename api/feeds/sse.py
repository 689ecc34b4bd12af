"""`GET /sse/…`: the feed as Server-Sent Events. Source: WHATWG HTML §9.2."""

from typing import Any

from litestar.response import Stream
from litestar.types import Receive, Scope, Send

from api.feeds.admission import Admission
from api.feeds.asgi_outlet import AsgiOutlet, disconnected, send_last, until_gone
from api.feeds.request import FeedRequest
from api.feeds.tcp_keepalive import LOOK_SECONDS
from api.feeds.transport_offer import offer_in
from api.feeds.transport_outlet import TransportSse
from api.services.identity import Identity
from streams.frames import SSE, Payload, only_frame
from streams.hub import FeedHub
from streams.messages import Bye, ByeReason, Hello, encode

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]
Headers = list[tuple[bytes, bytes]]


class SseStream:
    """The answer of one SSE request: an ASGI application."""

    def __init__(self, hub: FeedHub[Identity], asked: FeedRequest, admission: Admission) -> None:
        self._hub = hub
        self._asked = asked
        self._opening = admission.opening
        self._slot = admission.slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until either side ends it; on the server's transport, return at once."""
        try:
            if (offer := offer_in(scope)) is None:
                await self._stream(receive, send)
            else:
                await self._stream_directly(offer, send)
        except BaseException:
            self._slot.release()
            raise

    async def _stream_directly(self, offer: Any, send: Send) -> None:
        outlet = TransportSse()
        offer.claim(outlet)
        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        if outlet.taken:
            outlet.reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._slot)
            outlet.reader.start(self._hello())
            self._hub.watch(outlet.check, self._hub.clock() + LOOK_SECONDS)
        else:
            self._slot.release()

    async def _stream(self, receive: Receive, send: Send) -> None:
        async def deliver(payload: Payload) -> None:
            assert isinstance(payload, bytes)
            await send({"type": "http.response.body", "body": payload, "more_body": True})

        await send({"type": "http.response.start", "status": 200, "headers": list(HEADERS)})
        outlet = AsgiOutlet(SSE, deliver)
        outlet.reader = reader = self._hub.read(self._asked.feeds, self._opening, outlet, self._slot)
        try:
            reader.start(self._hello())
            await until_gone(outlet.run(), disconnected(receive))
        finally:
            reader.lost()
        await send_last(send({"type": "http.response.body", "body": b"", "more_body": False}))

    def _hello(self) -> Hello:
        return self._hub.hello(self._asked.feeds, self._opening, "sse", self._asked.who)


class HeadAnswer:
    """The head of an answer whose body is not known yet: without a length, not with a wrong one.

    Source: RFC 9110 §8.6.
    """

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": list(self._headers)})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def farewell(hub: FeedHub[Identity], reason: ByeReason) -> Stream:
    """Return a temporary refusal, after which an EventSource reconnects: a stream that ends at once.

    At any status but 200 it would give up for good.
    """
    retry_ms = hub.retry_ms(reason)
    body = only_frame(encode(Bye(reason, retry_ms)), retry_ms=retry_ms).sse
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    return Stream(iter([body]), headers={**headers, "connection": "close"})
