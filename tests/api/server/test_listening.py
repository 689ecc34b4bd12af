"""Where a server listens."""

import errno
import socket
from pathlib import Path

import httpx
import msgspec
import pytest
from websockets.asyncio.client import unix_connect

from api.server.listening import listening_sockets, unix_socket
from tests.end_to_end.proxies.real import nginx_before_socket
from tests.serving import serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("host", ["*", "::"])
def test_one_host_value_listens_on_ipv4_and_ipv6_at_one_port(host: str) -> None:
    sockets = listening_sockets(host, 0)
    try:
        assert {one.family for one in sockets} == {socket.AF_INET, socket.AF_INET6}
        assert len({one.getsockname()[1] for one in sockets}) == 1
    finally:
        for one in sockets:
            one.close()


def test_an_address_may_stand_in_brackets() -> None:
    (one,) = listening_sockets("[::1]", 0)
    with one:
        assert one.getsockname()[0] == "::1"


async def test_a_server_on_ipv4_and_ipv6_answers_on_both(tmp_path: Path) -> None:
    async with serving(tmp_path, host="*", auth="token") as served:
        for address in ("127.0.0.1", "[::1]"):
            async with httpx.AsyncClient(base_url=f"http://{address}:{served.port}", timeout=60) as client:
                assert (await client.get("/healthz")).status_code == 200
                assert (await client.get("/api/v1/eventos")).status_code == 401


def test_a_unix_socket_of_a_killed_server_is_replaced_and_one_in_use_is_not(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with unix_socket(path) as one:
        one.listen()
        with pytest.raises(OSError, match="another process listens"), unix_socket(path):
            pass
        assert path.is_socket()
    assert not path.exists()


def test_a_file_that_is_not_a_socket_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    with pytest.raises(FileExistsError, match="another file is there"), unix_socket(path):
        pass
    assert path.read_text() == "kept"


@pytest.mark.parametrize(
    ("place", "why"), [("", "another file is there"), ("nowhere/http.sock", "nowhere does not exist")]
)
def test_a_path_that_cannot_be_a_socket_says_why(tmp_path: Path, place: str, why: str) -> None:
    with pytest.raises(OSError, match=why) as refused, unix_socket(tmp_path / place):
        pass
    # Nobody listens there who could be stopped.
    assert refused.value.errno != errno.EADDRINUSE


async def test_a_unix_socket_serves_requests_streams_and_websockets_by_token(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    async with serving(tmp_path / "data", unix_socket=path, trusted_proxies=("unix:",)) as served:
        token = await served.app.state.services.people.add("ana", "viewer", actor="test")
        bearer = {"Authorization": f"Bearer {token}"}
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            assert (await client.get("/api/v1/eventos")).status_code == 401
            assert (await client.get("/api/v1/eventos", headers=bearer)).status_code == 200
            secure = await client.get("/", headers={"X-Forwarded-Proto": "https"})
            assert "strict-transport-security" in secure.headers
            async with client.stream("GET", "/sse/eventos", headers=bearer) as answer:
                assert await _has_hello(answer)
        async with unix_connect(
            str(path), "ws://localhost/ws/eventos", additional_headers=bearer, open_timeout=60
        ) as ws:
            assert msgspec.json.decode(await ws.recv())["type"] == "hello"


async def _has_hello(answer: httpx.Response) -> bool:
    async for line in answer.aiter_lines():
        if line.startswith("data:"):
            return '"hello"' in line
    return False


async def test_nginx_in_front_of_a_unix_socket_forwards_the_client_address(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    folder = tmp_path / "proxy"
    folder.mkdir()
    async with serving(
        tmp_path / "data", unix_socket=path, trusted_proxies=("unix:",), failed_signins_per_minute=1
    ):
        with nginx_before_socket(folder, path) as port:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                wrong = {"token": "ft_" + "x" * 43}
                statuses = [(await client.post("/api/v1/session", json=wrong)).status_code for _ in range(2)]
                assert statuses == [401, 429]
                assert (await client.get("/api/v1/eventos")).status_code == 401
