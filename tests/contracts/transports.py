"""One way to read the feed, for each transport: what the suite of all transports runs over."""

import json
from collections import deque
from contextlib import suppress
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.api.feeds.server import Gone, Served, SseClient, fetch


class SseReading:
    """Over Server-Sent Events."""

    transport = "sse"

    def __init__(self, served: Served, feeds: list[str], cursor: str | None, query: dict[str, str]) -> None:
        self._served = served
        self._target = "/sse?" + urlencode([("feed", feed) for feed in feeds] + list(query.items()))
        self._headers = {} if cursor is None else {"Last-Event-ID": cursor}
        self.client: SseClient

    async def __aenter__(self) -> Self:
        self.client = await SseClient.open(self._served.port, self._target, self._headers)
        if self.client.status == 204:
            await self.client.close()
            raise Gone(204)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def receive(self) -> dict[str, Any]:
        return await self.client.receive()


class WsReading:
    """Over a WebSocket, one message a frame."""

    transport = "ws"
    subprotocols: ClassVar[list[Any] | None] = None

    def __init__(self, served: Served, feeds: list[str], cursor: str | None, query: dict[str, str]) -> None:
        pairs = [("feed", feed) for feed in feeds] + list(query.items())
        if cursor is not None:
            pairs.append(("last_event_id", cursor))
        self._url = f"ws://127.0.0.1:{served.port}/ws?{urlencode(pairs)}"
        self._ready: deque[dict[str, Any]] = deque()
        self.client: ClientConnection

    async def __aenter__(self) -> Self:
        self.client = await connect(
            self._url, subprotocols=self.subprotocols, proxy=None, close_timeout=2, open_timeout=60
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(ConnectionClosed):
            await self.client.close()

    async def receive(self) -> dict[str, Any]:
        while not self._ready:
            try:
                self._ready.extend(self._split(json.loads(await self.client.recv())))
            except ConnectionClosed as closed:
                raise Gone(closed.rcvd.code if closed.rcvd else 1006) from None
        return self._ready.popleft()

    def _split(self, frame: Any) -> list[dict[str, Any]]:
        assert isinstance(frame, dict)
        return [frame]


class WsBatchReading(WsReading):
    """Over a WebSocket, an array a frame."""

    subprotocols: ClassVar[list[Any] | None] = ["fasttrack.batch"]

    def _split(self, frame: Any) -> list[dict[str, Any]]:
        assert isinstance(frame, list)
        return frame


class PollReading:
    """Over long polls, one after the other."""

    transport = "poll"

    def __init__(self, served: Served, feeds: list[str], cursor: str | None, query: dict[str, str]) -> None:
        self._served = served
        self._pairs = [("feed", feed) for feed in feeds]
        self._query = query
        self._cursor = cursor
        self._ready: deque[dict[str, Any]] = deque()

    async def __aenter__(self) -> Self:
        await self._call()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ready.clear()

    async def receive(self) -> dict[str, Any]:
        while not self._ready:
            await self._call()
        return self._ready.popleft()

    async def _call(self) -> None:
        pairs = [
            *self._pairs,
            *self._query.items(),
            ("wait", "0" if self._cursor and not self._ready else "5"),
        ]
        if self._cursor is not None:
            pairs.append(("last_event_id", self._cursor))
        status, _, answer = await fetch(self._served.port, "/poll?" + urlencode(pairs))
        if status == 204:
            raise Gone(204)
        assert status == 200, answer
        self._cursor = answer["cursor"]
        self._ready.extend(answer["messages"])


READINGS = {"sse": SseReading, "ws": WsReading, "ws-batch": WsBatchReading, "poll": PollReading}
