import json

import pytest

from tests.api.imports.site import BOUNDARY, CLOSING, OPENING, site_of

pytestmark = pytest.mark.anyio


async def test_options_come_as_fields_before_the_file(world):
    async with site_of(world) as site:
        form = {"upload_id": "x", "dry_run": "true"}
        answer = await site.http.post("/eventos/upload", data=form, files={"file": ("a", b"row 1\n")})
        assert answer.json()["upload_id"] == "x"
        assert (await world.upload()).options.dry_run


async def test_an_option_behind_the_file_is_told_as_too_late(world):
    async with site_of(world) as site:
        late = b'--xYz\r\nContent-Disposition: form-data; name="mode"\r\n\r\natomic'
        body = OPENING + b"row 1\r\n" + late + CLOSING
        content_type = f"multipart/form-data; boundary={BOUNDARY}"
        headers = {"Content-Type": content_type, "Prefer": "wait=20"}
        answer = await site.http.post("/uploads?upload_id=x", content=body, headers=headers)
        assert answer.json()["status"] == "completed"
        warnings = (await site.http.get("/uploads/x")).json()["warnings"]
        assert [warning["code"] for warning in warnings] == ["late_option"]
        told = [one for one in await world.feed("upload/x") if one.get("level") == "warning"]
        assert [one["message"] for one in told] == [warnings[0]["message"]]


@pytest.mark.parametrize("path", ["/uploads", "/eventos/upload"])
@pytest.mark.parametrize(
    ("query", "field", "suggestion"),
    [("dryrun=true", "dryrun", "dry_run"), ("mode=atomic&mode=partial", "mode", None)],
)
async def test_a_parameter_that_would_not_be_obeyed_is_refused(world, path, query, field, suggestion):
    async with site_of(world) as site:
        answer = await site.http.post(f"{path}?{query}", files={"file": ("a.csv", b"row 1\n")})
        assert answer.status_code == 422
        told = [(one["field"], one["code"], one["suggestion"]) for one in answer.json()["errors"]]
        assert told == [(field, "invalid_option", suggestion)]
        assert (await site.http.get("/uploads")).json()["items"] == []


async def test_defaults_are_as_a_cell_would_have_them(world):
    async with site_of(world) as site:
        defaults = {"city": "Madrid", "local_info.capacity": 300, "local_info.is_accessible": True}
        await site.upload(b"row 1\n", {"Prefer": "wait=20"}, upload_id="x", defaults=json.dumps(defaults))
        assert (await site.http.get("/uploads/x")).json()["options"]["defaults"] == {
            "city": "Madrid",
            "local_info.capacity": "300",
            "local_info.is_accessible": "true",
        }


async def test_every_wrong_option_is_told_at_once(world):
    async with site_of(world) as site:
        wrong = {
            "upload_id": "a/b",
            "mode": "some",
            "dry_run": "maybe",
            "date_format": "mdy",
            "encoding": "rot13",
            "delimiter": "#",
            "mapping": "[]",
            "defaults": '{"city": [1]}',
            "sheet": "",
        }
        answer = await site.upload(b"row 1\n", **wrong)
        assert answer.status_code == 422
        assert {error["field"] for error in answer.json()["errors"]} == set(wrong)
        assert await world.store.blobs.ids() == []
