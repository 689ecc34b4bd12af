import asyncio
import errno
import os
from contextlib import asynccontextmanager

import anyio
import pytest

from api.services.imports.blob_names import blob_id
from api.services.imports.errors import ImportRefusedError
from api.services.imports.recovery import Recovery
from api.storage import blobs_files
from domain.imports import MergeCounts
from domain.ports.errors import StorageUnavailableError
from domain.problems import Problem
from tests.api.services.imports.conftest import HOUR_MS, nothing_staged
from tests.api.services.imports.plain_rows import open_source

pytestmark = pytest.mark.anyio


def rows(first, last):
    return b"".join(b"bad %d\n" % n if n % 10 == 0 else b"row %d\n" % n for n in range(first, last + 1))


def good(first, last):
    return [f"row {n}" for n in range(first, last + 1) if n % 10]


def kinds(messages):
    return [message["type"] for message in messages]


async def test_every_row_is_stored_or_rejected_and_reported_once(world):
    async with world.process():
        upload = await world.send(rows(1, 100))
        told = await world.feed()
        assert (upload.state, upload.accepted, upload.rejected) == ("completed", 90, 10)
        assert await world.titles() == good(1, 100)
        assert [row.record for row in await world.rejected()] == list(range(10, 101, 10))
        by_row = [message for message in told if message["type"] in {"progress", "row_error"}]
        assert [message["record"] for message in by_row] == list(range(1, 101))
        assert by_row[-1]["progresso"] == 100
        assert kinds(told).count("finished") == 1
        assert told[-1]["status"] == "completed"
        changed = await world.feed("eventos")
        assert sum(message["count"] for message in changed) == 90
        await nothing_staged(world.store)


async def test_rows_are_reported_while_the_file_is_still_arriving(world):
    async with world.process():
        body = await world.begin()
        await body.write(b"row 1\nrow 2\nro")
        await world.until(body.running, lambda running: running.upload.record == 2)
        assert await world.titles() == ["row 1", "row 2"]
        await body.write(b"w 3\n")
        await body.complete()
        await world.ended(body)
        assert await world.titles() == ["row 1", "row 2", "row 3"]


async def test_rows_that_could_not_be_stored_are_retried_without_new_bytes(world):
    failures = [StorageUnavailableError("the store does not answer")]

    @asynccontextmanager
    async def fails_once(options, checkpoint):
        async with open_source(options, checkpoint) as source:
            read = source.portion

            async def fail_or_read():
                portion = await read()
                if failures:
                    raise failures.pop()
                return portion

            source.portion = fail_or_read
            yield source

    world.open_source = fails_once
    async with world.process():
        body = await world.begin()
        await body.write(b"row 1\nrow 2\n")
        await world.until(body.running, lambda running: running.upload.record == 2)
        assert await world.titles() == ["row 1", "row 2"]


async def test_renewing_a_lease_keeps_requests_of_other_processes(world):
    async with world.process() as imports:
        await world.begin()
        async with world.store.transaction() as tx:
            await tx.requests.put("hand_over_upload", "x", asker="other", at_ms=world.now_ms)
        await imports._held.ownership.look_after()
        async with world.store.snapshot() as snapshot:
            wanted = await snapshot.requests.pending("hand_over_upload", "server", since_ms=0)
        assert wanted == {"x": "other"}


async def test_a_body_that_breaks_off_stores_complete_rows_and_can_be_resumed(world):
    async with world.process() as imports:
        body = await world.begin()
        await body.write(b"row 1\nrow 2\nro")
        await body.break_off()
        await world.until(body.running, lambda running: running.upload.state == "interrupted")
        assert await world.titles() == ["row 1", "row 2"]
        assert (await world.feed())[-1]["level"] == "warning"
        with pytest.raises(ImportRefusedError) as refused:
            await imports.resume("x", 3)
        assert (refused.value.code, refused.value.offset) == ("wrong_offset", 14)
        again = await imports.resume("x", 14)
        await again.write(b"w 3\n")
        await again.complete()
        upload = await world.ended(again)
        assert (upload.state, upload.accepted) == ("completed", 3)
        assert await world.titles() == ["row 1", "row 2", "row 3"]
        assert kinds(await world.feed()).count("finished") == 1


async def test_a_new_body_takes_over_from_a_dead_one_that_was_not_detected(world):
    async with world.process() as imports:
        stale = await world.begin()
        await stale.write(b"row 1\n")
        await world.until(stale.running, lambda running: running.staged == 6)
        fresh = await imports.resume("x", 6)
        with pytest.raises(ImportRefusedError):
            await stale.write(b"row 9\n")
        await stale.break_off()
        await fresh.write(b"row 2\n")
        await fresh.complete()
        assert (await world.ended(fresh)).state == "completed"
        assert await world.titles() == ["row 1", "row 2"]


async def test_of_two_concurrent_bodies_one_completes_the_file(world):
    async with world.process() as imports:
        first = await world.begin()
        await first.write(b"row 1\n")
        await world.until(first.running, lambda running: running.staged == 6)
        bodies = []

        async def resume():
            bodies.append(await imports.resume("x", 6))

        async with anyio.create_task_group() as group:
            group.start_soon(resume)
            group.start_soon(resume)
        beaten, winner = bodies
        with pytest.raises(ImportRefusedError):
            await beaten.complete()
        await beaten.break_off()
        await winner.write(b"row 2\n")
        await winner.complete()
        assert (await world.ended(winner)).state == "completed"
        assert await world.titles() == ["row 1", "row 2"]


async def test_a_complete_body_ends_the_file_although_another_was_refused_late(world):
    async with world.process() as imports:
        body = await world.begin()
        await body.write(b"row 1\nrow 2\n")
        with pytest.raises(ImportRefusedError) as refused:
            await imports.resume("x", 5)
        assert (refused.value.code, refused.value.offset) == ("wrong_offset", 12)
        await body.complete()
        assert (await world.ended(body)).state == "completed"


async def test_a_body_that_begins_while_another_breaks_off_completes_the_file(world):
    async with world.process() as imports:
        stale = await world.begin()
        await stale.write(b"row 1\n")
        fresh = []

        async def resume():
            fresh.append(await imports.resume("x", 6))

        async with anyio.create_task_group() as group:
            group.start_soon(stale.break_off)
            group.start_soon(resume)
        await fresh[0].complete()
        assert (await world.ended(fresh[0])).state == "completed"


async def test_an_interrupted_import_expires_after_a_day(world):
    async with world.process() as imports:
        body = await world.begin()
        await body.write(b"row 1\n")
        await body.break_off()
        await world.until(
            body.running, lambda running: running.upload.state == "interrupted" and not running.at_work
        )
        world.now_ms += 23 * HOUR_MS
        await imports._expiry.expire()
        assert (await world.upload()).state == "interrupted"
        world.now_ms += 2 * HOUR_MS
        await imports._expiry.expire()
        last = (await world.feed())[-1]
        assert (last["status"], last["error"]["code"]) == ("failed", "interrupted")
        assert await world.store.blobs.ids() == []


async def test_an_import_of_a_stopped_process_is_completed_by_the_next_process(world):
    async with world.process():
        body = await world.begin()
        await body.write(rows(1, 50))
        await world.until(body.running, lambda running: running.upload.record == 50)
    async with world.process() as imports:
        running = imports._held.get("x")
        await world.until(running, lambda running: running.upload.state == "interrupted")
        again = await imports.resume("x", running.staged)
        await again.write(rows(51, 100))
        await again.complete()
        await world.ended(again)
        assert await world.titles() == good(1, 100)
        assert kinds(await world.feed()).count("finished") == 1


async def test_atomic_with_one_bad_row_stores_nothing_and_publishes_no_event(world):
    async with world.process():
        upload = await world.send(b"row 1\nbad\nrow 2\n", mode="atomic")
        told = await world.feed()
        assert (upload.state, upload.error.code) == ("failed", "rows_rejected")
        assert (told[-1]["accepted"], told[-1]["rejected"], told[-1]["rows"]) == (0, 1, 3)
        assert await world.titles() == []
        assert await world.feed("eventos") == []
        assert [row.record for row in await world.rejected()] == [2]


async def test_atomic_with_good_rows_only_stores_all_at_once(world):
    async with world.process():
        upload = await world.send(b"".join(b"row %d\n" % n for n in range(2000)), mode="atomic")
        assert (upload.state, upload.accepted) == ("completed", 2000)
        assert len(await world.titles()) == 2000
        [changed] = await world.feed("eventos")
        assert (changed["count"], changed["last_id"] - changed["first_id"]) == (2000, 1999)
        assert (await world.feed())[-2]["progresso"] == 100


async def test_a_dry_run_reports_the_same_and_stores_nothing(world):
    async with world.process():
        await world.send(rows(1, 30), upload_id="wet")
        stored = await world.titles()
        await world.send(rows(1, 30), upload_id="dry", dry_run=True)
        assert await world.titles() == stored
        wet, dry = await world.feed("upload/wet"), await world.feed("upload/dry")
        assert told_rows(wet) == told_rows(dry) != []


def told_rows(messages):
    return [(m["type"], m["record"], m["progresso"]) for m in messages if "record" in m]


async def test_cancel_stops_an_import_and_keeps_stored_rows(world):
    async with world.process() as imports:
        body = await world.begin()
        await body.write(b"row 1\n")
        await world.until(body.running, lambda running: running.upload.record == 1)
        assert (await imports.cancel("x")).state == "cancelled"
        await body.write(b"row 2\n")
        assert body.ended
        await body.break_off()
        assert await world.titles() == ["row 1"]
        assert (await world.feed())[-1]["status"] == "cancelled"
        with pytest.raises(ImportRefusedError) as refused:
            await imports.cancel("x")
        assert refused.value.code == "wrong_state"


async def test_imports_over_the_limit_wait_and_report_their_queue_position(world):
    world.places = 1
    async with world.process() as imports:
        first = await world.begin("a")
        await first.write(b"row 1\n")
        await world.until(first.running, lambda running: running.upload.record == 1)
        second, third = await world.begin("b"), await world.begin("c")
        for body in (second, third):
            await body.write(b"row\n")
            await body.complete()
        await world.until_told(third.running, "place 2")
        assert (await imports.cancel("b")).state == "cancelled"
        await first.complete()
        assert (await world.ended(third)).state == "completed"
        assert "place 1" in str(await world.feed("upload/c"))


async def test_a_fault_of_the_whole_file_ends_the_import_while_the_body_arrives(world):
    async with world.process():
        body = await world.begin()
        await body.write(b"\x89PNG\n")
        await world.ended(body)
        await body.write(b"more")
        await body.complete()
        last = (await world.feed())[-1]
        assert (last["status"], last["error"]["code"]) == ("failed", "not_text")


async def test_an_atomic_import_that_ends_at_a_fault_counts_no_row_as_created(world):
    async with world.process():
        body = await world.begin(mode="atomic")
        await body.write(b"row 1\nrow 2\n")
        await world.until(body.running, lambda running: running.upload.record == 2)
        await body.write(b"\x89PNG\n")
        upload = await world.ended(body)
        await body.complete()
        assert (upload.state, upload.accepted, upload.counts) == ("failed", 0, MergeCounts())
        last = (await world.feed())[-1]
        assert (last["accepted"], last["created"]) == (0, 0)


async def test_an_unexpected_exception_ends_the_import_as_internal(world):
    async with world.process():
        upload = await world.send(b"row 1\nexplode\n")
        last = (await world.feed())[-1]
        assert (upload.state, last["error"]["code"]) == ("failed", "internal")
        assert "RuntimeError" not in str(last)


async def test_importing_the_same_file_again_gives_a_warning(world):
    async with world.process():
        await world.send(b"row 1\n", upload_id="one")
        upload = await world.send(b"row 1\n", upload_id="two")
        assert upload.state == "completed"
        assert [warning["code"] for warning in upload.warnings] == ["duplicate_file"]
        assert "'one'" in str(await world.feed("upload/two"))


async def test_an_upload_id_in_use_is_refused(world):
    async with world.process():
        await world.send(b"row 1\n")
        with pytest.raises(ImportRefusedError) as refused:
            await world.begin()
        assert refused.value.code == "upload_id_in_use"


async def test_a_file_over_the_limit_is_refused(world):
    world.limit = 100
    async with world.process() as imports:
        body = await world.begin()
        with pytest.raises(ImportRefusedError) as refused:
            await body.write(b"x" * 101)
        assert refused.value.code == "too_large"
        await imports.give_up(body, Problem("", "too_large", "too large"))
        assert (await world.upload()).state == "failed"
        assert await world.store.blobs.ids() == []


async def test_who_is_told_of_the_end_finds_the_import_ended(world):
    asked = []

    def on_commit(messages):
        if any(b'"type":"finished"' in message.body for message in messages):
            asked.append(asyncio.ensure_future(world.imports.find("x")))

    world.on_commit = on_commit
    async with world.process():
        await world.send(rows(1, 100))
        found = await asked[0]
        assert (found.state, found.accepted, found.rejected) == ("completed", 90, 10)


def refused(number, times=None, tried=None):
    """Return a call that the disk refuses, every time or the first times; after them it is as before.

    `tried` gets the arguments of each that is refused.
    """
    left = [times]

    def instead_of(call):
        def attempt(*arguments):
            if left[0] == 0:
                return call(*arguments)
            if left[0] is not None:
                left[0] -= 1
            if tried is not None:
                tried.append(arguments)
            raise OSError(number, os.strerror(number), "blobs/upload-x")

        return attempt

    return instead_of


def disk_refuses(monkeypatch, call, number, times=None, tried=None):
    monkeypatch.setattr(blobs_files, call, refused(number, times, tried)(getattr(blobs_files, call)))


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS])
async def test_files_that_cannot_be_deleted_end_no_server_and_no_later_start(world, monkeypatch, number):
    with monkeypatch.context() as patched:
        disk_refuses(patched, "_delete", number, tried=(tried := []))
        for upload_id in ("one", "two"):
            async with world.process():
                upload = await world.send(rows(1, 30), upload_id=upload_id)
                assert (upload.state, upload.accepted) == ("completed", 27)
                with anyio.fail_after(60):
                    while blob_id(upload_id) not in {path.name for (path,) in tried}:  # noqa: ASYNC110
                        await anyio.sleep(0.005)
                assert (await world.upload(upload_id)).state == "completed"
                assert blob_id(upload_id) in await world.store.blobs.ids()
    async with world.process():
        await nothing_staged(world.store)


async def test_one_file_that_cannot_be_deleted_keeps_none_of_the_others(world, monkeypatch):
    for upload_id in ("a", "b", "c"):
        await world.leave(upload_id)
    disk_refuses(monkeypatch, "_delete", errno.EPERM, times=1)
    async with world.process():
        with anyio.fail_after(60):
            while len(await world.store.blobs.ids()) > 1:  # noqa: ASYNC110
                await anyio.sleep(0.01)
        # A folder names its files in any order: it is the one that was tried first.
        assert len(await world.store.blobs.ids()) == 1


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("call", ["_read", "_size", "_delete"])
async def test_an_import_goes_on_after_the_disk_refused_something(world, monkeypatch, call, number):
    async with world.process():
        body = await world.begin()
        disk_refuses(monkeypatch, call, number, times=2)
        await body.write(rows(1, 100))
        await body.complete()
        assert (await world.ended(body)).state == "completed"
        assert await world.titles() == good(1, 100)


async def test_an_import_begins_where_what_may_be_left_of_another_cannot_be_deleted(world, monkeypatch):
    disk_refuses(monkeypatch, "_delete", errno.EIO)
    async with world.process() as imports:
        assert (await world.send(b"row 1\n")).state == "completed"
        assert (await imports.create(world.wanted("y"))).state == "receiving"


@pytest.mark.parametrize("begin", ["begin", "create"])
async def test_what_is_left_of_another_import_is_never_taken_for_the_new_one(world, monkeypatch, begin):
    # The sweep at the start would delete it as well, before or after: this is what it did not reach.
    monkeypatch.setattr(Recovery, "_sweep_orphans", lambda _self: anyio.lowlevel.checkpoint())
    await world.leave("x", b"row 666\n")
    async with world.process() as imports:
        disk_refuses(monkeypatch, "_delete", errno.EIO, times=1)
        with pytest.raises(StorageUnavailableError):
            await getattr(imports, begin)(world.wanted())
        assert await world.titles() == []
