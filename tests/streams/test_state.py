"""States: the latest value, whole, four times a second at most."""

import asyncio
import itertools

import pytest

from domain.messages import PresenceState
from streams.frames import Frame
from streams.state import INTERVAL_SECONDS, States

pytestmark = pytest.mark.anyio


def online(count: int, at: str = "") -> PresenceState:
    return PresenceState("presenca", at, count, count, [])


async def test_a_state_is_sent_four_times_a_second_at_most_and_the_last_one_always() -> None:
    loop = asyncio.get_running_loop()
    told: list[tuple[float, bytes]] = []
    last = asyncio.Event()

    def publish(_feed: str, frame: Frame) -> None:
        told.append((loop.time(), frame.body))
        if b'"online":400,' in frame.body:
            last.set()

    states = States(loop, publish)
    for count in range(1, 401):
        states.set(online(count))
        await asyncio.sleep(0.002)
    async with asyncio.timeout(60):
        await last.wait()
    states.close()

    times = [at for at, _ in told]
    assert all(late - early >= INTERVAL_SECONDS * 0.95 for early, late in itertools.pairwise(times))
    assert b'"online":1,' in told[0][1]


async def test_an_unchanged_state_is_not_published_again() -> None:
    told: list[str] = []
    states = States(asyncio.get_running_loop(), lambda feed, _: told.append(feed))
    states.set(online(1, "now"))
    states.set(online(1, "later"))
    async with asyncio.timeout(60):
        while states._resting:  # noqa: ASYNC110 - a timer sets no event.
            await asyncio.sleep(0.01)
    states.set(online(1, "later still"))
    states.close()

    assert told == ["presenca"]
