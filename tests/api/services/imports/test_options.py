import json

import pytest

from api.services.imports.options import parse_options
from tests.api.services.imports.site import BOUNDARY, site_of

pytestmark = pytest.mark.anyio


async def test_options_are_read_from_fields_before_the_file(world):
    async with site_of(world) as site:
        form = {"upload_id": "x", "dry_run": "true"}
        answer = await site.http.post("/eventos/upload", data=form, files={"file": ("a", b"row 1\n")})
        assert answer.json()["upload_id"] == "x"
        assert (await world.upload()).options.dry_run


def form(*parts):
    """Return a form's body with its headers; a part is a name and a value, the file's name is `file`."""
    pieces = []
    for name, value in parts:
        named = '; filename="a.csv"' if name == "file" else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
        pieces.append(head.encode() + (value if isinstance(value, bytes) else value.encode()) + b"\r\n")
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Prefer": "wait=20"}
    return {"content": b"".join(pieces) + f"--{BOUNDARY}--\r\n".encode(), "headers": headers}


async def test_an_option_after_the_file_is_applied(world):
    async with site_of(world) as site:
        body = form(("file", b"row 1\n"), ("dry_run", "true"), ("upload_id", "x"))
        answer = await site.http.post("/uploads", **body)
        assert (answer.status_code, answer.json()["upload_id"]) == (201, "x")
        assert (await world.upload()).options.dry_run
        assert await world.titles() == []


@pytest.mark.parametrize(
    ("parts", "query"),
    [
        ([("file", b"row 1\n"), ("dryrun", "true")], ""),
        ([("dryrun", "true"), ("file", b"row 1\n")], ""),
        ([("file", b"row 1\n"), ("mode", "some")], ""),
        ([("mode", "atomic"), ("file", b"row 1\n"), ("mode", "partial")], ""),
        ([("file", b"row 1\n"), ("dry_run", "true")], "?dry_run=false"),
        ([("file", b"row 1\n"), ("upload_id", "a/b")], ""),
    ],
)
async def test_an_option_that_cannot_be_applied_refuses_the_request(world, parts, query):
    async with site_of(world) as site:
        answer = await site.http.post(f"/uploads{query}", **form(*parts))
        assert answer.status_code == 422
        assert await world.titles() == []
        assert await world.store.blobs.ids() == []


@pytest.mark.parametrize("path", ["/uploads", "/eventos/upload"])
@pytest.mark.parametrize(
    ("query", "field", "suggestion"),
    [("dryrun=true", "dryrun", "dry_run"), ("mode=atomic&mode=partial", "mode", None)],
)
async def test_an_unknown_url_parameter_is_refused(world, path, query, field, suggestion):
    async with site_of(world) as site:
        answer = await site.http.post(f"{path}?{query}", files={"file": ("a.csv", b"row 1\n")})
        assert answer.status_code == 422
        told = [(one["field"], one["code"], one["suggestion"]) for one in answer.json()["errors"]]
        assert told == [(field, "invalid_option", suggestion)]
        assert (await site.http.get("/uploads")).json()["items"] == []


async def test_defaults_are_read_like_cells(world):
    async with site_of(world) as site:
        defaults = {"city": "Madrid", "local_info.capacity": 300, "local_info.is_accessible": True}
        await site.upload(b"row 1\n", {"Prefer": "wait=20"}, upload_id="x", defaults=json.dumps(defaults))
        assert (await site.http.get("/uploads/x")).json()["options"]["defaults"] == {
            "city": "Madrid",
            "local_info.capacity": "300",
            "local_info.is_accessible": "true",
        }


async def test_all_wrong_options_are_reported_at_once(world):
    async with site_of(world) as site:
        wrong = {
            "upload_id": "a/b",
            "mode": "some",
            "dry_run": "maybe",
            "date_format": "ymd",
            "encoding": "rot13",
            "delimiter": "#",
            "mapping": "[]",
            "defaults": '{"city": [1]}',
            "sheet": "",
            "header_row": "-1",
            "values": '{"city": "Recife"}',
            "on_duplicate": "replace",
            "key": "name",
            "stage": "perhaps",
            "repairs_of": "a/b",
        }
        answer = await site.upload(b"row 1\n", **wrong)
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == set(wrong)
        assert await world.store.blobs.ids() == []


@pytest.mark.parametrize("name", ["dry_run", "stage"])
@pytest.mark.parametrize(
    ("text", "is_set"),
    [("", True), (" ", True), ("true", True), ("1", True), ("false", False), ("no", False)],
)
def test_a_flag_without_a_value_is_a_yes(name, text, is_set):
    read = parse_options({name: text})
    assert getattr(read, name) is is_set


async def test_a_flag_without_a_value_is_a_yes_in_the_url_and_in_the_form(world):
    async with site_of(world) as site:
        for query, fields in (("?dry_run", []), ("?dry_run=", []), ("", [("dry_run", "")])):
            answer = await site.http.post(f"/uploads{query}", **form(*fields, ("file", b"row 1\n")))
            assert answer.status_code == 201
        assert await world.titles() == []
