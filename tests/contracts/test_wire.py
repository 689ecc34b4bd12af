"""What the feed's contract says of heads, headers and limits, on a whole server and both ways to write."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.api.feeds.server import PATIENCE, SseClient, fetch
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

PAGE = "https://painel.example"
EVENT = {"title": "Festa", "event_date": "2027-06-24", "city": "Recife"}


@pytest.fixture(params=["direct", "plain"])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    direct = request.param == "direct"
    async with serving(tmp_path, direct=direct, allowed_origins=(PAGE,)) as running:
        yield running


async def first_bytes(served: Served, target: str, until: bytes = b"\n\n") -> tuple[str, bytes]:
    """Return the head and the beginning of the body as they are on the wire, chunks taken apart."""
    client = await SseClient.open(served.port, target, {"Host": served.address})
    body = b""
    async with asyncio.timeout(PATIENCE):
        while until not in body:
            body += await client._line()
    await client.close()
    return "\n".join(f"{name}: {value}" for name, value in client.headers.items()), body


async def test_a_stream_opens_with_filler_retry_cursor_and_hello(served: Served) -> None:
    head, body = await first_bytes(served, "/sse/eventos")
    filler, retry, place, data = body.rstrip(b"\n").split(b"\n")
    hello = json.loads(data.removeprefix(b"data: "))

    for line in (
        "content-type: text/event-stream; charset=utf-8",
        "cache-control: no-cache, no-store, no-transform",
        "x-accel-buffering: no",
        "x-content-type-options: nosniff",
        "x-frame-options: DENY",
        "referrer-policy: no-referrer",
    ):
        assert line in head.split("\n")
    assert "content-length" not in head
    assert "content-encoding" not in head
    assert "access-control" not in head
    assert filler == b":" + b" " * 2047
    assert 1000 <= int(retry.removeprefix(b"retry: ")) <= 3000
    assert place == b"id: " + hello["cursor"].encode()
    assert list(hello) == [
        "type", "at", "transport", "feeds", "resume", "cursor", "heartbeat_s", "user", "role",
    ]  # fmt: skip
    assert (hello["heartbeat_s"], hello["user"], hello["role"]) == (15, "local", "admin")


async def test_a_stream_is_never_compressed(served: Served) -> None:
    client = await SseClient.open(
        served.port, "/sse/eventos", {"Host": served.address, "Accept-Encoding": "gzip, br"}
    )
    assert "content-encoding" not in client.headers
    assert (await client.receive())["type"] == "hello"
    await client.close()


async def test_head_and_options_are_answered(served: Served) -> None:
    async with served.client() as client:
        head = await client.head("/sse/eventos")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert head.headers["x-accel-buffering"] == "no"
        assert (await client.head("/sse/nothing")).status_code == 404
        options = await client.options("/sse/eventos")
        assert options.status_code == 204
        assert "GET" in options.headers["allow"]
    assert not served.app.state.hub.registry.open


@pytest.mark.parametrize("path", ["/sse/eventos", "/poll/eventos?wait=0"])
async def test_a_page_reads_only_from_an_allowed_origin(served: Served, path: str) -> None:
    async def allowed(origin: str) -> Any:
        client = await SseClient.open(served.port, path, {"Host": served.address, "Origin": origin})
        await client.close()
        return client.headers.get("access-control-allow-origin")

    assert await allowed(PAGE) == PAGE
    for other in (
        PAGE + ".evil.example",
        PAGE + ":444",
        "https://painel.example.",
        "null",
        "http://painel.example",
    ):
        assert await allowed(other) is None
    async with served.client() as client:
        preflight = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
        asked = await client.options(path, headers=preflight)
        assert asked.headers["access-control-allow-origin"] == PAGE
        asked = await client.options(path, headers=preflight | {"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in asked.headers


async def test_the_header_counts_before_the_query(served: Served) -> None:
    async with served.client() as client:
        cursor = (await client.get("/poll/eventos")).json()["cursor"]
        await client.post("/api/v1/eventos", json=EVENT)
        by_header = await client.get(
            "/poll/eventos?last_event_id=other.1&wait=0", headers={"Last-Event-ID": cursor}
        )
        assert [message["type"] for message in by_header.json()["messages"]] == ["event.created"]
        by_query = await client.get(f"/poll/eventos?last_event_id={cursor}&wait=0")
        assert by_query.json() == by_header.json()
        assert by_query.headers["cache-control"] == "no-store"


async def test_states_come_behind_hello_and_before_the_replay(served: Served) -> None:
    async with served.client() as client:
        await client.post("/api/v1/eventos", json=EVENT)
        answer = (await client.get("/poll?feed=eventos&feed=dashboard&feed=presenca&replay=all")).json()
    types = [message["type"] for message in answer["messages"]]
    assert types == ["hello", "state", "state", "event.created"]
    assert all("id" not in message for message in answer["messages"][:3])


async def test_a_poll_tells_a_state_again_only_when_it_changed(served: Served) -> None:
    async with served.client() as client:

        async def ask(cursor: str, wait: float) -> Any:
            return (await client.get(f"/poll/dashboard?last_event_id={cursor}&wait={wait}")).json()

        cursor = (await client.get("/poll/dashboard")).json()["cursor"]
        # One's own presence, which the dashboard counts, may be told first.
        while (answer := await ask(cursor, 1))["messages"]:
            cursor = answer["cursor"]
        await client.post("/api/v1/eventos", json=EVENT)
        answer = await ask(cursor, 20)
    assert [message["type"] for message in answer["messages"]] == ["state"]
    assert answer["messages"][0]["events"] == 1
    assert len(answer["cursor"]) <= 40


@pytest.mark.parametrize("wait", ["-1", "55.5", "nan", "inf", "soon", ""])
async def test_a_wait_is_0_to_55_seconds(served: Served, wait: str) -> None:
    status, _, problem = await fetch(served.port, f"/poll/eventos?wait={wait}", {"Host": served.address})
    assert (status, problem["type"]) == (400, "/problems/invalid-query")


async def test_thirty_two_feeds_are_the_most(served: Served) -> None:
    async def status(count: int) -> int:
        feeds = "&".join(f"feed=upload/u{n}" for n in range(count))
        async with served.client() as client:
            answer = await client.get(f"/poll?{feeds}&feed=upload/u0&wait=0")
        return answer.status_code

    assert (await status(32), await status(33)) == (200, 400)
    feeds = "&".join(f"feed=upload/u{n}" for n in range(33))
    assert await close_code(served, f"/ws?{feeds}") == 4400


async def close_code(served: Served, path: str, **how: Any) -> int | None:
    async with connect(f"ws://{served.address}{path}", proxy=None, open_timeout=PATIENCE, **how) as socket:
        try:
            while True:
                await asyncio.wait_for(socket.recv(), PATIENCE)
        except ConnectionClosed:
            return socket.close_code


@pytest.mark.parametrize("subprotocols", [None, ["fasttrack.batch"]])
async def test_a_refused_websocket_tells_why_by_its_code(served: Served, subprotocols: Any) -> None:
    assert await close_code(served, "/ws/nothing", subprotocols=subprotocols) == 4404
    assert await close_code(served, "/ws/eventos?replay=some", subprotocols=subprotocols) == 4400


def access_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "fasttrack.access"]


async def test_every_stream_is_a_line_of_the_log(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "fasttrack.access")
    client = await SseClient.open(served.port, "/sse/eventos?ticket=secret", {"Host": served.address})
    assert (await client.receive())["type"] == "hello"
    await client.close()
    await close_code(served, "/ws/nothing")
    async with connect(f"ws://{served.address}/ws/eventos", proxy=None) as socket:
        await socket.recv()
    async with asyncio.timeout(PATIENCE):
        while len(lines := access_lines(caplog)) < 3:  # noqa: ASYNC110 - a log sets no event.
            await asyncio.sleep(0.01)
    assert sorted(lines) == ["GET /sse/eventos 200", "WS /ws/eventos 101", "WS /ws/nothing 101"]


async def test_an_unknown_subprotocol_is_not_agreed_on(served: Served) -> None:
    async with connect(f"ws://{served.address}/ws/eventos", subprotocols=["other"], proxy=None) as socket:  # type: ignore[list-item]
        assert socket.subprotocol is None
        assert json.loads(await socket.recv())["type"] == "hello"


async def test_streams_are_limited_on_an_open_server_too(tmp_path: Path) -> None:
    browser = {"Cookie": "ft_client=one-browser"}
    async with serving(tmp_path, streams_per_person=1, streams_per_server=2) as served:
        host = {"Host": served.address}
        first = await SseClient.open(served.port, "/sse/eventos", host | browser)
        assert (await first.receive())["type"] == "hello"
        second = await SseClient.open(served.port, "/sse/eventos", host | browser)
        bye = await second.receive()
        assert (second.status, bye["reason"]) == (200, "limit")
        other = await SseClient.open(served.port, "/sse/eventos", host)
        assert (await other.receive())["type"] == "hello"
        status, headers, _ = await fetch(served.port, "/poll/eventos", host)
        assert status == 429
        assert 5 <= int(headers["retry-after"]) <= 15
        assert await close_code(served, "/ws/eventos") == 4429
        for client in (first, second, other):
            await client.close()


async def test_a_host_that_is_not_ours_is_misdirected_on_every_transport(served: Served) -> None:
    evil = {"Host": "evil.example"}
    async with httpx.AsyncClient(base_url=served.url, headers=evil) as client:
        for path in ("/sse/eventos", "/poll/eventos", "/nothing"):
            assert (await client.get(path)).status_code == 421
