"""The OpenAPI document says what is taken and what is answered, of every route alike."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio
import httpx
import jsonschema_rs
import pytest

from api.http.assets import name_of
from tests.edge.recorder import PATIENCE
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

EVENT = {"title": "Festa", "event_date": "2026-06-24T18:00:00", "city": "Recife"}
VENUE = {"location_name": "Marco Zero"}
JSON = {"Content-Type": "application/json"}

PLACES = {"event_id": "1", "upload_id": "never1", "slug": "validation"}
"""What stands in a path for a name, where it is not `x`."""
NAMES = {
    "/assets/{name}": name_of("style", "css"),
    "/client/{name}": "fasttrack.js",
    "/static/{folder}/{name}": "icon.svg",
}

Sent = tuple[dict[str, str], str, bytes]
"""Headers, a query, and a body."""

COMMON: dict[str, Sent] = {
    "nothing": ({}, "", b""),
    "another Host": ({"Host": "other.example"}, "", b""),
    "another Origin": ({"Origin": "https://other.example"}, "", b""),
    "a condition": ({"If-Match": '"zzz"'}, "", b""),
    "what is no condition": ({"If-Match": "zzz"}, "", b""),
    "a condition of creation": ({"If-None-Match": "*"}, "", b""),
    "a void token": ({"Authorization": "Bearer ft_" + "x" * 43}, "", b""),
    "a token in the URL": ({}, "?token=x", b""),
    "a parameter too many": ({}, "?nonsense=1", b""),
    "a parameter twice": ({}, "?limit=1&limit=1&wait=0", b""),
    "a word": (JSON, "", b"nonsense"),
    "a JSON value": (JSON, "", b"[7]"),
    "another type": ({"Content-Type": "text/x"}, "", b"x"),
    "a coding": ({"Content-Encoding": "gzip", **JSON}, "", b"x"),
    "a large body": (JSON, "", b" " * 11_000_000),
    "a key that is none": ({"Idempotency-Key": "x" * 5000}, "", b""),
    "an offset": (
        {"Upload-Offset": "5", "Content-Type": "multipart/form-data; boundary=b"},
        "?upload_id=never1",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nx\r\n--b--\r\n',
    ),
}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(
        tmp_path, body_idle_seconds=1, calls_per_minute=10**9, uploads_per_minute=10**9
    ) as running:
        yield running


async def document_of(served: Served) -> dict[str, Any]:
    async with served.client() as client:
        return dict((await client.get("/schema/openapi.json")).json())


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a method, a path and its operation; what is there is deleted last."""
    listed = [(method, path, one) for path, of in document["paths"].items() for method, one in of.items()]
    yield from sorted(listed, key=lambda one: one[0] == "delete")


def filled(path: str) -> str:
    """Return a path with something in the place of each name."""
    places = {**PLACES, "name": NAMES.get(path, "x")}
    return re.sub(r"{(\w+)}", lambda found: places.get(found[1], "x"), path)


async def status_of(client: httpx.AsyncClient, method: str, path: str, sent: Sent) -> int:
    """Return the status that something is answered with; a stream is not read."""
    headers, query, body = sent
    url = filled(path) + query
    async with client.stream(method.upper(), url, headers=headers, content=body or None) as answer:
        return answer.status_code


@pytest.mark.parametrize("what", COMMON)
async def test_every_status_that_common_layers_answer_is_documented(served: Served, what: str) -> None:
    document, missing, seen = await document_of(served), [], set()
    async with served.client() as client:
        await client.post("/api/v1/eventos", json=EVENT)
        for method, path, operation in operations(document):
            status = await status_of(client, method, path, COMMON[what])
            seen.add(status)
            if str(status) not in operation["responses"]:
                missing.append((method, path, status))
    assert missing == []
    assert seen


async def test_the_statuses_for_strangers_are_documented(tmp_path: Path) -> None:
    async with serving(tmp_path, auth="token") as served:
        document, missing = await document_of(served), []
        async with served.client() as client:
            for method, path, operation in operations(document):
                status = await status_of(client, method, path, ({}, "", b""))
                if str(status) not in operation["responses"]:
                    missing.append((method, path, status))
    assert missing == []


async def test_a_body_that_stops_is_documented_wherever_one_is_read(served: Served) -> None:
    found: dict[tuple[str, str], tuple[int, bool]] = {}

    async def begin(method: str, path: str, operation: dict[str, Any]) -> None:
        kind = next(iter(operation.get("requestBody", {}).get("content", {"application/json": 0})))
        boundary = "; boundary=b" if kind.startswith("multipart") else ""
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(
            f"{method.upper()} {filled(path)} HTTP/1.1\r\nHost: {served.address}\r\n"
            f"Content-Type: {kind}{boundary}\r\nContent-Length: 500\r\n\r\n".encode()
        )
        with anyio.fail_after(PATIENCE):
            line = await reader.readline()
        writer.transport.abort()
        status = int(line.split()[1])
        found[method, path] = status, str(status) in operation["responses"]

    document = await document_of(served)
    async with anyio.create_task_group() as group:
        for one in operations(document):
            if not one[1].startswith(("/sse", "/ws", "/poll")):
                group.start_soon(begin, *one)
    assert [(place, status) for place, (status, is_told) in found.items() if not is_told] == []
    stopped = {place for place, (status, _) in found.items() if status == 408}
    assert {("post", "/api/v1/eventos"), ("post", "/api/v1/uploads"), ("post", "/api/v1/session")} <= stopped


def varied(**changed: Any) -> dict[str, Any]:
    return {**EVENT, **changed}


def in_venue(**changed: Any) -> dict[str, Any]:
    return varied(local_info={**VENUE, **changed})


NEW: dict[str, dict[str, Any]] = {
    "the least": EVENT,
    "no venue": varied(local_info=None),
    "a whole number with a point": in_venue(capacity=9.0),
    "a type in small letters": in_venue(venue_type="auditorio"),
    "a type with blanks": in_venue(venue_type="  Praça "),
    "no type": in_venue(venue_type=None),
    "no address": in_venue(address=None),
    "what the server gives": varied(
        id=7,
        upload_id=None,
        version=3,
        created_at="2026-01-01T00:00:00.000Z",
        updated_at="2026-01-01T00:00:00.000Z",
    ),
    "what the server gives of an import": varied(id=7, upload_id="arquivo1"),
}
CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a title": {"title": "Outra"},
    "no description": {"description": None},
    "no participants": {"participants": None},
    "no venue": {"local_info": None},
    "a member of a venue": {"local_info": {"capacity": 5}},
    "no members of a venue": {
        "local_info": {
            "capacity": None,
            "venue_type": None,
            "is_accessible": None,
            "address": None,
            "past_events": None,
            "manually_edited": None,
        }
    },
    "a type in capitals": {"local_info": {"venue_type": "TEATRO"}},
}
REFUSED: dict[str, dict[str, Any]] = {
    "no title": {"title": None},
    "no date": {"event_date": None},
    "no city": {"city": None},
    "a venue without a name": {"local_info": {"location_name": None}},
    "a number of words": {"local_info": {"capacity": "many"}},
    "an unknown member": {"nonsense": 1},
}


def fits(document: Mapping[str, Any], method: str, path: str, body: object) -> bool:
    """Return whether a body fits what the document says of a call."""
    content = document["paths"][path][method]["requestBody"]["content"]
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    return bool(jsonschema_rs.is_valid(schema, body))


async def test_a_body_that_is_taken_fits_its_schema(served: Served) -> None:
    document, wrong = await document_of(served), []
    one = "/api/v1/eventos/{event_id}"
    full = in_venue(capacity=9, venue_type="Teatro", address="Rua 1", past_events=["Baile"])
    full |= {"description": "x", "participants": ["Ana"]}

    async with served.client() as client:

        async def check(method: str, path: str, body: object, name: str) -> None:
            url = path.replace("{event_id}", str(event["id"]))
            answer = await client.request(method, url, json=body)
            if not (answer.is_success and fits(document, method, path, body)):
                wrong.append((method, path, name, answer.status_code))

        for name, body in NEW.items():
            event = (await client.post("/api/v1/eventos", json=full)).json()
            await check("post", "/api/v1/eventos", body, name)
            await check("post", "/api/v1/eventos/lote", [body], name)
            if "id" not in body:
                await check("put", one, body, name)
        for name, body in CHANGES.items():
            event = (await client.post("/api/v1/eventos", json=full)).json()
            await check("patch", one, body, name)
        for name, body in REFUSED.items():
            answer = await client.patch(f"/api/v1/eventos/{event['id']}", json=body)
            if answer.status_code != 422 or fits(document, "patch", one, body):
                wrong.append(("refused", one, name, answer.status_code))
        # Exactly as it was answered.
        for method, path in (("patch", one), ("put", one), ("post", "/api/v1/eventos")):
            event = (await client.post("/api/v1/eventos", json=full)).json()
            await check(method, path, event, "as it was answered")
        page = (await client.get("/api/v1/eventos")).json()["items"]
        for method, path in (("post", "/api/v1/eventos/lote"), ("put", "/api/v1/eventos")):
            await check(method, path, page, "as they were answered")
    assert wrong == []


async def test_what_is_answered_has_venue_types_of_the_list_alone(served: Served) -> None:
    schemas = (await document_of(served))["components"]["schemas"]
    answered = schemas["Venue"]["properties"]["venue_type"]
    assert {"type": "string"} not in answered.get("anyOf", ())
    assert {"$ref": "#/components/schemas/VenueType"} in answered["anyOf"]
