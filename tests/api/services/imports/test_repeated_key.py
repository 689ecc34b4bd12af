"""A repeated `Idempotency-Key` after an upload that did not come whole: its file is taken up, or refused."""

import anyio
import pytest

from tests.api.services.imports.site import BOUNDARY, CLOSING, OPENING, site_of

pytestmark = pytest.mark.anyio

KEY = {"Idempotency-Key": "k-1", "Prefer": "wait=20"}
ROWS = [f"row {number}" for number in range(200)]
FILE = "".join(f"{row}\n" for row in ROWS).encode()


def head(length, *more):
    return [
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
        f"Content-Length: {length}",
        "Idempotency-Key: k-1",
        *more,
    ]


async def state_of(world, wanted, upload_id="x"):
    with anyio.fail_after(60):
        while (await world.upload(upload_id)).state != wanted:  # noqa: ASYNC110 - no one reports it
            await anyio.sleep(0.01)


async def break_off(site, world, had, *, path="/uploads?upload_id=x", content=FILE):
    whole = OPENING + content + CLOSING
    async with site.raw(head(len(whole)), path=path) as (_, writer):
        writer.write((OPENING + content)[: len(OPENING) + had])
        await writer.drain()
        with anyio.fail_after(60):
            while (await site.http.head("/uploads/x")).headers.get("Upload-Offset") != str(had):  # noqa: ASYNC110 - no one reports it
                await anyio.sleep(0.01)
    await state_of(world, "interrupted")


@pytest.mark.parametrize("had", [1, 6, 700, len(FILE) - 1, len(FILE)])
async def test_the_whole_file_sent_again_is_imported_once(world, had):
    async with site_of(world) as site:
        await break_off(site, world, had)
        again = await site.upload(FILE, KEY)
        assert (again.status_code, again.json()["status"]) == (201, "completed")
        assert (again.json()["upload_id"], again.json()["accepted"]) == ("x", len(ROWS))
        assert await world.titles() == ROWS
        once_more = await site.upload(FILE, KEY)
        assert (once_more.status_code, once_more.json()["accepted"]) == (200, len(ROWS))
        assert await world.titles() == ROWS


@pytest.mark.parametrize(
    "other",
    [FILE[:300], b"", FILE[:699], b"x" + FILE[1:], FILE[:699] + b"x" + FILE[700:]],
    ids=["shorter", "empty", "shorter by one byte", "other first byte", "other last byte"],
)
async def test_another_file_is_a_conflict_and_changes_nothing(world, other):
    async with site_of(world) as site:
        await break_off(site, world, 700)
        before = await world.titles()
        answer = await site.upload(other, KEY)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (409, "700")
        assert answer.json()["errors"][0]["code"] == "wrong_offset"
        assert answer.json()["errors"][0]["rule"] == "other_file"
        assert ((await world.upload()).state, await world.titles()) == ("interrupted", before)
        assert (await site.upload(FILE, KEY)).json()["accepted"] == len(ROWS)


async def test_a_repeat_that_breaks_off_again_and_again_comes_to_the_end(world):
    async with site_of(world) as site:
        for had in (100, 300, 900):
            await break_off(site, world, had)
        assert (await site.upload(FILE, KEY)).json()["accepted"] == len(ROWS)
        assert await world.titles() == ROWS


async def test_a_body_whose_connection_is_dead_is_taken_over(world, monkeypatch):
    monkeypatch.setattr("api.services.imports.retraced_body.STALLED_SECONDS", 0.2)
    async with site_of(world) as site:
        whole = OPENING + FILE + CLOSING
        async with site.raw(head(len(whole)), path="/uploads?upload_id=x") as (_, writer):
            writer.write(whole[:900])
            await writer.drain()
            with anyio.fail_after(60):
                while (await site.http.head("/uploads/x")).status_code != 200:  # noqa: ASYNC110 - no one reports it
                    await anyio.sleep(0.01)
            again = await site.upload(FILE, KEY)
        assert (again.status_code, again.json()["accepted"]) == (201, len(ROWS))
        assert await world.titles() == ROWS


async def test_a_body_that_still_comes_is_followed_to_its_end(world):
    async with site_of(world) as site:
        whole = OPENING + FILE + CLOSING
        answers = []

        async def repeat():
            answers.append(await site.upload(FILE, KEY))

        async with (
            anyio.create_task_group() as tasks,
            site.raw(head(len(whole)), path="/uploads?upload_id=x") as (reader, writer),
        ):
            writer.write(whole[:500])
            await writer.drain()
            with anyio.fail_after(60):
                while (await site.http.head("/uploads/x")).status_code != 200:  # noqa: ASYNC110 - no one reports it
                    await anyio.sleep(0.01)
            tasks.start_soon(repeat)
            for start in range(500, len(whole), 300):
                await anyio.lowlevel.checkpoint()
                writer.write(whole[start : start + 300])
                await writer.drain()
            first = await reader.readline()
        assert b" 202 " in first
        assert [answer.status_code for answer in answers] == [200]
        await state_of(world, "completed")
        assert await world.titles() == ROWS


async def test_a_staged_file_that_broke_off_is_staged_whole(world):
    async with site_of(world) as site:
        await break_off(site, world, 700, path="/uploads?upload_id=x&stage=true")
        again = await site.upload(FILE, KEY, stage="true")
        assert (again.status_code, again.json()["status"]) == (202, "staged")
        assert (await world.upload()).bytes_received == len(FILE)


async def test_other_options_are_refused_before_anything_is_taken(world):
    async with site_of(world) as site:
        await break_off(site, world, 700)
        answer = await site.upload(FILE, KEY, mode="atomic")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "mode")
        assert (await world.upload()).state == "interrupted"
        assert (await site.upload(FILE, KEY)).json()["accepted"] == len(ROWS)


async def test_a_file_that_failed_is_answered_as_it_was(world):
    async with site_of(world) as site:
        first = await site.upload(b"\x89PNG\n", KEY, upload_id="x")
        again = await site.upload(FILE, KEY)
        assert (first.status_code, again.status_code) == (422, 422)
        assert again.json()["errors"] == first.json()["errors"]
        assert again.headers["Location"] == "/api/v1/uploads/x"
        assert "another key" in again.json()["detail"]
        assert await world.titles() == []


async def test_an_import_that_was_cancelled_before_its_file_came_is_no_success(world):
    async with site_of(world) as site:
        await break_off(site, world, 700)
        assert (await site.http.post("/uploads/x/cancel")).status_code == 200
        again = await site.upload(FILE, KEY)
        told = again.json()
        assert (again.status_code, told["rule"]) == (409, "cancelled")
        assert (told["params"]["upload_id"], told["params"]["rows_stay"]) == ("x", True)
