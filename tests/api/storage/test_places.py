"""Places of a pool: never more than there are, none lost, and handed out in order."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.storage.places import Places
from domain.ports.errors import StorageUnavailableError

SIZE = 2


class Pool:
    """A pool whose connections are numbers, used by tasks that end as they are told."""

    def __init__(self, wait_seconds: float = 60) -> None:
        self.places: Places[int] = Places(SIZE, wait_seconds, self.give_back)
        self.free: list[int] = []
        self.opened = 0
        self.served: list[int] = []
        self.ends: dict[int, asyncio.Future[str]] = {}
        self.users: list[asyncio.Task[None]] = []

    def give_back(self, connection: int) -> None:
        if not self.places.pass_on(connection):
            self.free.append(connection)

    def come(self) -> None:
        self.users.append(asyncio.create_task(self._use(len(self.users))))

    async def _use(self, number: int) -> None:
        connection = self.free.pop() if self.free else await self.places.take()
        self.served.append(number)
        self.ends[number] = asyncio.get_running_loop().create_future()
        try:
            how = await self.ends[number]
        except asyncio.CancelledError:
            how = "close"
        finally:
            del self.ends[number]
        if how == "close" or (connection is None and how == "fail"):
            self.places.leave()
            return
        if connection is None:
            self.opened += 1
            connection = self.opened
        self.give_back(connection)


async def turn_of_the_loop(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


SETTLED = 4
"""Turns after which nothing is under way."""
# Steps with few turns of the loop between them meet each other halfway.
steps = st.tuples(
    st.sampled_from(["come", "come", "end", "end", "fail", "close", "cancel"]),
    st.integers(0, 7),
    st.sampled_from([0, 1, 2, SETTLED]),
)


@given(st.lists(steps, max_size=40))
@example([("come", 0, SETTLED)] * 4 + [("end", 0, SETTLED)] * 4)
@example([("come", 0, SETTLED)] * 4 + [("end", 0, 1), ("cancel", 2, SETTLED)])
@example([("come", 0, SETTLED)] * 4 + [("close", 0, 1), ("cancel", 2, SETTLED)])
def test_places_are_never_exceeded_nor_lost_and_come_in_order(steps: Sequence[tuple[str, int, int]]) -> None:
    async def run() -> None:
        pool = Pool()
        for step, number, times in steps:
            using = sorted(pool.ends)
            if step == "come":
                pool.come()
            elif step == "cancel" and pool.users:
                pool.users[number % len(pool.users)].cancel()
            elif using and not (end := pool.ends[using[number % len(using)]]).done():
                end.set_result(step)
            await turn_of_the_loop(times)
            assert len(pool.ends) + len(pool.free) <= SIZE
        await turn_of_the_loop(SETTLED)
        waiting = [user for user, task in enumerate(pool.users) if not task.done() and user not in pool.ends]
        assert pool.places.taken == len(pool.ends) + len(pool.free)
        assert not waiting or (len(pool.ends) == SIZE and not pool.free)
        assert pool.served == sorted(pool.served)
        for user in pool.users:
            user.cancel()
        await asyncio.gather(*pool.users, return_exceptions=True)
        assert pool.places.taken == len(pool.free)

    asyncio.run(run())


@pytest.mark.anyio
async def test_who_waits_too_long_is_told_and_leaves_the_queue() -> None:
    places: Places[int] = Places(1, 0.01, lambda _: None)
    assert await places.take() is None
    with pytest.raises(StorageUnavailableError, match="busy"):
        await places.take()
    assert not places.pass_on(7)
    places.leave()
    assert places.taken == 0
