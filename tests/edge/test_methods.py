"""Methods: one that nobody knows is 501, a known one in the wrong place 405 with Allow, none at all 400.

Source: RFC 9110 §9.1, §15.5.6, §15.6.2; RFC 9112 §3.
"""

import asyncio
import re
from pathlib import Path

import httpx
import pytest

from tests.api.security.test_guards import declared, filled
from tests.edge.recorder import answers, recording, talk
from tests.serving import serving

pytestmark = pytest.mark.anyio

HOST = b"Host: a\r\n\r\n"
LINES: dict[bytes, int] = {
    b"FOO /x HTTP/1.1": 501,
    b"foo /x HTTP/1.1": 501,
    b"get /x HTTP/1.1": 501,
    b"Get /x HTTP/1.1": 501,
    b"GETX /x HTTP/1.1": 501,
    b"GE /x HTTP/1.1": 501,
    b"G /x HTTP/1.1": 501,
    b"POSTS /x?y=z HTTP/1.0": 501,
    b"BREW http://a/pot HTTP/1.1": 501,
    b"!#$%&'*+.^_`|~09-az /x HTTP/1.1": 501,
    b"FOO * HTTP/1.1": 501,
    b"FOO /x HTTP/2.0": 505,
    b"foo /x HTTP/3.1": 505,
    b"PRI * HTTP/2.0": 505,
    b"CONNECT a:80 HTTP/1.1": 501,
    b"F@O /x HTTP/1.1": 400,
    b"G(T /x HTTP/1.1": 400,
    b"GET\t/x HTTP/1.1": 400,
    b"FOO\t/x HTTP/1.1": 400,
    b"GET\x00 /x HTTP/1.1": 400,
    "GÉT /x HTTP/1.1".encode(): 400,
    b" GET /x HTTP/1.1": 400,
    b" FOO /x HTTP/1.1": 400,
    b"/x HTTP/1.1": 400,
    b"FOO/x HTTP/1.1": 400,
    b"FOO": 400,
    b"FOO /x": 400,
    b"FOO /x y HTTP/1.1": 400,
    b"FOO /x HTTP/1.1 ": 400,
    b"FOO /x http/1.1": 400,
    b"FOO /\xe9 HTTP/1.1": 400,
    b"FOO /x\x00 HTTP/1.1": 400,
    b"OPTIONS / RTSP/1.0": 400,
    b"OPTIONS * RTSP/1.0": 400,
    b"OPTIONS rtsp://a/stream RTSP/1.0": 400,
    b"GET /x RTSP/1.0": 400,
    b"GET /x RTSP/1.1": 400,
    b"GET  /x  RTSP/1.0": 400,
    b"POST /" + b"x" * 200 + b" RTSP/1.0": 400,
    b"DESCRIBE /x RTSP/1.0": 400,
    b"SETUP /x RTSP/1.0": 400,
    b"SOURCE /mount ICE/1.0": 400,
    b"OPTIONS sip:nm SIP/2.0": 400,
    b"GET /x HTTPS/1.1": 400,
    b"EHLO a": 400,
    b"*1": 400,
    b"SSH-2.0-OpenSSH_9.6": 400,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,
    b"FOO /" + b"a" * 5000 + b" HTTP/1.1": 414,
}
"""Request lines, and what answers them whatever the application."""


async def statuses(port: int, *packets: bytes) -> list[int]:
    return [answer.status for answer in answers(await talk(port, *packets))]


@pytest.mark.parametrize("step", [None, 1, 3, 16])
async def test_a_line_is_refused_for_what_it_is_however_it_is_cut(step: int | None) -> None:
    sent = {line: line + b"\r\n" + HOST for line in LINES}
    async with recording() as recorder:

        async def status_of(text: bytes) -> list[int]:
            size = step or len(text)
            return await statuses(recorder.port, *[text[at : at + size] for at in range(0, len(text), size)])

        short = {line: text for line, text in sent.items() if step is None or len(text) < 1000}
        found = await asyncio.gather(*[status_of(text) for text in short.values()])
    wrong = {line: got for line, got in zip(short, found, strict=True) if got != [LINES[line]]}
    assert wrong == {}
    assert recorder.requests == []


@pytest.mark.parametrize("cut", range(0, 80, 7))
@pytest.mark.parametrize(("line", "status"), [(b"FOO /x HTTP/1.1", 501), (b"F@O /x HTTP/1.1", 400)])
async def test_the_requests_before_it_are_answered_first(line: bytes, status: int, cut: int) -> None:
    before = b"GET /first HTTP/1.1\r\n" + HOST
    sent = before + before + line + b"\r\n" + HOST + b"GET /never HTTP/1.1\r\n" + HOST
    async with recording() as recorder:
        assert await statuses(recorder.port, sent[:cut], sent[cut:]) == [200, 200, status]
        assert [request.path for request in recorder.requests] == ["/first", "/first"]


async def test_text_about_another_protocol_is_read_as_any_text() -> None:
    said = b"GET / RTSP/1.0\r\nAn OFFICE/1.0 and RTSP/1.0\r\n"
    one = b"POST /RTSP/1.0 HTTP/1.1\r\nHost: a\r\nX: RTSP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (
        len(said),
        said,
    )
    async with recording() as recorder:
        assert await statuses(recorder.port, one + one) == [200, 200]
        assert await statuses(recorder.port, *[one[at : at + 1] for at in range(len(one))]) == [200]
        # Behind a body in the same packet, too.
        assert await statuses(recorder.port, one + b"GET /y RTSP/1.0\r\n" + HOST) == [200, 400]
    assert {request.path for request in recorder.requests} == {"/RTSP/1.0"}


async def test_its_body_is_not_taken_for_a_request() -> None:
    inner = b"GET /smuggled HTTP/1.1\r\n" + HOST
    sent = b"FOO /x HTTP/1.1\r\nContent-Length: %d\r\n%b%b" % (len(inner), HOST, inner)
    async with recording() as recorder:
        assert await statuses(recorder.port, sent) == [501]
        assert recorder.requests == []


@pytest.mark.parametrize("direct", [True, False], ids=["our connections", "uvicorn's"])
async def test_every_path_tells_methods_that_nobody_knows_from_those_it_does_not_allow(
    tmp_path: Path, direct: bool
) -> None:
    paths = {filled(name.split(" ")[1]) for name in declared()} | {"/nowhere", "/healthz/x"}
    # What uvicorn's own parser does not know, it answers itself.
    unknown = ["PROPFIND", "MKCOL", "REPORT", "LOCK", "PURGE", *(["FOO", "get", "Post"] if direct else [])]
    wrong = []
    async with serving(tmp_path, direct=direct) as served, served.client() as client:
        for path in sorted(paths):
            for method in unknown:
                answer = await client.send(raw_request(client, method, path))
                if (answer.status_code, "allow" in answer.headers) != (501, False):
                    wrong.append((method, path, answer.status_code))
            traced = await client.request("TRACE", path)
            known = "nowhere" not in path and "healthz/x" not in path
            if (traced.status_code, "allow" in traced.headers) != ((405, True) if known else (404, False)):
                wrong.append(("TRACE", path, traced.status_code))
    assert wrong == []


def raw_request(client: httpx.AsyncClient, method: str, path: str) -> httpx.Request:
    """Return a request whose method keeps its small letters."""
    request = client.build_request("GET", path)
    request.method = method
    return request


CHANGING = ("/metrics", "/readyz", "/sse", "/poll", "/ws")
"""Their bodies differ from one call to the next, or HEAD does not make one."""


async def test_head_has_the_status_and_the_length_of_get_on_every_path(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.client() as client:
        event = await client.post(
            "/api/v1/eventos", json={"title": "a", "event_date": "2027-01-01", "city": "Recife"}
        )
        upload = await client.post(
            "/api/v1/uploads",
            files={"file": ("a.csv", b"title,event_date,city\na,2027-01-01,Recife\n", "text/csv")},
        )
        task = await client.post("/api/v1/eventos/exportar", json={})
        while (await client.get(task.headers["location"])).json()["status"] != "completed":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        calendar = await client.post("/api/v1/calendars", json={})
        ids = {
            "event_id": event.json()["id"],
            "upload_id": upload.json()["upload_id"],
            "task_id": task.json()["task_id"],
            "slug": "validation",
        }
        wrong = {}
        for template in sorted({name.split(" ")[1] for name in declared() if name.startswith("GET ")}):
            real = re.sub(r"\{(\w+)\}", lambda found: str(ids.get(found[1], "{" + found[1] + "}")), template)
            wait = "?wait=0" if template.startswith("/poll") else ""
            key = "?" + calendar.json()["url"].partition("?")[2] if template == "/eventos.ics" else ""
            for path in {filled(real) + wait + key, filled(template) + wait}:
                async with client.stream("GET", path) as got:
                    pass
                asked = await client.head(path)
                lengths = [answer.headers.get("content-length") for answer in (asked, got)]
                is_true = lengths[0] in (None, lengths[1]) or template.startswith(CHANGING)
                if asked.status_code != got.status_code or not is_true:
                    wrong[path] = [(asked.status_code, got.status_code), lengths]
    assert wrong == {}
