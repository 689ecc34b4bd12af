"""A receiver of webhooks: a small server that answers as a script says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any, NamedTuple

import msgspec


class Arrived(NamedTuple):
    """A request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        return msgspec.json.decode(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[Arrived], bytes | None]
"""Returns the bytes of an answer; None never answers. After `BROKEN_OFF` the connection closes."""

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def status(code: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {code} X", "Content-Length: 0", *headers, "", ""]
    return "\r\n".join(lines).encode()


BROKEN_OFF = b"HTTP/1.1 200 OK\r\nContent-Le"
"""Before its head is complete."""

CUT_SHORT = b"HTTP/1.1 %d X\r\nContent-Length: 100\r\n\r\nhalf"
"""With a status, and without the rest of its body."""


class Receiver:
    """What came, in order, and what is answered.

    Attributes:
        answer: to all requests, unless `answers` has one left.
        answers: to the next requests.
    """

    def __init__(self, scheme: str = "http", target: str = "/hook?key=1") -> None:
        self._scheme = scheme
        self._target = target
        self.arrived: list[Arrived] = []
        self.answers: list[bytes | None] = []
        self.answer: Answer = lambda _: OK
        self.closes_after_each = False
        self.port = 0
        self._news = asyncio.Event()
        self._held: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        return f"{self._scheme}://localhost:{self.port}{self._target}"

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something holds, which is looked at after each arrival."""
        async with asyncio.timeout(90):
            while not is_so():
                await self._news.wait()
                self._news.clear()

    async def until_arrived(self, count: int) -> list[Arrived]:
        await self.until(lambda: len(self.arrived) >= count)
        return self.arrived

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        assert head[0] == f"POST {self._target} HTTP/1.1", head[0]
        headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in head[1:-2])}
        arrived = Arrived(headers, await reader.readexactly(int(headers["content-length"])))
        self.arrived.append(arrived)
        answer = self.answers.pop(0) if self.answers else self.answer(arrived)
        self._news.set()
        if answer is None:
            await reader.read()  # Until the client gives up.
            return False
        writer.write(answer)
        await writer.drain()
        return answer != BROKEN_OFF and not self.closes_after_each


@asynccontextmanager
async def receiving(tls: SSLContext | None = None, target: str = "/hook?key=1") -> AsyncIterator[Receiver]:
    """Listen on a free port of this machine; with `tls`, for https."""
    receiver = Receiver("https" if tls else "http", target)
    server = await asyncio.start_server(receiver._serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
