"""The server under a path of another: /fasttrack/."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.own_paths import OWN_PATHS
from tests.api.security.test_guards import declared
from tests.edge.test_strangers import EVENT
from tests.serving import serving

pytestmark = pytest.mark.anyio
PREFIX = "/apps/fasttrack"
TOLD = {"X-Forwarded-Prefix": PREFIX}
BEHIND: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "the setting, path kept": ({"root_path": PREFIX}, {}, PREFIX),
    "the setting, path taken off": ({"root_path": PREFIX}, {}, ""),
    "the header, path kept": ({"trusted_proxies": ("127.0.0.1",)}, TOLD, PREFIX),
    "the header, path taken off": ({"trusted_proxies": ("127.0.0.1",)}, TOLD, ""),
}


@pytest.mark.parametrize("behind", BEHIND)
async def test_all_urls_of_answers_have_the_prefix(behind: str, tmp_path: Path) -> None:
    settings, headers, sent = BEHIND[behind]
    async with (
        serving(tmp_path, auth="open", **settings) as served,
        served.client(headers=headers) as client,
    ):
        page = await client.get(f"{sent}/")
        assert page.status_code == 200
        assert f"Path={PREFIX};" in page.headers["set-cookie"]
        assert f'data-prefix="{PREFIX}"' in page.text
        await _pages(client, sent)
        await _rest(client, sent)
        await _upload(client, sent, is_own="root_path" in settings)
        await _tus(client, sent)
        document = (await client.get(f"{sent}/schema/openapi.json")).json()
        assert document["servers"] == [{"url": PREFIX}]
        missing = await client.get(f"{sent}/api/v1/eventos/999")
        assert missing.json()["instance"] == f"{PREFIX}/api/v1/eventos/999"
        assert (await client.head(f"{sent}/sse/eventos")).status_code == 200


OFFER = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@pytest.mark.parametrize("behind", [*BEHIND, "nothing"])
async def test_a_handshake_where_there_is_no_websocket_is_an_ordinary_request(
    behind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "fasttrack.access")
    settings, headers, sent = BEHIND.get(behind, ({}, {}, ""))
    async with serving(tmp_path, auth="open", **settings) as served:
        for path in (
            "/",
            "/healthz",
            "/sse/nothing",
            "/api/v1/eventos",
            "/api/v1/uploads/ws",
            "/nope",
            "/wsx",
        ):
            async with served.client(headers=headers) as client:
                plain = await client.get(sent + path)
                offered = await client.get(sent + path, headers=OFFER)
            assert (offered.status_code, offered.headers.get("content-type")) == (
                plain.status_code,
                plain.headers.get("content-type"),
            ), path
            assert offered.headers["x-request-id"] in logged_ids(caplog)
        async with (
            served.client(headers=headers | OFFER) as client,
            client.stream("GET", f"{served.url}{sent}//ws/") as open_,
        ):
            assert open_.status_code == 101


async def test_a_handshake_under_a_made_up_prefix_gets_a_problem_and_a_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody trusts this client's prefix, so nothing is there; that is known only behind the handshake."""
    caplog.set_level("INFO", "fasttrack.access")
    headers = OFFER | {"X-Forwarded-Prefix": "/made-up"}
    async with serving(tmp_path, auth="open") as served, served.client(headers=headers) as client:
        answer = await client.get("/made-up/ws/eventos")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert answer.headers["x-request-id"] in logged_ids(caplog)
    assert "WS /made-up/ws/eventos 404" in caplog.text


def logged_ids(caplog: pytest.LogCaptureFixture) -> set[str]:
    return {vars(one)["request_id"] for one in caplog.records if one.name == "fasttrack.access"}


async def _pages(client: httpx.AsyncClient, sent: str) -> None:
    """Follow every address of the pages, as a browser would."""
    for page in ("/", "/diagnose", "/schema"):
        text = (await client.get(sent + page)).text
        addresses = {
            one for one in re.findall(r'(?:href|src)="([^"#]+)"', text) if not one.startswith("data:")
        }
        assert addresses
        for address in addresses:
            assert address.startswith(f"{PREFIX}/"), (page, address)
            assert (await client.get(sent + address.removeprefix(PREFIX))).status_code == 200, address


async def _rest(client: httpx.AsyncClient, sent: str) -> None:
    created = [await client.post(f"{sent}/api/v1/eventos", json=EVENT) for _ in range(2)]
    assert created[1].headers["location"] == f"{PREFIX}/api/v1/eventos/2"
    listed = await client.get(f"{sent}/api/v1/eventos?limit=1")
    assert listed.headers["link"].startswith(f"<{PREFIX}/api/v1/eventos?")


async def _upload(client: httpx.AsyncClient, sent: str, *, is_own: bool) -> None:
    file = {"file": ("a.csv", b"title,event_date,city\nFesta,2027-01-01,Recife\n")}
    answer = await client.post(
        f"{sent}/api/v1/uploads?upload_id=a", files=file, headers={"Prefer": "wait=10"}
    )
    links = answer.json()["links"]
    assert all(path.startswith(f"{PREFIX}/") for path in links.values())
    polled = await client.get(sent + links["poll"].removeprefix(PREFIX) + "?wait=0")
    finished = [one for one in polled.json()["messages"] if one["type"] == "finished"]
    # Whoever reads it later may come another way: only the server's own prefix is stored.
    own = links if is_own else {name: path.removeprefix(PREFIX) for name, path in links.items()}
    assert finished[0]["links"] == own


async def _tus(client: httpx.AsyncClient, sent: str) -> None:
    protocol = {"Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    made = await client.post(f"{sent}/api/v1/uploads/tus", headers=protocol)
    assert made.status_code == 201
    assert made.headers["location"].startswith(f"{PREFIX}/api/v1/uploads/tus/")


def test_own_paths_lists_the_first_segment_of_every_route() -> None:
    segments = {name.split(" ")[1].split("/")[1] for name in declared()} - {""}
    assert segments == OWN_PATHS


async def test_the_prefix_without_a_slash_redirects_to_the_page(tmp_path: Path) -> None:
    async with serving(tmp_path, root_path=PREFIX) as served, served.client() as client:
        answer = await client.get(f"{PREFIX}?x=1")
        assert (answer.status_code, answer.headers["location"]) == (308, f"{PREFIX}/?x=1")


async def test_a_prefix_header_of_an_untrusted_peer_is_ignored(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="open") as served, served.client(headers=TOLD) as client:
        created = await client.post("/api/v1/eventos", json=EVENT)
        assert created.headers["location"] == "/api/v1/eventos/1"
        assert (await client.get(f"{PREFIX}/api/v1/eventos")).status_code == 404


async def test_health_checks_accept_any_host(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.client(headers={"Host": "10.1.2.3"}) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/metrics")).status_code == 421


async def test_the_prefix_of_one_request_is_not_stored_for_others(tmp_path: Path) -> None:
    settings: Any = {"auth": "open", "trusted_proxies": ("127.0.0.1",)}
    async with serving(tmp_path, **settings) as served, served.client() as client:
        await client.post("/api/v1/eventos", json=EVENT, headers={"X-Forwarded-Prefix": "/evil"})
        polled = (await client.get("/poll/admin?last_event_id=0&wait=0")).text
        told = (await client.get("/api/v1/notifications")).json()["items"][0]
        below = (await client.get("/api/v1/notifications", headers=TOLD)).json()["items"][0]
    assert "/evil" not in polled
    assert (told["link"], below["link"]) == ("/api/v1/eventos/1", f"{PREFIX}/api/v1/eventos/1")
