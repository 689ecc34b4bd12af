"""A store that is away when a stream opens: what passes is told so that clients come back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from domain.ports.errors import StorageUnavailableError
from tests.api.feeds.server import Served, SseClient, fetch, serving
from tests.serving import serving as whole_server

pytestmark = pytest.mark.anyio


async def away(*_: Any, **__: Any) -> NoReturn:
    raise StorageUnavailableError("the store does not answer")


@pytest.fixture(params=["direct", "plain"])
async def served(request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    async with serving(direct=request.param == "direct") as server:
        server.log("upload/x", "1")
        server.feed.ends = away  # type: ignore[method-assign]
        yield server


async def farewell(port: int, headers: dict[str, str] | None = None) -> SseClient:
    """Read the one message of a stream that turns its client away for now."""
    client = await SseClient.open(port, "/sse/upload/x", headers)
    assert client.status == 200
    assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "content-length" not in client.headers
    assert client.headers["connection"] == "close"
    bye = await client.receive()
    assert (bye["type"], bye["reason"]) == ("bye", "unavailable")
    assert 1000 <= bye["retry_ms"] <= 5000
    assert client.retry_ms == bye["retry_ms"]
    await client.close()
    return client


async def test_an_event_source_gets_a_bye_inside_a_200_and_reconnects(served: Served) -> None:
    await farewell(served.port)
    await served.settled()


@pytest.mark.parametrize("subprotocols", [None, ["fasttrack.batch"]])
async def test_a_websocket_gets_a_bye_and_is_closed_with_try_again_later(
    served: Served, subprotocols: Any
) -> None:
    url = f"ws://127.0.0.1:{served.port}/ws/upload/x"
    async with connect(url, subprotocols=subprotocols, proxy=None, open_timeout=60) as socket:
        bye = str(await socket.recv())
        with pytest.raises(ConnectionClosed):
            await socket.recv()
    assert '"reason":"unavailable"' in bye
    assert bye.startswith("[" if subprotocols else "{")
    assert socket.close_code == 1013
    await served.settled()


async def test_a_poll_gets_503_with_retry_after(served: Served) -> None:
    status, headers, problem = await fetch(served.port, "/poll/upload/x")
    assert (status, problem["type"]) == (503, "/problems/unavailable")
    assert 1 <= int(headers["retry-after"]) <= 5
    await served.settled()


async def test_streams_are_refused_in_the_same_way_when_the_token_cannot_be_looked_up(tmp_path: Path) -> None:
    token = {"Authorization": "Bearer ft_" + "x" * 43}
    async with whole_server(tmp_path, auth="token") as served:
        served.app.state.services.people.by_token = away
        client = await farewell(served.port, {**token, "Host": served.address})
        assert client.headers["x-content-type-options"] == "nosniff"
        async with connect(
            f"ws://{served.address}/ws/eventos", additional_headers=token, open_timeout=60
        ) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
        assert socket.close_code == 1013
        async with served.client(headers=token) as http:
            assert (await http.get("/poll/eventos")).status_code == 503


async def test_open_streams_survive_an_outage_of_the_store(served: Served) -> None:
    client = await SseClient.open(served.port, "/sse/eventos")
    assert (await client.receive())["type"] == "hello"
    served.feed.read = away  # type: ignore[method-assign]
    served.log("eventos", "2")
    assert (await client.receive())["message"] == "2"
    await client.close()
    await served.settled()
