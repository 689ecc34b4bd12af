import base64
from email.utils import parsedate_to_datetime

import anyio
import pytest

from api.services.identity import Identity
from tests.api.services.imports.conftest import HOUR_MS
from tests.api.services.imports.site import site_of

pytestmark = pytest.mark.anyio

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = TUS | {"Content-Type": "application/offset+octet-stream"}


def metadata(**texts):
    return ",".join(f"{key} {base64.b64encode(text.encode()).decode()}" for key, text in texts.items())


async def create(site, length, **texts):
    headers = TUS | {"Upload-Length": str(length), "Upload-Metadata": metadata(upload_id="x", **texts)}
    return await site.http.post("/uploads/tus", headers=headers)


async def send(site, content, offset, **headers):
    return await site.http.patch(
        "/uploads/tus/x", content=content, headers=BYTES | {"Upload-Offset": str(offset)} | headers
    )


async def ended(world, state="completed"):
    with anyio.fail_after(20):
        while (await world.upload()).state != state:  # noqa: ASYNC110  # across a socket
            await anyio.sleep(0.005)


async def test_options_returns_version_and_extensions(world):
    async with site_of(world) as site:
        answer = await site.http.options("/uploads/tus")
        assert answer.status_code == 204
        assert answer.headers["Tus-Version"] == "1.0.0"
        assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,expiration,termination"
        assert answer.headers["Tus-Max-Size"] == str(world.limit)


async def test_an_upload_in_three_patches_is_one_import(world):
    async with site_of(world) as site:
        created = await create(site, 18, filename="agenda.csv")
        assert created.status_code == 201
        assert created.headers["Location"] == "/api/v1/uploads/tus/x"
        assert "Upload-Expires" in created.headers
        assert (await send(site, b"row 1\nro", 0)).headers["Upload-Offset"] == "8"
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert (told.headers["Upload-Offset"], told.headers["Upload-Length"]) == ("8", "18")
        assert told.headers["Cache-Control"] == "no-store"
        assert (await send(site, b"w 2\n", 8)).status_code == 204
        assert (await send(site, b"row 3\n", 12)).headers["Upload-Offset"] == "18"
        await ended(world)
        assert await world.titles() == ["row 1", "row 2", "row 3"]
        assert (await world.upload()).filename == "agenda.csv"
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Offset"] == "18"


async def test_rows_are_stored_between_two_patches(world):
    async with site_of(world) as site:
        await create(site, 12)
        await send(site, b"row 1\n", 0)
        with anyio.fail_after(20):
            while await world.titles() != ["row 1"]:  # noqa: ASYNC110  # across a socket
                await anyio.sleep(0.005)
        assert (await world.upload()).state == "receiving"
        await send(site, b"row 2\n", 6)
        await ended(world)


async def test_creation_with_upload_stores_the_first_bytes(world):
    async with site_of(world) as site:
        headers = BYTES | {"Upload-Length": "6", "Upload-Metadata": metadata(upload_id="x")}
        created = await site.http.post("/uploads/tus", headers=headers, content=b"row 1\n")
        assert created.headers["Upload-Offset"] == "6"
        await ended(world)


async def test_an_empty_upload_is_complete_at_once(world):
    async with site_of(world) as site:
        await create(site, 0)
        await ended(world)


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Upload-Offset": "3"}, b"x", 409),
        ({"Upload-Offset": "-1"}, b"x", 400),
        ({"Upload-Offset": "0", "Content-Type": "text/csv"}, b"x", 415),
        ({"Upload-Offset": "0", "Tus-Resumable": "0.2.2"}, b"x", 412),
        ({"Upload-Offset": "0"}, b"x" * 99, 413),
    ],
)
async def test_an_invalid_patch_is_refused(world, headers, content, status):
    async with site_of(world) as site:
        await create(site, 12)
        answer = await site.http.patch("/uploads/tus/x", content=content, headers=BYTES | headers)
        assert answer.status_code == status
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Defer-Length": "1"}, 400),
        ({"Upload-Length": "9", "Upload-Metadata": "mode !"}, 400),
        ({"Upload-Length": "9", "Upload-Metadata": metadata(mode="some")}, 422),
        ({"Upload-Length": "99999999999"}, 413),
        ({"Upload-Length": "9", "Tus-Resumable": "2.0.0"}, 412),
    ],
)
async def test_an_invalid_creation_is_refused(world, headers, status):
    async with site_of(world) as site:
        assert (await site.http.post("/uploads/tus", headers=TUS | headers)).status_code == status


async def test_termination_cancels_the_import(world):
    async with site_of(world) as site:
        await create(site, 12)
        await send(site, b"row 1\n", 0)
        with anyio.fail_after(10):
            while (await world.upload()).record < 1:  # noqa: ASYNC110 - the store sends no events
                await anyio.sleep(0.01)
        site.identity = Identity("eva", "editor", "eva")
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 403
        site.identity = Identity("ana", "editor", "ana")
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 204
        assert (await world.upload()).state == "cancelled"
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 410
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).status_code == 410
        assert (await send(site, b"row 2\n", 6)).status_code == 410
        assert await world.titles() == ["row 1"]


async def test_an_abandoned_upload_answers_410(world):
    async with site_of(world) as site:
        created = await create(site, 12)
        assert parsedate_to_datetime(created.headers["Upload-Expires"]).timestamp() == pytest.approx(
            world.now_ms / 1000 + 24 * 60 * 60, abs=1
        )
        await send(site, b"row 1\n", 0)
        await world.until(
            world.imports._held.get("x"), lambda running: running.upload.record == 1 and not running.at_work
        )
        world.now_ms += 25 * HOUR_MS
        await world.imports._expiry.expire()
        answer = await send(site, b"row 2\n", 6)
        assert (answer.status_code, answer.headers["Tus-Resumable"]) == (410, "1.0.0")
        assert "24 hours" in answer.json()["detail"]
        assert (await site.http.head("/uploads/tus/x", headers=TUS)).status_code == 410
        assert await world.titles() == ["row 1"]


async def test_a_finished_upload_cannot_be_appended_to_or_terminated(world):
    async with site_of(world) as site:
        await create(site, 6)
        await send(site, b"row 1\n", 0)
        await ended(world)
        had = await site.http.head("/uploads/tus/x", headers=TUS)
        assert (had.status_code, had.headers["Upload-Offset"], had.headers["Upload-Length"]) == (
            200,
            "6",
            "6",
        )
        assert (await send(site, b"x", 6)).status_code == 409
        assert (await site.http.delete("/uploads/tus/x", headers=TUS)).status_code == 409
        assert (await site.http.head("/uploads/tus/nowhere", headers=TUS)).status_code == 404
        assert (await world.upload()).state == "completed"


async def test_the_method_can_be_overridden_by_a_post(world):
    async with site_of(world) as site:
        await create(site, 6)
        headers = BYTES | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
        answer = await site.http.post("/uploads/tus/x", content=b"row 1\n", headers=headers)
        assert answer.status_code == 204
        await ended(world)


async def test_a_patch_that_breaks_off_keeps_the_received_bytes(world):
    async with site_of(world) as site:
        await create(site, 1000)
        head = [
            "Tus-Resumable: 1.0.0",
            "Content-Type: application/offset+octet-stream",
            "Upload-Offset: 0",
            "Content-Length: 1000",
        ]
        async with site.raw(head, path="/uploads/tus/x", method="PATCH") as (_, writer):
            writer.write(b"row 1\nro")
            await writer.drain()
            with anyio.fail_after(20):
                while not await world.titles():  # noqa: ASYNC110  # across a socket
                    await anyio.sleep(0.005)
        await ended(world, "interrupted")
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Offset"] == "8"
        rest = b"w 2\n".ljust(992, b"\n")
        assert (await send(site, rest, 8)).status_code == 204
        await ended(world)
        assert (await world.titles())[:2] == ["row 1", "row 2"]


async def test_head_returns_the_upload_metadata_unchanged(world):
    async with site_of(world) as site:
        created = await create(site, 6, filename="agenda.csv", filetype="text/csv")
        assert (created.status_code, created.content) == (201, b"")
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        sent = metadata(upload_id="x", filename="agenda.csv", filetype="text/csv")
        assert told.headers["Upload-Metadata"] == sent
        await send(site, b"row 1\n", 0)
        await ended(world)
        told = await site.http.head("/uploads/tus/x", headers=TUS)
        assert told.headers["Upload-Metadata"] == sent


async def test_an_empty_patch_at_the_end_gets_the_same_answer_again(world):
    async with site_of(world) as site:
        await create(site, 6)
        assert (await send(site, b"row 1\n", 0)).status_code == 204
        for _ in range(2):
            again = await send(site, b"", 6)
            assert (again.status_code, again.headers["Upload-Offset"]) == (204, "6")
            await ended(world)

        async def nothing():
            yield b""

        assert (await send(site, nothing(), 6)).status_code == 204
        assert (await send(site, b"row 2\n", 6)).status_code == 409
        assert (await send(site, b"", 3)).status_code == 409
        assert await world.titles() == ["row 1"]
