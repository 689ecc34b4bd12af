"""Every route that takes JSON answers the same fault alike; so do the lists that take a cursor."""

import json
from pathlib import Path

import httpx
import pytest

from domain.json_items import MAX_VALUES
from tests.serving import serving

pytestmark = pytest.mark.anyio

EVENT = {"title": "Festa", "event_date": "2026-06-24", "city": "Recife"}
DOORS = {
    "create": ("POST", "/api/v1/eventos", EVENT),
    "replace": ("PUT", "/api/v1/eventos/1", EVENT),
    "patch": ("PATCH", "/api/v1/eventos/1", {"title": "Outra"}),
    "batch": ("POST", "/api/v1/eventos/lote", [EVENT]),
    "replace all": ("PUT", "/api/v1/eventos", [EVENT]),
    "session": ("POST", "/api/v1/session", {"token": "ft_x"}),
    "users": ("POST", "/api/v1/users", {"name": "ana"}),
    "tickets": ("POST", "/api/v1/tickets", {}),
    "export": ("POST", "/api/v1/eventos/exportar", {"format": "csv"}),
}
WITHOUT_BODY = {"tickets", "export"}
"""Nothing has to be sent there."""

FAULTS = {
    "no body": (b"", 400),
    "blanks": (b"  \n", 400),
    "an open brace": (b"{", 400),
    "a comma too many": (b'{"title":"x",}', 400),
    "two values": (b"{} {}", 400),
    "a word": (b"nonsense", 400),
    "single quotes": (b"{'title':'x'}", 400),
    "NaN": (b'{"title":NaN}', 400),
    "Infinity": (b"[-Infinity]", 400),
    "a control character": (b'{"title":"a\x01b"}', 400),
    "bytes that are not UTF-8": (b'{"title":"\xff"}', 400),
    "UTF-16": ('{"title":"x"}'.encode("utf-16"), 400),
    "a member twice": (b'{"title":"x","title":"x"}', 400),
    "a member twice within": (b'[{"local_info":{"capacity":1,"capacity":1}}]', 400),
    "sixty-five deep": (b"[" * 65 + b"]" * 65, 400),
    "a thousand open": (b"[" * 1000, 400),
    "a number": (b"7", 422),
    "a text": (b'"x"', 422),
    "null": (b"null", 422),
    "true": (b"true", 422),
    "an integer of many digits": (b'{"title":' + b"9" * 2000 + b"}", 422),
    "a member that is unknown": (b'{"nonsense":1}', 422),
    "an escaped half of a pair": (rb'{"\ud800":"\ud800"}', 422),
}


@pytest.fixture
async def client(tmp_path: Path):
    async with serving(tmp_path, calls_per_minute=10_000) as served, served.client() as client:
        await client.post("/api/v1/eventos", json=EVENT)
        yield client


async def send(client: httpx.AsyncClient, door: str, body: bytes, media_type: str = "application/json"):
    method, path, _ = DOORS[door]
    return await client.request(method, path, content=body, headers={"Content-Type": media_type})


@pytest.mark.parametrize("door", DOORS)
async def test_every_json_route_gives_the_same_answer_to_a_fault(client, door):
    before = (await client.get("/api/v1/eventos")).json()["items"]
    wrong = {}
    for fault, (body, status) in FAULTS.items():
        if fault == "no body" and door in WITHOUT_BODY:
            continue
        answer = await send(client, door, body)
        problem = answer.json()
        kind = {400: "/problems/invalid-json", 422: "/problems/validation"}[status]
        if (answer.status_code, problem["type"]) != (status, kind):
            wrong[fault] = (answer.status_code, problem)
    assert wrong == {}
    assert (await client.get("/api/v1/eventos")).json()["items"] == before


@pytest.mark.parametrize("door", DOORS)
async def test_every_json_route_refuses_another_media_type(client, door):
    body = json.dumps(DOORS[door][2]).encode()
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"):
        assert (await send(client, door, body, media_type)).status_code == 415


@pytest.mark.parametrize(
    ("media_type", "is_read"),
    [
        ("application/json; profile=x", True),
        ('application/json; profile="https://example.org/a;charset=latin1"', True),
        ("application/json;charset=UTF-8;profile=x", True),
        ('application/json; profile=x; Charset = "utf-8"', True),
        ("application/json; version=1; q=0.5", True),
        ("APPLICATION/JSON;", True),
        ("application/json; profile=x; charset=latin1", False),
        ('application/json; charset="utf-16"; profile=x', False),
        ("application/json; charset=utf-8; charset=latin1", False),
        ("application/json; charset=", False),
        ("text/json; profile=x", False),
    ],
)
async def test_only_a_charset_among_the_parameters_of_json_counts(client, media_type, is_read):
    body = json.dumps(DOORS["users"][2]).encode()
    assert (await send(client, "users", body, media_type)).status_code == (201 if is_read else 415)


@pytest.mark.parametrize("door", DOORS)
async def test_every_json_route_accepts_a_byte_order_mark_and_whitespace(client, door):
    body = json.dumps(DOORS[door][2], indent=1).encode("utf-8-sig") + b"\r\n\t "
    answer = await send(client, door, body, "application/json; charset=utf-8")
    assert answer.status_code == {"session": 401}.get(door, answer.status_code)
    assert answer.status_code in {200, 201, 202, 401}, answer.text


TOO_MUCH = {
    "900,000 members": b"{" + b",".join(b'"%d":1' % n for n in range(900_000)) + b"}",
    "40,001 in one list": b'{"participants":[' + b"{}," * MAX_VALUES + b"{}]}",
    "5 MB in one text": b'{"description":"' + b"x" * 5_000_000 + b'"}',
    "5 million events": b"{}," * 5_000_000 + b"{}",
}


@pytest.mark.parametrize(
    ("door", "what"),
    [
        *[
            (door, what)
            for door in ("create", "replace", "patch")
            for what in TOO_MUCH
            if "events" not in what
        ],
        *[(door, what) for door in ("batch", "replace all") for what in TOO_MUCH],
    ],
)
async def test_every_json_route_refuses_a_body_with_too_many_parts(client, door, what):
    body = b"[" + TOO_MUCH[what] + b"]" if door in {"batch", "replace all"} else TOO_MUCH[what]
    answer = await send(client, door, body)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize("option", ["mapping", "defaults"])
@pytest.mark.parametrize("text", ["{", '{"city":"a","city":"b"}', '{"city":NaN}', "[1]", "[" * 9999, "{}{}"])
async def test_a_json_option_of_an_upload_is_read_as_strictly(client, option, text):
    file = {"file": ("a.csv", b"title,event_date,city\n")}
    answer = await client.post("/api/v1/uploads", params={option: text}, files=file)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [option]


LISTS = ["eventos", "uploads", "tarefas", "uploads/x/errors"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "query", ["cursor=", "cursor=%20", "cursor=x", "cursor=1.1.1", "cursor=1&cursor=1", "foo=1"]
)
async def test_every_list_refuses_a_cursor_that_it_did_not_issue(client, path, query):
    file = {"file": ("a.csv", b"title,event_date,city\nx,y,z\n")}
    await client.post("/api/v1/uploads?upload_id=x", files=file, headers={"Prefer": "wait=20"})
    answer = await client.get(f"/api/v1/{path}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/invalid-query"), answer.text


INTEGERS = [0, -1, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**18, 10**19, 10**400]
IN_PATHS_AND_QUERIES = [
    ("GET", "eventos/{}"),
    ("DELETE", "eventos/{}"),
    ("DELETE", "calendars/{}"),
    ("GET", "webhooks/{}"),
    ("GET", "tarefas/{}"),
    ("GET", "eventos?skip={}"),
    ("GET", "eventos?limit={}"),
    ("GET", "eventos?from={}"),
    ("GET", "eventos/cidades?limit={}"),
    ("GET", "uploads?limit={}"),
    ("GET", "uploads?cursor={}.x"),
    ("GET", "tarefas?cursor={}.x"),
    ("GET", "uploads/x/errors?cursor={}"),
    ("GET", "uploads/x/errors?limit={}"),
    ("GET", "uploads/x/preview?header_row={}"),
]
IN_BODIES = [
    ("POST", "uploads/x/repairs", '{"rows":[{"line":%s,"cells":{"title":"y"}}]}'),
    ("POST", "uploads/x/repairs", '{"rows":[{"line":2,"cells":{"title":%s,"capacity":%s}}]}'),
    ("POST", "tickets", '{"reusable":true,"hours":%s}'),
    ("PUT", "eventos/1", '{"title":"A","event_date":"2026-06-24","city":"B","id":%s,"version":%s}'),
    ("PATCH", "eventos/1", '{"local_info":{"location_name":"Marco","capacity":%s}}'),
    ("POST", "notifications/read", '{"cursor":"abcd.%s"}'),
    ("POST", "webhooks/x/secret", '{"keep_old_hours":%s}'),
]


async def rejected_rows(client: httpx.AsyncClient) -> None:
    """Import a file as `x` whose row on line 2 is rejected."""
    file = {"file": ("a.csv", b"title,event_date,city\nx,y,z\n")}
    answer = await client.post("/api/v1/uploads?upload_id=x", files=file, headers={"Prefer": "wait=20"})
    assert answer.json()["rejected"] == 1, answer.text


@pytest.mark.parametrize("number", INTEGERS, ids=lambda number: str(number)[:24])
async def test_no_integer_is_too_large_for_an_answer(client, number):
    await rejected_rows(client)
    told = {}
    for method, path in IN_PATHS_AND_QUERIES:
        answer = await client.request(method, f"/api/v1/{path.format(number)}")
        told[method, path] = answer.status_code
    for method, path, text in IN_BODIES:
        content = text.replace("%s", str(number)).encode()
        headers = {"Content-Type": "application/json"}
        answer = await client.request(method, f"/api/v1/{path}", content=content, headers=headers)
        told[method, text] = answer.status_code
    for name in ("If-Match", "If-None-Match"):
        tag = {name: f'"{number}-{number}"'}
        told[name] = (await client.patch("/api/v1/eventos/1", json={}, headers=tag)).status_code
    assert {what: status for what, status in told.items() if status >= 500} == {}


@pytest.mark.parametrize("line", ["9223372036854775808", "-1", "1" * 5000, "\u00b2", "\u0663", "x", ""])
async def test_a_corrected_file_may_name_any_line(client, line):
    await rejected_rows(client)
    file = {"file": ("r.csv", f"title,event_date,city,_line\nA,2027-01-01,B,{line}\n".encode())}
    url = "/api/v1/uploads?upload_id=y&repairs_of=x"
    answer = await client.post(url, files=file, headers={"Prefer": "wait=20"})
    assert (answer.status_code, answer.json()["status"]) == (201, "completed"), answer.text


FORMS = [
    ("users", {"name": 5}, [("name", "invalid_type")]),
    ("users", {}, [("name", "required")]),
    ("users", {"name": "ana", "role": "chefe", "x": 1}, [("role", "unknown_value"), ("x", "unknown_member")]),
    ("session", {"token": 5}, [("token", "invalid_type")]),
    ("session", {}, [("token", "required")]),
    ("tickets", {"reusable": 5, "x": 1}, [("reusable", "invalid_value"), ("x", "unknown_member")]),
    ("tickets", {"reusable": True, "feeds": []}, [("feeds", "invalid_value")]),
    ("uploads/x/repairs", {}, [("rows", "required")]),
    ("uploads/x/repairs", {"rows": [{"line": 2**63, "cells": {}}]}, [("rows[0].line", "out_of_range")]),
    (
        "uploads/x/repairs",
        {"rows": [{"cells": 1}]},
        [("rows[0].line", "required"), ("rows[0].cells", "invalid_type")],
    ),
    ("uploads/x/repairs", {"rows": [{"line": "2", "cells": {}}]}, [("rows[0].line", "invalid_type")]),
    ("uploads/x/repairs", {"rows": [{"line": 2, "cells": {}}], "x": 1}, [("x", "unknown_member")]),
]


@pytest.mark.parametrize(("path", "body", "expected"), FORMS, ids=str)
async def test_every_fault_of_a_form_has_its_field(client, path, body, expected):
    await rejected_rows(client)
    answer = await client.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 422
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == expected
