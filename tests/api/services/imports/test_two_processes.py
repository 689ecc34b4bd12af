"""Two processes on one PostgreSQL, each with faults of its own, and a client that goes back and forth."""

import time
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
from tests.api.services.imports.conftest import World
from tests.api.services.imports.test_lost_answers import deliver, patiently
from tests.api.services.unreliable_store import SCHEDULES, Scheduled
from tests.conftest import THOROUGH
from tests.contracts.conftest import postgres, postgres_database

__all__ = ["postgres"]

TIMES_AS_FAST = 50
"""So fast leases end."""


@pytest.fixture(scope="module")
def template(postgres):
    """The name of a database with our tables and nothing in them."""

    async def migrate():
        await (await open_store(url, committed=list, data_dir=Path(), timezone="UTC")).aclose()

    with postgres_database() as url:
        anyio.run(migrate)
        yield url.rpartition("/")[2]


class QuickWorld(World):
    """A process's world, where time flies."""

    def __init__(self, folder, url):
        self._began = time.monotonic()
        super().__init__(folder, url)

    @property
    def now_ms(self):
        return 1_700_000_000_000 + round((time.monotonic() - self._began) * 1000 * TIMES_AS_FAST)

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
        often.setattr("api.services.imports.service.HEED_SECONDS", 0.01)
        often.setattr("api.services.imports.ownership.LOOK_SECONDS", 0.005)
        often.setattr("api.services.imports.ownership.HAND_OVER_SECONDS", 0.5)
        anyio.run(run, url, Path(folder))
