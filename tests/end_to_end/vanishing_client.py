"""Streams that are opened, say so, and are read for ever. Run inside a network that will be cut."""

import asyncio
import sys
from typing import Any

from websockets.asyncio.client import connect


def say(what: str) -> None:
    sys.stdout.write(what + "\n")
    sys.stdout.flush()


async def read_http(host: str, port: int, target: str, told: bytes) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    await reader.readuntil(told)
    say(target)
    while await reader.read(65536):
        pass


async def read_ws(host: str, port: int) -> None:
    async with connect(
        f"ws://{host}:{port}/ws/eventos", proxy=None, ping_interval=None, open_timeout=60
    ) as socket:
        await socket.recv()
        say("/ws/eventos")
        async for _ in socket:
            pass


async def ask_and_wait(host: str, port: int) -> None:
    """Poll with the longest wait; the answer never comes."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /poll/eventos?wait=0 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = await reader.readuntil(b"]}")
    cursor = answer.split(b'"cursor":"')[1].split(b'"')[0].decode()
    target = f"/poll/eventos?wait=55&last_event_id={cursor}"
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    say("/poll/eventos")
    await reader.read(1)


async def read_all(host: str, port: int) -> None:
    jobs: list[Any] = [
        read_http(host, port, "/sse/eventos", b'"type":"hello"'),
        read_ws(host, port),
        ask_and_wait(host, port),
    ]
    await asyncio.gather(*jobs)


if __name__ == "__main__":
    asyncio.run(read_all(sys.argv[1], int(sys.argv[2])))
