"""What is kept of imports: details, pages, rejected rows."""

import csv
import io
import json

import msgspec
import pytest

from api.services.imports.views import seconds_taken
from domain.imports import ImportOptions, Upload
from tests.api.services.imports.site import site_of

pytestmark = pytest.mark.anyio


async def test_details_history_and_errors_are_paged(world):
    async with site_of(world) as site:
        for name in ("a", "b", "c"):
            world.now_ms += 1
            await site.upload(b"row\nbad 1\nbad 2\nbad 3\n", {"Prefer": "wait=20"}, upload_id=name)
        first = (await site.http.get("/uploads?limit=2")).json()
        rest = (await site.http.get("/uploads", params={"limit": 2, "cursor": first["next"]})).json()
        assert [item["upload_id"] for item in first["items"] + rest["items"]] == ["c", "b", "a"]
        details = (await site.http.get("/uploads/a")).json()
        assert (details["status"], details["dialect"], details["mapping"]) == (
            "completed",
            {"encoding": "utf-8"},
            {"title": "title"},
        )
        errors = (await site.http.get("/uploads/a/errors?limit=2")).json()
        more = (await site.http.get(f"/uploads/a/errors?limit=2&cursor={errors['next']}")).json()
        assert [row["record"] for row in errors["items"] + more["items"]] == [2, 3, 4]
        assert (errors["total"], more["next"]) == (3, None)
        assert errors["items"][0]["errors"][0]["code"] == "required"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/uploads/none", 404),
        ("/uploads/none/errors", 404),
        ("/uploads/none/rejected.csv", 404),
        ("/uploads?limit=0", 400),
        ("/uploads?limit=x", 400),
        ("/uploads?cursor=x", 400),
        ("/uploads/x/errors?cursor=x", 400),
        ("/uploads/x/errors?limit=501", 400),
    ],
)
async def test_invalid_read_requests_are_refused(world, path, status):
    async with site_of(world) as site:
        await site.upload(b"row\n", upload_id="x")
        assert (await site.http.get(path)).status_code == status


async def test_rejected_rows_are_exported_without_live_formulas_and_with_reasons(world):
    async with site_of(world) as site:
        await site.upload(b'bad =1\nbad "q"\nok\n', {"Prefer": "wait=20"}, upload_id="x")
        answer = await site.http.get("/uploads/x/rejected.csv")
        assert "attachment" in answer.headers["Content-Disposition"]
        header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
        assert header == ["title", "_line", "_errors"]
        assert [row[:2] for row in rows] == [["bad =1", "1"], ['bad "q"', "2"]]
        # No cell shows what this reader made up.
        assert all(row[2].startswith("required: bad row | no cell shows this") for row in rows)


async def test_the_template_has_the_documented_columns(world):
    async with site_of(world) as site:
        text = (await site.http.get("/uploads/template.csv")).content.decode("utf-8-sig")
        names, row = csv.reader(io.StringIO(text))
        assert names == ["title", "description", "event_date", "city", "participants", "local_info"]
        assert json.loads(row[5])["capacity"] == 300


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("agenda 2027.csv", 'attachment; filename="agenda 2027-rejected.csv"'),
        (
            "São.csv",
            "attachment; filename=\"S_o-rejected.csv\"; filename*=UTF-8''S%C3%A3o-rejected.csv",
        ),
        (
            "a;b.csv",
            "attachment; filename=\"a_b-rejected.csv\"; filename*=UTF-8''a%3Bb-rejected.csv",
        ),
    ],
)
async def test_a_file_of_rejected_rows_bears_the_name_of_its_own(world, filename, header):
    async with site_of(world) as site:
        await site.upload(b"row\nbad 1\n", {"Prefer": "wait=20"}, filename=filename, upload_id="x")
        answer = await site.http.get("/uploads/x/rejected")
        assert answer.headers["Content-Disposition"] == header


def test_the_time_of_an_import_leaves_out_how_long_its_file_was_looked_at():
    options = ImportOptions()
    upload = Upload("x", "completed", "a.csv", options, "ana", 1_000, 1_000, started_at=601_000)
    assert seconds_taken(upload, 603_000) == 602
    assert seconds_taken(msgspec.structs.replace(upload, staged_with=options), 603_000) == 2
