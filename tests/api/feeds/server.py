"""A real uvicorn around the feed's routes, in the test's own loop, and clients that speak to it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.datastructures import State
from litestar.middleware import ASGIMiddleware

from api.feeds.routes import HANDLERS
from api.http.problems import problem_response
from api.server.body_pace import WireTimes
from api.server.http_connection import HttpConnection
from api.services.feeds import FEEDS
from api.services.identity import Identity
from domain.messages import Log
from streams.context import FeedOptions
from streams.hub import FeedHub
from tests.streams.memory import MemoryFeed

AT = "2026-11-24T12:00:00.000Z"
PATIENCE = 60.0


class Known(ASGIMiddleware):
    """Lets in whoever names a role in a header; without one, everybody as an editor."""

    async def handle(self, scope: Any, receive: Any, send: Any, next_app: Any) -> None:
        headers = dict(scope["headers"])
        role = headers.get(b"x-role", b"editor").decode()
        person = headers.get(b"x-person", b"ana").decode()
        scope["user"] = None if role == "nobody" else Identity(person, role, person=person)
        await next_app(scope, receive, send)


class Served:
    """A running server."""

    def __init__(self, feed: MemoryFeed, hub: FeedHub[Identity], server: uvicorn.Server, port: int) -> None:
        self.feed = feed
        self.hub = hub
        self.server = server
        self.port = port

    def log(self, feed: str, *texts: str) -> list[str]:
        return [
            f"{self.feed.epoch}.{m.seq}"
            for m in self.feed.publish(*[Log(feed, AT, "info", t) for t in texts])
        ]

    async def settled(self) -> None:
        """Wait until nobody is connected."""
        async with asyncio.timeout(PATIENCE):
            while self.hub.registry.open or self.hub._views:  # noqa: ASYNC110 - it has no event.
                await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(
    *,
    direct: bool = True,
    feed: MemoryFeed | None = None,
    times: WireTimes = WireTimes(),  # noqa: B008 - it is frozen.
    **options: Any,
) -> AsyncIterator[Served]:
    feed = feed or MemoryFeed()
    hub: FeedHub[Identity] = FeedHub(FEEDS, FeedOptions(**options))
    feed.listener = hub.publish
    app = Litestar(
        route_handlers=list(HANDLERS),
        middleware=[Known()],
        exception_handlers={Exception: problem_response},
        state=State({"hub": hub}),
        openapi_config=None,
        logging_config=None,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=partial(HttpConnection, times=times) if direct else "httptools",
        ws="none" if direct else "websockets-sansio",
        ws_per_message_deflate=False,
        log_config=None,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    async with hub.running(feed.epoch, feed):
        serve = asyncio.create_task(server._serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event.
            await asyncio.sleep(0.001)
        try:
            yield Served(feed, hub, server, listening.getsockname()[1])
        finally:
            hub.registry.drain()
            server.should_exit = True
            await asyncio.wait_for(serve, PATIENCE)
            listening.close()


class Gone(Exception):  # noqa: N818 - it is how a stream ends.
    """The server closed the connection. `code` is a WebSocket's."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class SseClient:
    """Reads events the way an EventSource does, over a raw socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}
        self.last_event_id: str | None = None
        self.retry_ms: int | None = None
        self._chunk = b""

    @classmethod
    async def open(
        cls, port: int, target: str, headers: dict[str, str] | None = None, **how: Any
    ) -> "SseClient":
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        client = cls(reader, writer)
        lines = [f"{how.get('method', 'GET')} {target} HTTP/{how.get('version', '1.1')}"]
        lines += [f"{name}: {value}" for name, value in ({"Host": "127.0.0.1"} | (headers or {})).items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + how.get("body", b""))
        await client._head()
        return client

    async def _head(self) -> None:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE)).decode()
        first, *rest = head.strip().split("\r\n")
        self.status = int(first.split()[1])
        self.headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)
        }

    async def _line(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return await self.reader.readuntil(b"\n")
        while b"\n" not in self._chunk:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            self._chunk += (await self.reader.readexactly(size + 2))[:-2]
            if size == 0:
                raise asyncio.IncompleteReadError(b"", 1)
        line, _, self._chunk = self._chunk.partition(b"\n")
        return line + b"\n"

    async def receive(self) -> dict[str, Any]:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    name, _, value = (await self._line()).rstrip(b"\n").partition(b": ")
                    if name == b"id":
                        self.last_event_id = value.decode()
                    elif name == b"retry":
                        self.retry_ms = int(value)
                    elif name == b"data":
                        assert await self._line() == b"\n"
                        return dict(json.loads(value))
                    else:
                        assert name in (b"", b":" + b" " * 2047), name
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Gone from None

    async def body(self) -> bytes:
        return await self.reader.readexactly(int(self.headers.get("content-length", "0")))

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def fetch(
    port: int, target: str, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], Any]:
    """Return (status, headers, JSON or None) of one GET."""
    client = await SseClient.open(port, target, {**(headers or {}), "Connection": "close"})
    body = await asyncio.wait_for(client.body(), PATIENCE)
    await client.close()
    return client.status, client.headers, json.loads(body) if body else None
