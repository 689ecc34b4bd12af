"""The opening handshake of a WebSocket, on the connection of the request that asks for it.

uvicorn has the websockets library read the head of such a request a second time, and make an object for the
whole life of a connection that an outlet takes over at once: half of what it costs to connect, when
thousands come back after a restart. An ordinary handshake is answered here; any other is left to them.
Source: RFC 6455 §4.2; ASGI, "WebSocket" and "Websocket Denial Response".
"""

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from websockets.utils import accept_key

from api.feeds.direct import DirectOutlet, DirectWs
from streams.frames import WS, ws_frame

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_ORDINARY_TARGET = re.compile(rb"(/[!-\"$->@-~]*)(?:\?([!-\"$-~]*))?")
_KEY = re.compile(rb"[A-Za-z0-9+/]{21}[AQgw]==")
"""Sixteen bytes in base64."""

_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"

Headers = list[tuple[bytes, bytes]]

logger = logging.getLogger("fasttrack.server")


def opening_of(http: "HttpToolsProtocol", extension: str) -> "WebSocketOpening | None":
    """Return the opening for the request whose head was read; None when it is not an ordinary one.

    It offers itself to the application as an extension of that name.
    """
    headers: Headers = http.headers
    target = _ORDINARY_TARGET.fullmatch(http.url)
    keys = [value for name, value in headers if name == b"sec-websocket-key"]
    versions = [value for name, value in headers if name == b"sec-websocket-version"]
    if http.scope["method"] != "GET" or http.scope["http_version"] != "1.1" or target is None:
        return None
    if versions != [b"13"] or len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        return None
    raw_path, query = target.groups(b"")
    scope = {
        "type": "websocket",
        "asgi": {"version": http.asgi_version, "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "wss" if http.scheme == "https" else "ws",
        "server": http.server,
        "client": http.client,
        "root_path": http.root_path,
        "path": http.root_path + unquote(raw_path.decode()),
        "raw_path": http.root_path.encode() + raw_path,
        "query_string": query,
        "headers": headers,
        "subprotocols": _subprotocols(headers),
        "state": http.app_state.copy(),
    }
    opening = WebSocketOpening(http, scope, accept_key(keys[0].decode()))
    scope["extensions"] = {"websocket.http.response": {}, extension: opening}
    return opening


def _subprotocols(headers: Headers) -> list[str]:
    asked = [value.decode("latin-1") for name, value in headers if name == b"sec-websocket-protocol"]
    return [name.strip() for value in asked for name in value.split(",")]


class WebSocketOpening(asyncio.Protocol):
    """A WebSocket, until an outlet has its connection. Offers what `WebSocketProtocol` does."""

    def __init__(self, http: "HttpToolsProtocol", scope: dict[str, Any], accept: str) -> None:
        self._http = http
        self._scope = scope
        self._accept = accept
        self._transport = http.transport
        self._head: bytes | None = None
        self._denial: tuple[int, Headers] | None = None
        self._body = b""
        self._own: DirectWs | None = None
        self._is_over = False
        self._is_told_of_connect = False
        self._gone = asyncio.Event()

    def start(self) -> None:
        """Have the application decide."""
        self._http.connections.discard(self._http)
        self._http.connections.add(self)  # type: ignore[arg-type]  # which asks for shutdown() alone.
        self._transport.set_protocol(self)
        task = self._http.loop.create_task(self._run())
        self._http.tasks.add(task)
        task.add_done_callback(self._http.tasks.discard)

    def claim(self, outlet: DirectOutlet) -> None:
        """Hand the connection over to an outlet, if it has been accepted and is open."""
        if self._head is None or self._is_over or self._transport.is_closing():
            return
        self._is_over = True
        self._hand_over(outlet, self._head)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever it is, it comes too early.
        """Cut off a client that does not wait for the answer."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why does not matter.
        """The client is gone."""
        self._http.connections.discard(self)
        self._is_over = True
        self._gone.set()

    def shutdown(self) -> None:
        """Called by the server when it stops."""
        self._respond(503, [], b"")

    async def _run(self) -> None:
        try:
            await self._http.app(self._scope, self._receive, self._send)
        except Exception:
            logger.exception("a WebSocket could not be opened")
        if self._head is None:
            self._respond(500, [], b"")
        elif self._own is None and not self._is_over:
            self._transport.close()

    async def _receive(self) -> Any:
        if not self._is_told_of_connect:
            self._is_told_of_connect = True
            return {"type": "websocket.connect"}
        await self._gone.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    async def _send(self, message: Any) -> None:
        if self._is_over:
            return
        match message["type"]:
            case "websocket.accept":
                self._head = self._accepting(message)
            case "websocket.send":
                text = message.get("text")
                frame = ws_frame(message["bytes"], 0x2) if text is None else ws_frame(text.encode())
                self._outlet().write(frame)
            case "websocket.close" if self._head is None:
                self._respond(403, [], b"")
            case "websocket.close":
                self._outlet().refuse(message.get("code") or 1000, message.get("reason") or "")
            case "websocket.http.response.start":
                self._denial = (message["status"], list(message.get("headers", ())))
            case "websocket.http.response.body" if self._denial is not None:
                self._body += message.get("body", b"")
                if not message.get("more_body"):
                    self._respond(*self._denial, self._body)

    def _accepting(self, message: dict[str, Any]) -> bytes:
        lines = [
            (b"sec-websocket-accept", self._accept.encode()),
            *self._http.server_state.default_headers,
            *message.get("headers", ()),
        ]
        if subprotocol := message.get("subprotocol"):
            lines.append((b"sec-websocket-protocol", subprotocol.encode()))
        return _SWITCHING + _lines(lines)

    def _outlet(self) -> DirectWs:
        """Return an outlet for what the application itself has to say."""
        if self._own is None:
            assert self._head is not None
            self._own = DirectWs(WS)
            self._hand_over(self._own, self._head)
        return self._own

    def _hand_over(self, outlet: DirectOutlet, head: bytes) -> None:
        self._http.connections.discard(self)
        outlet.take(self._transport, self._http.connections, head)

    def _respond(self, status: int, headers: Headers, body: bytes) -> None:
        """Answer instead of opening, and close."""
        if self._is_over or self._head is not None:
            return
        self._is_over = True
        lines = [*self._http.server_state.default_headers, *headers, (b"connection", b"close")]
        if not any(name == b"content-length" for name, _ in headers):
            lines.append((b"content-length", b"%d" % len(body)))
        self._transport.write(STATUS_LINE[status] + _lines(lines) + body)
        self._transport.close()


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers]) + b"\r\n"
