"""Pages that mean harm: refused, and nothing that they try is logged."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from api.logs import configure_logs
from api.services.credentials import new_token
from api.services.people import People
from tests.api.security.reading import sse
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio
EVIL = "https://evil.example"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, auth="token", allowed_origins=("https://good.example",)) as running:
        yield running


@pytest.fixture
async def token(served: Served) -> str:
    people: People = served.app.state.services.people
    return await people.add("ana", "editor", actor="test")


@pytest.fixture
async def browser(served: Served, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is signed in."""
    async with served.client() as client:
        assert (await client.post("/api/v1/session", json={"token": token})).status_code == 200
        yield client


async def test_a_rebound_host_gets_421_on_every_path(served: Served, token: str) -> None:
    async with served.client(token, headers={"Host": "evil.example"}) as client:
        for path in ("/", "/api/v1/eventos", "/sse/eventos", "/poll/eventos", "/metrics", "/nothing/here"):
            answer = await client.get(path)
            assert answer.status_code == 421, path
            assert answer.headers["content-type"] == "application/problem+json"


async def handshake(served: Served, path: str, **headers: str) -> int:
    """Return the status that a WebSocket's handshake meets, 101 when it is accepted."""
    try:
        async with connect(
            f"ws://{served.address}{path}", additional_headers=headers, proxy=None, open_timeout=60
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_a_foreign_origin_is_refused_before_a_websocket_is_accepted(
    served: Served, token: str, browser: httpx.AsyncClient
) -> None:
    cookie = {"Cookie": f"ft_session={browser.cookies['ft_session']}"}
    bearer = {"Authorization": f"Bearer {token}"}
    assert await handshake(served, "/ws/eventos", Origin=EVIL, **cookie) == 403
    assert await handshake(served, "/ws/eventos", Origin=EVIL, **bearer) == 403
    assert await handshake(served, "/ws/eventos", Origin=EVIL) == 403
    assert await handshake(served, "/ws/eventos", Origin="null", **cookie) == 403
    assert await handshake(served, "/ws/eventos", Origin=served.url, **cookie) == 101
    assert await handshake(served, "/ws/eventos", Origin="https://good.example", **bearer) == 101
    assert await handshake(served, "/ws/eventos", **bearer) == 101


async def test_a_foreign_page_cannot_use_the_cookie(served: Served, browser: httpx.AsyncClient) -> None:
    origin = {"Origin": EVIL}
    event = {
        "title": "x",
        "description": "",
        "event_date": "2027-01-01T10:00:00",
        "city": "Recife",
        "participants": [],
    }
    assert (await browser.post("/api/v1/eventos", json=event, headers=origin)).status_code == 403
    assert (await browser.delete("/api/v1/session", headers=origin)).status_code == 403
    assert (await browser.get("/poll/eventos?wait=0", headers=origin)).status_code == 403
    cookie = f"ft_session={browser.cookies['ft_session']}"
    async with sse(served, "eventos", Cookie=cookie, Origin=EVIL) as reading:
        assert reading.status == 403
    async with sse(served, "eventos", Cookie=cookie, Origin=served.url) as reading:
        assert (await reading.next() or {})["type"] == "hello"
    own = await browser.post("/api/v1/eventos", json=event, headers={"Origin": served.url})
    assert own.status_code == 201


async def test_only_allowed_origins_can_read_answers(served: Served, token: str) -> None:
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    async with served.client() as client:
        good = await client.options(
            "/api/v1/eventos", headers={"Origin": "https://good.example", **preflight}
        )
        assert good.status_code == 204
        assert good.headers["access-control-allow-origin"] == "https://good.example"
        assert "authorization" in good.headers["access-control-allow-headers"].lower()
        evil = await client.options("/api/v1/eventos", headers={"Origin": EVIL, **preflight})
        assert "access-control-allow-origin" not in evil.headers
    bearer = f"Bearer {token}"
    async with sse(served, "eventos", Authorization=bearer, Origin="https://good.example") as reading:
        assert reading.headers.get_list("access-control-allow-origin") == ["https://good.example"]
    async with sse(served, "eventos", Authorization=bearer, Origin=EVIL) as reading:
        assert "access-control-allow-origin" not in reading.headers


async def test_a_ticket_works_once_and_on_streams_only(served: Served, token: str) -> None:
    async with served.client(token) as client:
        first, second, third = [(await client.post("/api/v1/tickets")).json()["ticket"] for _ in range(3)]
    async with sse(served, f"eventos?ticket={first}") as reading:
        hello = await reading.next()
        assert hello is not None
        assert (hello["user"], hello["role"]) == ("ana", "editor")
    async with sse(served, f"eventos?ticket={first}") as reading:
        assert reading.status == 401
    assert await handshake(served, f"/ws/eventos?ticket={second}") == 101
    async with served.client() as client:
        assert (await client.get(f"/poll/eventos?wait=0&ticket={second}")).status_code == 401
        assert (await client.get(f"/api/v1/eventos?ticket={third}")).status_code in (400, 401)
        assert (await client.get(f"/poll/eventos?wait=0&ticket={third}")).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        *(
            "token={}",
            "access_token={}",
            "TOKEN={}",
            "q={}",
            "{}=1",
            "{}",
            "a{}b=",
            "limit=1&{}=1",
            "%66t_{3}",
        ),
        "feed=eventos&%66%74_{3}=",
    ],
)
async def test_a_token_in_a_url_is_always_refused(served: Served, token: str, query: str) -> None:
    query = query.format(token, "", "", token.removeprefix("ft_"))
    async with served.client() as client:
        for path in ("/api/v1/eventos", "/sse/eventos", "/poll/eventos", "/healthz"):
            answer = await client.get(f"{path}?{query}")
            assert answer.status_code == 400, path
            assert token not in answer.text
        assert (await client.get(f"/api/v1/{token}")).status_code == 400
    assert await handshake(served, f"/ws/eventos?{query}") == 400


@pytest.mark.parametrize("query", ["q=ft_short", "ft_short=1", "q=" + "ft" * 40])
async def test_what_only_looks_like_a_token_is_no_secret(served: Served, token: str, query: str) -> None:
    async with served.client(token) as client:
        answer = await client.get(f"/api/v1/eventos?{query}")
    assert "must not contain a token" not in answer.text


async def test_no_secret_reaches_the_log(
    served: Served, token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configured = logging.root.handlers[:], logging.root.level
    configure_logs("console", "debug")
    try:
        async with served.client(token) as client:
            ticket = (await client.post("/api/v1/tickets")).json()["ticket"]
        await handshake(served, f"/ws/eventos?ticket={ticket}")
        await handshake(served, f"/ws/eventos?token={token}")
        async with served.client() as client:
            session = (await client.post("/api/v1/session", json={"token": token})).cookies["ft_session"]
            await client.get(f"/api/v1/eventos?token={token}")
            await client.get(f"/api/v1/{token}")
            for path in (
                f"eventos/%66t_{token[3:]}",
                f"ft%5F{token[3:]}",
                f"x{token}",
                f"{'x' * 480}{token}",
            ):
                await client.get(f"/api/v1/{path}")
            for path in (f"sse/eventos%3Fticket={ticket}", f"sse/eventos%3Fticket%3D{ticket}"):
                await client.get(f"/{path}")
            for path in (f"eventos.ics%3Fkey%3Dfc_{session}", f"eventos.ics%2Ffc_{session}"):
                await client.get(f"/{path}")
            await client.post("/api/v1/session", json={"token": new_token()})
        logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "1.2.3.4", f"/ws?t={token}")
        told = capsys.readouterr()
    finally:
        logging.root.handlers[:], logging.root.level = configured
        logging.getLogger("fasttrack.access").handlers.clear()
    assert "/api/v1/tickets" in told.err
    for secret in (token, ticket, session):
        assert secret[3:] not in told.err
        assert secret[3:15] not in told.err


async def test_every_answer_has_the_protective_headers(served: Served) -> None:
    async with served.client() as client:
        for path in ("/", "/api/v1/eventos", "/nothing/here", "/schema"):
            headers = (await client.get(path)).headers
            assert "default-src 'self'" in headers["content-security-policy"], path
            assert "frame-ancestors 'none'" in headers["content-security-policy"], path
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "strict-transport-security" not in headers


async def test_the_browser_cookie_is_set_once(served: Served) -> None:
    async with served.client() as client:
        first = await client.get("/")
        assert first.headers["set-cookie"].startswith("ft_client=")
        assert "HttpOnly; SameSite=Lax" in first.headers["set-cookie"]
        assert "set-cookie" not in (await client.get("/")).headers
        assert "set-cookie" not in (await client.get("/healthz")).headers


async def test_on_an_open_server_a_foreign_page_changes_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as open_server, open_server.client() as client:
        form = {"file": ("a.csv", b"title\n")}
        answer = await client.post("/api/v1/uploads", files=form, headers={"Origin": EVIL})
        assert answer.status_code == 403
        assert (await client.get("/api/v1/uploads")).json()["items"] == []
