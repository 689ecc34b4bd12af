"""What balancers ask: by address, by no name at all, on HTTP/1.0."""

import asyncio
from pathlib import Path

import pytest

from tests.serving import serving

pytestmark = pytest.mark.anyio
ASKED = {
    "HAProxy's default": b"GET %s HTTP/1.0\r\n\r\n",
    "HEAD on HTTP/1.0": b"HEAD %s HTTP/1.0\r\n\r\n",
    "by address": b"GET %s HTTP/1.1\r\nHost: 10.20.30.40:8000\r\nConnection: close\r\n\r\n",
    "by a name of the inside": b"GET %s HTTP/1.1\r\nHost: app-7f9c.pods.local\r\nConnection: close\r\n\r\n",
    "with the marks of a proxy": b"GET %s HTTP/1.1\r\nHost: x\r\nVia: 1.1 lb\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("path", [b"/healthz", b"/readyz"])
async def test_health_checks_need_no_credentials(asked: str, path: bytes, tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token") as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(ASKED[asked] % path)
        async with asyncio.timeout(60):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.split(b" ")[1] == b"200", answer
