"""A small proxy that does what no known proxy can be configured to do. One request a connection."""

import asyncio
import base64
import contextlib
import hashlib
import random
import re
from collections.abc import Iterator
from typing import Literal

from tests.end_to_end.proxies.threads import in_a_thread

Hostility = Literal["held", "cuts", "mute-websocket"]

WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
HEAD_LIMIT = 64 * 1024
STREAMS = re.compile(rb"^[A-Z]+ /(sse|ws|poll)[/?]")


class HostileProxy:
    """Passes requests on to a server, and harms those for the feed.

    held: answers are kept until they are whole, and Upgrade is stripped.
    cuts: connections end after a random moment of at most a second and a half.
    mute-websocket: like held, but a WebSocket is accepted and then carries nothing.
    """

    def __init__(self, hostility: Hostility, upstream_port: int, *, seed: int = 7) -> None:
        self._hostility = hostility
        self._upstream = upstream_port
        self._random = random.Random(seed)
        self.port = 0

    async def listen(self) -> asyncio.Server:
        """Listen on a free port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await self._pass_on(head, reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # Either side went away: what a proxy sees all day.
        finally:
            writer.close()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_stream = STREAMS.match(head) is not None
        if is_stream and self._hostility == "mute-websocket" and b"upgrade: websocket" in head.lower():
            await _accept_and_say_nothing(head, reader, writer)
            return
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            upstream.write(_one_request(head, keep_upgrade=self._hostility == "cuts"))
            back = self._back(is_stream, upstream_reader, writer)
            await _first_done(_pump(reader, upstream), back)
        finally:
            upstream.close()

    async def _back(
        self, is_stream: bool, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if is_stream and self._hostility == "cuts":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._random.uniform(0.1, 1.5)):
                    await _pump(reader, writer)
        elif is_stream:
            writer.write(await reader.read(-1))
            await writer.drain()
        else:
            await _pump(reader, writer)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _first_done(upward: object, back: object) -> None:
    """Go on until the answer is over, or the client is gone."""
    tasks = [asyncio.ensure_future(each) for each in (upward, back)]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _accept_and_say_nothing(
    head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
    assert key is not None
    accept = base64.b64encode(hashlib.sha1(key[1] + WEBSOCKET_GUID).digest())
    asked = re.search(rb"(?i)sec-websocket-protocol: *([^,\r]+)", head)
    protocol = b"Sec-WebSocket-Protocol: " + asked[1] + b"\r\n" if asked else b""
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n" + protocol + b"\r\n"
    )
    await writer.drain()
    while await reader.read(65536):
        pass


def _one_request(head: bytes, *, keep_upgrade: bool) -> bytes:
    """Ask for one answer, so that its end is the end of the connection."""
    if keep_upgrade and b"upgrade: websocket" in head.lower():
        return head
    lines = [
        line
        for line in head.split(b"\r\n")[:-2]
        if not line.lower().startswith((b"connection:", b"upgrade:", b"accept-encoding:"))
    ]
    return b"\r\n".join([*lines, b"Connection: close", b"", b""])


@contextlib.contextmanager
def hostile_proxy(hostility: Hostility, upstream_port: int) -> Iterator[HostileProxy]:
    """Run a proxy for the block."""
    proxy = HostileProxy(hostility, upstream_port)
    with in_a_thread(proxy.listen):
        yield proxy
