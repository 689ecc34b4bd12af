"""A minute's window."""

import pytest

from api.security.rate_limit import MemoryRateLimiter

pytestmark = pytest.mark.anyio


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_call_over_the_limit_must_wait_for_the_rest_of_the_minute() -> None:
    clock = Clock()
    meter = MemoryRateLimiter(clock)
    assert [await meter.take("ana", 3) for _ in range(3)] == [0, 0, 0]
    clock.now += 20
    assert await meter.take("ana", 3) == 41
    assert await meter.take("bia", 3) == 0
    clock.now += 40
    assert await meter.take("ana", 3) == 0


async def test_many_callers_do_not_fill_the_memory() -> None:
    clock = Clock()
    meter = MemoryRateLimiter(clock)
    for number in range(25_000):
        clock.now += 0.01
        await meter.take(f"stranger {number}", 1)
    assert len(meter._windows) <= 10_001
