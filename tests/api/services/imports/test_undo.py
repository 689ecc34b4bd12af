"""An import taken back: what nobody edited since, in steps, by whom it is allowed."""

import anyio
import pytest

from api.services.identity import Identity
from domain.events import EventFields
from domain.problems import Problem
from tests.api.services.imports.site import site_of

pytestmark = pytest.mark.anyio


async def edit(world, event_id):
    async with world.store.transaction() as tx:
        fields = EventFields("edited", "", "2025-07-01T10:00:00", "Recife", (), None, 0)
        await tx.events.replace(event_id, fields, at_ms=1)


async def delete(world, event_id):
    async with world.store.transaction() as tx:
        await tx.events.delete(event_id)


async def test_undo_deletes_unedited_events_and_lists_the_rest(world):
    async with site_of(world) as site:
        await site.upload(b"one\ntwo\nthree\n", {"Prefer": "wait=20"}, upload_id="x")
        await edit(world, 2)
        undone = await site.http.post("/uploads/x/undo")
        assert undone.json()["undone"] | {"at": None} == {
            "deleted": 2,
            "restored": 0,
            "kept": 1,
            "kept_ids": [2],
            "at": None,
        }
        changed = (await world.feed("eventos"))[-1]
        assert (changed["reason"], changed["count"]) == ("undo", 2)
        assert (await site.http.post("/uploads/x/undo")).status_code == 409
        assert (await site.http.post("/uploads/x/cancel")).status_code == 409


async def test_an_undo_tells_the_bounds_of_what_it_changed(world):
    async with site_of(world) as site:
        await site.upload(b"one\ntwo\nthree\nfour\n", {"Prefer": "wait=20"}, upload_id="x")
        await edit(world, 1)
        await site.http.post("/uploads/x/undo")
        changed = (await world.feed("eventos"))[-1]
        assert (changed["count"], changed["first_id"], changed["last_id"]) == (3, 2, 4)


FATES = {
    "left alone": ([], True),
    "undone": ([("undo", 0)], False),
    "undone but for an edited one": ([("edit", 1), ("undo", 0)], True),
    "undone, and what was kept deleted": ([("edit", 1), ("undo", 0), ("delete", 1)], False),
    "one deleted": ([("delete", 1)], True),
    "all deleted": ([("delete", 1), ("delete", 2)], False),
}


@pytest.mark.parametrize("fate", FATES)
async def test_rows_stay_where_some_are_in_and_only_then_the_file_is_a_duplicate(world, fate):
    steps, stay = FATES[fate]
    async with site_of(world) as site:
        await site.upload(b"one\ntwo\n", {"Prefer": "wait=20"}, upload_id="x")
        for step, event_id in steps:
            if step == "undo":
                answer = (await site.http.post("/uploads/x/undo")).json()
                assert answer["rows_stay"] is (answer["undone"]["kept"] > 0)
            else:
                await (edit if step == "edit" else delete)(world, event_id)
        assert (await site.http.get("/uploads/x")).json()["rows_stay"] is stay
        assert [one["rows_stay"] for one in (await site.http.get("/uploads")).json()["items"]] == [stay]
        await site.upload(b"one\ntwo\n", {"Prefer": "wait=20"}, upload_id="y")
        warnings = (await site.http.get("/uploads/y")).json()["warnings"]
        assert [one["params"]["upload_id"] for one in warnings if one["code"] == "duplicate_file"] == (
            ["x"] if stay else []
        )


async def test_a_failed_request_tells_which_of_its_rows_were_edited_and_so_kept(world):
    async with site_of(world) as site:
        body = await world.begin("x")
        await body.write(b"row 1\nrow 2\nro")
        await world.until(body.running, lambda running: running.upload.record == 2)
        await edit(world, 2)
        await world.imports.give_up(body, Problem("mode", "late_option", "too late"))
        told = (await site.http.get("/uploads/x")).json()
        assert (told["status"], told["rows_stay"], told["undone"]["kept_ids"]) == ("failed", True, [2])
        assert [one["rows_stay"] for one in await world.feed() if one["type"] == "finished"] == [True]


async def test_an_editor_cannot_change_another_persons_import_by_any_door(world):
    async with site_of(world) as site:
        await site.upload(b"one\n", {"Prefer": "wait=20"}, upload_id="x")
        site.identity = Identity("eva", "editor", "eva")
        await site.upload(b"one\n", {"Prefer": "wait=20"}, upload_id="own", stage="true")
        rows = {"rows": [{"line": 1, "cells": {}}]}
        for answer in [
            await site.http.post("/uploads/x/undo"),
            await site.http.post("/uploads/x/cancel"),
            await site.http.post("/uploads/x/repairs", json=rows),
            await site.http.post("/uploads/own/import", json={"repairs_of": "x"}),
            await site.upload(b"one\n", {"Prefer": "wait=20"}, repairs_of="x"),
        ]:
            told = answer.json()
            assert answer.status_code == 403, (answer.url, told)
            # The page says it in the reader's language by these.
            assert (told["rule"], told["params"]) == ("import", {"role": "admin"}), (answer.url, told)
        site.identity = Identity("root", "admin", "root")
        assert (await site.http.post("/uploads/x/undo")).status_code == 200


@pytest.mark.parametrize("path", ["/uploads/x/undo", "/uploads/x/cancel?undo=true"])
async def test_an_interrupted_import_can_be_undone(world, path):
    async with site_of(world) as site:
        body = await world.begin("x")
        await body.write(b"row 1\nrow 2\nro")
        await body.break_off()
        await world.until(body.running, lambda running: running.upload.state == "interrupted")
        assert await world.titles() == ["row 1", "row 2"]
        answer = await site.http.post(path)
        told = answer.json()
        assert (answer.status_code, told["status"], told["rows_stay"]) == (200, "undone", False)
        assert await world.titles() == []
        assert [one["status"] for one in await world.feed() if one["type"] == "finished"] == ["cancelled"]


@pytest.mark.parametrize(
    ("content", "options", "deleted", "stay"),
    [
        (b"row 1\nrow 2\nro", {}, [], True),
        (b"row 1\nrow 2\nro", {}, [1], True),
        (b"row 1\nrow 2\nro", {}, [1, 2], False),
        (b"row 1\nrow 2\nro", {"dry_run": True}, [], False),
        (b"row 1\nrow 2\nro", {"mode": "atomic"}, [], False),
        (b"ro", {}, [], False),
    ],
)
async def test_an_interrupted_import_says_whether_its_rows_stay(world, content, options, deleted, stay):
    async with site_of(world) as site:
        body = await world.imports.begin(world.wanted("x", **options))
        assert (await site.http.get("/uploads/x")).json()["rows_stay"] is None
        await body.write(content)
        await body.break_off()
        await world.until(body.running, lambda running: running.upload.state == "interrupted")
        for event_id in deleted:
            await delete(world, event_id)
        assert (await site.http.get("/uploads/x")).json()["rows_stay"] is stay
        assert [one["rows_stay"] for one in (await site.http.get("/uploads")).json()["items"]] == [stay]


async def test_an_interrupted_undo_continues_at_the_next_start(world):
    async with site_of(world) as site:
        await site.upload(b"one\ntwo\nthree\n", {"Prefer": "wait=20"}, upload_id="x")
        await world.imports._undoing.begin("x", actor="ana")
        assert (await world.upload()).state == "undoing"
    async with site_of(world):
        with anyio.fail_after(60):
            while (await world.upload()).state != "undone":  # noqa: ASYNC110 - a store sets no event.
                await anyio.sleep(0.01)
        assert await world.titles() == []
        assert (await world.upload()).undone["deleted"] == 3
