"""An import that has ended is not changed by who saw it open: they decide before the lock, act under it."""

from functools import partial

import anyio
import msgspec
import pytest
from anyio.lowlevel import checkpoint

from api.services.imports.job import Job
from api.services.imports.lease import Lease
from api.services.imports.running_import import RunningImport
from domain.imports import ENDED, OPEN, ImportOptions, Undo
from domain.problems import Problem
from tests.api.services.imports.conftest import HOUR_MS

pytestmark = pytest.mark.anyio

TOO_LATE = Problem("mode", "late_option", "too late")


@pytest.mark.parametrize("state", [*ENDED, *OPEN])
async def test_only_an_open_import_is_changed(world, state):
    async with world.process():
        undo = Undo(by="ana") if state == "undoing" else None
        await world.begin()
        stored = msgspec.structs.replace(await world.upload(), state=state, undo=undo)
        async with world.store.transaction() as tx:
            await tx.uploads.save(stored)
        running = RunningImport(stored, lease=Lease("server", lambda: world.now_ms), body="broken")

        async def edit(tx, upload):
            upload = msgspec.structs.replace(upload, accepted=7)
            await tx.uploads.save(upload)
            return upload

        changed = await running.change(world.store, edit)
        assert changed == await world.upload() == running.upload
        assert (changed.state, changed.accepted) == (state, 7 if state in OPEN else 0)


@pytest.mark.parametrize("options", [{}, {"mode": "atomic"}])
async def test_a_refused_upload_fails_though_its_job_waits_for_the_rest(world, options):
    async with world.process() as imports:
        body = await world.begin(**options)
        await body.write(b"row 1\nrow 2\nbad 3\n")
        await world.until(body.running, lambda running: running.upload.record == 3)
        with anyio.fail_after(60):
            await imports.give_up(body, TOO_LATE)
        upload = await world.upload()
        assert (upload.state, upload.accepted, upload.error) == ("failed", 0, TOO_LATE)
        assert (await world.titles(), await world.rejected()) == ([], [])
        assert [one["status"] for one in await world.feed() if one["type"] == "finished"] == ["failed"]


async def test_no_row_of_a_held_file_may_be_read_while_its_refusal_is_stored(world, monkeypatch):
    change, had_work = RunningImport.change, []

    async def watched(running, store, edit):
        had_work.append(running.has_work)
        return await change(running, store, edit)

    async with world.process() as imports:
        body = await imports.begin(world.wanted(), hold_bytes=100)
        await body.write(b"row 1\nrow 2\n")
        await world.until(body.running, lambda running: running.staged == 12)
        monkeypatch.setattr(RunningImport, "change", watched)
        await imports.give_up(body, TOO_LATE)
        assert had_work == [False]
        assert ((await world.upload()).state, await world.titles()) == ("failed", [])


async def test_a_refused_body_leaves_the_import_to_the_one_that_took_over(world):
    async with world.process() as imports:
        old = await world.begin()
        await old.write(b"row 1\n")
        await world.until(old.running, lambda running: running.upload.record == 1)
        new = await imports.resume("x", 6)
        await imports.give_up(old, TOO_LATE)
        assert (await world.upload()).state == "receiving"
        await new.write(b"row 2\n")
        await new.complete()
        with anyio.fail_after(60):
            await new.running.wait_for_end()
        assert ((await world.upload()).state, await world.titles()) == ("completed", ["row 1", "row 2"])


async def test_a_checked_file_is_not_stored_after_its_import_has_failed(world, monkeypatch):
    store_all, has_failed = Job._store_all, anyio.Event()

    async def store_late(job):
        await job.fail(TOO_LATE)
        # As if it had been decided on before.
        await store_all(job)
        has_failed.set()

    monkeypatch.setattr(Job, "_store_all", store_late)
    async with world.process():
        upload = await world.send(b"row 1\nrow 2\n", mode="atomic")
        with anyio.fail_after(60):
            await has_failed.wait()
        assert (upload.state, await world.titles()) == ("failed", [])
        assert [one["status"] for one in await world.feed() if one["type"] == "finished"] == ["failed"]


async def test_a_staged_file_does_not_expire_at_the_moment_of_its_import(world):
    async with world.process() as imports:
        body = await world.begin(stage=True)
        await body.write(b"row 1\n")
        await body.complete()
        world.now_ms += 25 * HOUR_MS
        lock = body.running._saving
        with anyio.fail_after(60):
            async with anyio.create_task_group() as group, lock:
                for waiting, task in enumerate(
                    (partial(imports.start_staged, "x", ImportOptions()), imports._expiry.expire), 1
                ):
                    group.start_soon(task)
                    while lock.statistics().tasks_waiting < waiting:
                        await checkpoint()
            await body.running.wait_for_end()
        assert (await world.upload()).state == "completed"
        assert await world.titles() == ["row 1"]
