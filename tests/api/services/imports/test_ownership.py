"""Imports that wait for their next bytes cost a server nothing, however many there are."""

from contextlib import asynccontextmanager

import anyio
import pytest

from tests.api.services.imports.conftest import HOUR_MS, World
from tests.contracts.conftest import postgres, store_url

__all__ = ["postgres", "store_url"]

pytestmark = pytest.mark.anyio

MANY = 300


@pytest.fixture
def world(store_url, tmp_path):
    return World(tmp_path, "" if store_url.startswith("sqlite") else store_url)


class Counting:
    """A store that counts its transactions and snapshots."""

    def __init__(self, inner):
        self._inner = inner
        self.units = 0

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @asynccontextmanager
    async def transaction(self):
        self.units += 1
        async with self._inner.transaction() as tx:
            yield tx

    @asynccontextmanager
    async def snapshot(self):
        self.units += 1
        async with self._inner.snapshot() as snapshot:
            yield snapshot


async def begun(world, upload_id, content):
    """Begin an import and break it off between two bodies."""
    body = await world.begin(upload_id, total_bytes=100)
    await body.write(content)
    await body.rest()
    await world.until(body.running, lambda running: running.only_waits)


async def look_after_leases(imports):
    """Do what the server does every few seconds, until what waits has come to rest."""
    for _ in range(2):
        await imports._held.ownership.look_after()


async def test_an_import_that_waits_for_bytes_is_released_and_resumes_when_they_arrive(world):
    async with world.process() as imports:
        await begun(world, "x", b"row 1\nro")
        await look_after_leases(imports)
        assert imports.active == 0
        async with world.store.snapshot() as snapshot:
            assert await snapshot.uploads.rests("x")
        assert (await imports.find("x")).bytes_received == 8
        body = await imports.resume("x", 8)
        await body.write(b"w 2\n")
        await body.complete()
        upload = await world.ended(body)
        assert (upload.state, await world.titles()) == ("completed", ["row 1", "row 2"])
        assert not any("restarted" in str(message) for message in await world.feed())


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_an_import_at_rest_resumes_in_the_process_that_receives_its_bytes(world):
    async with world.process(owner="first") as first:
        await begun(world, "x", b"row 1\n")
        await look_after_leases(first)
        async with world.process(owner="second") as second:
            await second._recovery.take_up_left_behind()
            assert second.active == 0
            body = await second.resume("x", 6)
            await look_after_leases(first)
            await body.write(b"row 2\n")
            await body.complete()
            assert (await world.ended(body)).state == "completed"
            assert await world.titles() == ["row 1", "row 2"]


async def test_an_import_with_an_open_body_does_not_come_to_rest(world):
    async with world.process() as imports:
        await begun(world, "x", b"row 1\n")
        await imports._held.ownership.look_after()
        body = await imports.resume("x", 6)
        await imports._held.ownership.look_after()
        assert imports.active == 1
        await body.write(b"row 2\n")
        await body.complete()
        assert (await world.ended(body)).state == "completed"


async def test_many_imports_at_rest_cost_no_work(world):
    async with world.process(Counting) as imports:
        for n in range(MANY):
            await imports.create(world.wanted(f"u{n}", total_bytes=100))
        await begun(world, "x", b"row 1\n")
        await look_after_leases(imports)
        before = imports._store.units
        await look_after_leases(imports)
        await imports._cancellation.heed_requests()
        assert imports._store.units == before


async def test_a_start_does_not_read_each_import_at_rest(world):
    async with world.process() as imports:
        for n in range(MANY):
            await imports.create(world.wanted(f"u{n}", total_bytes=100))
    counting = []

    def wrap(store):
        counting.append(Counting(store))
        return counting[0]

    async with world.process(wrap) as imports:
        assert counting[0].units < 10
        assert imports.active == 0
        body = await imports.resume("u7", 0)
        await body.write(b"row 1\n")
        await body.complete()
        assert (await world.ended(body)).state == "completed"


async def test_imports_of_a_killed_process_are_resumed_a_few_at_a_time(world):
    async with world.process() as imports:
        for n in range(20):
            await begun(world, f"u{n}", b"row\n")
        async with imports._store.transaction() as tx:  # As if it had been killed: with its leases.
            for n in range(20):
                await tx.uploads.hold(f"u{n}", "server", now_ms=world.now_ms, lease_ms=10_000)
                imports._held.drop(f"u{n}")
    async with world.process() as imports:
        assert imports.active <= 8
        with anyio.fail_after(60):
            while any([(await world.upload(f"u{n}")).state != "interrupted" for n in range(20)]):
                await imports._recovery.take_up_left_behind()
                await anyio.sleep(0.01)


async def test_an_import_at_rest_is_cancelled_and_expires_like_any_other(world):
    async with world.process() as imports:
        for upload_id in ("cancelled", "expired"):
            await begun(world, upload_id, b"row\n")
        await look_after_leases(imports)
        assert imports.active == 0
        assert (await imports.cancel("cancelled")).state == "cancelled"
        world.now_ms += 25 * HOUR_MS
        await imports._expiry.expire()
        assert (await world.upload("expired")).state == "failed"
        assert await world.store.blobs.ids() == []
