"""Every route and every feed, for every kind of caller, on every transport."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.app import create_app
from api.http.openapi import OPT_KEY, Operation
from api.security.guards import access_of
from api.settings import Settings
from tests.api.security.conftest import WHO, Cast

pytestmark = pytest.mark.anyio

RANKS = ("viewer", "editor", "admin")
ROUTES: dict[str, str] = {
    "GET /": "public",
    "GET /api/v1/calendars": "viewer",
    "POST /api/v1/calendars": "viewer",
    "DELETE /api/v1/calendars/{calendar_id}": "viewer",
    "GET /api/v1/dashboard": "viewer",
    "DELETE /api/v1/eventos": "admin",
    "GET /api/v1/eventos": "viewer",
    "POST /api/v1/eventos": "editor",
    "PUT /api/v1/eventos": "admin",
    "GET /api/v1/eventos.ics": "viewer",
    "POST /api/v1/eventos/analise": "editor",
    "GET /api/v1/eventos/cidades": "viewer",
    "GET /api/v1/eventos/download": "viewer",
    "POST /api/v1/eventos/exportar": "editor",
    "POST /api/v1/eventos/lote": "editor",
    "POST /api/v1/eventos/upload": "editor",
    "DELETE /api/v1/eventos/{event_id}": "editor",
    "GET /api/v1/eventos/{event_id}": "viewer",
    "PATCH /api/v1/eventos/{event_id}": "editor",
    "PUT /api/v1/eventos/{event_id}": "editor",
    "GET /api/v1/notifications": "admin",
    "GET /api/v1/notifications/read": "admin",
    "POST /api/v1/notifications/read": "admin",
    "GET /api/v1/presenca": "viewer",
    "DELETE /api/v1/session": "public",
    "GET /api/v1/session": "viewer",
    "POST /api/v1/session": "public",
    "GET /api/v1/tarefas": "viewer",
    "GET /api/v1/tarefas/{task_id}": "viewer",
    "POST /api/v1/tarefas/{task_id}/cancel": "editor",
    "GET /api/v1/tarefas/{task_id}/file": "viewer",
    "GET /api/v1/tickets": "viewer",
    "POST /api/v1/tickets": "viewer",
    "DELETE /api/v1/tickets/{ticket_id}": "viewer",
    "GET /api/v1/uploads": "viewer",
    "POST /api/v1/uploads": "editor",
    "GET /api/v1/uploads/template.csv": "viewer",
    "GET /api/v1/uploads/template.xlsx": "viewer",
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
    "POST /api/v1/uploads/{upload_id}/check": "editor",
    "POST /api/v1/uploads/{upload_id}/import": "editor",
    "GET /api/v1/uploads/{upload_id}/preview": "editor",
    "GET /api/v1/uploads/{upload_id}/rejected": "viewer",
    "GET /api/v1/uploads/{upload_id}/rejected.csv": "viewer",
    "POST /api/v1/uploads/{upload_id}/repairs": "editor",
    "POST /api/v1/uploads/{upload_id}/undo": "editor",
    "GET /api/v1/users": "admin",
    "POST /api/v1/users": "admin",
    "POST /api/v1/users/{name}/disable": "admin",
    "POST /api/v1/users/{name}/enable": "admin",
    "POST /api/v1/users/{name}/rotate": "admin",
    "GET /api/v1/webhooks": "admin",
    "POST /api/v1/webhooks": "admin",
    "DELETE /api/v1/webhooks/{webhook_id}": "admin",
    "GET /api/v1/webhooks/{webhook_id}": "admin",
    "PATCH /api/v1/webhooks/{webhook_id}": "admin",
    "POST /api/v1/webhooks/{webhook_id}/secret": "admin",
    "POST /api/v1/webhooks/{webhook_id}/test": "admin",
    "GET /asyncapi.json": "public",
    "GET /assets/{name}": "public",
    "GET /client/{name}": "public",
    "GET /diagnose": "public",
    "GET /eventos.ics": "viewer",
    "GET /favicon.ico": "public",
    "GET /healthz": "public",
    "GET /metrics": "viewer",
    "GET /poll": "viewer",
    "GET /poll/{feed}": "viewer",
    "HEAD /poll": "viewer",
    "HEAD /poll/{feed}": "viewer",
    "GET /ws": "public",
    "GET /ws/{feed}": "public",
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
            found |= {f"{method} {route.path_format}": needed(handler) for method in methods}
    return {name: access for name, access in found.items() if not name.startswith("OPTIONS ")}


def needed(handler: BaseRouteHandler) -> str:
    """Return what a caller without a secret in the URL must be: a calendar's address lets in by its key."""
    access, operation = access_of(handler), handler.opt.get(OPT_KEY)
    takes_key = isinstance(operation, Operation) and any(one.name == "key" for one in operation.parameters)
    return "viewer" if access == "public" and takes_key else access


def test_every_route_is_in_the_matrix_and_declares_the_role_given_there() -> None:
    assert declared() == ROUTES


def expected(who: str, needed: str) -> int | None:
    """Return the refusal that someone gets, None when let through."""
    if needed == "public":
        return None
    if who not in RANKS:
        return 401
    return None if RANKS.index(who) >= RANKS.index(needed) else 403


@pytest.mark.parametrize("who", WHO)
async def test_every_route_admits_exactly_its_roles(cast: Cast, who: str) -> None:
    wrong = []
    async with cast.client(who) as client:
        for name, needed in ROUTES.items():
            method, path = name.split(" ")
            if path.startswith(TRANSPORTS):
                continue
            answer = await client.request(method, filled(path))
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
async def test_every_feed_admits_exactly_its_roles_on_every_transport(
    cast: Cast, transport: str, who: str
) -> None:
    got = {feed: await ASK[transport](cast, who, feed) for feed in FEEDS}
    assert got == {feed: expected(who, needed) for feed, needed in FEEDS.items()}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_unknown_feed_is_404_for_authorised_users(cast: Cast, transport: str, who: str) -> None:
    assert await ASK[transport](cast, who, "nothing/here") == (expected(who, "viewer") or 404)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_one_forbidden_feed_among_several_refuses_the_request(cast: Cast, transport: str) -> None:
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
    async with connect(url, additional_headers=cast.headers[who], open_timeout=60) as socket:
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


def filled(path: str) -> str:
    """Put something harmless into the places of a path."""
    ids = ("event_id", "upload_id", "task_id", "ticket_id", "calendar_id", "webhook_id")
    for name in (*ids, "name", "slug"):
        path = path.replace("{" + name + "}", "1")
    return path.replace("{feed}", "eventos").replace("{file_path}", "x")
