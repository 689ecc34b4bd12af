"""Readers of a feed leave no connection behind, however they are stopped."""

import asyncio
import base64
import hashlib
from contextlib import aclosing, suppress

import anyio
import httpx
import pytest

from api.client.transports import Target, read_ws

pytestmark = pytest.mark.anyio

HELLO = b'{"type":"hello"}'
ACCEPTED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
)


async def test_a_websocket_is_closed_at_once_when_its_reader_is_cancelled() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say hello, and never answer the closing handshake."""
        head = await reader.readuntil(b"\r\n\r\n")
        key = head.lower().split(b"sec-websocket-key:")[1]
        key = head[len(head) - len(key) :].split(b"\r\n")[0].strip()
        accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        writer.write(ACCEPTED + base64.b64encode(accept) + b"\r\n\r\n" + bytes([0x81, len(HELLO)]) + HELLO)
        with suppress(ConnectionResetError):
            await reader.read()
        ended.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, httpx.AsyncClient(base_url=url, timeout=60) as http:
        async with aclosing(read_ws(Target(http, ["a"], None, None))) as stream:
            assert await anext(stream) == {"type": "hello"}
            with anyio.move_on_after(0.05) as scope:
                await anext(stream)
        assert scope.cancelled_caught
        async with asyncio.timeout(60):
            await ended.wait()
