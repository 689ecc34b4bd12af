"""A reader that keeps to its transport."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import anyio
import httpx

from api.client.transports import OPENERS, Broken, Target, Transport
from tests.end_to_end.server_process import ServerProcess


class Reader:
    """Reads on one transport. A stream has to last; a poll that is refused asks again.

    Attributes:
        seen: messages, from the first that is kept.
        hellos: how often it was let in.
    """

    def __init__(self, server: ServerProcess, transport: Transport, feeds: list[str]) -> None:
        self.transport = transport
        self.seen: list[Any] = []
        self.hellos = 0
        self.opened = anyio.Event()
        self._server = server
        self._feeds = feeds
        self._cursor: str | None = None

    @property
    def ids(self) -> list[str]:
        """Of all that it has seen."""
        return [message["id"] for message in self.seen]

    async def read_to(self, is_last: Callable[[Any], bool]) -> None:
        """Read up to a message."""
        async with httpx.AsyncClient(base_url=self._server.url, timeout=60) as http:
            while not (self.seen and is_last(self.seen[-1])):
                try:
                    await self._read_on(http, is_last)
                except Broken:
                    assert self.transport == "poll", "a stream did not last"
                    await anyio.sleep(0.1)  # The client's pause; Retry-After asks for longer.

    async def _read_on(self, http: httpx.AsyncClient, is_last: Callable[[Any], bool]) -> None:
        # Closed here and now: what is left to the garbage collector outlives the test's loop.
        async with aclosing(
            OPENERS[self.transport](Target(http, self._feeds, self._cursor, "all"))
        ) as stream:
            async for message in stream:
                self.hellos += message["type"] == "hello"
                self.opened.set()
                if "id" in message:
                    self._cursor = message["id"]
                    self.seen.append(message)
                    if is_last(message):
                        return
                elif message["type"] == "hello":
                    self._cursor = message["cursor"]
