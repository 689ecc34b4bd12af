"""Reads of the store are shared by those who wait for them."""

import asyncio
from typing import Any

import pytest

from tests.streams.memory import MemoryFeed
from tests.streams.sink import attach, hub_over, line, settle

pytestmark = pytest.mark.anyio


async def test_readers_of_the_same_page_share_the_read_and_the_bytes() -> None:
    feed = MemoryFeed()
    feed.publish(*[line(str(n)) for n in range(1000)])
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        sinks = await asyncio.gather(*[attach(hub, ["eventos"], "k3f9.0") for _ in range(50)])
        await settle(hub)

        assert all(sink.seqs == list(range(1, 1001)) for sink in sinks)
        assert feed.reads <= 3


async def test_a_cancelled_wait_for_the_store_does_not_cancel_the_others() -> None:
    feed = MemoryFeed()
    feed.publish(line("1", "upload/a"))
    may_read = asyncio.Event()
    read = feed.read

    async def slow_read(*args: Any, **more: Any) -> Any:
        await may_read.wait()
        return await read(*args, **more)

    feed.read = slow_read  # type: ignore[method-assign]
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        impatient, patient = (asyncio.create_task(attach(hub, ["upload/a"])) for _ in range(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        impatient.cancel()
        may_read.set()
        sink = await patient
        await settle(hub)

        assert sink.seqs == [1]
