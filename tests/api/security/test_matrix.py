"""Every route and every feed, for every kind of caller, on every transport."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.routes import HTTPRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.app import create_app
from api.security.access import access_of
from api.settings import Settings
from tests.api.security.conftest import WHO, Cast

pytestmark = pytest.mark.anyio

RANKS = ("viewer", "editor", "admin")
ROUTES: dict[str, str] = {
    "GET /": "public",
    "GET /api/v1/dashboard": "viewer",
    "DELETE /api/v1/eventos": "admin",
    "GET /api/v1/eventos": "viewer",
    "POST /api/v1/eventos": "editor",
    "PUT /api/v1/eventos": "admin",
    "GET /api/v1/eventos.ics": "viewer",
    "POST /api/v1/eventos/analise": "editor",
    "GET /api/v1/eventos/download": "viewer",
    "POST /api/v1/eventos/exportar": "editor",
    "POST /api/v1/eventos/lote": "editor",
    "POST /api/v1/eventos/upload": "editor",
    "DELETE /api/v1/eventos/{event_id}": "editor",
    "GET /api/v1/eventos/{event_id}": "viewer",
    "PATCH /api/v1/eventos/{event_id}": "editor",
    "PUT /api/v1/eventos/{event_id}": "editor",
    "GET /api/v1/presenca": "viewer",
    "DELETE /api/v1/session": "public",
    "GET /api/v1/session": "viewer",
    "POST /api/v1/session": "public",
    "GET /api/v1/tarefas": "viewer",
    "GET /api/v1/tarefas/{task_id}": "viewer",
    "POST /api/v1/tarefas/{task_id}/cancel": "editor",
    "GET /api/v1/tarefas/{task_id}/file": "viewer",
    "POST /api/v1/tickets": "viewer",
    "GET /api/v1/uploads": "viewer",
    "POST /api/v1/uploads": "editor",
    "GET /api/v1/uploads/template.csv": "viewer",
    "POST /api/v1/uploads/preview": "editor",
    "POST /api/v1/uploads/tus": "editor",
    "DELETE /api/v1/uploads/tus/{upload_id}": "editor",
    "HEAD /api/v1/uploads/tus/{upload_id}": "viewer",
    "PATCH /api/v1/uploads/tus/{upload_id}": "editor",
    "POST /api/v1/uploads/tus/{upload_id}": "editor",
    "GET /api/v1/uploads/{upload_id}": "viewer",
    "HEAD /api/v1/uploads/{upload_id}": "viewer",
    "POST /api/v1/uploads/{upload_id}/cancel": "editor",
    "GET /api/v1/uploads/{upload_id}/errors": "viewer",
    "GET /api/v1/uploads/{upload_id}/rejected.csv": "viewer",
    "POST /api/v1/uploads/{upload_id}/undo": "editor",
    "GET /api/v1/users": "admin",
    "POST /api/v1/users": "admin",
    "POST /api/v1/users/{name}/disable": "admin",
    "POST /api/v1/users/{name}/enable": "admin",
    "POST /api/v1/users/{name}/rotate": "admin",
    "GET /asyncapi.json": "public",
    "GET /client/{name}": "public",
    "GET /diagnose": "public",
    "GET /eventos.ics": "viewer",
    "GET /favicon.ico": "public",
    "GET /healthz": "public",
    "GET /metrics": "viewer",
    "GET /poll": "viewer",
    "GET /poll/{feed}": "viewer",
    "GET /problems": "public",
    "GET /problems/{slug}": "public",
    "GET /readyz": "public",
    "GET /schema": "public",
    "GET /schema/openapi.json": "public",
    "GET /schema/page.css": "public",
    "GET /sse": "viewer",
    "HEAD /sse": "viewer",
    "GET /sse/{feed}": "viewer",
    "HEAD /sse/{feed}": "viewer",
    "GET /static/{folder}/{name}": "public",
    "WS /ws": "viewer",
    "WS /ws/{feed}": "viewer",
}
FEEDS = {
    "eventos": "viewer",
    "eventos/progresso": "viewer",
    "upload/arquivo1": "viewer",
    "tarefas/t1": "viewer",
    "dashboard": "viewer",
    "presenca": "viewer",
    "admin": "admin",
}
TRANSPORTS = ("/sse", "/ws", "/poll")


def declared() -> dict[str, str]:
    """Return the access that each route of the application declares, OPTIONS left out."""
    app = create_app(Settings(data_dir=Path("unused")))
    found: dict[str, str] = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]:
            methods = handler.http_methods if isinstance(route, HTTPRoute) else {"WS"}
            found |= {f"{method} {route.path_format}": access_of(handler) for method in methods}
    return {name: access for name, access in found.items() if not name.startswith("OPTIONS ")}


def test_every_route_is_in_the_matrix_and_declares_what_it_says() -> None:
    assert declared() == ROUTES


def expected(who: str, needed: str) -> int | None:
    """Return the refusal that someone gets, None when let through."""
    if needed == "public":
        return None
    if who not in RANKS:
        return 401
    return None if RANKS.index(who) >= RANKS.index(needed) else 403


@pytest.mark.parametrize("who", WHO)
async def test_every_route_lets_in_whom_it_should(cast: Cast, who: str) -> None:
    wrong = []
    async with cast.client(who) as client:
        for name, needed in ROUTES.items():
            method, path = name.split(" ")
            if path.startswith(TRANSPORTS):
                continue
            answer = await client.request(method, _filled(path))
            refusal = answer.status_code if answer.status_code in (401, 403) else None
            if refusal != expected(who, needed) or answer.status_code >= 500:
                wrong.append((name, answer.status_code))
            check_refusal(answer, method, needed)
    assert wrong == []


def check_refusal(answer: httpx.Response, method: str, needed: str) -> None:
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    if answer.status_code == 403 and method != "HEAD":
        assert needed in answer.json()["detail"]


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_every_feed_lets_in_whom_it_should_on_every_transport(
    cast: Cast, transport: str, who: str
) -> None:
    got = {feed: await ASK[transport](cast, who, feed) for feed in FEEDS}
    assert got == {feed: expected(who, needed) for feed, needed in FEEDS.items()}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_unknown_feed_is_not_found_by_those_who_may_look(
    cast: Cast, transport: str, who: str
) -> None:
    assert await ASK[transport](cast, who, "nothing/here") == (expected(who, "viewer") or 404)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_one_feed_too_many_among_several_is_refused(cast: Cast, transport: str) -> None:
    assert await ASK[transport](cast, "editor", "?feed=eventos&feed=admin") == 403
    assert await ASK[transport](cast, "admin", "?feed=eventos&feed=admin") is None


async def ask_sse(cast: Cast, who: str, feed: str) -> int | None:
    async with cast.client(who) as client, client.stream("GET", _url("/sse", feed)) as answer:
        if answer.status_code != 200:
            return answer.status_code
        async for line in answer.aiter_lines():
            if line.startswith("data:"):
                _check_hello(msgspec.json.decode(line[5:]), who)
                return None
    raise AssertionError("the stream ended without hello")


async def ask_poll(cast: Cast, who: str, feed: str) -> int | None:
    async with cast.client(who) as client:
        answer = await client.get(_url("/poll", feed), params=None)
    if answer.status_code != 200:
        return answer.status_code
    _check_hello(answer.json()["messages"][0], who)
    return None


async def ask_ws(cast: Cast, who: str, feed: str) -> int | None:
    url = f"ws://{cast.served.address}{_url('/ws', feed)}"
    async with connect(url, additional_headers=cast.headers[who], open_timeout=20) as socket:
        try:
            first = await socket.recv()
        except ConnectionClosed:
            assert socket.close_code is not None
            return socket.close_code - 4000
    _check_hello(msgspec.json.decode(first), who)
    return None


ASK = {"/sse": ask_sse, "/ws": ask_ws, "/poll": ask_poll}


def _url(transport: str, feed: str) -> str:
    return transport + feed if feed.startswith("?") else f"{transport}/{feed}"


def _check_hello(message: dict[str, Any], who: str) -> None:
    assert (message["type"], message["user"], message["role"]) == ("hello", f"{who}-1", who)


def _filled(path: str) -> str:
    """Put something harmless into the places of a path."""
    for name in ("event_id", "name", "slug", "upload_id", "task_id"):
        path = path.replace("{" + name + "}", "1")
    return path.replace("{feed}", "eventos").replace("{file_path}", "x")
