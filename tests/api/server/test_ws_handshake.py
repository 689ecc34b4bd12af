"""How a WebSocket opens on our own server: as under any other, whatever is asked and whatever is answered."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.server.http_connection import HttpConnection
from tests.api.feeds.server import PATIENCE
from tests.api.feeds.server import serving as serving_feeds

pytestmark = pytest.mark.anyio

App = Callable[[Any, Any, Any], Awaitable[None]]
KEY = b"AAAAAAAAAAAAAAAAAAAAAA=="


def handshake(target: bytes = b"/ws/eventos", **changes: bytes | None) -> bytes:
    """Return the head of a handshake, with other headers or without some."""
    headers = {
        b"host": b"127.0.0.1",
        b"connection": b"keep-alive, Upgrade",
        b"upgrade": b"websocket",
        b"sec-websocket-key": KEY,
        b"sec-websocket-version": b"13",
    } | {
        name.replace("_", "-").encode(): value
        for name, value in changes.items()
        if name not in ("line", "twice")
    }
    lines = [b"%b: %b" % (name, value) for name, value in headers.items() if value is not None]
    twice = changes.get("twice")
    lines += [line for line in lines if twice is not None and line.startswith(twice)]
    first = changes.get("line") or b"GET %b HTTP/1.1" % target
    return b"\r\n".join([first, *lines, b"", b""])


ODD = {
    "ordinary": (handshake(), b"101"),
    "with a query": (handshake(b"/ws?feed=eventos&feed=admin&last_event_id=k3f9.0"), b"101"),
    "escaped": (handshake(b"/ws/%65ventos"), b"101"),
    "an unknown feed": (handshake(b"/ws/nothing%20here"), b"101"),
    "no such path": (handshake(b"/nowhere"), b"404"),
    "a path that only begins alike": (handshake(b"/wsx"), b"404"),
    "the path of another transport": (handshake(b"/poll/nothing"), b"404"),
    "slashes that are folded": (handshake(b"//ws//eventos/"), b"101"),
    "a whole URL": (handshake(b"http://127.0.0.1/ws/eventos"), b"101"),
    "a bad escape": (handshake(b"/ws/%ff%zz"), b"101"),
    "a quote in the path": (handshake(b'/ws/"eventos"'), b"101"),
    "lists": (handshake(connection=b"keep-alive , UPGRADE,", upgrade=b"h2c, WebSocket"), b"101"),
    "lists over several lines": (handshake(connection=b"close\r\nconnection: upgrade"), b"101"),
    "no key": (handshake(sec_websocket_key=None), b"400"),
    "a short key": (handshake(sec_websocket_key=b"AAAA"), b"400"),
    "a key of no base64": (handshake(sec_websocket_key=b"AAAAAAAAAAAAAAAAAAAAA!=="), b"400"),
    "a key with bits too many": (handshake(sec_websocket_key=b"AAAAAAAAAAAAAAAAAAAAAB=="), b"400"),
    "two keys": (handshake(twice=b"sec-websocket-key"), b"400"),
    "no version": (handshake(sec_websocket_version=None), b"426"),
    "an old version": (handshake(sec_websocket_version=b"8"), b"426"),
    "two versions": (handshake(twice=b"sec-websocket-version"), b"426"),
    "no upgrade": (handshake(upgrade=None, connection=None), b"426"),
    "another upgrade": (handshake(upgrade=b"h2c"), b"426"),
    "with a body": (handshake(content_length=b"2") + b"{}", b"400"),
    "posted": (handshake(line=b"POST /ws/eventos HTTP/1.1"), b"405"),
    "of HTTP/1.0": (handshake(line=b"GET /ws/eventos HTTP/1.0"), b"426"),
    "with a subprotocol": (handshake(sec_websocket_protocol=b"other, fasttrack.batch"), b"101"),
    "with bytes in a header": (handshake(x_name=b"Jo\xe3o"), b"101"),
}


async def answered(port: int, sent: bytes) -> tuple[bytes, bytes]:
    """Return the status and the head of the answer, in lower case."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    writer.transport.abort()
    return head.split()[1], head.lower()


@pytest.mark.parametrize("name", ODD)
async def test_only_a_complete_handshake_opens_a_websocket(name: str) -> None:
    sent, expected = ODD[name]
    async with serving_feeds() as served:
        status, head = await answered(served.port, sent)
    assert status == expected
    if status == b"426":
        assert b"\r\nupgrade: websocket\r\n" in head
        assert b"\r\nsec-websocket-version: 13\r\n" in head
    assert (b"\r\nsec-websocket-protocol: fasttrack.batch\r\n" in head) == (name == "with a subprotocol")


async def test_accept_and_hello_are_sent_in_one_write() -> None:
    async with serving_feeds() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        async with asyncio.timeout(PATIENCE):
            writer.write(handshake())
            first = await reader.read(4096)
            assert first.startswith(b"HTTP/1.1 101 ")
            # Source: RFC 6455 §1.3.
            assert b"\r\nsec-websocket-accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n" in first
            assert b'"type":"hello"' in first
        writer.transport.abort()
        await served.settled()


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=HttpConnection, ws="none", log_config=None, lifespan="off", server_header=True
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event.
        await asyncio.sleep(0.001)
    try:
        yield server, listening.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, PATIENCE)
        listening.close()


def url(port: int) -> str:
    return f"ws://127.0.0.1:{port}/ws/there?a=b"


def answering(*messages: dict[str, Any]) -> App:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        assert await receive() == {"type": "websocket.connect"}
        for message in messages:
            await send(message)

    return app


async def test_messages_sent_without_an_outlet_arrive() -> None:
    said: list[dict[str, Any]] = [
        {"type": "websocket.accept", "subprotocol": "one", "headers": [(b"x-own", b"yes")]},
        {"type": "websocket.send", "text": "olá"},
        {"type": "websocket.send", "text": ""},
        {"type": "websocket.send", "bytes": b"\x00"},
        {"type": "websocket.close", "code": 4404, "reason": "none"},
        {"type": "websocket.send", "text": "too late"},
    ]
    async with (
        serving(answering(*said)) as (_, port),
        connect(url(port), subprotocols=["one"], open_timeout=60) as client,
    ):  # type: ignore[list-item]
        assert client.subprotocol == "one"
        assert client.response is not None
        assert client.response.headers["x-own"] == "yes"
        assert client.response.headers["server"] == "uvicorn"
        assert [await client.recv() for _ in range(3)] == ["olá", "", b"\x00"]
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4404, "none")


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([{"type": "websocket.close"}], 403),
        ([], 500),
        (
            [
                {"type": "websocket.http.response.start", "status": 418, "headers": [(b"x-own", b"yes")]},
                {"type": "websocket.http.response.body", "body": b"sh", "more_body": True},
                {"type": "websocket.http.response.body", "body": b"ort"},
            ],
            418,
        ),
    ],
)
async def test_refusing_a_handshake_is_an_http_answer(messages: list[dict[str, Any]], status: int) -> None:
    async with serving(answering(*messages)) as (_, port):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(port), open_timeout=PATIENCE).__aenter__()
    response = refused.value.response
    assert response.status_code == status
    if status == 418:
        assert (response.body, response.headers["x-own"]) == (b"short", "yes")


async def test_an_exception_before_accept_is_answered_500(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError("a fault of ours")

    async with serving(broken) as (_, port):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(port), open_timeout=60).__aenter__()
    assert refused.value.response.status_code == 500
    assert "a fault of ours" in caplog.text


class Waiting:
    """An application that does not decide before its client is gone."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.told: list[Any] = []
        self.over = asyncio.Event()

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        self.begun.set()
        self.told = [await receive(), await receive()]
        await send({"type": "websocket.accept"})
        self.over.set()


async def test_a_client_that_disconnects_before_the_answer_causes_websocket_disconnect() -> None:
    app = Waiting()
    async with serving(app) as (_, port), asyncio.timeout(PATIENCE):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(handshake())
        await app.begun.wait()
        writer.transport.abort()
        await app.over.wait()
    assert [message["type"] for message in app.told] == ["websocket.connect", "websocket.disconnect"]


async def test_a_client_that_sends_before_the_answer_is_cut_off() -> None:
    app = Waiting()
    async with serving(app) as (_, port), asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(handshake())
        await app.begun.wait()
        writer.write(b"\x81\x80\x00\x00\x00\x00")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        await app.over.wait()
        writer.close()


async def test_a_stopping_server_refuses_pending_handshakes() -> None:
    app = Waiting()
    async with serving(app) as (server, port), asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(handshake())
        await app.begun.wait()
        server.should_exit = True
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 503 ")
        assert b"\r\nretry-after: 2\r\n" in head
        assert b"\r\nx-request-id: " in head
        assert msgspec.json.decode(await reader.read())["type"] == "/problems/unavailable"
        await app.over.wait()
        writer.close()
