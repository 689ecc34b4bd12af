"""What an import that runs knows of its body, its job and its requests, verb by verb."""

import anyio
import msgspec
import pytest

from api.services.imports.errors import ImportRefusedError
from api.services.imports.lease import ImportElsewhereError, Lease
from api.services.imports.quota import StagingQuota
from api.services.imports.running_import import RunningImport
from domain.imports import ImportOptions, Upload

pytestmark = pytest.mark.anyio

UPLOAD = Upload("x", "receiving", "a.csv", ImportOptions(), "ana", 0, 0, total_bytes=10)


def running_of(upload=UPLOAD, owner="server", **known):
    return RunningImport(upload, lease=Lease(owner, lambda: 0), **({"body": "resting"} | known))


async def as_it_is(_tx, upload):
    return upload


@pytest.mark.parametrize(
    ("known", "state", "has_work", "only_waits"),
    [
        ({"body": "resting", "staged": 5, "read": 5}, "receiving", False, True),
        ({"body": "resting", "staged": 6, "read": 5}, "receiving", True, False),
        ({"body": "coming", "staged": 6, "read": 5}, "receiving", True, False),
        ({"body": "coming", "staged": 6, "read": 5, "hold_bytes": 6}, "receiving", False, False),
        ({"body": "coming", "staged": 10, "read": 5}, "receiving", False, False),
        ({"body": "complete", "staged": 10, "read": 10}, "processing", True, False),
        ({"body": "broken", "staged": 5, "read": 5}, "receiving", True, False),
        ({"body": "broken", "staged": 5, "read": 5}, "interrupted", False, True),
        ({"body": "complete", "staged": 10}, "staged", False, True),
    ],
)
def test_a_job_has_work_or_the_import_waits_for_its_sender(known, state, has_work, only_waits):
    options = ImportOptions(stage=state == "staged")
    running = running_of(msgspec.structs.replace(UPLOAD, state=state, options=options), **known)
    assert (running.has_work, running.only_waits) == (has_work, only_waits)
    assert running.ask_to_cancel()
    assert running.has_work
    assert not running.ask_to_cancel()


def test_what_needs_the_whole_file_has_no_work_before():
    running = running_of(body="coming", staged=6)
    running.wait_for_whole()
    assert not running.has_work
    assert running.is_readable(5)
    assert not running.is_readable(6)


def test_what_was_read_and_not_stored_is_read_again():
    running = running_of(staged=6)
    running.note_read(6)
    assert not running.has_work
    running.read_again()
    assert running.has_work


def test_rows_are_held_back_only_before_any_was_read():
    running = running_of(body="coming", staged=6)
    assert running.hold()
    assert not running.has_work
    running = running_of(body="coming", staged=6)
    running.begin_job()
    assert not running.hold()


async def test_a_request_to_cancel_throws_a_job_out_of_the_queue_but_not_out_of_its_turn():
    running = running_of(staged=6)
    with running.queued():
        assert running.is_queued
        running.ask_to_cancel()
        await anyio.sleep_forever()
    assert not running.is_queued
    running = running_of(staged=6)
    with running.queued():
        running.leave_queue()
        running.ask_to_cancel()
        await anyio.lowlevel.checkpoint()
        reached_its_end = True
    assert reached_its_end


async def test_every_change_wakes_those_who_wait():
    running = running_of(staged=6)
    changed = running.changed
    running.begin_job()
    assert not changed.is_set()
    running.end_job()
    assert changed.is_set()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.wait_until, lambda: running.cancel_requested)
            await anyio.lowlevel.checkpoint()
            running.ask_to_cancel()


async def test_a_body_goes_on_where_the_file_ends_and_takes_over_from_one_that_is_there(world):
    async with world.process() as imports:
        body = await imports.begin(world.wanted())
        running = body.running
        quota = StagingQuota(world.store, 100)
        await body.write(b"row 1\n")
        await world.until(running, lambda running: running.staged == 6)

        async def begin(offset):
            share = await quota.share("ana")
            return await running.begin_body(world.store.blobs, offset=offset, limit=100, share=share)

        with pytest.raises(ImportRefusedError) as refusal:
            await begin(3)
        assert (refusal.value.code, refusal.value.offset, running.body) == ("wrong_offset", 6, "coming")
        writer = await begin(6)
        with pytest.raises(ImportRefusedError, match="another request"):
            await body.write(b"row 2\n")
        with pytest.raises(ImportRefusedError, match="another request"):
            await body.complete()
        await body.break_off()
        assert (running.body, running.has_body) == ("coming", True)
        writer.supersede()
        await running.end_body(writer, "broken", world.store, as_it_is)
        assert (running.body, running.has_body) == ("broken", False)


async def test_what_another_process_changed_is_not_overwritten(world):
    async with world.process() as imports:
        running = (await imports.begin(world.wanted())).running
        before = running.upload
        elsewhere = running_of(before, "other", body="resting")
        with pytest.raises(ImportElsewhereError):
            await elsewhere.change(world.store, as_it_is)
        await running.hand_over(world.store, to="other")

        async def save(tx, upload):
            upload = msgspec.structs.replace(upload, updated_at=upload.updated_at + 1)
            await tx.uploads.save(upload)
            return upload

        assert await elsewhere.change(world.store, save) == elsewhere.upload != before
        async with world.store.transaction() as tx:
            await tx.uploads.release("x", "other")
        with pytest.raises(ImportElsewhereError):
            await running.change(world.store, save)
        assert await running.reload(world.store) == running.upload == elsewhere.upload
