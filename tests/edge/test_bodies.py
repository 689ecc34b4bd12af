"""Bodies, chunks and trailers: what comes, how fast, and what is done with the rest."""

import asyncio

import pytest

from api.server.body_pace import WireTimes
from tests.edge.recorder import PATIENCE, Recorder, Request, answers, recording, talk

pytestmark = pytest.mark.anyio

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\n\r\n"
KIB = 1024
FAST = WireTimes(body_idle_seconds=0.4, body_bytes_per_second=50)


async def test_trailers_are_dropped() -> None:
    trailers = b"Authorization: Bearer x\r\nX-Forwarded-For: 1.2.3.4\r\nPrefer: wait=1\r\n"
    async with recording() as recorder:
        answered = answers(
            await talk(recorder.port, CHUNKED + b"2\r\nhi\r\n0\r\n" + trailers + b"\r\n" + LAST)
        )
    assert [answer.status for answer in answered] == [200, 200]
    assert recorder.requests == [Request("POST", "/", b"hi"), Request("GET", "/last")]
    names = {name for headers in recorder.headers for name, _ in headers}
    assert names == {b"host", b"transfer-encoding"}


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"2;" + b"x" * (200 * KIB) + b"\r\nhi\r\n0\r\n\r\n", 400),
        (b"2;" + b"x" * KIB + b"\r\nhi\r\n0\r\n\r\n", 200),
        (b"2\r\nhi\r\n2;" + b"x" * (200 * KIB) + b"\r\nhi\r\n0\r\n\r\n", 400),
        (b"2\r\nhi\r\n0;" + b"x" * (200 * KIB) + b"\r\n\r\n", 400),
        (b"0\r\nX: " + b"a" * (200 * KIB) + b"\r\n\r\n", 431),
        (b"0\r\nX: " + b"a" * (60 * KIB) + b"\r\n\r\n", 200),
        (b"2\r\nhi\r\n0\r\nX: " + b"a" * (60 * KIB) + b"\r\n\r\n", 200),
        (b"0\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431),
        (b"0\r\n" + b"X: %b\r\n" % (b"a" * KIB) * 80 + b"\r\n", 431),
        (b"0\r\n" + b"X: a\r\n" * 99 + b"\r\n", 200),
    ],
)
async def test_chunk_extensions_and_trailers_are_bounded(rest: bytes, status: int) -> None:
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, CHUNKED, rest))
    assert [answer.status for answer in answered] == [status]


async def test_a_body_may_have_many_small_chunks() -> None:
    async with recording() as recorder:
        await talk(recorder.port, CHUNKED + b"1\r\nx\r\n" * 60_000 + b"0\r\n\r\n")
    assert recorder.requests == [Request("POST", "/", b"x" * 60_000)]


@pytest.mark.parametrize("sent", [b"", b"half"])
async def test_a_stalled_body_times_out(sent: bytes) -> None:
    head = POST + b"Content-Length: 100\r\n\r\n"
    async with recording(FAST) as recorder:
        answered = answers(await talk(recorder.port, head + sent, ends=False))
    assert [answer.status for answer in answered] == [408]
    assert recorder.requests == [Request("POST", "/", None)]


async def test_a_body_below_the_minimum_rate_times_out() -> None:
    head = POST + b"Content-Length: 100000\r\n\r\n"
    async with recording(WireTimes(body_idle_seconds=0.4, body_bytes_per_second=1000)) as recorder:
        await talk(recorder.port, head, *[b"x"] * 100, ends=False)
    assert recorder.requests == [Request("POST", "/", None)]


async def test_a_slow_body_above_the_minimum_rate_is_received() -> None:
    parts = [b"x" * 20] * 400
    head = POST + b"Content-Length: %d\r\n\r\n" % (20 * 400)
    # The rate counts after three seconds, and the parts take longer; a machine may stand still for less.
    async with recording(WireTimes(body_idle_seconds=3, body_bytes_per_second=50)) as recorder:
        answered = answers(await talk(recorder.port, head, *parts))
    assert [answer.status for answer in answered] == [200]


async def send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def test_nothing_is_read_after_a_refusal() -> None:
    head = b"POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n"
    async with recording() as recorder:
        reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
        writer.write(head)
        async with asyncio.timeout(PATIENCE):
            answered = answers(await reader.read(-1))
            with pytest.raises(ConnectionError):
                await send_for_ever(writer)
        writer.transport.abort()
    assert [(one.status, one.headers["connection"]) for one in answered] == [(401, "close")]


async def test_a_refusal_reaches_a_client_that_sends_its_body_first() -> None:
    body = b"x" * (512 * KIB)
    head = b"POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with recording() as recorder:
        reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
        async with asyncio.timeout(PATIENCE):
            writer.write(head)
            await recorder.saw(1)
            writer.write(body)
            await writer.drain()
            assert [one.status for one in answers(await reader.read(-1))] == [401]
        writer.transport.abort()


async def test_a_client_that_closes_its_sending_side_is_answered() -> None:
    async with recording() as recorder:
        both = POST + b"Content-Length: 2\r\n\r\nhi" + LAST
        answered = answers(await talk(recorder.port, both, ends=True))
    assert [answer.status for answer in answered] == [200, 200]


async def test_a_truncated_body_gets_no_answer() -> None:
    async with recording() as recorder:
        data = await talk(recorder.port, POST + b"Content-Length: 100\r\n\r\nhalf", ends=True)
        await recorder.saw(1)
    assert data == b""
    assert recorder.requests == [Request("POST", "/", None)]


async def test_a_broken_chunk_fails_only_its_own_request() -> None:
    async with recording() as recorder:
        first = b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
        answered = answers(await talk(recorder.port, first + CHUNKED + b"zz\r\n"))
    assert [answer.status for answer in answered] == [200, 400]
    assert Request("GET", "/first") in recorder.requests


async def test_a_request_that_fails_is_answered_though_another_waits_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # With its parameters: without any needed, uvicorn would take it for a factory, and call it.
    async def fail(_self: object, _scope: object, _receive: object, _send: object) -> None:
        await asyncio.sleep(0.1)
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Recorder, "__call__", fail)
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, LAST + LAST, ends=False))
    assert [answer.status for answer in answered] == [500]


async def test_expect_100_continue_is_answered() -> None:
    head = POST + b"Content-Length: 2\r\nExpect: 100-Continue\r\n\r\n"
    async with recording() as recorder:
        reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
        async with asyncio.timeout(PATIENCE):
            writer.write(head)
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"hi")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.transport.abort()


async def test_no_request_is_begun_while_the_client_leaves_answers_unread() -> None:
    sent = POST + b"Content-Length: %d\r\n\r\n" % (256 * KIB) + b"x" * (256 * KIB)
    async with recording() as recorder:
        reader, writer = await asyncio.open_connection("127.0.0.1", recorder.port)
        writer.write(sent * 60)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            await _until_it_waits(recorder)
        assert 0 < len(recorder.requests) == recorder.server.server_state.total_requests < 60
        async with asyncio.timeout(PATIENCE):
            answered = answers(await reader.read())
        writer.close()
    assert [len(answer.body) for answer in answered] == [256 * KIB] * 60


async def _until_it_waits(recorder: Recorder) -> None:
    """Wait until an answer is unread, and no request under way."""
    state = recorder.server.server_state

    def is_at_work() -> bool:
        return bool(state.tasks) or all(connection.writable.is_set() for connection in state.connections)

    while is_at_work():  # noqa: ASYNC110 - uvicorn has no event.
        await asyncio.sleep(0.001)
