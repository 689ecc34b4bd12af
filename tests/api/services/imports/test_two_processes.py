"""Two processes on one PostgreSQL, each with faults of its own, and a client that goes back and forth."""

from contextlib import AsyncExitStack
from functools import partial
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.storage.store import open_store
from domain.imports import ImportOptions
from tests.api.services.clocks import ClockOfLooks
from tests.api.services.imports.conftest import World
from tests.api.services.imports.test_lost_answers import deliver, patiently
from tests.api.services.unreliable_store import SCHEDULES, Scheduled
from tests.conftest import THOROUGH
from tests.contracts.conftest import postgres, postgres_database

__all__ = ["postgres"]

EACH_LOOK_MS = 300
"""So much time passes with each look at the clock, so a lease ends after some dozens."""


@pytest.fixture(scope="module")
def template(postgres):
    """The name of a database with our tables and nothing in them."""

    async def migrate():
        await (await open_store(url, committed=list, data_dir=Path(), timezone="UTC")).aclose()

    with postgres_database() as url:
        anyio.run(migrate)
        yield url.rpartition("/")[2]


class QuickWorld(World):
    """A process's world, where time passes with each look."""

    def __init__(self, folder, url):
        self._clock = ClockOfLooks(1_700_000_000_000, each_look_ms=EACH_LOOK_MS)
        super().__init__(folder, url)

    @property
    def now_ms(self):
        return self._clock()

    @now_ms.setter
    def now_ms(self, _value):
        """It cannot be set: it passes."""


async def settled(both, states):
    """Wait until an import is in one of these states, and nobody works on it; return its state."""
    with anyio.fail_after(30):
        # Polled, since nobody is told of a commit whose answer was lost.
        while any(one.imports.active for one in both) or await state_of(both[0]) not in states:  # noqa: ASYNC110
            await anyio.sleep(0.002)
    return await state_of(both[0])


async def state_of(world):
    return (await world.upload()).state


@hypothesis.settings(max_examples=300 if THOROUGH else 15)
@given(
    schedules=st.tuples(SCHEDULES, SCHEDULES),
    others=st.tuples(SCHEDULES, SCHEDULES),
    pauses=st.lists(st.integers(0, 4), max_size=8),
    stage=st.booleans(),
    mode=st.sampled_from(("partial", "atomic")),
    then=st.sampled_from(("nothing", "cancel", "undo")),
)
def test_every_schedule_of_faults_ends_with_each_row_stored_once(
    template, schedules, others, pauses, stage, mode, then
):
    async def run(url, folder):
        both = [QuickWorld(folder, url), QuickWorld(folder, url)]
        async with AsyncExitStack() as processes:
            for owner, one, commits, rest in zip("ab", both, schedules, others, strict=True):
                faults = partial(Scheduled, schedule=commits, others=rest)
                await processes.enter_async_context(one.process(faults, owner=owner))
            turns, going_on = cycle(both), iter(pauses)

            def ask(do):
                return patiently(going_on, lambda: do(next(turns)))

            await ask(partial(deliver, stage=stage, mode=mode))
            if stage:
                await ask(lambda one: one.imports.start_staged("x", ImportOptions(mode=mode)))
            if then == "cancel":
                await ask(lambda one: one.imports.cancel("x"))
            state = await settled(both, {"completed", "cancelled"})
            accepted = 2 if state == "completed" else (await both[0].upload()).accepted
            assert sorted(await both[1].titles()) == ["row 1", "row 2"][:accepted]
            assert state == "completed" or then == "cancel"
            assert [message["type"] for message in await both[1].feed()].count("finished") == 1
            if state == "completed" and then == "undo":
                await ask(lambda one: one.imports.undo("x", actor="ana"))
                await settled(both, {"undone"})
                assert await both[1].titles() == []

    with (
        postgres_database(template) as url,
        TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as often,
    ):
        often.setattr("api.services.imports.service.LEASE_CHECK_SECONDS", 0.02)
        often.setattr("api.services.imports.service.CANCEL_CHECK_SECONDS", 0.01)
        often.setattr("api.services.imports.ownership.LOOK_SECONDS", 0.005)
        often.setattr("api.services.imports.ownership.HAND_OVER_SECONDS", 0.5)
        anyio.run(run, url, Path(folder))


@pytest.fixture
async def two(template, tmp_path, monkeypatch):
    """Two processes on one database whose clock stands still: no lease ends by itself."""
    # Lines of a few bytes, to be read before more come.
    monkeypatch.setattr("domain.files.kinds.DECIDED_BYTES", 1)
    monkeypatch.setattr("api.services.imports.service.LEASE_CHECK_SECONDS", 0.05)
    monkeypatch.setattr("api.services.imports.service.CANCEL_CHECK_SECONDS", 0.02)
    with postgres_database(template) as url:
        both = [World(tmp_path, url), World(tmp_path, url)]
        async with AsyncExitStack() as processes:
            for owner, one in zip("ab", both, strict=True):
                await processes.enter_async_context(one.process(owner=owner))
            yield both


async def begun(world):
    """Return the body of an import that has two rows in, and goes on."""
    body = await world.begin()
    await body.write(b"row 1\nrow 2\nro")
    await world.until(body.running, lambda running: running.upload.accepted == 2)
    return body


@pytest.mark.anyio
async def test_an_import_is_undone_at_once_through_another_process(two):
    here, there = two
    await there.send(b"row 1\nrow 2\n")
    with anyio.fail_after(60):
        assert (await here.imports.undo("x", actor="ana")).state == "undone"
    assert await here.titles() == []


@pytest.mark.anyio
@pytest.mark.parametrize("way", ["its own", "another"])
async def test_a_cancellation_with_undo_removes_the_rows_through_any_process(two, way):
    here, there = two
    await begun(there)
    with anyio.fail_after(60):
        asked = there if way == "its own" else here
        undone = await asked.imports.cancel("x", undo_by="ana")
    assert (undone.state, undone.undone["deleted"]) == ("undone", 2)
    assert await here.titles() == []
    finished = [message for message in await here.feed() if message["type"] == "finished"]
    assert [message["status"] for message in finished] == ["cancelled"]


@pytest.mark.anyio
async def test_an_undo_asked_for_with_the_cancellation_outlives_who_asked(two):
    here, there = two
    await begun(there)
    # All that a process does which is killed after its request.
    await here.imports._held.ownership.ask_to_stop("x", undo_by="ana")
    with anyio.fail_after(60):
        while (await here.upload()).state != "undone":  # noqa: ASYNC110 - a store sets no event.
            await anyio.sleep(0.02)
    assert await here.titles() == []
    async with here.store.snapshot() as snapshot:
        assert await snapshot.requests.asker("undo_upload", "x") is None


@pytest.mark.anyio
async def test_a_cancellation_with_undo_of_an_import_without_rows_only_cancels_it(two):
    here, there = two
    body = await there.begin()
    await body.write(b"ro")
    with anyio.fail_after(60):
        assert (await here.imports.cancel("x", undo_by="ana")).state == "cancelled"
