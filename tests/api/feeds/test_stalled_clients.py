"""Clients that do not read: told that they are slow, ended, and no burden meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from api.feeds import asgi_outlet, transport_outlet
from api.server.server import STREAMS_END_SECONDS
from api.services.notifications import notification
from tests.api.feeds.server import PATIENCE, Served, serving
from tests.serving import Served as WholeServer
from tests.serving import serving as whole_server

pytestmark = [pytest.mark.anyio, pytest.mark.alone]

UPGRADE = (
    b"GET /ws/%b HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
SSE = b"GET /sse/%b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ASKING = {"sse": SSE, "ws": UPGRADE}


@asynccontextmanager
async def stalled(port: int, asking: bytes, feed: bytes, count: int) -> AsyncIterator[list[socket.socket]]:
    """Open streams that read hello and nothing more."""
    loop = asyncio.get_running_loop()
    sockets: list[socket.socket] = []
    try:
        for _ in range(count):
            one = socket.socket()
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.setblocking(False)
            await loop.sock_connect(one, ("127.0.0.1", port))
            await loop.sock_sendall(one, asking % feed)
            seen = b""
            while b"hello" not in seen:
                seen += await asyncio.wait_for(loop.sock_recv(one, 1024), PATIENCE)
        yield sockets
    finally:
        for one in sockets:
            one.close()


async def flood(served: Served, megabytes: int) -> None:
    for _ in range(megabytes * 10):
        served.log("eventos", "x" * 100_000)
        await asyncio.sleep(0)


@pytest.mark.parametrize("asking", ASKING)
@pytest.mark.parametrize("path", ["direct", "plain"])
async def test_a_client_that_reads_nothing_is_disconnected_and_costs_no_memory(
    path: str, asking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport_outlet, "CLOSING_SECONDS", 0.3)
    monkeypatch.setattr(asgi_outlet, "CLOSING_SECONDS", 0.3)
    how = {"heartbeat_seconds": 0.5, "slow_seconds": 1.0, "ring_bytes": 2 * 1024 * 1024}
    async with (
        serving(direct=path == "direct", **how) as served,  # type: ignore[arg-type]
        stalled(served.port, ASKING[asking], b"eventos", 20),
    ):
        served.feed.kept.clear()
        before = psutil.Process().memory_info().rss
        for _ in range(10):
            await flood(served, 2)
            served.feed.kept.clear()
        grown = psutil.Process().memory_info().rss - before
        async with asyncio.timeout(PATIENCE):
            while served.hub.registry.open:  # noqa: ASYNC110 - a registry sets no event.
                await asyncio.sleep(0.02)
            while served.server.server_state.tasks:  # noqa: ASYNC110 - nor does uvicorn.
                await asyncio.sleep(0.02)
        # Kept for each, what they were told would be 400 MB; what they may hold is a write and the ring.
        assert grown < 120 * 1024 * 1024
        assert not served.hub._views


async def fill(served: WholeServer, megabytes: int) -> None:
    for _ in range(megabytes):
        async with served.app.state.services.store.transaction() as unit:
            drafts = [notification("test", "", "x" * 100_000, actor="test", at_ms=0) for _ in range(10)]
            await unit.messages.append(drafts)


@pytest.mark.parametrize("asking", ASKING)
async def test_a_stop_waits_at_most_2_s_for_clients_that_do_not_read(
    asking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert STREAMS_END_SECONDS < 2
    # Nothing else would end them before the test gives up.
    monkeypatch.setattr("api.server.server.REQUESTS_END_SECONDS", 300)
    async with whole_server(tmp_path) as served, stalled(served.port, ASKING[asking], b"admin", 20):
        await fill(served, 3)
        assert len(served.app.state.services.hub.registry.open) == 20
        served.server.should_exit = True
        async with asyncio.timeout(PATIENCE):
            while served.server.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event.
                await asyncio.sleep(0.01)
