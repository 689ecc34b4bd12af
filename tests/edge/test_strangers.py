"""A stranger walks along every route and every feed of every documented set-up, without a token.

The walk is made from the application's own table of routes, so a new route is walked, too.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from api.settings import read_settings
from tests.api.security.test_guards import FEEDS, declared, filled
from tests.end_to_end.proxies.real import (
    bare_nginx,
    before_two,
    documented,
    nginx_before_socket,
    of_compose,
    silent_haproxy,
    silent_nginx,
    under_a_path,
)
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

Proxy = Callable[[Path, int], AbstractContextManager[int]]
DEPLOY = Path(__file__).parents[2] / "deploy"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")
EVENT = {"title": "Festa", "event_date": "2027-01-01", "city": "Recife"}


def _documented(name: Any) -> Proxy:
    return lambda folder, port: documented(name, folder, port)


SET_UPS: dict[str, Proxy] = {
    "nginx": _documented("nginx"),
    "haproxy": _documented("haproxy"),
    "caddy": _documented("caddy"),
    "apache": _documented("apache"),
    "nginx of docs/operating.md": lambda folder, port: before_two(folder, port, port),
    "nginx of deploy/compose.postgres.yaml": of_compose,
    "nginx under a path": under_a_path,
    "nginx with proxy_pass alone": bare_nginx,
    "nginx that adds nothing": silent_nginx,
    "HAProxy that adds nothing": silent_haproxy,
}
PREFIXES = {"nginx under a path": "/fasttrack"}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A server as it starts without a setting, with one event in it."""
    async with serving(tmp_path / "data") as running:
        async with running.client() as client:
            assert (await client.post("/api/v1/eventos", json=EVENT)).status_code == 201
        yield running


# Caddy passes on only what is sent to the name of its site.
FORGED = [(set_up, "localhost") for set_up in SET_UPS if set_up != "caddy"]


@pytest.mark.parametrize(("set_up", "host"), [*((set_up, None) for set_up in SET_UPS), *FORGED])
async def test_a_remote_client_behind_a_proxy_is_refused_by_a_server_with_default_settings(
    served: Served, set_up: str, host: str | None, tmp_path: Path
) -> None:
    folder = tmp_path / "proxy"
    folder.mkdir()
    with SET_UPS[set_up](folder, served.port) as port:
        headers = {"Host": host} if host else {}
        place = f"127.0.0.1:{port}{PREFIXES.get(set_up, '')}"
        async with httpx.AsyncClient(base_url=f"http://{place}", headers=headers, timeout=60) as stranger:
            assert await _walk(stranger) == []
            assert await _feeds(stranger, f"ws://{place}") == []
    async with served.client() as local:
        assert (await local.get("/api/v1/eventos")).json()["total"] == 1


async def test_a_remote_client_behind_a_unix_socket_is_refused(tmp_path: Path) -> None:
    (tmp_path / "proxy").mkdir()
    path = tmp_path / "http.sock"
    async with serving(tmp_path / "data", unix_socket=path):
        with nginx_before_socket(tmp_path / "proxy", path) as port:
            # Any process of this machine may connect to it: a name of this machine proves nothing.
            for host in (f"127.0.0.1:{port}", "localhost"):
                async with httpx.AsyncClient(
                    base_url=f"http://127.0.0.1:{port}", headers={"Host": host}, timeout=60
                ) as stranger:
                    assert await _walk(stranger) == []
                    assert await _feeds(stranger, f"ws://127.0.0.1:{port}") == []


@pytest.mark.parametrize("file", ["compose.yaml", "compose.postgres.yaml"])
def test_a_server_of_the_compose_files_needs_a_token(file: str) -> None:
    image = dict(re.findall(r"(FASTTRACK_\w+)=(\S+)", (DEPLOY / "Containerfile").read_text()))
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", r"\2", (DEPLOY / file).read_text()).replace(
        "${DATABASE_PASSWORD:?}", "x"
    )
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    ours = [one for one in services.values() if one.get("image") == "fasttrack"]
    assert ours
    for one in ours:
        given = {name: str(value) for name, value in one["environment"].items()}
        settings = read_settings({**image, **given, "FASTTRACK_ALLOWED_HOSTS": ""})
        assert not settings.is_open


async def test_a_token_is_accepted_behind_a_proxy(served: Served) -> None:
    token = await served.app.state.services.people.add("ana", "viewer", actor="test")
    async with served.client(token, headers={"X-Forwarded-For": "192.0.2.1"}) as client:
        who = await client.get("/api/v1/session")
        assert who.json() == {"user": "ana", "role": "viewer", "via": "token"}
        assert (await client.delete("/api/v1/eventos")).status_code == 403


async def test_the_refusal_of_a_remote_client_gives_the_reason_and_advice(served: Served) -> None:
    async with served.client(headers={"X-Real-IP": "192.0.2.1"}) as client:
        answer = await client.get("/api/v1/eventos")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    detail = answer.json()["detail"]
    assert "x-real-ip" in detail
    assert "FASTTRACK_AUTH=token" in detail


async def test_a_rebound_host_name_still_gets_421(served: Served) -> None:
    async with served.client(headers={"Host": "evil.example"}) as client:
        assert (await client.get("/api/v1/eventos")).status_code == 421


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-Proto", "CF-Connecting-IP"])
async def test_a_proxy_header_alone_makes_the_server_ask_for_a_token(served: Served, header: str) -> None:
    async with served.client(headers={header: "for=127.0.0.1"}) as client:
        assert await _walk(client) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"allowed_hosts": ("events.example",)},
        {"allowed_origins": ("https://panel.example",)},
        {"trusted_proxies": ("127.0.0.1",)},
        {"auth": "token"},
    ],
    ids=str,
)
async def test_settings_that_name_other_hosts_require_tokens_and_print_the_first_one(
    settings: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(tmp_path, **settings) as running:
        token = capsys.readouterr().out.split()[-1]
        async with running.client() as stranger:
            assert await _walk(stranger) == []
            assert await _feeds(stranger, f"ws://{running.address}") == []
        async with running.client(token) as admin:
            assert (await admin.get("/api/v1/session")).json()["user"] == "admin"


async def _walk(stranger: httpx.AsyncClient) -> list[tuple[str, int]]:
    """Return what was not answered as it should: 401 where a role is needed, no 401 elsewhere."""
    wrong = []
    for name, needed in declared().items():
        method, path = name.split(" ")
        if method == "WS":
            continue
        answer = await stranger.request(method, filled(path))
        if (answer.status_code == 401) != (needed != "public") or answer.status_code >= 500:
            wrong.append((name, answer.status_code))
    return wrong + await _methods_beside_the_table(stranger)


async def _methods_beside_the_table(stranger: httpx.AsyncClient) -> list[tuple[str, int]]:
    """Return methods that no route has, but that do something or let something out."""
    public = {filled(name.split(" ")[1]) for name, needed in declared().items() if needed == "public"}
    wrong = []
    for path in sorted({filled(name.split(" ")[1]) for name in declared()} - public):
        if path.startswith("/ws"):
            continue
        for method in METHODS:
            answer = await stranger.request(method, path)
            allowed = {401, 405} | ({204} if method == "OPTIONS" else set())
            # An unknown method is refused before the application sees it.
            if answer.status_code not in allowed | ({400, 403, 501} if method == "PROPFIND" else set()):
                wrong.append((f"{method} {path}", answer.status_code))
    return wrong


async def _feeds(stranger: httpx.AsyncClient, ws: str) -> list[tuple[str, int | None]]:
    wrong: list[tuple[str, int | None]] = []
    for feed in FEEDS:
        for path in (f"/sse/{feed}", f"/poll/{feed}", f"/sse?feed={feed}", f"/poll?feed={feed}&ticket=x"):
            answer = await stranger.get(path)
            if answer.status_code != 401:
                wrong.append((path, answer.status_code))
        paths = (f"/ws/{feed}", f"/ws?feed={feed}&ticket=x")
        wrong += [(path, None) for path in paths if await _refusal_of_websocket(ws + path) is None]
    return wrong


async def _refusal_of_websocket(url: str) -> int | None:
    """Return with what a WebSocket is refused: 4401, or a status where the proxy passes no upgrade on."""
    try:
        async with connect(url, open_timeout=60, proxy=None) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            return socket.close_code if socket.close_code == 4401 else None
    except InvalidStatus as refused:
        status = refused.response.status_code
        return status if 400 <= status < 500 else None
