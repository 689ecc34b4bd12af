"""Clients that break off, and a server that stops, while a body is on its way."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from tests.edge.recorder import PATIENCE, answers
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

JSON = (
    "POST /api/v1/eventos HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    "Content-Length: 500\r\n\r\n{{"
)
FORM = (
    "POST /api/v1/uploads?upload_id=slow1 HTTP/1.1\r\nHost: {host}\r\nContent-Length: 50000\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\ntitle,'
)


async def under_way(served: Served, head: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin a request, and wait until the server reads its body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(head.format(host=served.address).encode())
    async with asyncio.timeout(PATIENCE):
        while not served.server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event.
            await asyncio.sleep(0.005)
    return reader, writer


@pytest.mark.parametrize("head", [JSON, FORM], ids=["JSON", "form"])
async def test_a_client_that_disconnects_is_not_logged_as_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, head: str
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(tmp_path) as served:
        _, writer = await under_way(served, head)
        writer.transport.abort()
        async with asyncio.timeout(PATIENCE):
            while served.server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event.
                await asyncio.sleep(0.005)
        async with served.client() as client:
            metrics = (await client.get("/metrics")).text
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert 'status="500"' not in metrics


@pytest.mark.parametrize("head", [JSON, FORM], ids=["JSON", "form"])
async def test_a_body_running_at_the_stop_gets_503_with_retry_after(tmp_path: Path, head: str) -> None:
    async with serving(tmp_path) as served:
        reader, writer = await under_way(served, head)
        served.server.should_exit = True
        async with asyncio.timeout(PATIENCE):
            (answer,) = answers(await reader.read(-1))
        writer.transport.abort()
    problem = json.loads(answer.body)
    assert (answer.status, problem["type"]) == (503, "/problems/unavailable")
    assert problem["instance"] == head.split()[1].partition("?")[0]
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["connection"] == "close"
