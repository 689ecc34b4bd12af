"""An upgrade that is not taken is ignored: the body is a body (RFC 9110 §7.8)."""

import pytest

from tests.edge.recorder import Request, answers, recording, talk

pytestmark = pytest.mark.anyio

OFFERS = {
    "h2c": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n",
    "websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "a whole handshake": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    "unknown": b"Connection: upgrade\r\nUpgrade: foo/2, bar\r\n",
    "TLS": b"Connection: upgrade\r\nUpgrade: TLS/1.2\r\n",
}
INNER = b"DELETE /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def post(offer: bytes, framing: bytes) -> bytes:
    return b"POST /first HTTP/1.1\r\nHost: a\r\n%b%b\r\n" % (offer, framing)


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
@pytest.mark.parametrize("packets", ["one", "two", "bytes"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_the_body_after_an_upgrade_header_is_received(offer: bytes, packets: str, framing: str) -> None:
    if framing == "length":
        head, body = post(offer, b"Content-Length: %d\r\n" % len(INNER)), INNER
    else:
        head = post(offer, b"Transfer-Encoding: chunked\r\n")
        body = b"%x\r\n%b\r\n0\r\nX-Trailer: yes\r\n\r\n" % (len(INNER), INNER)
    match packets:
        case "one":
            sent = [head + body + LAST]
        case "two":
            sent = [head, body + LAST]
        case _:
            whole = head + body + LAST
            sent = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, *sent))
    assert recorder.requests == [Request("POST", "/first", INNER), Request("GET", "/last")]
    assert [answer.status for answer in answered] == [200, 200]


@pytest.mark.parametrize("offer", ["h2c", "websocket", "unknown", "TLS"])
async def test_a_get_with_an_upgrade_header_and_later_requests_are_answered(offer: str) -> None:
    get = b"GET /first HTTP/1.1\r\nHost: a\r\n%b\r\n" % OFFERS[offer]
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, get + get + LAST))
    assert [answer.status for answer in answered] == [200, 200, 200]
    assert [request.path for request in recorder.requests] == ["/first", "/first", "/last"]


async def test_an_upgrade_header_in_http_1_0_is_ignored() -> None:
    get = b"GET /first HTTP/1.0\r\nHost: a\r\n%b\r\n" % OFFERS["a whole handshake"]
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, get))
    assert [answer.status for answer in answered] == [200]


async def test_a_handshake_pipelined_after_an_unanswered_request_is_ignored() -> None:
    first = b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n"
    handshake = b"GET /ws HTTP/1.1\r\nHost: a\r\n%b\r\n" % OFFERS["a whole handshake"]
    async with recording() as recorder:
        answered = answers(await talk(recorder.port, first + handshake + LAST))
    assert [answer.status for answer in answered] == [200, 200, 200]


async def test_a_handshake_opens_a_websocket() -> None:
    handshake = b"GET /ws HTTP/1.1\r\nHost: a\r\n%b\r\n" % OFFERS["a whole handshake"]
    async with recording() as recorder:
        data = await talk(recorder.port, handshake, ends=False)
    assert data.startswith(b"HTTP/1.1 101 ")
    assert recorder.requests == [Request("WS", "")]
