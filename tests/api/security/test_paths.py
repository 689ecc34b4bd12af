"""Paths with too many slashes: served as the path without them, or 404 for every layer alike."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.utils import normalize_path

from api.http.request_log import PATH_FAULT
from api.security.paths import LONGEST_PATH, settle_path
from api.services.people import People
from tests.edge.test_strangers import EVENT
from tests.serving import serving

pytestmark = pytest.mark.anyio

EVENTS = "/api/v1/eventos"
READS = ("GET", "HEAD", "OPTIONS")
CHANGES = ("PUT", "PATCH", "DELETE", "TRACE")
Prefixed = tuple[httpx.AsyncClient, str]
EMPTY = ("{}//", "{}/%2F", "{}%2F%2F", "{}//1", "{}/%2f1", "{}/1//")
"""Addresses with an empty segment; `{}` is the address of a list."""


def settled(path: str, method: str | None) -> tuple[str, bool]:
    scope: dict[str, Any] = {"path": path, "state": {}} | ({"method": method} if method else {})
    settle_path(scope)
    return scope["path"], PATH_FAULT in scope["state"]


@given(st.text("/a%", min_size=1, max_size=12), st.sampled_from([*READS, *CHANGES, None]))
def test_a_path_is_as_the_router_folds_it_or_is_none(rest: str, method: str | None) -> None:
    path, is_fault = settled(f"/{rest}", method)
    changes = method in CHANGES
    if "//" in rest.lstrip("/") or (changes and rest.strip("/") and rest.endswith("/")):
        assert is_fault
    else:
        assert (path, is_fault) == (normalize_path(rest), False)


@pytest.mark.parametrize("length", [LONGEST_PATH, LONGEST_PATH + 1, 60_000])
def test_a_path_that_is_too_long_is_not_looked_for(length: int) -> None:
    assert settled("/" + "a" * (length - 1), "GET")[1] is (length > LONGEST_PATH)


@pytest.fixture(params=["", "setting", "header"])
async def prefixed(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Prefixed]:
    """A client of an open server that has one event, and what its URLs begin with."""
    settings: dict[str, Any] = {
        "": {},
        "setting": {"root_path": "/app"},
        "header": {"trusted_proxies": ("127.0.0.1",)},
    }[request.param]
    headers = {"X-Forwarded-Prefix": "/app"} if request.param == "header" else {}
    async with serving(tmp_path, auth="open", **settings) as served, served.client(headers=headers) as client:
        assert (await client.post(EVENTS, json=EVENT)).status_code == 201
        # Whole: httpx takes what follows `//` for a host.
        yield client, served.url + ("/app" if request.param else "")


async def _request(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    body = [EVENT] if method == "PUT" else None
    return await client.request(method, path, json=body)


async def _stored(client: httpx.AsyncClient) -> list[int]:
    return [one["id"] for one in (await client.get(EVENTS)).json()["items"]]


async def test_an_empty_id_changes_nothing(prefixed: Prefixed) -> None:
    client, base = prefixed
    for form in ("{}/", "{}%2F", *EMPTY):
        for method in CHANGES:
            for front in ("", "/"):
                path = base + front + form.format(EVENTS)
                answer = await _request(client, method, path)
                assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found"), path
                assert "nothing was changed" in answer.json()["detail"]
    assert await _stored(client) == [1]


async def test_a_refusal_names_the_path_without_the_slash(
    prefixed: Prefixed,
) -> None:
    client, base = prefixed
    refused = await client.delete(f"{base}{EVENTS}/")
    address = httpx.URL(f"{base}{EVENTS}").path
    assert f"Without the slash it is {address}." in refused.json()["detail"]
    assert refused.json()["instance"] == f"{address}/"


async def test_an_empty_segment_is_404_for_reading_too(
    prefixed: Prefixed,
) -> None:
    client, base = prefixed
    for place in (EVENTS, "/api/v1/uploads", "/api/v1/tarefas", "/sse", "/client"):
        for form in EMPTY:
            for method in READS:
                path = base + form.format(place)
                assert (await _request(client, method, path)).status_code == 404, (method, path)


@pytest.mark.parametrize("front", ["", "/", "//", "/%2F"])
async def test_reads_are_served_without_superfluous_slashes(prefixed: Prefixed, front: str) -> None:
    client, base = prefixed
    for path in (
        EVENTS,
        f"{EVENTS}/1",
        "/schema",
        "/client/fasttrack.js",
        "/diagnose",
        "/healthz",
        "/metrics",
    ):
        for end in ("", "/", "%2F"):
            for method in READS:
                plain = await client.request(method, base + path)
                answer = await client.request(method, f"{base}{front}{path}{end}")
                assert answer.status_code == plain.status_code, (method, path, end)
                assert answer.headers.get("allow") == plain.headers.get("allow")
                assert path == "/metrics" or answer.content == plain.content
    page = await client.get(f"{base}{front}/")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_slashes_in_front_are_one_for_changes_too(
    prefixed: Prefixed,
) -> None:
    client, base = prefixed
    assert (await client.post(f"{base}//{EVENTS}", json=EVENT)).status_code == 201
    assert (await client.delete(f"{base}/{EVENTS}/2")).status_code == 204


@pytest.mark.parametrize("prefixed", ["setting", "header"], indirect=True)
@pytest.mark.parametrize("front", ["//app", "/app/", "//app/"])
async def test_slashes_in_front_of_a_prefix_are_one(prefixed: Prefixed, front: str) -> None:
    client, base = prefixed
    answer = await client.get(base.removesuffix("/app") + front + EVENTS)
    assert (answer.status_code, answer.json()["total"]) == (200, 1)


async def test_a_post_needs_no_id_and_may_end_in_a_slash(prefixed: Prefixed) -> None:
    client, base = prefixed
    made = await client.post(f"{base}{EVENTS}/", json=EVENT)
    assert made.status_code == 201
    assert (await client.delete(f"{base}{EVENTS}/{made.json()['id']}")).status_code == 204
    assert await _stored(client) == [1]


async def test_a_405_lists_the_methods_whatever_slashes_are_in_front(
    prefixed: Prefixed,
) -> None:
    client, base = prefixed
    for front in ("", "/", "///"):
        refused = await client.request("PATCH", base + front + EVENTS)
        assert (refused.status_code, refused.headers["allow"]) == (
            405,
            "DELETE, GET, HEAD, OPTIONS, POST, PUT",
        )


async def test_a_browser_gets_the_page_for_an_empty_segment(
    prefixed: Prefixed,
) -> None:
    client, base = prefixed
    for path in ("/nowhere", "/no//where"):
        answer = await client.get(base + path, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8"), path
        assert f'href="{httpx.URL(base).path.rstrip("/")}/#events"' in answer.text


async def test_the_log_has_the_path_as_it_came(prefixed: Prefixed, caplog: pytest.LogCaptureFixture) -> None:
    client, base = prefixed
    with caplog.at_level("INFO", "fasttrack.access"):
        for path in (f"/{EVENTS}/", f"{EVENTS}/%2F"):
            url = base + path
            await client.get(url)
            assert f"GET /{url.partition('://')[2].partition('/')[2]} " in caplog.text


@pytest.mark.parametrize("front", ["", "/", "//", "/%2F"])
async def test_no_slash_leads_around_the_check_of_origins(tmp_path: Path, front: str) -> None:
    async with serving(tmp_path, auth="token") as served, served.client() as client:
        people = served.app.state.services.people
        assert isinstance(people, People)
        token = await people.add("ana", "editor", actor="test")
        evil = {"Origin": "https://evil.example"}
        answer = await client.post(f"{served.url}{front}/api/v1/session", json={"token": token}, headers=evil)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
        signed_in = await client.post(f"{served.url}{front}/api/v1/session", json={"token": token})
        assert signed_in.status_code == 200
        for feed in (
            "/sse/eventos",
            "/sse?feed=eventos",
            "/poll/eventos",
            "/poll/eventos/",
            "/poll/?feed=eventos",
        ):
            async with client.stream("GET", served.url + front + feed, headers=evil) as refused:
                assert refused.status_code == 403, feed
        assert (await client.get(f"{served.url}{front}/poll/eventos?wait=0")).status_code == 200


async def test_tus_names_its_version_where_there_is_nothing(tmp_path: Path) -> None:
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    async with serving(tmp_path) as served, served.client(headers=headers) as client:
        answer = await client.post("/api/v1/uploads/tus//x")
        assert (answer.status_code, answer.headers["tus-resumable"]) == (404, "1.0.0")
        for path in ("/api/v1/uploads/tus", "/api/v1/uploads/tus/"):
            made = await client.post(path)
            assert made.status_code == 201
            assert "//" not in httpx.URL(made.headers["location"]).path
        assert (await client.head(made.headers["location"])).headers["upload-offset"] == "0"


async def test_long_paths_are_404_and_not_kept(tmp_path: Path) -> None:
    async with serving(tmp_path) as served, served.client() as client:
        for method in ("GET", "HEAD", "DELETE"):
            answer = await client.request(method, f"/api/v1/uploads/tus/{'a' * 60_000}")
            assert answer.status_code == 404
        kept = served.app.asgi_router.handle_routing.cache_info().currsize
        for number in range(20):
            await client.head(f"/api/v1/uploads/{number}{'a' * 30_000}")
        assert served.app.asgi_router.handle_routing.cache_info().currsize == kept
