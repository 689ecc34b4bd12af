"""A real server on a free port, in the loop of the test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar import Litestar

from api.app import create_app
from api.server import Server, listening_sockets, server_config
from api.settings import Settings

STARTS_WITHIN_SECONDS = 20.0


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
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20, **options)


@asynccontextmanager
async def serving(data_dir: Path, *, direct: bool = True, **settings: Any) -> AsyncIterator[Served]:
    """Serve with these settings until the block ends; not `direct` is as under any other ASGI server."""
    app = create_app(Settings(data_dir=data_dir, port=0, standby_readers=0, **settings))
    host = app.state.settings.host
    sockets = listening_sockets(host, 0)
    config = server_config(app)
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
        yield Served(app, server, host, sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        async with asyncio.timeout(STARTS_WITHIN_SECONDS):
            await running
