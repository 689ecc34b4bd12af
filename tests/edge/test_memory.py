"""What a server has taken of memory and time it gives back: measured on a process of its own."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from api.services.imports.ownership import Ownership
from api.services.leases import LEASE_CHECK_SECONDS
from tests.end_to_end.server_process import ServerProcess
from tests.serving import serving

MB = 1024 * 1024
FLAT_BYTES = 20 * MB
REFUSED = 50
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    server = ServerProcess(tmp_path, standby_readers="0", streams_per_person="5000")
    server.start()
    yield server
    server.stop()


def resident(server: ServerProcess) -> int:
    return int(psutil.Process(server.pid).memory_info().rss)


def settled(server: ServerProcess) -> int:
    """The least memory of a second: the server collects garbage at its next look, not with each answer."""
    looks = []
    for _ in range(20):
        looks.append(resident(server))
        time.sleep(0.05)
    return min(looks)


def cpu_seconds(server: ServerProcess) -> float:
    times = psutil.Process(server.pid).cpu_times()
    return float(times.user + times.system)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (413, b"[" + b"{}," * 5_000_000 + b"{}]"),
        (413, b"[[" + b"{}," * 5_000_000 + b"{}]]"),
        (413, b"{" + b",".join(b'"%d":1' % n for n in range(900_000)) + b"}"),
        (400, b"[" + b"{}," * 5_000 + b'{"title":"' + b"x" * 3_000_000 + b'"'),
        (422, json.dumps([{"title": "x" * 1400}] * 9_999).encode()),
        (413, b"[" + b" " * 17_000_000 + b"]"),
    ],
    ids=["items", "nested", "members", "malformed", "invalid", "beyond the limit"],
)
def test_refused_bodies_leave_nothing_in_memory(server: ServerProcess, status: int, body: bytes) -> None:
    with httpx.Client(base_url=server.url, timeout=60, headers=JSON) as client:

        def refuse(times: int) -> None:
            for _ in range(times):
                answer = client.post("/api/v1/eventos/lote", content=body)
                assert answer.status_code == status, answer.text[:300]

        refuse(3)  # What the first ones load stays: modules, connections, the C library's own.
        before = settled(server)
        refuse(REFUSED if status == 413 else 15)
        assert settled(server) - before < FLAT_BYTES


def test_a_large_body_does_not_block_the_loop(server: ServerProcess) -> None:
    body = b"{" + b",".join(b'"%d":1' % n for n in range(900_000)) + b"}"
    with httpx.Client(base_url=server.url, timeout=60, headers=JSON) as client:
        began = cpu_seconds(server)
        for _ in range(5):
            assert client.post("/api/v1/eventos", content=body).status_code == 413
        assert (cpu_seconds(server) - began) / 5 < 0.5  # It was 1.6 s each; now it is some 0.06.


def test_endless_heads_leave_nothing_in_memory(server: ServerProcess) -> None:
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 60_000

    def open_and_leave() -> None:
        opened = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(250)]
        for one in opened:
            one.sendall(head)
        for one in opened:
            one.close()

    open_and_leave()
    before = settled(server)
    for _ in range(4):
        open_and_leave()
    httpx.get(f"{server.url}/healthz", timeout=60)
    assert settled(server) - before < FLAT_BYTES


@pytest.mark.anyio
async def test_1500_unfinished_uploads_cost_next_to_nothing(tmp_path: Path) -> None:
    """The server runs in this process, which does nothing else: its CPU time is the server's."""
    limits = {"streams_per_person": 5000, "calls_per_minute": 10**6, "uploads_per_minute": 10**6}
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "1000"}
    async with serving(tmp_path, **limits) as served:
        ownership = served.app.state.services.imports._held.ownership
        renewals = Renewals(ownership)
        idle = await renewals.share_of_a_core()
        async with served.client(headers=tus) as client:
            for _ in range(1500):
                assert (await client.post("/api/v1/uploads/tus")).status_code == 201
            patch = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            for _ in range(20):
                path = (await client.post("/api/v1/uploads/tus")).headers["Location"]
                sent = await client.patch(path, content=b"title,event_date,city\n", headers=patch)
                assert sent.status_code == 204
        async with asyncio.timeout(60):
            while ownership.held:  # What only waits is put to rest before leases are renewed.
                await renewals.after(1)
        share = await renewals.share_of_a_core()
    # Beside the server that has none, in the same process: a slow machine takes longer for both.
    assert share < idle + 0.015, f"{share:.2%} of a core, {idle:.2%} without uploads"


class Renewals:
    """Counts how often a process has renewed its leases."""

    def __init__(self, ownership: Ownership) -> None:
        self._count = 0
        self._changed = asyncio.Event()
        self._renew = ownership.renew
        ownership.renew = self._counted  # type: ignore[method-assign]  # a watched one.

    async def after(self, count: int) -> None:
        """Wait for so many more."""
        wanted = self._count + count
        while self._count < wanted:
            self._changed.clear()
            await self._changed.wait()

    async def share_of_a_core(self) -> float:
        """Return how much of a core this process takes while its leases are renewed three times."""
        await self.after(1)
        began = time.process_time()
        await self.after(3)
        return (time.process_time() - began) / (3 * LEASE_CHECK_SECONDS)

    async def _counted(self) -> None:
        await self._renew()
        self._count += 1
        self._changed.set()


def test_large_answers_to_clients_that_do_not_read_are_bounded(server: ServerProcess) -> None:
    event = {"title": "Festa", "event_date": "2026-06-24", "city": "Recife", "description": "x" * 30_000}
    with httpx.Client(base_url=server.url, timeout=60, headers=JSON) as client:
        assert client.post("/api/v1/eventos/lote", content=json.dumps([event] * 400)).status_code == 201
        page = client.get("/api/v1/eventos?limit=400")
        assert len(page.content) > 12_000_000
        before = resident(server)
        ask = b"GET /api/v1/eventos?limit=400 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        opened = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
        try:
            heads = []
            for one in opened:
                one.settimeout(60)
                one.sendall(ask)
                heads.append(one.recv(20))
            grown = resident(server) - before
            assert {head[9:12] for head in heads} == {b"200", b"429"}
            assert grown < 64 * MB + 5 * 12 * MB
            assert client.get("/api/v1/eventos?limit=1").status_code == 200
        finally:
            for one in opened:
                one.close()
        deadline = time.monotonic() + 20
        while client.get("/api/v1/eventos?limit=400").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
