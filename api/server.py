"""One server process: its sockets, its protocol classes, and how it stops.

At SIGTERM or SIGINT streams are told at once and end within two seconds, whatever their clients
do; then requests at work have a moment, and the lifespan closes. A second signal forces the end.
"""

import asyncio
import gc
import socket
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Any

import uvicorn
from litestar import Litestar
from uvicorn.lifespan.on import LifespanOn

from api.app import create_app
from api.feeds.direct import DirectOutlet
from api.feeds.protocols import HttpProtocol, WebSocketProtocol
from api.feeds.vanished import UNACKNOWLEDGED_MS, give_up_after
from api.memory import tune_malloc
from api.settings import Settings

STREAMS_END_SECONDS = 1.5
REQUESTS_END_SECONDS = 3
BACKLOG = 4096


class Server(uvicorn.Server):
    """uvicorn's server, whose streams end at the signal and not when their clients leave."""

    def __init__(self, config: uvicorn.Config, app: Litestar) -> None:
        super().__init__(config)
        self._app = app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and take what was made for it out of the collector's sight: it stays."""
        await super().startup(sockets)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        gc.enable()

    @property
    def has_failed(self) -> bool:
        """Whether what lives as long as the server could not start, or has died at its work."""
        return isinstance(self.lifespan, LifespanOn) and self.lifespan.error_occurred

    async def on_tick(self, counter: int) -> bool:
        """Tell whether to stop: also when a job has died, for what goes on without it is half a server."""
        return await super().on_tick(counter) or self.has_failed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature.
        """Stop; at the second signal, at once. The process ends with 0: it did what it was told."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Turn work away, tell the streams, then stop as uvicorn does."""
        self._app.state.readiness.drain()
        self._app.state.hub.registry.drain()
        asyncio.get_running_loop().call_later(STREAMS_END_SECONDS, self._cut_streams)
        # Who waits to be accepted when the sockets close is cut off, and a proxy sends no POST twice:
        # a few turns of the loop accept who came while the streams were told.
        for _ in range(3):
            await asyncio.sleep(0)
        await super().shutdown(sockets)

    def _cut_streams(self) -> None:
        # uvicorn's own annotation knows only its own protocols.
        connections: list[Any] = [*self.server_state.connections]
        for connection in connections:
            if isinstance(connection, DirectOutlet):
                connection.abort()


def serve_on(sockets: Sequence[socket.socket], settings: Settings) -> None:
    """Serve on sockets that listen, until a signal says to stop; a server that fails ends with status 1."""
    tune_malloc()
    app = create_app(settings)
    server = Server(server_config(app), app)
    server.run(sockets=list(sockets))
    if server.has_failed:
        sys.exit(1)


def server_config(app: Litestar) -> uvicorn.Config:
    """Return how uvicorn serves the application."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        # The gate reads X-Forwarded-*, from configured proxies only; uvicorn trusts all of this machine.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=REQUESTS_END_SECONDS,
    )


def listening_sockets(host: str, port: int, *, shared: bool = False) -> list[socket.socket]:
    """Return a bound socket for every address of the host.

    `shared` lets other processes bind the same port. With port 0 all addresses get the same free one.

    Raises:
        OSError: the address is not ours, or the port is taken.
    """
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in _addresses(host, port):
            one = socket.socket(family, kind, protocol)
            bound.append(one)
            _prepare(one, shared=shared)
            one.bind((address[0], port or bound[0].getsockname()[1], *address[2:]))
    except OSError:
        for one in bound:
            one.close()
        raise
    return bound


def _addresses(
    host: str, port: int
) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int]]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))  # type: ignore[arg-type]  # IPv6 addresses have four members; the first two suffice here.


def _prepare(listening: socket.socket, *, shared: bool) -> None:
    """Set what connections inherit from the socket that accepts them."""
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    give_up_after(listening, UNACKNOWLEDGED_MS)
    if listening.family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if shared:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
