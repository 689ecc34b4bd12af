import csv
import io
import json

import pytest

from api.services.identity import Identity
from domain.events import EventFields
from tests.api.imports.site import site_of

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
async def test_reads_that_make_no_sense_are_refused(world, path, status):
    async with site_of(world) as site:
        await site.upload(b"row\n", upload_id="x")
        assert (await site.http.get(path)).status_code == status


async def test_rejected_rows_leave_harmless_with_their_reasons(world):
    async with site_of(world) as site:
        await site.upload(b'bad =1\nbad "q"\nok\n', {"Prefer": "wait=20"}, upload_id="x")
        answer = await site.http.get("/uploads/x/rejected.csv")
        assert "attachment" in answer.headers["Content-Disposition"]
        assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == [
            ["title", "_line", "_errors"],
            ["bad =1", "1", "required: bad row"],
            ['bad "q"', "2", "required: bad row"],
        ]


async def test_undo_deletes_what_nobody_edited_and_names_the_rest(world):
    async with site_of(world) as site:
        await site.upload(b"one\ntwo\nthree\n", {"Prefer": "wait=20"}, upload_id="x")
        async with world.store.transaction() as tx:
            fields = EventFields("edited", "", "2025-07-01T10:00:00", "Recife", (), None, 0)
            await tx.events.replace(2, fields, at_ms=1, if_version=None)
        undone = await site.http.post("/uploads/x/undo")
        assert undone.json()["undone"] | {"at": None} == {
            "deleted": 2,
            "kept": 1,
            "kept_ids": [2],
            "at": None,
        }
        changed = (await world.feed("eventos"))[-1]
        assert (changed["reason"], changed["count"]) == ("undo", 2)
        assert (await site.http.post("/uploads/x/undo")).status_code == 409
        assert (await site.http.post("/uploads/x/cancel")).status_code == 409


async def test_another_persons_import_is_not_cancelled_or_undone(world):
    async with site_of(world) as site:
        await site.upload(b"one\n", {"Prefer": "wait=20"}, upload_id="x")
        site.identity = Identity("eva", "editor", "eva")
        assert (await site.http.post("/uploads/x/undo")).status_code == 403
        assert (await site.http.post("/uploads/x/cancel")).status_code == 403
        site.identity = Identity("root", "admin", "root")
        assert (await site.http.post("/uploads/x/undo")).status_code == 200


async def test_the_template_has_the_documented_columns(world):
    async with site_of(world) as site:
        text = (await site.http.get("/uploads/template.csv")).content.decode("utf-8-sig")
        names, row = csv.reader(io.StringIO(text))
        assert names == ["title", "description", "event_date", "city", "participants", "local_info"]
        assert json.loads(row[5])["capacity"] == 300
