"""Tokens, sessions, tickets and users over a real server."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from api.lifetime import now_ms
from api.services.credentials import new_token
from api.services.people import People
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, auth="token") as running:
        yield running


@pytest.fixture
def people(served: Served) -> People:
    found = served.app.state.services.people
    assert isinstance(found, People)
    return found


def everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_the_first_start_creates_admin_and_prints_its_token_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(tmp_path, auth="token") as running:
        token = capsys.readouterr().out.split()[-1]
        async with running.client(token) as client:
            assert (await client.get("/api/v1/session")).json() == {
                "user": "admin",
                "role": "admin",
                "via": "token",
            }
    async with serving(tmp_path, auth="token"):
        assert capsys.readouterr().out == ""


async def test_only_a_hash_of_a_token_is_stored(served: Served, people: People, tmp_path: Path) -> None:
    token = await people.add("ana", "editor", actor="admin")
    assert token.startswith("ft_")
    assert len(token) == 46
    kept = everything_below(tmp_path)
    assert token.encode() not in kept
    assert b"ana" in kept


async def test_requests_without_credentials_get_401_with_a_challenge(served: Served) -> None:
    async with served.client() as client:
        answer = await client.get("/api/v1/session")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="fasttrack"'
        assert answer.headers["content-type"] == "application/problem+json"
        forged = await client.get("/api/v1/session", headers={"Authorization": "Bearer ft_forged"})
        assert forged.status_code == 401
        assert 'error="invalid_token"' in forged.headers["www-authenticate"]


async def test_a_wrong_token_is_refused_despite_a_valid_cookie(served: Served, people: People) -> None:
    token = await people.add("ana", "viewer", actor="admin")
    async with served.client() as client:
        await client.post("/api/v1/session", json={"token": token})
        assert (await client.get("/api/v1/session")).status_code == 200
        answer = await client.get("/api/v1/session", headers={"Authorization": "Bearer nonsense"})
        assert answer.status_code == 401


async def test_a_session_ends_at_sign_out(served: Served, people: People) -> None:
    token = await people.add("ana", "editor", actor="admin")
    async with served.client() as client:
        signed_in = await client.post("/api/v1/session", json={"token": token})
        cookie = signed_in.headers["set-cookie"]
        assert signed_in.status_code == 200
        assert cookie.startswith("ft_session=")
        assert "; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict" in cookie
        assert "Secure" not in cookie
        assert (await client.get("/api/v1/session")).json()["user"] == "ana"
        kept = signed_in.cookies["ft_session"]
        assert (await client.delete("/api/v1/session")).status_code == 204
        stolen = await client.get("/api/v1/session", headers={"Cookie": f"ft_session={kept}"})
        assert stolen.status_code == 401


async def test_a_session_behind_a_trusted_tls_proxy_is_secure(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token", trusted_proxies=("127.0.0.1",)) as running:
        token = await running.app.state.services.people.add("ana", "viewer", actor="admin")
        async with running.client(headers={"X-Forwarded-Proto": "https"}) as client:
            answer = await client.post("/api/v1/session", json={"token": token})
            assert answer.headers["set-cookie"].endswith("; Secure")
            assert "max-age" in answer.headers["strict-transport-security"]


async def test_an_expired_session_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token") as running:
        people: People = running.app.state.services.people
        token = await people.add("ana", "viewer", actor="admin")
        people.session_seconds = -1
        signed_in = await people.sign_in(token)
        assert signed_in is not None
        assert await people.by_session(signed_in.secret) is None
        assert await people.ended([signed_in.identity]) == {signed_in.identity}


async def try_tokens(served: Served, tokens: list[str]) -> list[int]:
    """Return the statuses of sign-ins that are sent all at once."""
    async with served.client() as client, asyncio.TaskGroup() as tasks:
        sent = [tasks.create_task(client.post("/api/v1/session", json={"token": one})) for one in tokens]
    return [task.result().status_code for task in sent]


async def test_concurrent_failures_beyond_the_limit_get_429(served: Served) -> None:
    statuses = await try_tokens(served, [new_token() for _ in range(60)])
    assert sorted(statuses) == [401] * 10 + [429] * 50


async def test_a_valid_token_is_accepted_although_others_fail_from_its_address(
    served: Served, people: People
) -> None:
    token = await people.add("ana", "viewer", actor="admin")
    assert set(await try_tokens(served, [new_token() for _ in range(30)])) == {401, 429}
    async with served.client() as client:
        held = await client.post("/api/v1/session", json={"token": new_token()})
        assert held.status_code == 429
        assert 0 < int(held.headers["retry-after"]) <= 61
        assert (await client.post("/api/v1/session", json={"token": token})).status_code == 200


async def test_one_wrong_token_tried_from_many_addresses_is_limited(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token", trusted_proxies=("127.0.0.1",)) as running:
        statuses = []
        async with running.client() as client:
            for number in range(12):
                sent = {"X-Forwarded-For": f"203.0.113.{number}"}
                wrong = {"token": "ft_leakedpart" + str(number)}
                statuses.append((await client.post("/api/v1/session", json=wrong, headers=sent)).status_code)
    assert statuses == [401] * 10 + [429] * 2


async def test_addresses_of_one_ipv6_network_share_a_limit(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token", trusted_proxies=("127.0.0.1",)) as running:
        statuses = []
        async with running.client() as client:
            for number in range(11):
                sent = {"X-Forwarded-For": f"2001:db8:0:7::{number:x}"}
                wrong = {"token": new_token()}
                statuses.append((await client.post("/api/v1/session", json=wrong, headers=sent)).status_code)
    assert statuses == [401] * 10 + [429]


async def test_the_newest_twenty_sessions_of_a_person_are_kept(served: Served, people: People) -> None:
    token = await people.add("ana", "viewer", actor="admin")
    async with served.client() as client:
        cookies = []
        for _ in range(23):
            answer = await client.post("/api/v1/session", json={"token": token})
            cookies.append(answer.cookies["ft_session"])
        client.cookies.clear()
        alive = []
        for secret in cookies:
            answer = await client.get("/api/v1/session", headers={"Cookie": f"ft_session={secret}"})
            alive.append(answer.status_code == 200)
    assert sum(alive) == 20
    assert alive[-1]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 422), (b'{"token":7}', 422), (b"[" * 3000, 400), (b"{" + b" " * 5000, 413)],
)
async def test_a_malformed_sign_in_is_refused(served: Served, body: bytes, status: int) -> None:
    async with served.client() as client:
        assert (await client.post("/api/v1/session", content=body)).status_code == status


@pytest.mark.parametrize("around", ["{}\n", " {}", "\t{}\r\n", "\u00a0{}\u00a0"])
async def test_a_token_is_the_same_with_the_blanks_that_were_copied_with_it(
    served: Served, people: People, around: str
) -> None:
    token = await people.add("ana", "viewer", actor="test")
    async with served.client() as client:
        answer = await client.post("/api/v1/session", json={"token": around.format(token)})
    assert (answer.status_code, answer.json()["user"]) == (200, "ana")


async def test_a_ticket_works_once_and_for_its_owner(served: Served, people: People) -> None:
    token = await people.add("ana", "viewer", actor="admin")
    async with served.client(token) as client:
        answer = await client.post("/api/v1/tickets")
    assert answer.status_code == 201
    assert answer.json()["expires_in"] == 30
    identity = await people.by_ticket(answer.json()["ticket"])
    assert identity is not None
    assert (identity.name, identity.role, identity.via) == ("ana", "viewer", "ticket")
    assert await people.by_ticket(answer.json()["ticket"]) is None


async def test_a_ticket_expires_after_30_seconds(served: Served, people: People) -> None:
    identity = await people.by_token(await people.add("ana", "viewer", actor="admin"))
    assert identity is not None
    for late_ms, is_good in ((29_000, True), (30_500, False)):
        ticket = await people.issue_ticket(identity)
        later = People(served.app.state.services.store, clock=partial(_in_ms, late_ms), session_seconds=60)
        assert (await later.by_ticket(ticket) is not None) == is_good


def _in_ms(later_ms: int) -> int:
    return now_ms() + later_ms


async def test_a_ticket_of_a_disabled_user_is_refused(served: Served, people: People) -> None:
    token = await people.add("ana", "viewer", actor="admin")
    identity = await people.by_token(token)
    assert identity is not None
    ticket = await people.issue_ticket(identity)
    await people.set_disabled("ana", disabled=True, actor="admin")
    assert await people.by_ticket(ticket) is None


async def test_a_disabled_user_and_a_rotated_token_are_refused(served: Served, people: People) -> None:
    old = await people.add("ana", "admin", actor="admin")
    async with served.client(old) as client:
        new = (await client.post("/api/v1/users/ana/rotate")).json()["token"]
        assert (await client.get("/api/v1/session")).status_code == 401
    async with served.client(new) as client:
        assert (await client.get("/api/v1/session")).status_code == 200
        assert (await client.post("/api/v1/users/ana/disable")).json()["disabled"] is True
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_administrators_manage_users_and_others_get_the_role_they_lack(
    served: Served, people: People
) -> None:
    admin = await people.add("chefe", "admin", actor="admin")
    async with served.client(admin) as client:
        added = await client.post("/api/v1/users", json={"name": "ana", "role": "editor"})
        assert added.status_code == 201
        again = await client.post("/api/v1/users", json={"name": "ana"})
        assert again.status_code == 409
        assert [user["name"] for user in (await client.get("/api/v1/users")).json()] == [
            "admin",
            "ana",
            "chefe",
        ]
        assert (await client.post("/api/v1/users/nobody/disable")).status_code == 404
    async with served.client(added.json()["token"]) as client:
        refused = await client.get("/api/v1/users")
        assert refused.status_code == 403
        assert "admin" in refused.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/session", "/metrics"])
async def test_calls_of_a_person_are_limited_per_minute(tmp_path: Path, path: str) -> None:
    async with serving(tmp_path, auth="token", calls_per_minute=3) as running:
        people: People = running.app.state.services.people
        ana, bia = [await people.add(name, "viewer", actor="admin") for name in ("ana", "bia")]
        async with running.client(ana) as client:
            statuses = [(await client.get(path)).status_code for _ in range(4)]
            assert statuses == [200, 200, 200, 429]
            assert (await client.get("/poll/eventos?wait=0")).status_code == 200
        async with running.client(bia) as client:
            assert (await client.get(path)).status_code == 200


async def test_uploads_of_a_person_are_limited_per_minute(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token", uploads_per_minute=2) as running:
        people: People = running.app.state.services.people
        ana, bia = [await people.add(name, "editor", actor="admin") for name in ("ana", "bia")]
        file = {"file": ("a.csv", b"title,event_date,city\nFesta,2027-01-01,Recife\n")}
        async with running.client(ana) as client:
            answers = [await client.post("/api/v1/uploads", files=file) for _ in range(3)]
            assert [answer.status_code for answer in answers] == [202, 202, 429]
            assert 1 <= int(answers[2].headers["retry-after"]) <= 60
            assert (await client.get("/api/v1/eventos")).status_code == 200
        async with running.client(bia) as client:
            assert (await client.post("/api/v1/uploads", files=file)).status_code == 202


async def test_on_an_open_server_everyone_is_the_local_administrator(tmp_path: Path) -> None:
    async with serving(tmp_path) as running, running.client() as client:
        who = await client.get("/api/v1/session")
        assert who.json() == {"user": "local", "role": "admin", "via": "open"}
        assert (await client.get("/api/v1/users")).json() == []


@pytest.mark.parametrize("name", ["a b", "", "a/b", "local", "-a", "é", "a" * 65, "a\n"])
async def test_a_name_that_no_user_can_have_is_a_fault_of_the_field(
    served: Served, people: People, name: str
) -> None:
    async with served.client(await people.add("chefe", "admin", actor="admin")) as client:
        answer = await client.post("/api/v1/users", json={"name": name, "role": "viewer"})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation")
        assert [error["field"] for error in answer.json()["errors"]] == ["name"]


async def test_the_last_administrator_cannot_be_disabled_over_http(served: Served, people: People) -> None:
    token = await people.add("ana", "admin", actor="test")
    async with served.client(token) as client:
        assert (await client.post("/api/v1/users/admin/disable")).status_code == 200
        refused = await client.post("/api/v1/users/ana/disable")
        assert refused.status_code == 409
        assert "enable or add another one first" in refused.json()["detail"]
        assert (await client.post("/api/v1/users/admin/enable")).status_code == 200


async def test_a_session_is_found_behind_other_cookies_of_its_name(served: Served, people: People) -> None:
    signed_in = await people.sign_in(await people.add("ana", "viewer", actor="test"))
    assert signed_in is not None
    good = f"ft_session={signed_in.secret}"
    async with served.client() as client:

        async def status(*cookies: str) -> int:
            answer = await client.get("/api/v1/session", headers={"Cookie": "; ".join(cookies)})
            return answer.status_code

        assert await status("ft_session=bad", good) == 200
        assert (
            await status("ft_session=bad", "ft_session=bad", "ft_session=other", "ft_session=", good) == 200
        )
        assert await status(*(f"ft_session={number}" for number in range(4)), good) == 401


async def test_no_cache_keeps_what_the_api_answers_its_caller(served: Served, people: People) -> None:
    token = await people.add("ana", "editor", actor="test")
    event = {"title": "Festa", "event_date": "2027-06-24", "city": "Recife"}
    async with served.client(token) as client:
        made = await client.post("/api/v1/eventos", json=event)
        path = made.headers["location"]
        for answer in (made, await client.get(path), await client.get("/api/v1/eventos")):
            assert answer.headers["cache-control"] == "private, no-cache"
        known = await client.get(path, headers={"If-None-Match": made.headers["etag"]})
        assert (known.status_code, known.headers["cache-control"]) == (304, "private, no-cache")
        assert (await client.get("/api/v1/session")).headers["cache-control"] == "no-store"
