"""What the feed's contract says of heads, headers and limits, on a whole server and both ways to write."""

import asyncio
import json
import re
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
    async with serving(tmp_path, direct=direct, auth="open", allowed_origins=(PAGE,)) as running:
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


async def test_a_stream_begins_with_padding_retry_cursor_and_hello(served: Served) -> None:
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
    assert not served.app.state.services.hub.registry.open


@pytest.mark.parametrize("path", ["/sse/eventos", "/poll/eventos?wait=0"])
async def test_only_pages_of_allowed_origins_can_read_a_stream(served: Served, path: str) -> None:
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


async def test_the_last_event_id_header_overrides_the_query(served: Served) -> None:
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


async def test_states_come_after_hello_and_before_the_replay(served: Served) -> None:
    async with served.client() as client:
        await client.post("/api/v1/eventos", json=EVENT)
        answer = (await client.get("/poll?feed=eventos&feed=dashboard&feed=presenca&replay=all")).json()
    types = [message["type"] for message in answer["messages"]]
    assert types == ["hello", "state", "state", "event.created"]
    assert all("id" not in message for message in answer["messages"][:3])


async def test_a_poll_sends_a_state_again_only_when_it_changed(served: Served) -> None:
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
async def test_wait_must_be_0_to_55_seconds(served: Served, wait: str) -> None:
    status, _, problem = await fetch(served.port, f"/poll/eventos?wait={wait}", {"Host": served.address})
    assert (status, problem["type"]) == (400, "/problems/invalid-query")


async def test_more_than_32_feeds_are_refused(served: Served) -> None:
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
async def test_a_refused_websocket_closes_with_the_code_of_its_reason(
    served: Served, subprotocols: Any
) -> None:
    assert await close_code(served, "/ws/nothing", subprotocols=subprotocols) == 4404
    assert await close_code(served, "/ws/eventos?replay=some", subprotocols=subprotocols) == 4400


def access_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "fasttrack.access"]


async def test_every_stream_writes_a_log_line(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "fasttrack.access")
    client = await SseClient.open(served.port, "/sse/eventos?ticket=secret", {"Host": served.address})
    assert (await client.receive())["type"] == "hello"
    await client.close()
    await close_code(served, "/ws/nothing")
    async with connect(f"ws://{served.address}/ws/eventos", proxy=None, open_timeout=60) as socket:
        await socket.recv()
    async with asyncio.timeout(PATIENCE):
        while len(lines := access_lines(caplog)) < 3:  # noqa: ASYNC110 - a log sets no event.
            await asyncio.sleep(0.01)
    assert sorted(lines) == ["GET /sse/eventos 200", "WS /ws/eventos 101", "WS /ws/nothing 101"]


async def test_an_unknown_subprotocol_is_not_accepted(served: Served) -> None:
    async with connect(
        f"ws://{served.address}/ws/eventos", subprotocols=["other"], proxy=None, open_timeout=60
    ) as socket:  # type: ignore[list-item]
        assert socket.subprotocol is None
        assert json.loads(await socket.recv())["type"] == "hello"


async def test_streams_are_limited_on_an_open_server_too(tmp_path: Path) -> None:
    browser = {"Cookie": "ft_client=one-browser"}
    async with serving(tmp_path, streams_per_person=1, streams_per_server=2) as served:
        host = {"Host": served.address}
        first = await SseClient.open(served.port, "/sse/eventos", host | browser)
        assert (await first.receive())["type"] == "hello"
        second = await SseClient.open(served.port, "/sse/eventos", host | browser)
        assert (await second.receive())["type"] == "hello"
        # The newest is the one that somebody looks at.
        bye = await first.receive()
        assert (bye["type"], bye["reason"]) == ("bye", "limit")
        assert first.retry_ms is not None
        assert 5000 <= first.retry_ms <= 15000
        other = await SseClient.open(served.port, "/sse/eventos", host)
        assert (await other.receive())["type"] == "hello"
        third = await SseClient.open(served.port, "/sse/eventos", host)
        assert (third.status, (await third.receive())["reason"]) == (200, "limit")
        head, _, body = (await until_closed(served, "/sse/eventos")).partition(b"\r\n\r\n")
        assert b"content-length" not in head.lower()
        assert b":" + b" " * 2047 + b"\n" in body
        assert b'"reason":"limit"' in body
        status, headers, _ = await fetch(served.port, "/poll/eventos", host)
        assert status == 429
        assert 5 <= int(headers["retry-after"]) <= 15
        assert await close_code(served, "/ws/eventos") == 4429
        for client in (first, second, third, other):
            await client.close()


async def until_closed(served: Served, target: str) -> bytes:
    """Return what a client gets that reads until the server closes."""
    reading, writing = await asyncio.open_connection("127.0.0.1", served.port)
    writing.write(f"GET {target} HTTP/1.1\r\nHost: {served.address}\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        content = await reading.read()
    writing.close()
    return content


async def test_a_foreign_host_gets_421_on_every_transport(served: Served) -> None:
    evil = {"Host": "evil.example"}
    async with httpx.AsyncClient(base_url=served.url, headers=evil, timeout=60) as client:
        for path in ("/sse/eventos", "/poll/eventos", "/nothing"):
            assert (await client.get(path)).status_code == 421


async def test_the_oldest_of_too_many_polls_gets_429(tmp_path: Path) -> None:
    browser = {"Cookie": "ft_client=one-browser"}
    async with serving(tmp_path, streams_per_person=1) as served:
        host = {"Host": served.address} | browser
        _, _, opened = await fetch(served.port, "/poll/eventos", host)
        target = f"/poll/eventos?wait=50&last_event_id={opened['cursor']}"
        waiting = asyncio.create_task(fetch(served.port, target, host))
        async with asyncio.timeout(PATIENCE):
            while not served.app.state.hub.registry.open:  # noqa: ASYNC110 - a registry sets no event.
                await asyncio.sleep(0.005)
        stream = await SseClient.open(served.port, "/sse/eventos", host)
        assert (await stream.receive())["type"] == "hello"
        status, headers, _ = await waiting
        assert status == 429
        assert 5 <= int(headers["retry-after"]) <= 15
        await stream.close()


@pytest.mark.parametrize("direct", [True, False])
async def test_an_old_sse_stream_is_asked_to_reconnect(tmp_path: Path, direct: bool) -> None:
    async with serving(tmp_path, direct=direct, stream_seconds=1, heartbeat_seconds=1) as served:
        host = {"Host": served.address}
        stream = await SseClient.open(served.port, "/sse/eventos", host)
        hello = await stream.receive()
        while (last := await stream.receive())["type"] == "heartbeat":
            pass
        assert (last["type"], last["reason"]) == ("bye", "renew")
        assert 0 <= last["retry_ms"] <= 1000
        assert stream.retry_ms == last["retry_ms"]
        assert stream.last_event_id == hello["cursor"]
        await stream.close()


@pytest.mark.parametrize("name", ["last_event_id", "lastEventId", "lastEventID", "Last-Event-ID"])
@pytest.mark.parametrize("transport", ["sse", "poll", "ws"])
async def test_a_cursor_is_accepted_under_each_parameter_name_of_clients(
    served: Served, name: str, transport: str
) -> None:
    _, _, opened = await fetch(served.port, "/poll/eventos", {"Host": served.address})
    target = f"/{transport}/eventos?{name}={opened['cursor']}&wait=0"
    match transport:
        case "sse":
            stream = await SseClient.open(served.port, target, {"Host": served.address})
            assert (await stream.receive())["resume"] == "recovered"
            await stream.close()
        case "ws":
            async with connect(f"ws://{served.address}{target}", proxy=None, open_timeout=60) as socket:
                assert json.loads(await socket.recv())["resume"] == "recovered"
        case _:
            status, _, answer = await fetch(served.port, target, {"Host": served.address})
            assert (status, answer["messages"]) == (200, [])


CURSORS_IN_DISAGREEMENT = {
    "header over URL": ("Last-Event-ID: new", "last_event_id=old"),
    "empty header": ("Last-Event-ID: ", "last_event_id=new"),
    "appended by a client under its name": ("", "last_event_id=old&lastEventId=new"),
    "appended by a client under the same name": ("", "lastEventId=old&lastEventId=new"),
    "appended in front": ("", "lastEventID=old&last_event_id=new"),
    "an empty one behind": ("", "last_event_id=new&lastEventId="),
}


@pytest.mark.parametrize("case", CURSORS_IN_DISAGREEMENT)
@pytest.mark.parametrize("transport", ["sse", "poll", "ws"])
async def test_of_two_cursors_the_one_of_the_last_reconnect_counts(
    served: Served, case: str, transport: str
) -> None:
    host = {"Host": served.address}
    _, _, opened = await fetch(served.port, "/poll/eventos", host)
    cursors = {"new": opened["cursor"], "old": "another-store.1"}
    told, query = CURSORS_IN_DISAGREEMENT[case]
    for name, cursor in cursors.items():
        told, query = (re.sub(rf"(?<=[ =]){name}\b", cursor, text) for text in (told, query))
    headers = dict([told.split(": ")]) if told else {}
    target = f"/{transport}/eventos?{query}&wait=0"
    match transport:
        case "sse":
            stream = await SseClient.open(served.port, target, {**host, **headers})
            assert (await stream.receive())["resume"] == "recovered"
            await stream.close()
        case "ws":
            async with connect(
                f"ws://{served.address}{target}", additional_headers=headers, proxy=None, open_timeout=60
            ) as socket:
                assert json.loads(await socket.recv())["resume"] == "recovered"
        case _:
            status, _, answer = await fetch(served.port, target, {**host, **headers})
            assert (status, answer["messages"]) == (200, [])


@pytest.mark.parametrize(
    "query",
    [
        "lasteventid=k3f9.1",
        "last-event-id=k3f9.1",
        "feeds=eventos",
        "feed[]=eventos",
        "x",
        "x=",
        "=1",
        "_=1764331200000",
        "replay=all&replay=none",
        "replay=",
        "wait=1&wait=2",
        "ticket=a&ticket=b",
    ],
)
async def test_an_unknown_or_repeated_parameter_is_refused_on_every_transport(
    served: Served, query: str
) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as client:
        for path in ("/sse/eventos", "/poll/eventos"):
            for method in ("GET", "HEAD"):
                refused = await client.request(method, f"{path}?{query}")
                assert refused.status_code == 400
            assert (await client.get(f"{path}?{query}")).json()["type"] == "/problems/invalid-query"
    assert await close_code(served, f"/ws/eventos?{query}") == 4400


@pytest.mark.parametrize("wait", ["", "-1", "56", "nan", "inf", "1_0", " 1", "0x1", "\u0661", "1,5"])
async def test_a_wait_that_is_no_number_of_seconds_is_refused(served: Served, wait: str) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as client:
        for method in ("GET", "HEAD"):
            assert (await client.request(method, "/poll/eventos", params={"wait": wait})).status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sse/eventos", 200),
        ("/sse?feed=dashboard", 200),
        ("/sse/nothing", 404),
        ("/sse/eventos?x=1", 400),
        ("/poll/eventos?wait=50", 200),
        ("/poll/eventos?wait=56", 400),
        ("/ws/eventos", 426),
        ("/api/v1/eventos", 200),
        ("/nothing", 404),
    ],
)
async def test_head_returns_at_once_with_the_status_of_get(served: Served, path: str, status: int) -> None:
    async with httpx.AsyncClient(base_url=served.url, timeout=60) as client:
        answer = await client.head(path)
        assert (answer.status_code, answer.content) == (status, b"")
        if path.startswith("/poll"):
            cursor = (await client.get("/poll/eventos?wait=0")).json()["cursor"]
            again = await client.head(f"/poll/eventos?wait=50&last_event_id={cursor}")
            assert again.status_code == 200


@pytest.mark.parametrize("direct", [True, False])
async def test_no_message_contains_a_character_that_a_client_may_take_for_a_line_end(
    tmp_path: Path, direct: bool
) -> None:
    description = "a\u2028b\u2029c é"
    event = {"title": "Um", "description": description, "event_date": "2030-01-01T10:00:00", "city": "Olinda"}
    async with serving(tmp_path, direct=direct) as served, served.client() as client:
        start = (await client.get("/poll/eventos?wait=0")).json()["cursor"]
        created = await client.post("/api/v1/eventos", json={**event, "participants": []})
        assert created.status_code == 201, created.text
        stream = await SseClient.open(
            served.port, f"/sse/eventos?last_event_id={start}", {"Host": served.address}
        )
        await stream.receive()
        line = b""
        while not line.startswith(b"data: "):
            line = await stream._line()
        poll = await client.get("/poll/eventos", params={"last_event_id": start})
        lines = await client.get("/api/v1/eventos/download?format=ndjson")
        async with connect(
            f"ws://{served.address}/ws/eventos?last_event_id={start}", proxy=None, open_timeout=60
        ) as socket:
            await socket.recv()
            frame = str(await socket.recv()).encode()
        await stream.close()
    for body in (line, poll.content, lines.content, frame):
        assert b"a\\u2028b\\u2029c \xc3\xa9" in body
        assert not any(end.encode() in body for end in "\u2028\u2029")
