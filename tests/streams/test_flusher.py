"""When bytes are written, and to whom: readers come, go and pause during a flush."""

from typing import Any

import pytest

from streams import flusher
from streams.frames import WS
from streams.view import SLICE, View
from tests.streams.memory import MemoryFeed
from tests.streams.sink import amid_a_flush, attach, hub_over, line, settle

pytestmark = pytest.mark.anyio


async def test_a_reader_that_arrives_during_a_flush_does_not_wait_for_the_next_publish() -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        first = await attach(hub, ["eventos"])
        feed.publish(line("pending"))
        late = await attach(hub, ["eventos"], "k3f9.0")
        await settle(hub)

        assert first.seqs == late.seqs == [1]


async def test_a_reader_that_joins_during_a_flush_gets_no_message_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flusher, "HOLD_SECONDS", -1.0)
    feed = MemoryFeed()
    hub = await hub_over(feed, streams_per_person=1000)
    async with hub.running(feed.epoch, feed):
        sinks = [await attach(hub, ["eventos"]) for _ in range(2 * SLICE)]
        by_ws = await attach(hub, ["eventos"], encoding=WS)
        await amid_a_flush(hub, feed, sinks[0])
        late = await attach(hub, ["eventos"], encoding=WS)
        await settle(hub)
        feed.publish(line("2"))
        await settle(hub)

        assert by_ws.taken.count(b'"id":"k3f9.1"') == 1
        assert late.taken.count(b'"id":"k3f9.1"') == 0
        assert late.taken.count(b'"id":"k3f9.2"') == 1


async def test_nothing_is_written_after_a_bye_during_a_flush(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flusher, "HOLD_SECONDS", -1.0)
    feed = MemoryFeed()
    hub = await hub_over(feed, streams_per_person=1000)
    async with hub.running(feed.epoch, feed):
        sinks = [await attach(hub, ["eventos"]) for _ in range(2 * SLICE)]
        await amid_a_flush(hub, feed, sinks[0])
        last = sinks[-1].reader
        assert last is not None
        last.end("expired")
        await settle(hub)

        assert sinks[-1].taken.count(b"data: ") == 2
        assert b'"reason":"expired"' in sinks[-1].taken.rpartition(b"data: ")[2]


async def test_a_reader_that_pauses_during_a_flush_gets_each_message_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(flusher, "HOLD_SECONDS", -1.0)
    feed = MemoryFeed()
    hub = await hub_over(feed, streams_per_person=1000, coalesce_seconds=0)
    async with hub.running(feed.epoch, feed):
        sinks = [await attach(hub, ["eventos"]) for _ in range(3 * SLICE)]
        await amid_a_flush(hub, feed, sinks[0])
        for full in (sinks[0], sinks[-1], sinks[-2]):  # One that was written to, and two that were not.
            assert full.reader is not None
            full.reader.pause()
        sinks[-2].unblock()
        await settle(hub)
        feed.publish(line("2"))
        await settle(hub)
        assert [sinks[at].seqs for at in (0, -1, -2)] == [[1], [1], [1, 2]]

        sinks[0].unblock()
        sinks[-1].unblock()
        await settle(hub)
        assert all(sink.seqs == [1, 2] for sink in sinks)


async def test_an_exception_in_a_flush_does_not_stop_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed, coalesce_seconds=0)
    async with hub.running(feed.epoch, feed):
        faulty, whole = await attach(hub, ["eventos"]), await attach(hub, ["eventos", "admin"])

        def fail(*_: Any) -> None:
            raise RuntimeError("a fault of ours")

        with monkeypatch.context() as broken:
            broken.setattr(View, "_hand", fail)
            feed.publish(line("nobody reads it", "tarefas/t"))
            feed.publish(line("cut short"))
            await settle(hub)
        feed.publish(line("goes on"))
        await settle(hub)

        assert 3 in faulty.seqs
        assert 3 in whole.seqs


async def test_a_broken_outlet_does_not_stop_the_flush_for_others() -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        broken, whole = await attach(hub, ["eventos"]), await attach(hub, ["eventos"])

        broken.fault = RuntimeError("the handler is closed")
        feed.publish(line("x"))
        await settle(hub)

        assert broken.aborted
        assert whole.seqs == [1]
        assert len(hub.registry.open) == 1
