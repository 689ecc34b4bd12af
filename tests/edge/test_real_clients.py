"""Clients that people have: the JDK's, curl, and two of npm."""

import asyncio
import shutil
import socket
from pathlib import Path

import pytest

from tests.conftest import unavailable
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

JAVA = Path(__file__).parent / "java" / "Edge.java"
JS = Path(__file__).parents[1] / "end_to_end" / "js"
WITHIN_SECONDS = 100
EVENT = {"title": "x", "event_date": "2030-01-01T10:00:00", "city": "Olinda"}


def program(name: str) -> str:
    return shutil.which(name) or unavailable(name)


def package(name: str) -> str:
    """Return node, if a package is installed for it."""
    if not (JS / "node_modules" / name).exists():
        unavailable(f"{name} (npm install in tests/end_to_end/js)")
    return program("node")


async def said(*command: str | Path, told: bytes | None = None, folder: Path = JS) -> list[str]:
    """Run a command, and return the lines it printed."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            out, err = await process.communicate(told)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    return out.decode().splitlines()


async def create(served: Served, title: str) -> None:
    async with served.client() as client:
        answer = await client.post("/api/v1/eventos", json=EVENT | {"title": title})
        assert answer.status_code == 201, answer.text


async def test_the_jdk_client_works_although_it_offers_http_2(tmp_path: Path) -> None:
    java = program("java")
    async with serving(tmp_path) as served, served.client() as client:
        lines = await said(java, "-Xshare:auto", "-XX:TieredStopAtLevel=1", JAVA, served.url)
        titles = [event["title"] for event in (await client.get("/api/v1/eventos/download")).json()]
    assert lines == ["POST 201 HTTP_1_1", "POST 201 HTTP_1_1", "GET 200"] * 3 + ["WS hello"]
    assert sorted(titles) == ["a0", "a1", "a2", "b0", "b1", "b2"]


@pytest.mark.parametrize("size", [100, 200_000])
async def test_curl_can_send_a_body_while_it_offers_http_2(tmp_path: Path, size: int) -> None:
    curl = program("curl")
    body = b'{"title":"x","event_date":"2030-01-01T10:00:00","city":"Olinda","description":"%b"}' % (
        b"d" * 50
    )
    body += b" " * size
    async with serving(tmp_path) as served:
        wanted = ["-sS", "--http2", "-o", "/dev/null", "-w", "%{http_code} %{http_version}\\n"]
        form = ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        url = f"{served.url}/api/v1/eventos"
        lines = await said(curl, *wanted, *form, url, told=body)
        get = await said(curl, *wanted, url, "-o", "/dev/null", url)
    assert (lines, get) == (["201 1.1"], ["200 1.1", "200 1.1"])


async def test_text_and_json_pings_of_the_ws_package_are_answered(tmp_path: Path) -> None:
    node = package("ws")
    async with serving(tmp_path) as served:
        lines = await said(node, "websocket.js", f"ws://{served.address}/ws/eventos")
    assert lines == ["hello", "pong", "pong", "close 4400"]


async def renewed(served: Served) -> None:
    """Wait until the stream that is open is another than before; between the two, none may be."""
    registry = served.app.state.services.hub.registry
    before = set(registry.open)
    async with asyncio.timeout(WITHIN_SECONDS):
        while not registry.open or before & set(registry.open):  # noqa: ASYNC110 - it sets no event.
            await asyncio.sleep(0.01)


async def test_reconnecting_eventsource_resumes_streams_that_are_renewed(tmp_path: Path) -> None:
    node = package("reconnecting-eventsource")
    async with serving(tmp_path, stream_seconds=1, heartbeat_seconds=1) as served:
        url = f"{served.url}/sse/eventos"
        reading = asyncio.create_task(said(node, "reconnecting.js", url, "t29"))
        async with asyncio.timeout(WITHIN_SECONDS):
            while not served.app.state.services.hub.registry.open:  # noqa: ASYNC110 - it sets no event.
                await asyncio.sleep(0.01)
        for number in range(30):
            if number in {6, 12, 18, 24}:
                await renewed(served)
            await create(served, f"t{number}")
        lines = await reading
    assert [line for line in lines if line.startswith("event")] == [f"event t{n}" for n in range(30)]
    hellos = [line for line in lines if line.startswith("hello")]
    assert hellos[0] == "hello fresh"
    assert len(hellos) > 4
    assert set(hellos[1:]) == {"hello recovered"}


async def test_netcat_that_closes_its_sending_side_gets_its_answer(tmp_path: Path) -> None:
    async with serving(tmp_path) as served:
        sent = f"GET /healthz HTTP/1.1\r\nHost: {served.address}\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", served.port)) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            client.settimeout(60)
            answer = await asyncio.to_thread(client.recv, 65536)
    assert answer.startswith(b"HTTP/1.1 200 ")
