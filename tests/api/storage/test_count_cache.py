"""Counts are kept for a version of the events, and counted once for all who ask at once."""

import asyncio

import pytest

from api.storage.count_cache import KEPT, CountCache

pytestmark = pytest.mark.anyio


class Counter:
    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked = 0

    async def count(self) -> int:
        self.asked += 1
        number = self.asked
        await self.go_on.wait()
        if number == 1 and self.fails:
            raise LookupError
        return 7

    fails = False


async def test_concurrent_requests_for_a_count_share_one_query() -> None:
    cache, counter = CountCache(), Counter()
    asking = [asyncio.create_task(cache.of("q", 1, counter.count)) for _ in range(5)]
    await asyncio.sleep(0)
    counter.go_on.set()
    assert await asyncio.gather(*asking) == [7] * 5
    assert counter.asked == 1
    assert await cache.of("q", 1, counter.count) == 7
    assert counter.asked == 1
    await cache.of("q", 2, counter.count)
    assert counter.asked == 2


@pytest.mark.parametrize("how", ["cancelled", "fails"])
async def test_if_the_first_request_fails_the_next_one_counts(how: str) -> None:
    cache, counter = CountCache(), Counter()
    counter.fails = how == "fails"
    asking = [asyncio.create_task(cache.of("q", 1, counter.count)) for _ in range(4)]
    await asyncio.sleep(0)
    if how == "cancelled":
        asking[0].cancel()
    counter.go_on.set()
    first, *others = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError if how == "cancelled" else LookupError)
    assert others == [7] * 3
    assert counter.asked == 2


async def test_the_oldest_cached_counts_are_evicted() -> None:
    cache, counter = CountCache(), Counter()
    counter.go_on.set()
    for number in range(KEPT + 1):
        await cache.of(number, 1, counter.count)
    await cache.of(0, 1, counter.count)
    assert counter.asked == KEPT + 2
