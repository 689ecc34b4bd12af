"""One server process: its sockets, its protocol classes, and how it stops.

At SIGTERM, SIGINT or SIGHUP streams are told at once and end within two seconds, whatever their clients
do; then requests at work have a moment, and the lifespan closes. A second signal forces the end, but for
SIGHUP: a terminal that is closed may send it twice.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from types import FrameType
from typing import Any

import uvicorn
from litestar import Litestar
from uvicorn.lifespan.on import LifespanOn

from api.app import create_app
from api.feeds.transport_outlet import TransportOutlet
from api.http.app_services import refusal_log_of, services_of
from api.http.metrics import SharedCounts
from api.malloc import tune_malloc
from api.server.body_pace import WireTimes
from api.server.descriptors import DescriptorWatch
from api.server.garbage import GarbageWatch
from api.server.http_connection import HttpConnection
from api.server.linger import LongReads
from api.server.listening import place_of
from api.settings import Settings

STREAMS_END_SECONDS = 1.5
REQUESTS_END_SECONDS = 3
BACKLOG = 4096
_TICKS_A_SECOND = 10
_YOUNG_OBJECTS = 200_000
"""Before so many there has been a collection because memory has grown, unless that cannot be read."""

logger = logging.getLogger("fasttrack.server")


class Server(uvicorn.Server):
    """uvicorn's server, whose streams end at the signal and not when their clients leave."""

    def __init__(self, config: uvicorn.Config, app: Litestar) -> None:
        super().__init__(config)
        self._app = app
        self._descriptors = DescriptorWatch(time.monotonic)
        self._garbage: GarbageWatch | None = None
        self._refusals = refusal_log_of(app)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then freeze the objects of the start for the garbage collector."""
        await super().startup(sockets)
        # Without a collection before: it would find a few hundred objects, while everybody comes back.
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 50)
        gc.enable()
        self._garbage = GarbageWatch()
        if self.started:
            places = " and ".join(place_of(one) for one in sockets or ())
            logger.info("serving version %s on %s as process %d", version("fasttrack"), places, os.getpid())

    @property
    def has_failed(self) -> bool:
        """Whether the lifespan failed, at the start or later."""
        return isinstance(self.lifespan, LifespanOn) and self.lifespan.error_occurred

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop; also if a background job has failed."""
        if self._garbage is not None:
            self._garbage.look()
        if counter % _TICKS_A_SECOND == 0:
            self._descriptors.look()
            self._refusals.look()
        return await super().on_tick(counter) or self.has_failed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature.
        """Stop; at the second signal, at once. The process ends with 0, since it did as asked."""
        self.force_exit = self.should_exit
        self.should_exit = True

    def handle_hangup(self, _signal: int, _frame: FrameType | None) -> None:
        """Stop."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new work, end streams with `bye`, then stop as uvicorn does."""
        logger.info("stopping")
        services = services_of(self._app)
        services.readiness.drain()
        services.hub.registry.drain()
        asyncio.get_running_loop().call_later(STREAMS_END_SECONDS, self._end_what_is_left)
        # Who waits to be accepted when the sockets close is cut off, and a proxy sends no POST twice:
        # a few turns of the loop accept the clients that came while the streams ended.
        for _ in range(3):
            await asyncio.sleep(0)
        await super().shutdown(sockets)
        self._refusals.close()
        logger.info("stopped")

    def _end_what_is_left(self) -> None:
        """Cut off streams whose clients do not read, and ask those to end that came while uvicorn asked.

        A proxy keeps a connection for its next request, which nobody will answer.
        """
        # uvicorn's own annotation knows only its own protocols.
        connections: list[Any] = [*self.server_state.connections]
        for connection in connections:
            if isinstance(connection, TransportOutlet):
                connection.abort()
            else:
                connection.shutdown()


def serve_on(
    sockets: Sequence[socket.socket], settings: Settings, shared: SharedCounts | None = None
) -> None:
    """Serve on sockets that listen, until a signal says to stop; a server that fails ends with status 1.

    `shared` is where this process counts, if it is one of several.
    """
    tune_malloc()
    app = create_app(settings, shared)
    server = Server(server_config(app, settings), app)
    # Ignored under `nohup`, and so it stays.
    if _is_main_thread() and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, server.handle_hangup)
    server.run(sockets=list(sockets))
    if server.has_failed:
        sys.exit(1)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def server_config(app: Litestar, settings: Settings) -> uvicorn.Config:
    """Return uvicorn's configuration for the application."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=connection_class(app, settings),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        # The gate reads X-Forwarded-*, from configured proxies only; uvicorn trusts all of this machine.
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=REQUESTS_END_SECONDS,
    )


def connection_class(app: Litestar, settings: Settings) -> Any:
    """Return the protocol class that uvicorn uses for each connection."""
    times = WireTimes(
        keep_alive_seconds=settings.keep_alive_seconds,
        body_idle_seconds=settings.body_idle_seconds,
        body_bytes_per_second=settings.body_bytes_per_second,
    )
    return partial(
        HttpConnection,
        times=times,
        long_reads=LongReads(),
        on_refusal=refusal_log_of(app).record,
        prefix=settings.root_path,
    )
