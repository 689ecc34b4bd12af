"""Heads of requests are bounded as their bytes arrive, and are what HTTP demands."""

import resource
from typing import Any

import pytest

from api.server.body_pace import WireTimes
from tests.edge.recorder import Request, answers, recording, talk

pytestmark = pytest.mark.anyio

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
BEFORE = b"GET /before HTTP/1.1\r\nHost: a\r\n\r\n"
KIB = 1024


@pytest.mark.parametrize(
    ("packets", "status"),
    [
        ([HEAD + b"X: " + b"a" * (60 * KIB) + b"\r\n\r\n"], 200),
        ([HEAD + b"X: " + b"a" * (64 * KIB) + b"\r\n\r\n"], 431),
        ([HEAD + b"X: " + b"a" * (65 * KIB)], 431),
        ([HEAD] + [b"X-%d: %b\r\n" % (n, b"a" * 1000) for n in range(99)], 431),
        ([HEAD, b"X: "] + [b"a" * KIB] * 70, 431),
        ([HEAD + b"X: a\r\n" * 99 + b"\r\n"], 200),
        ([HEAD + b"X: a\r\n" * 100 + b"\r\n"], 431),
        ([HEAD + b"X: a\r\n" * 101], 431),
        ([b"GET /" + b"a" * (60 * KIB) + b" HTTP/1.1\r\nHost: a\r\n\r\n"], 200),
        ([b"GET /" + b"a" * (64 * KIB) + b" HTTP/1.1\r\nHost: a\r\n\r\n"], 414),
        ([b"GET /"] + [b"a" * KIB] * 70, 414),
        ([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + HEAD + b"X: " + b"a" * (80 * KIB)], 431),
    ],
)
async def test_a_head_over_64_kib_or_100_fields_is_refused(packets: list[bytes], status: int) -> None:
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, *packets))
    assert answered[-1].status == status
    if status != 200:
        assert answered[-1].headers["content-type"] == "application/problem+json"
        assert answered[-1].headers["connection"] == "close"


async def test_an_endless_head_is_refused_early() -> None:
    async with recording() as recorder:
        await talk(recorder.port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        before, busy = resource.getrusage(resource.RUSAGE_SELF), b"X: " + b"a" * (16 * KIB * KIB)
        (answer,) = answers(await talk(recorder.port, HEAD + busy))
        after = resource.getrusage(resource.RUSAGE_SELF)
    assert answer.status == 431
    assert after.ru_utime - before.ru_utime < 1.0


@pytest.mark.parametrize("packets", [[b"\r\n" * 40_000], [b"\r\n"] * 30])
async def test_blank_lines_before_a_request_are_bounded_in_size_and_time(packets: list[bytes]) -> None:
    async with recording(WireTimes(head_seconds=0.3)) as recorder:
        answered = answers(await talk(recorder.port, *packets, ends=False))
    assert [answer.status for answer in answered] in ([], [431])
    assert recorder.requests == []


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n", 400),
        (b"GET / HTTP/1.1\r\n", 400),
        (b"GET / HTTP/1.0\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost:\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: user@a\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [::1].evil\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [::1]:80\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: a:80:80\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a:65535\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: a:65536\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: [::1]:99999\r\n", 400),
        (b"GET http://a:65536/ HTTP/1.1\r\nHost: a\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a, b\r\n", 400),
        (b"GET http://b/x HTTP/1.1\r\nHost: a\r\n", 200),
        (b"GET http://b/x HTTP/1.1\r\n", 400),
        (b"GET http://user@b/x HTTP/1.1\r\nHost: b\r\n", 400),
        (b"GET http:///x HTTP/1.1\r\nHost: b\r\n", 400),
        (b"GET ftp://b/x HTTP/1.1\r\nHost: b\r\n", 400),
        (b"GET b HTTP/1.1\r\nHost: b\r\n", 400),
        (b"GET /a#b HTTP/1.1\r\nHost: b\r\n", 400),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: b\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n", 505),
        (b"GET / HTTP/1.2\r\nHost: a\r\n", 505),
        (b"GET / HTTP/3.0\r\nHost: a\r\n", 505),
        (b"GET / HTTP/0.9\r\n", 505),
        (b"GET /\r\n", 505),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n", 501),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n", 200),
        (b"OPTIONS ** HTTP/1.1\r\nHost: a\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: a\r\n", 400),
    ],
)
async def test_a_malformed_head_is_refused(lines: bytes, status: int) -> None:
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, lines + b"\r\n"))
    assert [answer.status for answer in answered] == [status]
    assert bool(recorder.requests) == (status == 200)


@pytest.mark.parametrize("blank", [b"", b" ", b"\t", b" \t  \t"])
async def test_blanks_around_a_value_are_no_part_of_it(blank: bytes) -> None:
    lines = [
        (b"host", b"127.0.0.1:8613"),
        (b"last-event-id", b"a b\tc"),
        (b"x-empty", b""),
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    def head(count: int, first: bytes = b"GET") -> bytes:
        sent = [b"%b:%b%b%b\r\n" % (name, blank, value, blank) for name, value in lines[:count]]
        return first + b" /ws HTTP/1.1\r\n" + b"".join(sent)

    async with recording() as recorder:
        (answer,) = answers(await talk(recorder.port, head(3) + b"\r\n"))
        assert recorder.headers[0] == lines[:3]
        (posted,) = answers(
            await talk(
                recorder.port,
                head(1, b"POST") + b"Transfer-Encoding: chunked\r\n\r\n",
                b"2\r\nhi\r\n0\r\nX-Trailer:%b1%b\r\n\r\n" % (blank, blank),
            )
        )
        opened = await talk(recorder.port, head(7) + b"\r\n", ends=False, patience=2)
    assert (answer.status, posted.status, posted.body) == (200, 200, b"hi")
    assert opened.startswith(b"HTTP/1.1 101 ")
    assert recorder.requests[-1] == Request("WS", "")


@pytest.mark.parametrize(
    ("target", "is_explained"),
    [
        ("/eventos?city=Brasília".encode(), True),
        ("/eventos?city=Bras\xedlia".encode("latin-1"), True),
        ("/ação".encode(), True),
        (b"/\xff\xfe", True),
        ("http://a/ação".encode(), True),
        (b"/eventos?q=a b", False),
        (b"/eventos?city=Bras%C3%ADlia", None),
    ],
)
async def test_a_url_that_is_not_percent_encoded_is_told_how(
    target: bytes, is_explained: bool | None
) -> None:
    async with recording() as recorder:
        (answer,) = answers(await talk(recorder.port, b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target))
    assert answer.status == (200 if is_explained is None else 400)
    assert ("Bras%C3%ADlia for Brasília" in answer.body.decode()) == bool(is_explained)
    assert bool(recorder.requests) == (is_explained is None)


@pytest.mark.parametrize(
    "target", [b"api/v1/eventos", "ação".encode(), b"?city=Recife", b"a:80", b"http:/a", b"ftp://a/", b"*"]
)
@pytest.mark.parametrize("cut", [0, 2])
async def test_a_target_that_is_no_path_is_told_what_one_is(target: bytes, cut: int) -> None:
    packets = [BEFORE + b"GET " + target[:cut], target[cut:] + b" HTTP/1.1\r\nHost: a\r\n\r\n"]
    async with recording() as recorder:
        _, answer = answers(await talk(recorder.port, *packets))
    assert answer.status == 400
    assert "must be a path, which begins with a slash, or an http URL" in answer.body.decode()


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"Content-Length: 5", 400),
        (b"Content-Length: 0", 400),
        (b"Transfer-Encoding: chunked", 501),
        (b"Transfer-Encoding: gzip", 501),
        (b"Host: b", 200),
        (b"X-Checksum: 1", 200),
    ],
)
async def test_trailers_are_dropped_but_framing_among_them_is_refused(line: bytes, status: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, head, b"2\r\nhi\r\n0\r\n%b\r\n\r\n" % line))
        assert answered[0].status == status
    names = [name for headers in recorder.headers for name, _ in headers]
    assert set(names) <= {b"host", b"transfer-encoding"}


async def test_the_host_of_an_absolute_target_overrides_the_header() -> None:
    async with recording() as recorder:
        await talk(recorder.port, b"GET http://own:81/x?y HTTP/1.1\r\nHost: other\r\nX: 1\r\n\r\n")
    assert recorder.requests == [Request("GET", "/x")]
    assert dict(recorder.headers[0])[b"host"] == b"own:81"


@pytest.mark.parametrize("value", [b"gzip", b"gzip, chunked", b"chunked, gzip", b"identity", b"xchunked"])
async def test_another_transfer_coding_is_not_implemented(value: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %b\r\n\r\n0\r\n\r\n" % value
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, head))
    assert [answer.status for answer in answered] == [501]
    assert recorder.requests == []


async def test_pipelined_requests_are_answered_in_order_without_blocking_the_loop() -> None:
    asked: Any = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(5000)]
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, b"".join(asked)))
    assert [answer.status for answer in answered] == [200] * 5000
    assert [request.path for request in recorder.requests] == [f"/{n}" for n in range(5000)]


@pytest.mark.parametrize("name", [b"Origin", b"Authorization", b"content-type", b"Host"])
async def test_a_field_with_one_value_is_refused_twice(name: bytes) -> None:
    line = name + b": a\r\n"
    head = b"GET / HTTP/1.1\r\n" + (b"" if name == b"Host" else b"Host: a\r\n") + line
    async with recording() as recorder:
        once = answers(await talk(recorder.port, head + b"\r\n"))
        twice = answers(await talk(recorder.port, head + b"Accept: b\r\n" + line.swapcase() + b"\r\n"))
    assert ([one.status for one in once], [one.status for one in twice]) == ([200], [400])
