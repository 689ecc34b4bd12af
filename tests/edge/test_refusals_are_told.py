"""What the server refuses without its application stands in the access log and the metrics as any answer."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from tests.edge.recorder import PATIENCE, answers, talk
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

GET = b"GET /x?ticket=secret HTTP/1.1\r\n"
POST = b"POST /api/v1/eventos HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
REFUSED: dict[str, tuple[bytes, int, str, str, str]] = {
    "no Host": (GET + b"\r\n", 400, "GET", "/x", "none"),
    "garbage": (b"\x16\x03\x01\x1b[2J\r\nforged GET /y 200\r\n\r\n", 400, "other", "-", "none"),
    "a return in a name": (GET + b"Host: a\rb\r\n\r\n", 400, "GET", "/x", "none"),
    "a forged line": (b"GET /\x1b[31m\x07 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "other", "-", "none"),
    "an unknown method": (b"FOO /x HTTP/1.1\r\nHost: a\r\n\r\n", 501, "other", "/x", "none"),
    "a tunnel": (b"CONNECT ana:secret@a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "other", "-", "none"),
    "a coding": (GET + b"Host: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "GET", "/x", "none"),
    "a version": (b"GET /x HTTP/3.0\r\nHost: a\r\n\r\n", 505, "GET", "/x", "none"),
    "fields": (GET + b"Host: a\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431, "GET", "/x", "none"),
    "a target": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "GET", "/aaaa", "none"),
    "a chunk": (CHUNKED + b"2\r\n{}\r\nzz\r\n", 400, "POST", "/api/v1/eventos", "/api/v1/eventos"),
    "trailers": (
        CHUNKED + b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 200,
        431,
        "POST",
        "/api/v1/eventos",
        "/api/v1/eventos",
    ),
}


async def test_every_kind_of_refusal_is_logged_and_counted_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrong = []
    async with serving(tmp_path) as served:
        for name, (sent, status, method, path, route) in REFUSED.items():
            before = await counted(served, status)
            caplog.clear()
            (answer,) = answers(await talk(served.port, sent))
            await idle(served)
            records = [one for one in caplog.records if one.name.startswith("fasttrack")]
            lines = [one for one in records if one.name == "fasttrack.access"]
            told = [(one.status, one.method, one.route) for one in lines]  # type: ignore[attr-defined]
            if (answer.status, told) != (status, [(status, method, route)]):
                wrong.append((name, answer.status, told))
            elif not lines[0].path.startswith(path):  # type: ignore[attr-defined]
                wrong.append((name, lines[0].path))  # type: ignore[attr-defined]
            text = " ".join(one.getMessage() for one in records)
            if not text.isprintable() or "secret" in text or "forged" in text:
                wrong.append((name, text))
            if route == "none" and lines and answer.headers["x-request-id"] != lines[0].request_id:  # type: ignore[attr-defined]
                wrong.append((name, "request id"))
            if await counted(served, status) != before + 1:
                wrong.append((name, "count"))
    assert wrong == []


TOKEN = b"ft_" + b"a" * 43
PLACES: dict[str, tuple[bytes, str]] = {
    "its path": (CHUNKED + b"zz\r\n", "/api/v1/eventos"),
    "not its query": (GET + b"A: b\r\n\r\n", "/x"),
    "what is escaped": (b"GET /a%20b|c HTTP/1.1\r\nA: b\r\n\r\n", "/a%20b%7Cc"),
    "no secret": (b"GET /x/%b HTTP/1.1\r\nA: b\r\n\r\n" % TOKEN, "/x/[hidden]"),
    "the path of a URL": (b"GET http://a/x?y HTTP/1.1\r\nA: b\r\n\r\n", "/x"),
    "an unknown method": (b"FOO /x?y HTTP/1.1\r\nHost: a\r\n\r\n", "/x"),
    "nothing of a part": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", ""),
    "nothing of no path": (b"CONNECT ana:secret@a:80 HTTP/1.1\r\nHost: a\r\n\r\n", ""),
    "that of the second": (
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + CHUNKED + b"zz\r\n",
        "/api/v1/eventos",
    ),
}


@pytest.mark.parametrize("prefix", ["", "/fasttrack"])
async def test_a_refusal_names_the_path_that_is_refused(tmp_path: Path, prefix: str) -> None:
    wrong = []
    async with serving(tmp_path, root_path=prefix) as served:
        for name, (sent, path) in PLACES.items():
            *_, answer = answers(await talk(served.port, sent))
            told = json.loads(answer.body)["instance"]
            if told != (path and prefix + path):
                wrong.append((name, told))
    assert wrong == []


@pytest.mark.parametrize("body", [b"{", b""], ids=["a part of it", "nothing of it"])
async def test_a_body_that_stops_is_logged_as_what_its_client_was_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    caplog.set_level(logging.INFO, "fasttrack.access")
    async with serving(tmp_path, body_idle_seconds=1) as served:
        head = POST + b"Content-Length: 500\r\n\r\n"
        (answer,) = answers(await talk(served.port, head + body, ends=False))
        await idle(served)
    assert (answer.status, json.loads(answer.body)["instance"]) == (408, "/api/v1/eventos")
    assert access_lines(caplog) == ["POST /api/v1/eventos 408"]


async def test_a_flood_of_refusals_writes_few_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "fasttrack.access")
    async with serving(tmp_path) as served:
        told = [answers(await talk(served.port, GET + b"\r\n")) for _ in range(100)]
        assert [[one.status for one in answer] for answer in told] == [[400]] * 100
        assert await counted(served, 400) == 100
        assert len([line for line in access_lines(caplog) if " 400: " in line]) == 10
    assert access_lines(caplog)[-1] == "90 more requests were refused with 400 in a minute"


def access_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines of the access log: the level of others depends on the tests before."""
    return [one.getMessage() for one in caplog.records if one.name == "fasttrack.access"]


async def counted(served: Served, status: int) -> int:
    """Return how many answers of a status were counted."""
    async with served.client() as client:
        text = (await client.get("/metrics")).text
    counts = [line for line in text.splitlines() if f'status="{status}"' in line]
    return sum(int(float(line.rpartition(" ")[2])) for line in counts)


async def idle(served: Served) -> None:
    """Wait until no request is under way."""
    async with asyncio.timeout(PATIENCE):
        while served.server.server_state.tasks:  # noqa: ASYNC110 - uvicorn has no event.
            await asyncio.sleep(0.005)
