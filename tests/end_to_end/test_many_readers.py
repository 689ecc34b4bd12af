"""A thousand readers of one import, and one who does not read."""

import asyncio
import json
import socket
from typing import Any

import anyio
import httpx
import psutil
import pytest
from websockets.asyncio.client import connect

from tests.end_to_end.conftest import StartServer
from tests.end_to_end.server_process import ServerProcess

pytestmark = [pytest.mark.anyio, pytest.mark.alone]

READERS = 500
ROWS = 300
HEAD = b"title,event_date,city\n"


def rows(count: int) -> bytes:
    return HEAD + b"".join(b"Evento %d,2025-07-01,Recife\n" % n for n in range(count))


class Room:
    """Opens readers a few at a time, and knows when all have seen `hello`."""

    def __init__(self, server: ServerProcess, feed: str) -> None:
        self.seen: list[list[Any]] = []
        self._server = server
        self._feed = feed
        self._door = anyio.CapacityLimiter(50)
        self._awaited = 2 * READERS
        self.full = anyio.Event()

    async def read_sse(self) -> None:
        async with self._door:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port, limit=1 << 20)
            writer.write(b"GET /sse/%b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % self._feed.encode())
            messages = self._new_reader()
            while not messages:
                self._take_line(await reader.readline(), messages)
            self._arrived()
        while line := await reader.readline():
            self._take_line(line, messages)
        writer.close()
        await writer.wait_closed()

    async def read_ws(self) -> None:
        uri = f"ws://127.0.0.1:{self._server.port}/ws/{self._feed}"
        async with self._door:
            client = await connect(uri, compression=None, ping_interval=None, open_timeout=60)
            messages = self._new_reader()
            messages.append(json.loads(await client.recv()))
            self._arrived()
        messages.extend([json.loads(frame) async for frame in client])
        await client.close()

    def _new_reader(self) -> list[Any]:
        messages: list[Any] = []
        self.seen.append(messages)
        return messages

    def _take_line(self, line: bytes, messages: list[Any]) -> None:
        if line.startswith(b"data: "):
            messages.append(json.loads(line[6:]))

    def _arrived(self) -> None:
        self._awaited -= 1
        if not self._awaited:
            self.full.set()


async def send(server: ServerProcess, upload_id: str, content: bytes) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        answer = await http.post(
            "/api/v1/uploads", params={"upload_id": upload_id}, files={"file": ("a.csv", content)}
        )
        assert answer.status_code == 202, answer.text


async def test_all_of_1000_readers_of_an_import_get_every_message(start_server: StartServer) -> None:
    server = start_server(streams_per_person="5000")
    room = Room(server, "upload/mil")
    with anyio.fail_after(120):
        async with anyio.create_task_group() as group:
            for _ in range(READERS):
                group.start_soon(room.read_sse)
                group.start_soon(room.read_ws)
            await room.full.wait()
            await send(server, "mil", rows(ROWS))
    told = [[m["id"] for m in messages if "id" in m] for messages in room.seen]
    assert len(told) == 2 * READERS
    assert all(ids == told[0] for ids in told)
    records = [m["record"] for m in room.seen[0] if m["type"] == "progress"]
    assert records == list(range(1, ROWS + 1))
    assert all(
        messages[-1] == {**messages[-1], "type": "bye", "reason": "finished"} for messages in room.seen
    )


async def test_a_client_that_does_not_read_delays_nobody_and_takes_no_memory(
    start_server: StartServer,
) -> None:
    server = start_server()
    process = psutil.Process(server.pid)
    batch = [{"title": f"E{n}", "event_date": "2025-07-01", "city": "Recife"} for n in range(50)]
    stalled = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    try:
        for one in stalled:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.sendall(b"GET /sse/upload/longo?replay=all HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await send(server, "aquece", rows(2000))
        before = process.memory_info().rss
        with anyio.fail_after(90):
            await send(server, "longo", HEAD + b"".join(b"T,x%d,Recife\n" % n for n in range(900)))
            async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
                assert (await http.post("/api/v1/eventos/lote", json=batch)).status_code == 201
                async with http.stream("GET", "/sse/upload/longo") as stream:
                    lines = [line async for line in stream.aiter_lines() if line.startswith("data: ")]
        records = [json.loads(line[6:]).get("record") for line in lines]
        assert [record for record in records if record] == list(range(1, 901))
        assert process.memory_info().rss - before < 20 << 20
    finally:
        for one in stalled:
            one.close()
