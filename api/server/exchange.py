"""One request and its answer: what ASGI's `receive` and `send` do on our connections.

Source: ASGI specification, "HTTP Connection Scope"; RFC 9112 §6, §7.1, §9.6.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, Protocol

from litestar.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from api.feeds.tcp_keepalive import asking_while_silent
from api.feeds.transport_outlet import TransportOutlet
from api.http.problems import RETRY_SECONDS, HttpProblem
from api.server.request_head import Headers

MAX_BUFFERED_BODY = 64 * 1024
"""What is read of a body before the application asks for it."""

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN_IN_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_REPEATED = frozenset(
    {b"date", b"server", b"content-type", b"cache-control", b"content-security-policy", b"referrer-policy"}
    | {b"x-content-type-options", b"x-frame-options", b"cross-origin-opener-policy", b"permissions-policy"}
)
"""Headers with the same value in most answers: their lines are checked and written once."""
_BODILESS = frozenset({204, 304})
UNAVAILABLE = {"Retry-After": str(RETRY_SECONDS)}

logger = logging.getLogger("fasttrack.server")


class Connection(Protocol):
    """What an exchange needs of its connection."""

    transport: asyncio.Transport
    writable: asyncio.Event

    @property
    def default_headers(self) -> Headers:
        """Headers of every answer."""
        ...

    def resume_reading(self) -> None:
        """Read on: there is room for the body."""
        ...

    def answered(self, exchange: "Exchange") -> None:
        """Take the next request, or close."""
        ...

    def refuse(self, problem: HttpProblem) -> None:
        """Answer with a problem, and close."""
        ...

    def hand_over(self, outlet: TransportOutlet, head: bytes) -> None:
        """Hand the transport over."""
        ...


class Exchange:
    """A request and its answer, between the connection and the application. Offers its transport to streams.

    Attributes:
        has_whole_body: the last byte of the request has arrived.
        is_gone: the client has left; what is sent is dropped.
        is_over: the answer is complete.
        keep_alive: the connection may serve another request after this one.
    """

    def __init__(
        self, connection: Connection, scope: dict[str, Any], *, keep_alive: bool, expects_continue: bool
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.has_whole_body = False
        self.is_gone = False
        self.is_over = False
        self.is_started = False
        self._on_half_close: Callable[[], None] | None = None
        self._is_half_closed = False
        self._connection = connection
        self._expects_continue = expects_continue
        self._body = bytearray()
        self._changed = asyncio.Event()
        self._outlet: TransportOutlet | None = None
        self._is_chunked = False
        self._head = b""
        self._is_headless = scope["method"] == "HEAD"
        self._left: int | None = None

    @property
    def awaits_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends its body."""
        return self._expects_continue

    @property
    def is_full(self) -> bool:
        """Whether enough of the body waits for the application."""
        return len(self._body) > MAX_BUFFERED_BODY

    def add_body(self, part: bytes) -> None:
        """Take a part of the body; what comes after the answer is dropped."""
        if not (self.is_over or self.is_gone):
            self._body += part
            self._changed.set()

    def end_body(self) -> None:
        """The body has come whole."""
        self.has_whole_body = True
        self._changed.set()

    def abandon(self) -> None:
        """Note that the client has disconnected."""
        if not self.is_over:
            self.is_gone = True
        self._changed.set()

    @property
    def is_sent(self) -> bool:
        """Whether a part of the answer was sent."""
        return self.is_started and not self._head

    async def run(self, app: ASGIApp) -> None:
        """Run the application."""
        try:
            await app(self.scope, self.receive, self.send)  # type: ignore[arg-type]  # plain dicts.
        except asyncio.CancelledError:
            self._fail(HttpProblem("unavailable", "The server is stopping.", headers=UNAVAILABLE))
            raise
        except Exception:
            logger.exception("a request failed with an exception")
            self._fail(HttpProblem("internal", "The server failed."))
        else:
            if not (self.is_over or self.is_gone):
                logger.error("the application ended before its answer was complete")
                self._fail(HttpProblem("internal", "The server failed."))
        finally:
            # The scope holds the exchange, which holds the scope: the circle would wait for the collector.
            self.scope.pop("extensions", None)

    async def receive(self) -> dict[str, Any]:
        """Return the next part of the body, or that the client is gone."""
        transport = self._connection.transport
        if self._expects_continue and not (self.is_started or transport.is_closing()):
            self._expects_continue = False
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.is_gone or self.is_over):
            self._connection.resume_reading()
            await self._changed.wait()
            self._changed.clear()
        if self.is_gone or self.is_over:
            self._changed.set()
            return {"type": "http.disconnect"}
        body, self._body = bytes(self._body), bytearray()
        return {"type": "http.request", "body": body, "more_body": not self.has_whole_body}

    async def send(self, message: Any) -> None:
        """Send a part of the answer. Raises RuntimeError when it is out of turn."""
        if not (self.is_gone or self._connection.writable.is_set()):
            await self._connection.writable.wait()
        if self.is_gone:
            return
        match message["type"]:
            case "http.response.start" if not self.is_started:
                self._start(message["status"], list(message.get("headers", ())))
            case "http.response.body" if self.is_started and not self.is_over:
                self._continue(message.get("body", b""), is_last=not message.get("more_body", False))
            case kind:
                raise RuntimeError(f"{kind} is out of turn")

    def claim(self, outlet: TransportOutlet) -> None:
        """Let the next response head hand the connection over to an outlet."""
        self._outlet = outlet

    def waiting(self) -> AbstractContextManager[None]:
        """Detect a client that vanishes during the block, while nothing is sent."""
        return asking_while_silent(self._connection.transport.get_extra_info("socket"))

    @contextmanager
    def on_half_close(self, act: Callable[[], None]) -> Iterator[None]:
        """Call `act` when the client closes its sending side during the block, or has done so before."""
        self._on_half_close = act
        if self._is_half_closed:
            act()
        try:
            yield
        finally:
            self._on_half_close = None

    def half_close(self) -> None:
        """The client has closed its sending side, and waits for the answer."""
        self._is_half_closed = True
        if self._on_half_close is not None:
            self._on_half_close()

    def _start(self, status: int, headers: Headers) -> None:
        self.is_started = True
        self._expects_continue = False
        if self._outlet is not None:
            self._hand_over(self._outlet, status, headers)
            return
        lines = [*self._connection.default_headers, *headers, *self._framing(status, headers)]
        # It goes with the first part of the body. Source: ASGI, HTTP, "Response Start".
        self._head = _head(status, lines)

    def _framing(self, status: int, headers: Headers) -> Headers:
        """Return the headers for where the answer ends, and whether another can follow."""
        named = {name.lower(): value for name, value in headers}
        if not self.has_whole_body or b"close" in named.get(b"connection", b"").lower():
            # The rest of a body is not read once its answer is decided.
            self.keep_alive = False
        if status in _BODILESS or self._is_headless:
            self._is_headless = True
        elif b"content-length" in named:
            self._left = int(named[b"content-length"])
        elif self.scope["http_version"] == "1.1":
            self._is_chunked = True
        else:
            self.keep_alive = False
        added: Headers = [(b"transfer-encoding", b"chunked")] if self._is_chunked else []
        if not self.keep_alive and b"connection" not in named:
            added.append((b"connection", b"close"))
        return added

    def _continue(self, body: bytes, *, is_last: bool) -> None:
        self._write(b"" if self._is_headless else self._framed(body, is_last=is_last))
        if is_last:
            self.is_over = True
            self._changed.set()
            self._connection.answered(self)

    def _write(self, content: bytes) -> None:
        """Write what is there, a head that waits before it: each write is a system call."""
        if self._head:
            content, self._head = self._head + content, b""
        if content:
            self._connection.transport.write(content)

    def _framed(self, body: bytes, *, is_last: bool) -> bytes:
        """Return a part of the body as it goes over the wire."""
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (is_last and self._left):
                raise RuntimeError("the answer is not as long as its Content-Length says")
        if self._is_chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"0\r\n\r\n" if is_last else b"")
        return body

    def _hand_over(self, outlet: TransportOutlet, status: int, headers: Headers) -> None:
        self.is_gone = True
        if not self._connection.transport.is_closing():
            lines = [*self._connection.default_headers, *headers, (b"connection", b"close")]
            self._connection.hand_over(outlet, _head(status, lines))

    def _fail(self, problem: HttpProblem) -> None:
        if self.is_gone or self.is_over:
            return
        is_sent, self.is_gone = self.is_sent, True
        if is_sent:
            # What was sent is not whole, and must not look so.
            self._connection.transport.abort()
        else:
            self._connection.refuse(problem)


def _head(status: int, lines: Headers) -> bytes:
    """Return the head of an answer. Raises RuntimeError for a header that would break it."""
    written = [_repeated(*line) if line[0] in _REPEATED else _line(*line) for line in lines]
    return STATUS_LINE[status] + b"".join(written) + b"\r\n"


def _line(name: bytes, value: bytes) -> bytes:
    if not _NAME.fullmatch(name) or _FORBIDDEN_IN_VALUE.search(value):
        raise RuntimeError(f"the header {name!r} cannot be sent")
    return b"%b: %b\r\n" % (name, value)


_repeated = lru_cache(128)(_line)
