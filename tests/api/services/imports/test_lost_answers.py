"""A commit whose answer is lost, or that fails, while a client goes on with its import at once."""

import math
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.services.imports.errors import ImportRefusedError
from api.services.imports.job import Job
from api.services.imports.lease import ImportElsewhereError
from api.services.imports.upload_body import UploadBody
from domain.imports import ImportOptions
from domain.ports.errors import StorageUnavailableError
from tests.api.services.imports.conftest import World, nothing_staged
from tests.api.services.imports.site import site_of
from tests.api.services.unreliable_store import SCHEDULES, Scheduled, Unreliable, rest

pytestmark = pytest.mark.anyio

CONTENT = b"row 1\nrow 2\n"


@asynccontextmanager
async def unreliable(world):
    made = []

    def wrap(store):
        made.append(Unreliable(store))
        return made[0]

    async with world.process(wrap) as imports:
        yield imports, made[0]


async def test_a_client_that_asks_again_for_a_complete_file_is_told_so_and_its_import_goes_on(world):
    async with unreliable(world) as (imports, store):
        body = await world.begin(total_bytes=len(CONTENT))
        await body.write(CONTENT)
        store.next_is("lost")
        with pytest.raises(StorageUnavailableError):
            await body.complete()
        # The import's job may look at what is stored before this request does, or after.
        with pytest.raises(ImportRefusedError) as refusal:
            await imports.resume("x", len(CONTENT))
        assert refusal.value.code == "wrong_state"
        assert (await world.ended(body)).state == "completed"
        assert await world.titles() == ["row 1", "row 2"]


@pytest.mark.parametrize("next_is", ["refused", "lost"])
async def test_a_body_that_could_not_begin_is_not_waited_for(world, next_is):
    async with unreliable(world) as (imports, store):
        body = await world.begin(total_bytes=len(CONTENT))
        await body.write(CONTENT[:6])
        await body.break_off()
        await world.until(body.running, lambda running: running.only_waits)
        assert body.upload.state == "interrupted"
        store.next_is(next_is)
        with pytest.raises(StorageUnavailableError):
            await imports.resume("x", 6)
        await world.until(body.running, lambda running: running.only_waits)
        body = await imports.resume("x", 6)
        await body.write(CONTENT[6:])
        await body.complete()
        assert (await world.ended(body)).state == "completed"
        assert await world.titles() == ["row 1", "row 2"]


async def test_a_request_that_is_cancelled_while_its_body_begins_is_not_waited_for(world):
    async with unreliable(world) as (imports, store):
        body = await world.begin(total_bytes=len(CONTENT))
        await body.write(CONTENT[:6])
        await body.break_off()
        await world.until(body.running, lambda running: running.only_waits)
        store.next_is("waiting", of_anyone=True)
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(imports.resume, "x", 6)
                await store.commits.wait()
                tasks.cancel_scope.cancel()
                store.may_go_on.set()
        await world.until(body.running, lambda running: running.only_waits)


@pytest.mark.parametrize("by_tus", [False, True])
async def test_a_body_whose_request_breaks_at_a_fault_of_ours_is_not_waited_for(world, monkeypatch, by_tus):
    async def break_down(*_args):
        raise RuntimeError("a fault of ours")

    async with site_of(world) as site:
        with monkeypatch.context() as fault:
            fault.setattr(UploadBody, "write", break_down)
            if by_tus:
                head = {"Upload-Length": "12", "Upload-Metadata": "upload_id eA==", "Tus-Resumable": "1.0.0"}
                await site.http.post("/uploads/tus", headers=head)
                head = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
                head["Tus-Resumable"] = "1.0.0"
                answer = await site.http.patch("/uploads/tus/x", headers=head, content=CONTENT[:6])
            else:
                answer = await site.upload(CONTENT, upload_id="x")
        assert answer.status_code == 500
        running = world.imports._held.get("x")
        await world.until(running, lambda running: running.only_waits)
        assert running.upload.state == "interrupted"


async def test_what_nobody_asks_for_again_goes_on_after_a_lost_answer(world, monkeypatch):
    monkeypatch.setattr("api.services.imports.service.LEASE_CHECK_SECONDS", 0.02)
    async with unreliable(world) as (imports, store):
        body = await world.begin(total_bytes=len(CONTENT), stage=True)
        await body.write(CONTENT)
        await body.complete()
        store.next_is("lost")
        with pytest.raises(StorageUnavailableError):
            await imports.start_staged("x", ImportOptions())
        assert (await world.ended(body)).state == "completed"
        body = await world.begin("y", total_bytes=len(CONTENT))
        await body.break_off()
        await world.until(body.running, lambda running: running.only_waits)
        store.next_is("lost")
        with pytest.raises(StorageUnavailableError):
            await imports.resume("y", 0)
        await world.until(body.running, lambda running: running.only_waits)
        assert (await world.upload("y")).state == "interrupted"


async def test_a_change_after_one_in_doubt_is_made_of_what_is_stored_unless_rows_were(world):
    async with unreliable(world) as (imports, store):
        running = (await imports.begin(world.wanted())).running

        async def save(tx, upload, **changes):
            upload = msgspec.structs.replace(upload, updated_at=upload.updated_at + 1, **changes)
            await tx.uploads.save(upload)
            return upload

        store.next_is("lost")
        with pytest.raises(StorageUnavailableError):
            await running.change(store, partial(save, line=7))
        assert not running.is_sure
        changed = await running.change(store, partial(save, record=0))
        assert (changed.line, running.is_sure) == (7, True)
        store.next_is("lost")
        with pytest.raises(StorageUnavailableError):
            await running.change(store, partial(save, record=3))
        with pytest.raises(ImportElsewhereError):
            await running.change(store, save)
        assert (running.upload.record, running.is_sure) == (3, True)


async def test_a_checked_file_is_stored_whole_whatever_is_known_of_its_body(world, monkeypatch):
    async def fail(_job):
        raise StorageUnavailableError("there is no store")

    async def forget_the_body(tx, upload):
        upload = msgspec.structs.replace(upload, body_complete=False)
        await tx.uploads.save(upload)
        return upload

    async with world.process():
        with monkeypatch.context() as outage:
            outage.setattr(Job, "_store_all", fail)
            body = await world.begin(mode="atomic")
            await body.write(b"row 1\nrow 2")
            await body.complete()
            await world.until(body.running, lambda running: running.upload.checkpoint is not None)
            # As where the commit of the body's end failed.
            await body.running.change(world.store, forget_the_body)
    async with world.process() as imports:
        with anyio.fail_after(60):
            await imports._held.get("x").wait_for_end()
        assert (await world.upload()).state == "completed"
        assert await world.titles() == ["row 1", "row 2"]


async def patiently(pauses, work):
    """Do something as a client does who never gives up, until it is done or was done before."""
    for attempt in count():
        assert attempt < 40, "it cannot be done"
        await rest(next(pauses, 0))
        try:
            await work()
            break
        except ImportRefusedError as refusal:
            if refusal.code == "wrong_state":
                break
        except StorageUnavailableError:
            pass


async def deliver(world, **options):
    """Send what has not come of the file."""
    body = await begin_or_go_on(world, options)
    try:
        for at in range(body.staged, len(CONTENT), 6):
            await body.write(CONTENT[at : at + 6])
        await body.complete()
    except (ImportRefusedError, StorageUnavailableError):
        await body.break_off()
        raise


async def begin_or_go_on(world, options):
    try:
        known = await world.imports.find("x")
    except ImportRefusedError:
        return await world.begin(total_bytes=len(CONTENT), **options)
    return await world.imports.resume("x", known.bytes_received)


async def known_state(imports):
    """Return the state of an import, None where there is none yet."""
    while True:
        with suppress(StorageUnavailableError):
            try:
                return (await imports.find("x")).state
            except ImportRefusedError:
                return None


async def settled(world, imports, states):
    """Wait until an import is in one of these states, and nobody works on it; return its state."""
    with anyio.fail_after(60):
        # Polled, since nobody is told of a commit whose answer was lost.
        while imports.active or (await world.upload()).state not in states:  # noqa: ASYNC110
            await anyio.sleep(0.002)
    return (await world.upload()).state


@given(
    schedule=SCHEDULES,
    others=SCHEDULES,
    pauses=st.lists(st.integers(0, 4), max_size=8),
    stage=st.booleans(),
    mode=st.sampled_from(("partial", "atomic")),
    then=st.sampled_from(("nothing", "cancel", "undo")),
)
def test_every_schedule_of_faults_ends_with_each_row_stored_once(schedule, others, pauses, stage, mode, then):
    """`others`: the faults of what is no commit."""

    async def run(folder):
        world = World(folder)
        async with world.process(lambda store: Scheduled(store, schedule, others)) as imports:
            going_on = iter(pauses)
            await patiently(going_on, partial(deliver, world, stage=stage, mode=mode))
            if stage:
                await patiently(going_on, partial(imports.start_staged, "x", ImportOptions(mode=mode)))
            if then == "cancel":
                await patiently(going_on, partial(imports.cancel, "x"))
            state = await settled(world, imports, {"completed", "cancelled"})
            accepted = 2 if state == "completed" else (await world.upload()).accepted
            assert await world.titles() == ["row 1", "row 2"][:accepted]
            assert state == "completed" or then == "cancel"
            assert [message["type"] for message in await world.feed()].count("finished") == 1
            if state == "completed" and then == "undo":
                await patiently(going_on, partial(imports.undo, "x", actor="ana"))
                await settled(world, imports, {"undone"})
                assert await world.titles() == []
                told = [message for message in await world.feed("eventos") if message.get("reason") == "undo"]
                assert [message["count"] for message in told] == [2]

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as often:
        often.setattr("api.services.imports.service.LEASE_CHECK_SECONDS", 0.02)
        anyio.run(run, Path(folder))


@given(
    lives=st.lists(st.tuples(SCHEDULES, SCHEDULES, st.integers(0, 25)), max_size=4),
    stage=st.booleans(),
    mode=st.sampled_from(("partial", "atomic")),
    undo=st.booleans(),
)
def test_an_import_survives_every_stop_of_its_process(lives, stage, mode, undo):
    """`lives`: the faults of each process, and the milliseconds until it stops. A calm one follows."""

    async def use(world, imports):
        nothing = iter(())
        if await known_state(imports) in {"completed", "undoing", "undone"}:
            return
        await patiently(nothing, partial(deliver, world, stage=stage, mode=mode))
        if stage:
            await patiently(nothing, partial(imports.start_staged, "x", ImportOptions(mode=mode)))
        await settled(world, imports, {"completed"})

    async def run(folder):
        world = World(folder)
        for schedule, others, milliseconds in [*lives, ([], [], math.inf)]:
            process = world.process(partial(Scheduled, schedule=schedule, others=others))
            async with process as imports:
                with anyio.move_on_after(milliseconds / 1000):
                    await use(world, imports)
                    if undo:
                        await patiently(iter(()), partial(imports.undo, "x", actor="ana"))
                        await settled(world, imports, {"undone"})
        async with world.process():
            assert await world.titles() == ([] if undo else ["row 1", "row 2"])
            assert [message["type"] for message in await world.feed()].count("finished") == 1
            await nothing_staged(world.store)

    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as often:
        often.setattr("api.services.imports.service.LEASE_CHECK_SECONDS", 0.02)
        anyio.run(run, Path(folder))
