"""An answer that comes before its request has ended reaches clients that send all of it before they read."""

import asyncio
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.server import linger
from tests.edge.recorder import PATIENCE, answers, recording
from tests.serving import serving

pytestmark = pytest.mark.anyio

MB = 1_000_000
FORM = "multipart/form-data; boundary=b"
JSON = "application/json"
CASES: dict[int, tuple[str, str, dict[str, Any]]] = {
    401: ("/api/v1/uploads", FORM, {"auth": "token"}),
    413: ("/api/v1/eventos", JSON, {}),
    415: ("/api/v1/eventos", "text/plain", {}),
    429: ("/api/v1/uploads", FORM, {"auth": "token", "uploads_per_minute": 1}),
}
Client = Callable[[int, str, dict[str, str], bytes], tuple[int, str]]


def by_urllib(port: int, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    url = f"http://localhost:{port}{path}"
    request = urllib.request.Request(url, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def by_http_client(port: int, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    connection = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("send", [by_urllib, by_http_client])
@pytest.mark.parametrize("status", CASES)
async def test_a_client_that_sends_all_before_it_reads_gets_its_refusal(
    tmp_path: Path, status: int, send: Client
) -> None:
    path, kind, settings = CASES[status]
    headers = {"Content-Type": kind}
    async with serving(tmp_path, **settings) as served:
        if status == 429:
            token = await served.app.state.services.people.add("ana", "editor", actor="test")
            headers["Authorization"] = f"Bearer {token}"
            await asyncio.to_thread(send, served.port, path, headers, b"--b--\r\n")
        for size in (20 * MB, 60 * MB):
            got, body = await asyncio.to_thread(send, served.port, path, headers, b"x" * size)
            assert (got, json.loads(body)["status"]) == (status, status)


async def sends_for_ever(port: int) -> tuple[int, int]:
    """Return the status that a client gets which never stops, and how many bytes it could send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n")
    (answer,) = answers(await reader.read(-1))
    sent = 0
    try:
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536
    except ConnectionError:
        return answer.status, sent
    finally:
        writer.transport.abort()


async def test_a_client_that_never_stops_is_cut_off_after_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linger, "LINGER_BYTES", 20 * MB)
    async with asyncio.timeout(PATIENCE), recording() as recorder:
        status, sent = await sends_for_ever(recorder.port)
    assert status == 401
    assert 15 * MB < sent < 60 * MB


async def test_of_many_that_never_stop_few_are_read_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linger, "MOST_AT_ONCE", 0)
    async with asyncio.timeout(PATIENCE), recording() as recorder:
        status, sent = await sends_for_ever(recorder.port)
    assert status == 401
    assert sent < 20 * MB


async def trickle(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_a_client_that_trickles_is_cut_off_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.server.connection_life.LINGER_SECONDS", 0.5)
    async with asyncio.timeout(PATIENCE), recording() as recorder:
        reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
        writer.write(b"POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
        assert [one.status for one in answers(await reader.read(-1))] == [401]
        with pytest.raises(ConnectionError):
            await trickle(writer)
        writer.transport.abort()
