"""What one person may have staged is bounded, over all unfinished imports."""

import msgspec
import pytest

from domain.ports.errors import QuotaError
from tests.api.services.imports.site import site_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def world(world):
    world.staged_bytes_per_person = 100
    return world


async def staged(world, upload_id, content):
    """Send a part of an import, of which the rest is still to come."""
    body = await world.begin(upload_id)
    await body.write(content)
    await body.rest()
    return body


async def test_a_body_ends_at_the_quota_of_its_person_and_others_continue(world):
    async with world.process() as imports:
        await staged(world, "a", b"row\n" * 20)
        body = await world.begin("b")
        await body.write(b"row\n" * 5)
        with pytest.raises(QuotaError, match="100 bytes"):
            await body.write(b"row\n")
        await body.break_off()
        other = await imports.begin(msgspec.structs.replace(world.wanted("c"), actor="bia"))
        await other.write(b"row\n" * 25)
        await other.complete()
        assert (await world.ended(other)).state == "completed"


async def test_concurrent_bodies_of_a_person_share_the_quota(world):
    async with world.process() as imports:
        one, two = await world.begin("a"), await world.begin("b")
        await one.write(b"row\n" * 15)
        await two.write(b"row\n" * 10)
        assert imports.staged_bytes == 100
        for body in (one, two):
            with pytest.raises(QuotaError):
                await body.write(b"row\n")
            await body.break_off()
        assert imports.quota.growing == 0


async def test_an_ended_import_frees_quota(world):
    async with world.process() as imports:
        await staged(world, "a", b"row\n" * 25)
        with pytest.raises(QuotaError):
            await world.begin("b")
        await imports.cancel("a")
        assert (await world.send(b"row\n" * 25, "b")).state == "completed"
        assert (await world.send(b"row\n" * 25, "c")).state == "completed"


async def test_an_announced_file_that_cannot_be_staged_is_refused_at_once(world):
    async with site_of(world) as site:
        tus = {"Tus-Resumable": "1.0.0"}
        refused = await site.http.post("/uploads/tus", headers={**tus, "Upload-Length": "101"})
        assert (refused.status_code, refused.json()["type"]) == (507, "/problems/storage-full")
        assert "unfinished imports" in refused.json()["detail"]
        assert (
            await site.http.post("/uploads/tus", headers={**tus, "Upload-Length": "100"})
        ).status_code == 201


async def test_an_upload_beyond_the_quota_is_answered_507(world):
    async with site_of(world) as site:
        answer = await site.upload(b"row\n" * 26)
        assert (answer.status_code, answer.json()["type"]) == (507, "/problems/storage-full")
