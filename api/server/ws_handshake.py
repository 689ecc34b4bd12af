"""The opening handshake of a WebSocket, on the connection of its request.

The websockets library would read the head a second time, and make an object for the whole life of a
connection that an outlet takes over at once: half of what it costs to connect, when thousands come back
after a restart. Source: RFC 6455 §4.2; ASGI, "WebSocket" and "Websocket Denial Response".
"""

import asyncio
import logging
from collections.abc import Callable
from secrets import token_hex
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.server import ServerState
from websockets.utils import accept_key

from api.feeds.transport_outlet import TransportOutlet, TransportWs
from api.http.problems import HttpProblem
from api.http.refusal_log import Refusal
from api.http.request_log import REFUSED_WITH
from api.security.arrival import prefix_of
from api.server.exchange import UNAVAILABLE
from api.server.refusals import instance_of, last_answer, problem_body
from api.server.request_head import Headers
from api.transport_extension import CONNECTION_STATE, EXTENSION
from streams.frames import WS, ws_frame

_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"

logger = logging.getLogger("fasttrack.server")


class Connection(Protocol):
    """The connection of the request."""

    transport: asyncio.Transport
    server_state: ServerState
    loop: asyncio.AbstractEventLoop
    app: Any
    connection_state: dict[str, Any]
    on_refusal: Callable[[Refusal], None] | None


class WebSocketOpening(asyncio.Protocol):
    """A WebSocket until an outlet claims its connection."""

    def __init__(self, http: Connection, scope: dict[str, Any], key: bytes) -> None:
        self._http = http
        self._connections: set[Any] = http.server_state.connections
        self._accept = accept_key(key.decode())
        # An ASGI scope of a WebSocket has no method, and routers go by that.
        self._scope = {name: value for name, value in scope.items() if name != "method"} | {
            "type": "websocket",
            "asgi": scope["asgi"] | {"spec_version": "2.4"},
            "scheme": "wss" if scope["scheme"] == "https" else "ws",
            "subprotocols": _subprotocols(scope["headers"]),
            "extensions": {
                "websocket.http.response": {},
                EXTENSION: self,
                CONNECTION_STATE: http.connection_state,
            },
        }
        self._transport = http.transport
        self._head: bytes | None = None
        self._denial: tuple[int, Headers] | None = None
        self._body = b""
        self._own: TransportWs | None = None
        self._is_over = False
        self._is_told_of_connect = False
        self._gone = asyncio.Event()

    def start(self) -> None:
        """Let the application accept or refuse."""
        self._connections.discard(self._http)
        self._connections.add(self)
        self._transport.set_protocol(self)
        task = self._http.loop.create_task(self._run())
        self._http.server_state.tasks.add(task)
        task.add_done_callback(self._http.server_state.tasks.discard)

    def claim(self, outlet: TransportOutlet) -> None:
        """Hand the connection over to an outlet, if it has been accepted and is open."""
        if self._head is None or self._is_over or self._transport.is_closing():
            return
        self._is_over = True
        self._hand_over(outlet, self._head)

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - whatever it is, it comes too early.
        """Disconnect a client that sends before the answer."""
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - why does not matter.
        """The client is gone."""
        self._connections.discard(self)
        self._is_over = True
        self._gone.set()

    def shutdown(self) -> None:
        """Called by the server when it stops."""
        self._refuse(
            HttpProblem("unavailable", "The server is stopping.", headers=UNAVAILABLE), is_logged=True
        )

    async def _run(self) -> None:
        try:
            await self._http.app(self._scope, self._receive, self._send)
        except Exception:
            logger.exception("a WebSocket could not be opened")
        if self._head is None:
            self._refuse(HttpProblem("internal", "The server failed."))
        elif self._own is None and not self._is_over:
            self._transport.close()
        # The scope holds the offer, which holds the scope: the circle would wait for the collector.
        self._scope = {}

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
                self._refuse(HttpProblem("forbidden", "No WebSocket is opened here."))
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

    def _outlet(self) -> TransportWs:
        """Return an outlet for the messages of the application itself."""
        if self._own is None:
            assert self._head is not None
            self._own = TransportWs(WS)
            self._hand_over(self._own, self._head)
        return self._own

    def _hand_over(self, outlet: TransportOutlet, head: bytes) -> None:
        self._connections.discard(self)
        outlet.take(self._transport, self._connections, head)

    def _refuse(self, problem: HttpProblem, *, is_logged: bool = False) -> None:
        """Answer with a problem of the server's own. `is_logged`: the application will log it."""
        if self._is_over or self._head is not None:
            return
        self._is_over = True
        state = self._scope["state"]
        if is_logged:
            state[REFUSED_WITH] = problem.status_code
        # The id that the application knows the request by, if it came so far.
        request_id = state.get("request_id", b"").decode() or token_hex(8)
        body = problem_body(problem, instance_of(self._scope["raw_path"], prefix_of(self._scope)))
        self._transport.write(last_answer(problem, body, self._http.server_state.default_headers, request_id))
        self._transport.close()
        if self._http.on_refusal is not None and not is_logged:
            client = self._scope.get("client")
            self._http.on_refusal(
                Refusal(
                    status=problem.status_code,
                    detail=problem.detail,
                    method="GET",
                    target=self._scope["raw_path"],
                    client=client[0] if client else None,
                    request_id=request_id,
                    bytes=len(body),
                )
            )

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


def _subprotocols(headers: Headers) -> list[str]:
    asked = [value.decode("latin-1") for name, value in headers if name == b"sec-websocket-protocol"]
    return [name.strip() for value in asked for name in value.split(",")]
