"""Tickets that can come back: bound, listed, revoked; and single-use ones, used up by streams only."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.lifetime import now_ms
from api.services.people import People
from tests.api.security.reading import sse
from tests.api.security.test_authentication import everything_below
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio
PANEL = "https://panel.example"
OTHER = "https://other.example"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, auth="token", allowed_origins=(PANEL, OTHER)) as running:
        yield running


@pytest.fixture
def people(served: Served) -> People:
    found = served.app.state.services.people
    assert isinstance(found, People)
    return found


@pytest.fixture
async def ana(served: Served, people: People) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client(await people.add("ana", "viewer", actor="test")) as client:
        yield client


async def draw(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **wanted: Any) -> Any:
    answer = await client.post(
        "/api/v1/tickets", json={"reusable": True, "hours": 12, **wanted}, headers=headers
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def status(served: Served, path: str, ticket: str, origin: str | None = None) -> int:
    headers = {"Origin": origin} if origin else {}
    async with served.client(headers=headers) as client:
        joint = "&" if "?" in path else "?"
        return (await client.get(f"{path}{joint}ticket={ticket}&wait=0")).status_code


async def test_a_reusable_ticket_opens_streams_again_and_again(
    served: Served, ana: httpx.AsyncClient
) -> None:
    made = await draw(ana)
    assert made["expires_in"] == 12 * 3600
    for _ in range(3):
        async with sse(served, f"eventos?ticket={made['ticket']}", Origin=PANEL) as stream:
            hello = await stream.next()
            assert hello is not None
            assert (hello["type"], hello["user"]) == ("hello", "ana")
            assert stream.headers["access-control-allow-origin"] == PANEL
    assert await status(served, "/poll/dashboard", made["ticket"]) == 200


@pytest.mark.parametrize(
    "query",
    [
        "ticket={0}&ticket={0}",
        "ticket={0}&tickt={0}",
        "ticket={0}&key=short-secret&token=",
        "replay={0}&ticket={0}",
    ],
)
async def test_a_refusal_repeats_no_ticket(served: Served, ana: httpx.AsyncClient, query: str) -> None:
    for _ in range(2):
        ticket = (await draw(ana))["ticket"]
        async with served.client() as client:
            for path in ("/poll/eventos", "/sse/eventos"):
                answer = await client.get(f"{path}?{query.format(ticket)}")
                assert answer.status_code == 400
                assert ticket not in answer.text
                assert "short-secret" not in answer.text
        answer = await ana.get(f"/api/v1/eventos?{query.format(ticket)}")
        assert answer.status_code == 400
        assert ticket not in answer.text


async def test_a_reusable_ticket_is_bound_to_its_feeds(served: Served, ana: httpx.AsyncClient) -> None:
    made = await draw(ana, feeds=["eventos", "dashboard"])
    assert await status(served, "/poll/eventos", made["ticket"]) == 200
    assert await status(served, "/poll?feed=eventos&feed=dashboard", made["ticket"]) == 200
    assert await status(served, "/poll/presenca", made["ticket"]) == 403
    assert await status(served, "/poll?feed=eventos&feed=presenca", made["ticket"]) == 403


@pytest.mark.parametrize("named", [True, False])
async def test_a_reusable_ticket_is_bound_to_the_named_or_requesting_origin(
    served: Served, ana: httpx.AsyncClient, named: bool
) -> None:
    made = await draw(ana, origin=PANEL) if named else await draw(ana, {"Origin": PANEL})
    assert made["reusable"]["origin"] == f"{PANEL}:443"
    assert await status(served, "/poll/eventos", made["ticket"], PANEL) == 200
    assert await status(served, "/poll/eventos", made["ticket"], OTHER) == 401
    assert await status(served, "/poll/eventos", made["ticket"]) == 401


async def test_a_reusable_ticket_opens_only_feeds(served: Served, ana: httpx.AsyncClient) -> None:
    made = await draw(ana)
    async with served.client() as client:
        for method, path in (("GET", "/api/v1/eventos"), ("POST", "/api/v1/tickets"), ("GET", "/metrics")):
            answer = await client.request(method, path, params={"ticket": made["ticket"]})
            assert answer.status_code == 401, path


async def test_a_reusable_ticket_is_listed_without_its_secret_and_can_be_revoked(
    served: Served, ana: httpx.AsyncClient
) -> None:
    made = await draw(ana, feeds=["eventos"])
    listed = await ana.get("/api/v1/tickets")
    assert [one["id"] for one in listed.json()] == [made["reusable"]["id"]]
    assert made["ticket"] not in listed.text
    async with sse(served, f"eventos?ticket={made['ticket']}") as stream:
        assert await stream.next() is not None
        answer = await ana.delete(f"/api/v1/tickets/{made['reusable']['id']}")
        assert answer.status_code == 204
        last = (await stream.rest())[-1]
        assert (last["type"], last["reason"]) == ("bye", "expired")
    assert await status(served, "/poll/eventos", made["ticket"]) == 401
    assert (await ana.get("/api/v1/tickets")).json() == []
    assert (await ana.delete(f"/api/v1/tickets/{made['reusable']['id']}")).status_code == 404


async def test_only_the_owner_and_administrators_see_and_revoke_a_ticket(
    served: Served, people: People, ana: httpx.AsyncClient
) -> None:
    made = await draw(ana)
    path = f"/api/v1/tickets/{made['reusable']['id']}"
    async with served.client(await people.add("bia", "editor", actor="test")) as bia:
        assert (await bia.get("/api/v1/tickets")).json() == []
        assert (await bia.delete(path)).status_code == 404
    async with served.client(await people.add("chefe", "admin", actor="test")) as chefe:
        assert len((await chefe.get("/api/v1/tickets")).json()) == 1
        assert (await chefe.delete(path)).status_code == 204


@pytest.mark.parametrize("how", ["disabled", "rotated", "expired"])
async def test_a_reusable_ticket_ends_when_its_owner_is_disabled_or_its_time_is_over(
    served: Served, people: People, ana: httpx.AsyncClient, how: str
) -> None:
    made = await draw(ana)
    if how == "disabled":
        await people.set_disabled("ana", disabled=True, actor="test")
        await people.set_disabled("ana", disabled=False, actor="test")
    elif how == "rotated":
        await people.rotate("ana", actor="test")
    else:
        late = People(
            served.app.state.services.store, clock=lambda: now_ms() + 12 * 3_600_000, session_seconds=60
        )
        assert await late.by_ticket(made["ticket"]) is None
        return
    assert await status(served, "/poll/eventos", made["ticket"]) == 401


async def test_only_the_hash_of_a_reusable_ticket_is_stored(
    served: Served, ana: httpx.AsyncClient, tmp_path: Path
) -> None:
    made = await draw(ana)
    kept = everything_below(tmp_path)
    assert made["ticket"].encode() not in kept
    assert made["reusable"]["id"].encode() in kept


@pytest.mark.parametrize(
    "wanted",
    [
        {"reusable": True, "hours": 13},
        {"reusable": True, "hours": 0},
        {"reusable": True, "hours": True},
        {"reusable": "yes"},
        {"reusable": True, "feeds": ["nothing/here"]},
        {"reusable": True, "feeds": "eventos"},
        {"reusable": True, "feeds": []},
        {"reusable": True, "feeds": [None]},
        {"reusable": True, "feeds": ["eventos"] * 33},
        {"reusable": True, "origin": "null"},
        {"hours": 1},
        {"reusable": False, "feeds": ["eventos"]},
        {"reusable": True, "minutes": 3},
        [],
    ],
    ids=str,
)
async def test_a_ticket_request_that_cannot_be_met_is_refused(ana: httpx.AsyncClient, wanted: object) -> None:
    assert (await ana.post("/api/v1/tickets", json=wanted)).status_code == 422


async def test_no_ticket_is_issued_for_a_feed_that_the_role_may_not_read(ana: httpx.AsyncClient) -> None:
    answer = await ana.post("/api/v1/tickets", json={"reusable": True, "feeds": ["admin"]})
    assert answer.status_code == 403


@pytest.mark.parametrize("transport", ["sse", "poll"])
async def test_head_and_options_do_not_redeem_a_ticket(
    served: Served, ana: httpx.AsyncClient, transport: str
) -> None:
    ticket = (await ana.post("/api/v1/tickets")).json()["ticket"]
    path = (
        f"/{transport}/eventos?wait=0&ticket={ticket}"
        if transport == "poll"
        else f"/sse/eventos?ticket={ticket}"
    )
    async with served.client() as client:
        assert (await client.head(path)).status_code == 200
        assert (await client.options(path)).status_code == 204
        preflight = {"Origin": PANEL, "Access-Control-Request-Method": "GET"}
        assert (await client.options(path, headers=preflight)).status_code == 204
        async with client.stream("GET", path) as answer:
            assert answer.status_code == 200
        assert (await client.get(path)).status_code == 401


async def test_a_websocket_accepts_both_kinds_of_ticket(served: Served, ana: httpx.AsyncClient) -> None:
    single = (await ana.post("/api/v1/tickets")).json()["ticket"]
    reusable = (await draw(ana, feeds=["eventos"]))["ticket"]
    for ticket, times in ((single, 1), (reusable, 3)):
        for _ in range(times):
            async with connect(
                f"ws://{served.address}/ws/eventos?ticket={ticket}", proxy=None, open_timeout=60
            ) as socket:
                assert '"hello"' in str(await socket.recv())
    async with connect(
        f"ws://{served.address}/ws/eventos?ticket={single}", proxy=None, open_timeout=60
    ) as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4401


async def test_the_newest_20_reusable_tickets_of_a_person_are_kept(
    served: Served, ana: httpx.AsyncClient
) -> None:
    drawn = [await draw(ana) for _ in range(22)]
    assert len((await ana.get("/api/v1/tickets")).json()) == 20
    assert await status(served, "/poll/eventos", drawn[-1]["ticket"]) == 200


@pytest.mark.parametrize("bound", ["own", "panel", "evil", "unbound", "single-use"])
@pytest.mark.parametrize("transport", ["sse", "poll"])
async def test_a_ticket_opens_feeds_only_for_pages_of_its_origins(
    served: Served, ana: httpx.AsyncClient, bound: str, transport: str
) -> None:
    pages = {"own": served.url, "panel": PANEL, "other": OTHER, "evil": "http://evil.example", "null": "null"}
    # One that names no origin opens for all: pages of origins that are not allowed cannot read the answer.
    opens = {
        "own": {"own", "no origin"},
        "panel": {"panel"},
        "evil": {"evil"},
        "unbound": {*pages, "no origin"},
        "single-use": {*pages, "no origin"},
    }
    opened = set()
    for page, origin in [*pages.items(), ("no origin", None)]:
        if bound == "single-use":
            made = (await ana.post("/api/v1/tickets")).json()
        else:
            # What may be named is only what may be used; who asks from another page gets a ticket for that.
            from_evil = {"Origin": pages["evil"]} if bound == "evil" else None
            made = await draw(
                ana, from_evil, **({"origin": pages[bound]} if bound in {"own", "panel"} else {})
            )
        headers = {} if origin is None else {"Origin": origin}
        path = f"/{transport}/eventos?ticket={made['ticket']}" + ("&wait=0" if transport == "poll" else "")
        async with served.client(headers=headers) as client, client.stream("GET", path) as answer:
            assert answer.status_code in {200, 401}
            if answer.status_code == 200:
                opened.add(page)
                may_read = "access-control-allow-origin" in answer.headers
                assert may_read == (page in {"panel", "other"})
    assert opened == opens[bound]


async def test_a_ticket_for_pages_that_may_not_use_it_is_refused(ana: httpx.AsyncClient) -> None:
    for origin in ("http://evil.example", PANEL + "0"):
        answer = await ana.post("/api/v1/tickets", json={"reusable": True, "origin": origin})
        assert answer.status_code == 422
        assert "FASTTRACK_ALLOWED_ORIGINS" in answer.json()["errors"][0]["message"]
    assert (await draw(ana, origin=PANEL))["reusable"]["origin"]


async def test_a_ticket_of_the_own_origin_names_it(served: Served, ana: httpx.AsyncClient) -> None:
    assert (await draw(ana, origin=served.url))["reusable"]["origin"] == served.url
    assert (await draw(ana, {"Origin": served.url}))["reusable"]["origin"] is None


@pytest.mark.parametrize("feeds", [{}, {"feeds": None}])
async def test_a_ticket_without_feeds_opens_all(
    served: Served, ana: httpx.AsyncClient, feeds: dict[str, Any]
) -> None:
    made = await draw(ana, **feeds)
    assert made["reusable"]["feeds"] == []
    assert await status(served, "/poll?feed=eventos&feed=presenca", made["ticket"]) == 200


async def test_administrators_see_whose_ticket_and_calendar_address_is_whose(
    served: Served, ana: httpx.AsyncClient, people: People
) -> None:
    made = await draw(ana)
    address = (await ana.post("/api/v1/calendars", json={})).json()
    assert made["reusable"]["user"] == "ana"
    assert (await ana.get("/api/v1/calendars", params={"user": "ana"})).status_code == 403
    async with served.client(await people.add("bia", "admin", actor="test")) as bia:
        assert [one["user"] for one in (await bia.get("/api/v1/tickets")).json()] == ["ana"]
        assert (await bia.get("/api/v1/calendars")).json()["items"] == []
        listed = (await bia.get("/api/v1/calendars", params={"user": "ana"})).json()["items"]
        assert [one["id"] for one in listed] == [address["id"]]
        assert (await bia.get("/api/v1/calendars", params={"user": "nobody"})).status_code == 404
        assert (await bia.delete(f"/api/v1/calendars/{address['id']}")).status_code == 204
    assert (await ana.get("/api/v1/calendars")).json()["items"] == []
