"""Our connections around an application that notes what it is asked, and a client of raw bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

import uvicorn

from api.server.body_pace import WireTimes
from api.server.http_connection import HttpConnection

PATIENCE = 60.0


class Request(NamedTuple):
    """What the application was asked. A body of None broke off."""

    method: str
    path: str
    body: bytes | None = b""


class Answer(NamedTuple):
    """One answer on the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Recorder:
    """An application that reads whole bodies; `/refused` is answered 401 without reading."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.headers: list[list[tuple[bytes, bytes]]] = []
        self.port = 0
        self.server: uvicorn.Server
        self.changed = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer 200 with the body as it came."""
        if scope["type"] == "websocket":
            await self._open(receive, send)
            return
        body: bytes | None = b""
        status = 401 if scope["path"] == "/refused" else 200
        if status == 200:
            body = await _read(receive)
        self.requests.append(Request(scope["method"], scope["path"], body))
        self.headers.append(scope["headers"])
        self.changed.set()
        told = body or b""
        length = (b"content-length", b"%d" % len(told))
        await send({"type": "http.response.start", "status": status, "headers": [length]})
        await send({"type": "http.response.body", "body": told})

    async def _open(self, receive: Any, send: Any) -> None:
        await receive()
        self.requests.append(Request("WS", ""))
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})

    async def saw(self, count: int) -> None:
        """Wait for that many requests."""
        async with asyncio.timeout(PATIENCE):
            while len(self.requests) < count:
                self.changed.clear()
                await self.changed.wait()


async def _read(receive: Any) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if not message["more_body"]:
            return body


@asynccontextmanager
async def recording(times: WireTimes | None = None) -> AsyncIterator[Recorder]:
    """Serve the recorder until the block ends."""
    recorder = Recorder()
    listening = socket.create_server(("127.0.0.1", 0))
    connection: Any = partial(HttpConnection, times=times or WireTimes())
    config = uvicorn.Config(recorder, http=connection, ws="none", log_config=None, lifespan="off")
    config.timeout_graceful_shutdown = 1
    recorder.server, recorder.port = uvicorn.Server(config), listening.getsockname()[1]
    running = asyncio.create_task(recorder.server._serve([listening]))
    while not recorder.server.started:  # noqa: ASYNC110 - uvicorn has no event.
        await asyncio.sleep(0.001)
    try:
        yield recorder
    finally:
        recorder.server.should_exit = True
        await asyncio.wait_for(running, PATIENCE)
        listening.close()


async def talk(port: int, *packets: bytes, ends: bool = True, patience: float | None = None) -> bytes:
    """Send packets, each after the server has had a turn, and return all that is answered.

    `ends`: close the sending side after them; the server then closes after its last answer.
    `patience`: return what was answered by then, in seconds; without it, to wait for long is an error.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    reading = asyncio.create_task(_read_all(reader, received))
    try:
        async with asyncio.timeout(PATIENCE):
            await _send(writer, packets, ends=ends)
            await asyncio.wait([reading], timeout=patience)
            return bytes(received)
    finally:
        writer.transport.abort()
        reading.cancel()


async def _send(writer: asyncio.StreamWriter, packets: tuple[bytes, ...], *, ends: bool) -> None:
    try:
        for packet in packets:
            if writer.is_closing():
                return
            writer.write(packet)
            await writer.drain()
            await asyncio.sleep(0.01)
        if ends and not writer.is_closing():
            writer.write_eof()
    except (ConnectionError, OSError):
        # The server has closed: what it said is what counts.
        return


async def _read_all(reader: asyncio.StreamReader, received: bytearray) -> None:
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            received += part


def answers(data: bytes) -> list[Answer]:
    """Return the answers in what came, each framed by its Content-Length."""
    found = []
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status, length = int(first.split()[1]), int(headers.get("content-length", "0"))
        if status == 100:
            data = rest
            continue
        found.append(Answer(status, headers, rest[:length]))
        data = rest[length:]
    return found
