"""uvicorn's protocol classes, offering their transport to streams.

`Config(http=HttpProtocol, ws=WebSocketProtocol)` is uvicorn's own way to take such classes. The
offer is an entry of the ASGI scope's `extensions`; under another server it is missing, and the
outlets of `api.feeds.plain` serve.
"""

import asyncio
import secrets
from contextlib import AbstractContextManager
from typing import Any, cast

import msgspec
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.feeds.direct import DirectOutlet
from api.feeds.handshake import opening_of
from api.feeds.vanished import asking_while_silent
from api.problems import MEDIA_TYPE, HttpProblem, describe_problem

EXTENSION = "fasttrack.transport"
HEAD_SECONDS = 20.0
"""How long a client has to send the head of a request; uvicorn would wait for ever."""


def offer_in(scope: Scope) -> Any:
    """Return the offer of a scope's transport, None under a server that makes none."""
    return (cast("dict[str, Any]", scope).get("extensions") or {}).get(EXTENSION)


class HttpOffer:
    """The connection of one HTTP request, for whoever wants to stream on it."""

    def __init__(self, app: ASGIApp, protocol: HttpToolsProtocol, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._protocol = protocol
        self._cycle = cycle
        self._send: Send
        self._outlet: DirectOutlet | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request, with the offer in its scope."""
        self._send = send
        cast("dict[str, Any]", scope)["extensions"] = {EXTENSION: self}
        await self._app(scope, receive, self.send)

    def claim(self, outlet: DirectOutlet) -> None:
        """Have the next head that is sent hand the connection over to an outlet."""
        self._outlet = outlet

    def waiting(self) -> AbstractContextManager[None]:
        """Have a client noticed that vanishes during the block, in which nothing is sent."""
        return asking_while_silent(self._protocol.transport.get_extra_info("socket"))

    async def send(self, message: Message) -> None:
        """Pass a message on, or hand the connection over."""
        if self._outlet is not None and message["type"] == "http.response.start":
            self._hand_over(self._outlet, message["status"], list(message["headers"]))
        else:
            await self._send(message)

    def _hand_over(self, outlet: DirectOutlet, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        protocol, cycle = self._protocol, self._cycle
        self._outlet = None
        if cycle.disconnected or protocol.transport.is_closing():
            return
        # For uvicorn the client has gone: it will write nothing more, and finds nothing amiss.
        cycle.disconnected = True
        protocol.pipeline.clear()
        protocol.flow.resume_reading()
        protocol.connections.discard(protocol)
        lines = [*protocol.server_state.default_headers, *headers, (b"connection", b"close")]
        head = b"".join([b"%b: %b\r\n" % line for line in lines])
        outlet.take(protocol.transport, protocol.connections, b"%b%b\r\n" % (STATUS_LINE[status], head))


class HttpProtocol(HttpToolsProtocol):
    """Offers the transport with every request, and waits for the head of one for so long only."""

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own.
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._head_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        if self._head_timer is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        # One that is late behind a request that is being answered waits for its own turn.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        """Open an ordinary WebSocket; leave any other to uvicorn."""
        if (opening := opening_of(self, EXTENSION)) is not None:
            opening.start()
        else:
            super().handle_websocket_upgrade()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, cast("Any", HttpOffer(app, self, cycle)))

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP in the form of every other refusal."""
        body = msgspec.json.encode(describe_problem(HttpProblem("bad-request", msg), ""))
        headers = [
            *self.server_state.default_headers,
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", secrets.token_hex(8).encode()),
            (b"connection", b"close"),
        ]
        head = b"".join([b"%b: %b\r\n" % header for header in headers])
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[400], head, body))
        self.transport.close()


class _Gone:
    """A transport that has been handed over: whoever held it speaks to nobody."""

    def is_closing(self) -> bool:
        return True

    def write(self, _payload: bytes) -> None:
        pass

    def close(self) -> None:
        pass


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Offers the transport after the handshake."""

    async def run_asgi(self) -> None:
        """Serve the WebSocket, with the offer in its scope."""
        cast("dict[str, Any]", self.scope)["extensions"][EXTENSION] = self
        await super().run_asgi()

    def claim(self, outlet: DirectOutlet) -> None:
        """Hand the connection over to an outlet, if it has been accepted and is open."""
        transport = self.transport
        if not self.handshake_complete or self.close_sent or transport.is_closing():
            return
        self.stop_keepalive()
        self.connections.discard(self)
        if self.read_paused:
            transport.resume_reading()
        self.transport = cast("asyncio.Transport", _Gone())
        outlet.take(transport, self.connections)
