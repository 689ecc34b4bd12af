"""A request whose import has ended is answered at once, though its body stands still."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from api.routes.uploads_body import HOLD_BYTES
from tests.edge.recorder import PATIENCE, Answer, answers
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

LENGTH = 500_000_000
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
UNREADABLE = b"foo,bar\n"
GOOD = b"title,event_date,city\n"
# What is not longer waits for options behind it.
ROWS = b"Festa,2027-06-24,Recife\n" * (HOLD_BYTES // 24 + 1000)
FORM = f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {LENGTH}\r\n"
TUS = (
    "Content-Type: application/offset+octet-stream\r\nTus-Resumable: 1.0.0\r\n"
    f"Upload-Offset: 0\r\nContent-Length: {LENGTH}\r\n"
)


async def form(served: Served, content: bytes) -> bytes:
    """Return a request that stands still in the file of a form."""
    head = f"POST /api/v1/uploads?upload_id=x HTTP/1.1\r\nHost: {served.address}\r\n{FORM}\r\n"
    return head.encode() + PART + content


async def tus(served: Served, content: bytes) -> bytes:
    """Return a request that stands still in the bytes of a tus upload."""
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(LENGTH), "Upload-Metadata": "upload_id eA=="}
    async with served.client() as client:
        made = await client.post("/api/v1/uploads/tus", headers=headers)
        assert made.status_code == 201, made.text
    path = "/api/v1/uploads/tus/x"
    return f"PATCH {path} HTTP/1.1\r\nHost: {served.address}\r\n{TUS}\r\n".encode() + content


async def begun_again(served: Served, content: bytes) -> bytes:
    """Return a request that goes on with what one with its key has begun, and stands still."""
    first = await form(served, content[: HOLD_BYTES // 2])
    first = first.replace(b"\r\nHost", b"\r\nIdempotency-Key: k\r\nHost", 1)
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(first)
    await writer.drain()
    await until(served, lambda state: state == "receiving")
    writer.transport.abort()
    await until(served, lambda state: state == "interrupted")
    return (await form(served, content)).replace(b"\r\nHost", b"\r\nIdempotency-Key: k\r\nHost", 1)


async def until(served: Served, is_so: Callable[[str | None], bool]) -> None:
    """Wait for a state of the import."""
    async with asyncio.timeout(PATIENCE), served.client() as client:
        while not is_so((await client.get("/api/v1/uploads/x")).json().get("status")):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def answer_to(served: Served, request: bytes, *, is_cancelled: bool = False) -> Answer:
    """Return what is answered to a request after which nothing more comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request)
    if is_cancelled:
        await until(served, lambda state: state == "receiving")
        async with asyncio.timeout(PATIENCE), served.client() as client:
            while (await client.get("/api/v1/eventos?limit=1")).json()["total"] == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            assert (await client.post("/api/v1/uploads/x/cancel")).status_code == 200
    # Less than the silence after which the body would count as broken off.
    async with asyncio.timeout(PATIENCE / 2):
        (answer,) = answers(await reader.read(-1))
    writer.transport.abort()
    return answer


@pytest.mark.parametrize("begin", [form, tus])
async def test_a_fault_of_the_whole_file_is_answered_at_once(
    tmp_path: Path, begin: Callable[[Served, bytes], Awaitable[bytes]]
) -> None:
    async with serving(tmp_path, body_idle_seconds=PATIENCE * 2) as served:
        answer = await answer_to(served, await begin(served, UNREADABLE + ROWS))
        async with served.client() as client:
            kept = (await client.get("/api/v1/uploads/x")).json()
    told = json.loads(answer.body)
    assert (answer.status, told["errors"][0]["code"], kept["status"]) == (422, "missing_columns", "failed")


@pytest.mark.parametrize(("begin", "status"), [(form, 409), (begun_again, 409), (tus, 410)])
async def test_the_cancellation_of_an_import_is_answered_at_once(
    tmp_path: Path, begin: Callable[[Served, bytes], Awaitable[bytes]], status: int
) -> None:
    async with serving(tmp_path, body_idle_seconds=PATIENCE * 2) as served:
        answer = await answer_to(served, await begin(served, GOOD + ROWS), is_cancelled=True)
    assert answer.status == status
