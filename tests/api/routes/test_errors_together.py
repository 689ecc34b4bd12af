"""Whatever is wrong with one request is told at once: each fault once, with its value."""

from pathlib import Path
from typing import Any

import pytest

from api.routes.uploads_body import HOLD_BYTES
from tests.serving import serving

pytestmark = pytest.mark.anyio

CSV = b"title,event_date,city\nMostra,2030-01-01,Olinda\n"
OPTION, UNKNOWN = "invalid_option", "unknown_member"

UPLOADS: list[tuple[str, list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]] = [
    (
        "mode=x&dry_run=y&zz=1&defaults=1",
        [],
        [],
        [("mode", "x"), ("dry_run", "y"), ("zz", "zz"), ("defaults", "1")],
    ),
    ("", [("mode", "x"), ("dry_run", "q"), ("yy", "1")], [], [("mode", "x"), ("dry_run", "q"), ("yy", "yy")]),
    ("", [], [("mode", "x"), ("dry_run", "q"), ("yy", "1")], [("mode", "x"), ("dry_run", "q"), ("yy", "yy")]),
    ("mode=x", [("dry_run", "q")], [], [("mode", "x"), ("dry_run", "q")]),
    ("mode=x", [], [("dry_run", "q")], [("mode", "x"), ("dry_run", "q")]),
    ("mode=x&key=zz", [("mode", "y")], [("", "1")], [("", ""), ("mode", "y"), ("key", "zz")]),
    ("mode=atomic&mode=atomic&sheet=", [], [], [("mode", "atomic"), ("sheet", "")]),
]
"""URL, fields before the file, fields after it; field and value of each problem."""

JSON: list[tuple[str, Any, list[tuple[str, str, str | None]]]] = [
    (
        "/uploads/st/check?header_row=q",
        {"mode": "x", "yy": 1, "zz": None, "defaults": 1, "sheet": None},
        [
            ("header_row", OPTION, "q"),
            ("mode", OPTION, "x"),
            ("yy", OPTION, "yy"),
            ("zz", OPTION, "zz"),
            ("defaults", OPTION, "1"),
        ],
    ),
    (
        "/uploads/st/import",
        {"mode": "x", "yy": 1, "repairs_of": "a/b"},
        [("mode", OPTION, "x"), ("yy", OPTION, "yy"), ("repairs_of", OPTION, "a/b")],
    ),
    (
        "/uploads/st/repairs",
        {"rows": [], "foo": 2, "values": {"zz": {}}},
        [("rows", "out_of_range", None), ("foo", UNKNOWN, "foo"), ("values", OPTION, "zz")],
    ),
    (
        "/uploads/st/repairs",
        {"values": {"zz": {}}, "rows": [{"line": 0}]},
        [
            ("rows[0].line", "out_of_range", "0"),
            ("rows[0].cells", "required", None),
            ("values", OPTION, "zz"),
        ],
    ),
    (
        "/calendars",
        {"filters": {"city": 1, "venue_type": "zz", "foo": 1, "from": "x", "q": ""}, "bar": 1},
        [
            ("bar", UNKNOWN, "bar"),
            ("filters.foo", UNKNOWN, "foo"),
            ("filters.city", "invalid_type", "1"),
            ("filters.q", "required", None),
            ("filters.venue_type", "unknown_venue_type", "zz"),
            ("filters.from", "invalid_date", "x"),
        ],
    ),
    ("/calendars", {"filters": 5, "bar": 1}, [("filters", "invalid_type", "5"), ("bar", UNKNOWN, "bar")]),
    (
        "/users",
        {"name": "", "role": "boss"},
        [("name", "invalid_value", ""), ("role", "unknown_value", "boss")],
    ),
    (
        "/users",
        {"role": None, "nome": 1},
        [("name", "required", None), ("role", "unknown_value", "null"), ("nome", UNKNOWN, "nome")],
    ),
    (
        "/users",
        {"name": 5, "role": 7, "x": 1},
        [("name", "invalid_type", "5"), ("role", "unknown_value", "7"), ("x", UNKNOWN, "x")],
    ),
    ("/users", {"name": "local", "x": 1}, [("name", "invalid_value", "local"), ("x", UNKNOWN, "x")]),
    (
        "/notifications/read",
        {"cursor": 1, "foo": 2},
        [("cursor", "invalid_cursor", "1"), ("foo", UNKNOWN, "foo")],
    ),
    ("/notifications/read", {"foo": 2}, [("cursor", "invalid_cursor", None), ("foo", UNKNOWN, "foo")]),
    ("/notifications/read", {"cursor": "ab.1", "foo": 2}, [("foo", UNKNOWN, "foo")]),
]


@pytest.fixture
async def client(tmp_path: Path):
    limits = {"calls_per_minute": 10_000, "uploads_per_minute": 1000}
    async with serving(tmp_path, **limits) as served, served.client() as client:
        staged = await client.post("/api/v1/uploads?upload_id=st&stage=true", files={"file": CSV})
        assert staged.json()["status"] == "staged"
        yield client


def form(before: list[tuple[str, str]], content: bytes, after: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a form's body with its headers."""
    parts: list[tuple[str, bytes]] = [(name, text.encode()) for name, text in before]
    parts += [("file", content), *((name, text.encode()) for name, text in after)]
    pieces = [
        b'--xYz\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value)
        for name, value in parts
    ]
    content = b"".join([*pieces, b"--xYz--\r\n"])
    return {"content": content, "headers": {"Content-Type": "multipart/form-data; boundary=xYz"}}


@pytest.mark.parametrize(("query", "before", "after", "expected"), UPLOADS)
@pytest.mark.parametrize("path", ["/uploads", "/uploads/preview"])
async def test_all_wrong_options_of_an_upload_are_told_at_once(client, path, query, before, after, expected):
    answer = await client.post(f"/api/v1{path}?{query}", **form(before, CSV, after))
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert {error["code"] for error in errors} == {OPTION}
    assert sorted((error["field"], error["value"]) for error in errors) == sorted(expected)
    assert [one["upload_id"] for one in (await client.get("/api/v1/uploads")).json()["items"]] == ["st"]


async def test_a_large_file_with_a_wrong_url_is_refused_without_what_comes_after_it(client):
    large = CSV + b"Mostra,2030-01-01,Olinda\n" * (HOLD_BYTES // 20)
    sent = form([("dry_run", "q")], large, [("yy", "1")])
    answer = await client.post("/api/v1/uploads?mode=x", **sent)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["mode", "dry_run"]


async def test_all_wrong_options_of_a_staged_preview_are_told_at_once(client):
    answer = await client.get("/api/v1/uploads/st/preview?mode=x&dryrun=1&defaults=1")
    told = [(error["field"], error["suggestion"]) for error in answer.json()["errors"]]
    assert told == [("dryrun", "dry_run"), ("mode", None), ("defaults", None)]


@pytest.mark.parametrize(("path", "body", "expected"), JSON, ids=str)
async def test_all_that_is_wrong_with_a_body_is_told_at_once(client, path, body, expected):
    answer = await client.post(f"/api/v1{path}", json=body)
    assert answer.status_code == 422
    told = [(error["field"], error["code"], error["value"]) for error in answer.json()["errors"]]
    assert sorted(told, key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("call", ["check", "import"])
@pytest.mark.parametrize(
    "body", [r'{"mode":"\ud800"}', r'{"\ud800":1}', r'{"values":{"city":{"\ud800":"a"}}}', r'"\ud800"']
)
async def test_options_with_half_a_character_are_refused(client, call, body):
    headers = {"Content-Type": "application/json"}
    answer = await client.post(f"/api/v1/uploads/st/{call}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "invalid_unicode")
