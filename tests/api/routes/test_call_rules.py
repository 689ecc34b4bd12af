"""What every call of the API refuses: parameters, bodies and conditions that it would not obey."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.routes import HTTPRoute

from api.app import create_app
from api.http.openapi import OPT_KEY, Operation
from api.http.wrong_parameters import unknown_parameter
from api.routes.call_rules import API
from api.settings import Settings
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
EVENT = {"title": "Frevo", "event_date": "2027-03-01T00:00:00", "city": "Recife"}
FORM = {"files": {"file": ("a.csv", b"title,event_date,city\nBaile,2027-01-01,Olinda\n")}}


def described() -> Iterator[tuple[str, str, Operation]]:
    """Yield method, path and description of every call of the API."""
    for route in create_app(Settings(data_dir=Path("unused"))).routes:
        for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
            operation = handler.opt.get(OPT_KEY)
            if route.path_format.startswith(API) and isinstance(operation, Operation):
                for method in handler.http_methods:
                    yield method, re.sub(r"\{\w+\}", "1", route.path_format), operation


CALLS = {f"{method} {path}": operation for method, path, operation in described()}
ASKED_WITH_BODY = {name for name in CALLS if name.startswith(("POST", "PUT", "PATCH"))}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, auth="open") as running:
        yield running


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with served.client() as client:
        assert (await client.post("/api/v1/eventos", json=EVENT)).status_code == 201
        yield client


async def count(client: httpx.AsyncClient) -> int:
    return int((await client.get("/api/v1/eventos")).json()["total"])


async def call(client: httpx.AsyncClient, name: str, query: str = "", **how: Any) -> httpx.Response:
    method, _, path = name.partition(" ")
    return await client.request(method, f"{path}{query}", **how)


def body_of(name: str) -> dict[str, Any]:
    """Return what a call reads before it looks at its parameters."""
    if name in ("POST /api/v1/uploads", "POST /api/v1/eventos/upload", "POST /api/v1/uploads/preview"):
        return FORM
    tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    return {"headers": tus} if "/uploads/tus" in name else {}


SHOWN_FIRST = {
    # A staged file is looked for first: there is none to take options.
    *("GET /api/v1/uploads/1/preview", "POST /api/v1/uploads/1/check", "POST /api/v1/uploads/1/import"),
    *("GET /api/v1/uploads/1/rejected", "HEAD /api/v1/uploads/1/rejected"),
}


@pytest.mark.parametrize("query", ["?bogus=1", "?limit=1&limit=2"])
async def test_no_call_passes_over_a_parameter_that_it_does_not_take(
    client: httpx.AsyncClient, query: str
) -> None:
    passed = {}
    for name in sorted(CALLS.keys() - SHOWN_FIRST):
        answer = await call(client, name, query, **body_of(name))
        if answer.status_code not in (400, 422):
            passed[name] = answer.status_code
    assert passed == {}
    assert await count(client) == 1


def test_a_body_is_refused_where_the_url_alone_narrows_a_change() -> None:
    """The list is short enough to be read: whoever adds to it decides what a body would mean."""
    narrowed = {
        name
        for name, operation in CALLS.items()
        if operation.body is None
        and not operation.is_upload
        and any(one.place == "query" for one in operation.parameters)
        and not name.startswith(("GET", "HEAD", "OPTIONS"))
    }
    assert narrowed == {"DELETE /api/v1/eventos", "POST /api/v1/uploads/1/cancel"}


@pytest.mark.parametrize("name", ["DELETE /api/v1/eventos", "POST /api/v1/uploads/1/cancel"])
@pytest.mark.parametrize("query", ["", "?city=Recife"])
@pytest.mark.parametrize("form", ["form", "JSON", "chunked"])
async def test_a_filter_in_the_body_changes_nothing(
    client: httpx.AsyncClient, name: str, query: str, form: str
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"city=Nowhere"

    how: dict[str, Any] = {"form": {"data": {"city": "Nowhere"}}, "JSON": {"json": {"city": "Nowhere"}}}.get(
        form, {"content": pieces()}
    )
    answer = await call(client, name, query, **how)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-request")
    assert await count(client) == 1
    for nothing in (b"", b"{}"):
        empty = await call(client, "DELETE /api/v1/eventos", "?city=Nowhere", content=nothing)
        assert empty.json() == {"deleted": 0}


HAS_TAG = {
    name
    for name, operation in CALLS.items()
    if any(one.name == "If-None-Match" for one in operation.parameters)
}


async def test_a_tag_matches_nothing_that_has_none(client: httpx.AsyncClient) -> None:
    let_through = {}
    for name in sorted(CALLS.keys() - HAS_TAG):
        answer = await call(client, name, headers={"If-Match": '"zz"'})
        if answer.status_code != 412:
            let_through[name] = answer.status_code
    assert let_through == {}
    assert await count(client) == 1


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("GET /api/v1/eventos/1", {"If-Match": '"zz"'}, 412),
        # As tags were before: of no store that was restored since.
        ("GET /api/v1/eventos/1", {"If-Match": '"1-1"'}, 412),
        ("GET /api/v1/eventos/1", {"If-None-Match": '"1-1"'}, 200),
        ("GET /api/v1/eventos/1", {"If-Match": "zz"}, 400),
        ("GET /api/v1/eventos/1", {"If-Match": '"zz", TAG'}, 200),
        ("GET /api/v1/eventos/1", {"If-Match": "*"}, 200),
        ("GET /api/v1/eventos/1", {"If-Match": "W/TAG"}, 412),
        # If-Match comes first (RFC 9110 §13.2.2).
        ("GET /api/v1/eventos/1", {"If-Match": '"zz"', "If-None-Match": "TAG"}, 412),
        ("GET /api/v1/eventos/1", {"If-Match": "TAG", "If-None-Match": "TAG"}, 304),
        ("GET /api/v1/eventos/1", {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 200),
        ("GET /api/v1/eventos", {"If-Match": "*"}, 200),
        ("GET /api/v1/eventos", {"If-None-Match": '"zz"'}, 200),
        ("GET /api/v1/eventos.ics", {"If-Match": '"zz"'}, 412),
        ("PUT /api/v1/eventos", {"If-Match": "zz"}, 400),
        ("PUT /api/v1/eventos", {"If-Match": "*"}, 200),
        ("PUT /api/v1/eventos", {"If-None-Match": '"zz"'}, 200),
        ("PUT /api/v1/eventos", {"If-None-Match": "*"}, 412),
        ("DELETE /api/v1/eventos", {"If-None-Match": "*"}, 412),
        ("POST /api/v1/eventos/lote", {"If-None-Match": "*"}, 412),
    ],
)
async def test_conditions_hold_as_http_says(
    client: httpx.AsyncClient, name: str, headers: dict[str, str], status: int
) -> None:
    tag = (await client.get("/api/v1/eventos/1")).headers["etag"]
    headers = {name: value.replace("TAG", tag) for name, value in headers.items()}
    body = {"content": "[]"} if name.startswith(("PUT", "POST")) else {}
    answer = await call(client, name, headers={**headers, **(JSON if body else {})}, **body)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("format=json&delimiter=;", 400, "delimiter"),
        ("delimiter=tab", 400, "delimiter"),
        ("format=xlsx&delimiter=;", 400, "delimiter"),
        ("format=ndjson&lang=pt", 400, "lang"),
        ("format=csv&lang=pt&delimiter=tab", 200, None),
        ("format=xlsx&lang=en", 200, None),
        ("format=ics&lang=", 200, None),
    ],
)
async def test_an_option_of_another_format_is_refused(
    client: httpx.AsyncClient, query: str, status: int, field: str | None
) -> None:
    answer = await client.get(f"/api/v1/eventos/download?{query}")
    assert answer.status_code == status
    if field is not None:
        assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("query", "field", "code", "meant"),
    [
        ("feeds=eventos", "feeds", "unknown_parameter", "feed"),
        ("LASTEVENTID=1", "LASTEVENTID", "unknown_parameter", "last_event_id"),
        ("cursor=1", "cursor", "unknown_parameter", "last_event_id"),
        ("bogus=1", "bogus", "unknown_parameter", None),
        ("replay=some", "replay", "unknown_value", None),
        ("replay=all&replay=all", "replay", "repeated", None),
    ],
)
@pytest.mark.parametrize("transport", ["sse", "poll"])
async def test_the_feeds_refuse_parameters_as_the_api_does(
    client: httpx.AsyncClient, transport: str, query: str, field: str, code: str, meant: str | None
) -> None:
    answer = await client.get(f"/{transport}/eventos?{query}")
    error = answer.json()["errors"][0]
    assert (answer.status_code, error["field"], error["code"], error["suggestion"]) == (
        400,
        field,
        code,
        meant,
    )


async def test_a_poll_that_waits_too_long_and_feeds_in_one_name_are_told(client: httpx.AsyncClient) -> None:
    error = (await client.get("/poll/eventos?wait=99")).json()["errors"][0]
    assert (error["field"], error["code"], error["value"]) == ("wait", "out_of_range", "99")
    answer = await client.get("/poll?feed=eventos,dashboard")
    assert answer.status_code == 404
    assert "?feed=eventos&feed=dashboard" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("page", {"cursor", "skip"}, "cursor"),
        ("limit", {"delimiter", "format"}, None),
        ("skip", {"ski"}, None),
        ("after", {"cursor"}, "cursor"),
        ("after", {"last_event_id"}, "last_event_id"),
        ("formt", {"format"}, "format"),
    ],
)
def test_a_name_with_a_meaning_is_not_taken_for_one_that_looks_alike(
    name: str, known: set[str], meant: str | None
) -> None:
    assert unknown_parameter(name, "1", known).suggestion == meant


async def test_all_errors_are_counted_and_no_item_is_told_by_half(client: httpx.AsyncClient) -> None:
    async def refused(items: list[Any]) -> tuple[str, list[str]]:
        problem = (await client.post("/api/v1/eventos/lote", json=items)).json()
        return problem["detail"], [error["field"] for error in problem["errors"]]

    detail, fields = await refused([{}] * 3000)
    assert detail.startswith("9000 errors, of which 1002 are listed; the first: ")
    assert fields[-3:] == ["[333].title", "[333].event_date", "[333].city"]
    detail, fields = await refused([{}] * 9000)
    assert (detail.split(";")[0], len(fields)) == ("At least 10002 errors, of which 1002 are listed", 1002)
    detail, fields = await refused([EVENT, {**EVENT, "participants": [1] * 1500}])
    assert (detail.split(";")[0], len(fields)) == ("At least 1000 errors", 1000)
    detail, fields = await refused([{}])
    assert (detail.split(";")[0], len(fields)) == ("3 errors", 3)


@pytest.mark.parametrize(
    ("path", "instance"),
    [
        ("/api/v1/eventos/%22%3Ca%20b%3E%C3%A9", "/api/v1/eventos/%22%3Ca%20b%3E%C3%A9"),
        ("/api/v1/eventos/a%2Fb", "/api/v1/eventos/a%2Fb"),
        ("/nope/%zz", "/nope/%25zz"),
        ('/nope/"<a|b>', "/nope/%22%3Ca%7Cb%3E"),
        ("/nope?a=b", "/nope"),
    ],
)
async def test_an_instance_is_a_reference_to_the_path_as_it_was_sent(
    served: Served, path: str, instance: str
) -> None:
    url = httpx.URL(served.url).copy_with(raw_path=path.encode())
    async with served.client() as client:
        answer = await client.get(url)
    assert (answer.status_code, answer.json()["instance"]) == (404, instance)
