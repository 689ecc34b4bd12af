"""What one server knows of people, another one over the same store knows, too."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from api.services.people import People
from tests.api.security.reading import sse, ws
from tests.contracts.conftest import store_url
from tests.serving import Served, serving

__all__ = ["store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

CALLS = 20
SIGN_INS = 4


@pytest.fixture
async def pair(store_url: str, tmp_path: Path) -> AsyncIterator[tuple[Served, Served]]:
    limits = {"calls_per_minute": CALLS, "failed_signins_per_minute": SIGN_INS}
    async with (
        serving(tmp_path / "a", database_url=store_url, auth="token", **limits) as first,
        serving(tmp_path / "b", database_url=store_url, auth="token", **limits) as second,
    ):
        yield first, second


def people_of(served: Served) -> People:
    people: People = served.app.state.services.people
    return people


async def ana(served: Served) -> str:
    return await people_of(served).add("ana", "editor", actor="test")


async def test_a_ticket_works_once_across_servers(pair: tuple[Served, Served]) -> None:
    first, _ = pair
    token = await ana(first)
    async with first.client(token) as client:
        ticket = (await client.post("/api/v1/tickets")).json()["ticket"]

    async def use(served: Served) -> int:
        async with served.client() as stranger:
            return (await stranger.get(f"/poll/eventos?ticket={ticket}")).status_code

    answers = await asyncio.gather(*[use(served) for served in (*pair, *pair, *pair)])
    assert sorted(answers) == [200, 401, 401, 401, 401, 401]


async def test_a_session_is_valid_and_ends_on_every_server(pair: tuple[Served, Served]) -> None:
    first, second = pair
    token = await ana(first)
    async with first.client() as browser:
        assert (await browser.post("/api/v1/session", json={"token": token})).status_code == 200
        cookie = {"Cookie": f"ft_session={browser.cookies['ft_session']}"}
        async with second.client(headers=cookie) as elsewhere:
            assert (await elsewhere.get("/api/v1/session")).json()["user"] == "ana"
            assert (await elsewhere.delete("/api/v1/session")).status_code == 204
        assert (await browser.get("/api/v1/session")).status_code == 401


async def test_calls_to_all_servers_count_together(pair: tuple[Served, Served]) -> None:
    first, second = pair
    token = await ana(first)
    async with first.client(token) as one, second.client(token) as other:
        for _ in range(CALLS // 2):
            assert (await one.get("/api/v1/eventos")).status_code == 200
            assert (await other.get("/api/v1/eventos")).status_code == 200
        refused = await other.get("/api/v1/eventos")
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
        assert (await one.get("/api/v1/eventos")).status_code == 429


async def test_failed_sign_ins_at_all_servers_count_together(pair: tuple[Served, Served]) -> None:
    first, second = pair
    async with first.client() as one, second.client() as other:
        for number in range(SIGN_INS):
            guess = {"token": f"ft_{number}"}
            assert (await (one, other)[number % 2].post("/api/v1/session", json=guess)).status_code == 401
        for client in (one, other):
            assert (await client.post("/api/v1/session", json={"token": "ft_x"})).status_code == 429


@pytest.mark.parametrize("reading", [sse, ws])
async def test_disabling_a_user_ends_streams_on_other_servers(pair: tuple[Served, Served], reading) -> None:
    first, second = pair
    bearer = {"Authorization": f"Bearer {await ana(first)}"}
    async with reading(second, "eventos", **bearer) as stream:
        assert (await stream.next() or {})["type"] == "hello"
        await people_of(first).set_disabled("ana", disabled=True, actor="test")
        with anyio.fail_after(60):
            bye = (await stream.rest())[-1]
        assert (bye["type"], bye["reason"]) == ("bye", "expired")
