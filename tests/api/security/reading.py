"""Readers of one stream on each transport: what it carries, and how it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.serving import Served

Message = dict[str, Any]


class SseReading:
    """An EventSource's view: messages, and the `retry:` values told."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.retries: list[int] = []
        self._lines = answer.aiter_lines()

    async def next(self) -> Message | None:
        """Return the next message, None at the end of the stream."""
        async for line in self._lines:
            if line.startswith("retry:"):
                self.retries.append(int(line[6:]))
            if line.startswith("data:"):
                message: Message = msgspec.json.decode(line[5:])
                return message
        return None

    async def rest(self) -> list[Message]:
        """Return every message until the end, heartbeats and states left out."""
        found = []
        while (message := await self.next()) is not None:
            if message["type"] not in ("heartbeat", "state"):
                found.append(message)
        return found


@asynccontextmanager
async def sse(served: Served, feed: str, **headers: str) -> AsyncIterator[SseReading]:
    """Read a feed by SSE."""
    async with (
        httpx.AsyncClient(timeout=30, headers=headers) as client,
        client.stream("GET", f"{served.url}/sse/{feed}") as answer,
    ):
        yield SseReading(answer)


class WsReading:
    """A WebSocket's view: messages, and the code that it was closed with."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    @property
    def code(self) -> int | None:
        """The code of the end."""
        return self._socket.close_code

    async def next(self) -> Message | None:
        """Return the next message, None at the end."""
        try:
            message: Message = msgspec.json.decode(await self._socket.recv())
        except ConnectionClosed:
            return None
        return message

    async def rest(self) -> list[Message]:
        """Return every message until the end, heartbeats and states left out."""
        found = []
        while (message := await self.next()) is not None:
            if message["type"] not in ("heartbeat", "state"):
                found.append(message)
        return found


@asynccontextmanager
async def ws(served: Served, feed: str, **headers: str) -> AsyncIterator[WsReading]:
    """Read a feed by WebSocket."""
    url = f"ws://{served.address}/ws/{feed}"
    async with connect(url, additional_headers=headers, open_timeout=60, proxy=None) as socket:
        yield WsReading(socket)
