"""Bytes that are no HTTP."""

import asyncio
import json

import pytest

from tests.api.feeds.server import PATIENCE, serving

pytestmark = pytest.mark.anyio


async def test_malformed_http_gets_a_problem_document() -> None:
    async with serving() as served, asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(b"\x00hello\r\n\r\n")
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    status, *headers = head.decode().split("\r\n")
    assert status.startswith("HTTP/1.1 400 ")
    named = dict(line.split(": ", 1) for line in headers)
    assert named["content-type"] == "application/problem+json"
    assert named["x-request-id"].isalnum()
    assert len(body) == int(named["content-length"])
    problem = json.loads(body)
    assert (problem["type"], problem["status"]) == ("/problems/bad-request", 400)
