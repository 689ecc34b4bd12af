"""A real server on a free port, in the loop of the test."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from api.app import create_app
from api.server.listening import listening_sockets, unix_socket
from api.server.server import Server, server_config
from api.settings import Settings

STARTS_WITHIN_SECONDS = 60.0
CONNECTIONS = 12
"""Of a server to PostgreSQL, at most: many servers of many tests share the 100 of one database server."""


class Served:
    """A running server: its application, its address, and clients for it."""

    def __init__(self, app: Litestar, server: Server, host: str, port: int) -> None:
        self.app = app
        self.server = server
        self.port = port
        self.address = f"{host}:{port}"
        self.url = f"http://{self.address}"

    def client(self, token: str | None = None, **options: Any) -> httpx.AsyncClient:
        """Return a client that carries a token."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= options.pop("headers", {})
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=60, **options)


@asynccontextmanager
async def serving(data_dir: Path, *, direct: bool = True, **settings: Any) -> AsyncIterator[Served]:
    """Serve with these settings until the block ends; not `direct` is as under any other ASGI server."""
    settings.setdefault("database_connections", CONNECTIONS)
    given = Settings(data_dir=data_dir, port=0, standby_readers=0, **settings)
    app = create_app(given)
    listening = nullcontext(None) if given.unix_socket is None else unix_socket(given.unix_socket)
    with listening as one:
        sockets = listening_sockets(given.host, 0) if one is None else [one]
        async with _running(app, given, sockets, direct=direct) as served:
            yield served


@asynccontextmanager
async def _running(
    app: Litestar, given: Settings, sockets: list[socket.socket], *, direct: bool
) -> AsyncIterator[Served]:
    config = server_config(app, given)
    if not direct:
        config.http, config.ws = "httptools", "websockets-sansio"
    server = Server(config, app)
    running = asyncio.create_task(server.serve(sockets))
    try:
        async with asyncio.timeout(STARTS_WITHIN_SECONDS):
            while not server.started and not running.done():  # noqa: ASYNC110  # uvicorn sets a flag only
                await asyncio.sleep(0.01)
        if running.done():
            await running
        place = sockets[0].getsockname()
        yield Served(app, server, given.host, 0 if isinstance(place, str) else place[1])
    finally:
        server.should_exit = True
        async with asyncio.timeout(STARTS_WITHIN_SECONDS):
            await running
