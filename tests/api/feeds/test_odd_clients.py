"""Clients that are old, odd, gone or lazy, on both ways to write."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.server.body_pace import WireTimes
from api.server.http_connection import HttpConnection
from tests.api.feeds.server import PATIENCE, Served, SseClient, serving

pytestmark = pytest.mark.anyio

GET = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture(params=["direct", "plain"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serving(direct=request.param == "direct", heartbeat_seconds=0.2) as server:
        yield server


@pytest.fixture
async def direct() -> AsyncIterator[Served]:
    async with serving() as server:
        yield server


@asynccontextmanager
async def raw(served: Served, sent: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, Any]]:
    """Send bytes on a connection of one's own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    try:
        async with asyncio.timeout(PATIENCE):
            writer.write(sent)
            yield reader, writer
    finally:
        writer.transport.abort()


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def streams_open(served: Served, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(served.hub.registry.open) != count:  # noqa: ASYNC110 - a registry sets no event.
            await asyncio.sleep(0.005)


async def test_an_http_1_0_stream_ends_with_the_connection(direct: Served) -> None:
    client = await SseClient.open(direct.port, "/sse/upload/x", version="1.0")
    assert "transfer-encoding" not in client.headers
    assert client.headers["connection"] == "close"
    assert (await client.receive())["type"] == "hello"
    direct.log("upload/x", "1")
    assert (await client.receive())["message"] == "1"
    await client.close()
    await direct.settled()


async def test_the_body_of_a_get_is_ignored(served: Served) -> None:
    body = b"x" * 200_000
    head = {"Content-Length": str(len(body))}
    client = await SseClient.open(served.port, "/sse/eventos", head, body=body)
    assert (await client.receive())["type"] == "hello"
    served.log("eventos", "1")
    while (message := await client.receive())["type"] == "heartbeat":
        pass
    assert message["message"] == "1"
    await client.close()
    await served.settled()


async def test_an_endless_body_of_a_get_is_cut_off(direct: Served) -> None:
    async with raw(direct, GET % b"/sse/eventos") as (reader, writer):
        await reader.readuntil(b"hello")
        with pytest.raises(ConnectionError):
            await send_for_ever(writer)
    await direct.settled()


async def test_a_request_pipelined_after_a_stream_is_ignored(served: Served) -> None:
    async with raw(served, GET % b"/sse/upload/x" + GET % b"/sse/eventos") as (reader, _):
        await reader.readuntil(b"hello")
        served.log("upload/x", "1")
        text = await reader.readuntil(b'"message":"1"')
        assert b"HTTP/1.1" not in text
        assert len(served.hub.registry.open) == 1
    # Under plain ASGI reading is paused, and the heartbeats tell: docs/operating.md.
    await served.settled()


@pytest.mark.parametrize("path", [b"/sse/eventos", b"/poll/eventos?wait=50&last_event_id=k3f9.0"])
@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_disconnects_is_removed_at_once(served: Served, path: bytes, how: str) -> None:
    async with raw(served, GET % path) as (_, writer):
        await streams_open(served, 1)
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()
        await served.settled()


@pytest.mark.parametrize("waits", [True, False])
async def test_a_client_that_closes_its_sending_side_keeps_its_stream(waits: bool) -> None:
    async with serving(heartbeat_seconds=0.2) as served:
        async with raw(served, GET % b"/sse/eventos") as (reader, writer):
            if waits:
                await reader.readuntil(b"hello")
            writer.write_eof()
            await streams_open(served, 1)
            served.log("eventos", "1")
            await reader.readuntil(b'"message":"1"')
        await served.settled()


async def test_a_poll_of_a_client_that_closes_its_sending_side_is_answered_at_once(direct: Served) -> None:
    async with raw(direct, GET % b"/poll/eventos?wait=50&last_event_id=k3f9.0") as (reader, writer):
        writer.write_eof()
        assert (await reader.read(-1)).endswith(b'{"cursor":"k3f9.0","messages":[]}')
    await direct.settled()


async def test_a_stream_may_follow_other_requests_on_one_connection(served: Served) -> None:
    async with raw(served, GET % b"/poll/eventos?wait=0") as (reader, writer):
        answer = await reader.readuntil(b"]}")
        assert answer.startswith(b"HTTP/1.1 200")
        writer.write(GET % b"/sse/eventos")
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        await reader.readuntil(b"hello")
    await served.settled()


@pytest.mark.parametrize("sent", [b"", b"GET /sse/eventos HTTP/1.1\r\nHost: ", GET % b"/nothing" + b"GET /"])
async def test_a_request_head_that_never_ends_times_out(sent: bytes) -> None:
    async with serving(times=WireTimes(head_seconds=1)) as served, raw(served, sent) as (reader, _):
        answer = await reader.read(-1)
    assert answer.startswith(b"HTTP/1.1 404") == (b"nothing" in sent)


async def test_a_running_request_is_not_ended_by_the_timeout_of_the_next_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge, judged = HttpConnection._too_late, asyncio.Event()

    def watched(connection: HttpConnection) -> None:
        judge(connection)
        judged.set()

    monkeypatch.setattr(HttpConnection, "_too_late", watched)
    async with serving(times=WireTimes(head_seconds=1)) as served:
        waiting = GET % b"/poll/eventos?wait=50&last_event_id=k3f9.0"
        async with raw(served, waiting + b"GET /poll/ev") as (reader, _):
            await judged.wait()
            served.log("eventos", "1")
            await reader.readuntil(b'"message":"1"')
        await served.settled()


async def test_a_slowly_sent_head_does_not_delay_the_stop() -> None:
    async with serving() as served:
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"GET /sse/eventos HTTP/1.1\r\nHost: ")
        await writer.drain()
        async with asyncio.timeout(PATIENCE):
            while not served.server.server_state.connections:  # noqa: ASYNC110 - uvicorn has no event.
                await asyncio.sleep(0.005)
    writer.close()


async def test_the_stream_of_a_handler_that_raises_leaks_nothing_and_resumes(served: Served) -> None:
    client = await SseClient.open(served.port, "/sse/eventos")
    await client.receive()
    (seen,) = served.log("eventos", "1")
    assert (await client.receive())["message"] == "1"
    (slot,) = served.hub.registry.open
    reader = slot._end.__self__  # type: ignore[union-attr]

    def fail(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    reader._outlet.write = fail
    served.log("eventos", "2")
    await served.settled()
    again = await SseClient.open(served.port, "/sse/eventos", {"Last-Event-ID": seen})
    assert (await again.receive())["resume"] == "recovered"
    assert (await again.receive())["message"] == "2"
    for one in (client, again):
        await one.close()
    await served.settled()


async def test_a_forbidden_message_from_a_client_closes_its_websocket(served: Served) -> None:
    cases: list[tuple[str | bytes, int]] = [
        *[
            (said, 4400)
            for said in ("hi", '{"type":"pong"}', "[" * 4000, b'{"type":"ping"}', "", "Ping", b"ping")
        ],
        *[(said, 1009) for said in (" " * 5000, b" " * 5000, "é" * 2100)],
    ]
    for said, code in cases:
        async with connect(f"ws://127.0.0.1:{served.port}/ws/eventos", proxy=None, open_timeout=60) as client:
            await client.recv()
            await client.send(said)
            with suppress(ConnectionClosed):
                async for _ in client:
                    pass
            assert client.close_code == code, said
    await served.settled()


async def test_pings_are_answered_in_any_spelling(served: Served) -> None:
    async with connect(f"ws://127.0.0.1:{served.port}/ws/eventos", proxy=None, open_timeout=60) as client:
        await client.recv()
        for said in ('{"type":"ping"}', ' { "type" : "\\u0070ing" } '):
            await client.send(said)
            while (message := json.loads(await client.recv()))["type"] == "heartbeat":
                pass
            assert message == {"type": "pong"}
        pong = await client.ping()
        await asyncio.wait_for(pong, PATIENCE)
    await served.settled()


async def test_websocket_extensions_are_declined(served: Served) -> None:
    async with connect(
        f"ws://127.0.0.1:{served.port}/ws/eventos", proxy=None, compression="deflate", open_timeout=60
    ) as client:
        assert client.protocol.extensions == []


async def test_a_text_ping_is_answered_with_pong(served: Served) -> None:
    async with connect(f"ws://127.0.0.1:{served.port}/ws/eventos", proxy=None, open_timeout=60) as client:
        await client.recv()
        for said, answer in (("ping", "pong"), ('{"type":"ping"}', '{"type":"pong"}')):
            await client.send(said)
            while (heard := await client.recv()) != answer:
                assert json.loads(heard)["type"] == "heartbeat"
    await served.settled()
