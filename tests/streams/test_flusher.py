"""When bytes are written, and to whom: readers come, go and pause during a flush."""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

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


class ManualLoop:
    """A loop that is turned by hand, with a clock that stands still."""

    def __init__(self) -> None:
        self.now = 0.0
        self.gaps: list[float] = []
        self._soon: deque[Callable[[], Any]] = deque()
        self._later: Callable[[], Any] | None = None

    def time(self) -> float:
        return self.now

    def call_soon(self, call: Callable[..., Any], *arguments: Any) -> None:
        self._soon.append(partial(call, *arguments))

    def call_later(self, seconds: float, call: Callable[[], Any]) -> None:
        self.gaps.append(seconds)
        self._later = call

    def turn(self) -> None:
        """Run what is to be run at once: a flush, up to its gap."""
        while self._soon:
            self._soon.popleft()()

    def end_gap(self) -> None:
        call, self._later = self._later, None
        assert call is not None
        call()
        self.turn()


class SlowView:
    """A view whose flush takes a while."""

    dirty = waiting = False

    def __init__(self, loop: ManualLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds

    def flush(self) -> Iterator[None]:
        self._loop.now += self._seconds
        yield


@pytest.mark.parametrize(("flush", "busy_gap"), [(0.0001, 0.002), (0.001, 0.004), (0.05, 0.01)])
def test_gaps_grow_where_one_flush_follows_the_other_for_long_and_only_there(
    flush: float, busy_gap: float
) -> None:
    loop = ManualLoop()
    made = flusher.Flusher(cast("Any", loop), 0.002)
    view = cast("View", SlowView(loop, flush))
    made.flush(view)
    loop.turn()
    for _ in range(flusher.BUSY_FLUSHES + 2):
        made.flush(view)
        loop.end_gap()
    assert loop.gaps == pytest.approx([0.002] * flusher.BUSY_FLUSHES + [busy_gap] * 3)

    loop.end_gap()
    assert made.idle
    made.flush(view)
    loop.turn()
    assert loop.gaps[-1] == 0.002


def test_without_gaps_none_grows() -> None:
    loop = ManualLoop()
    made = flusher.Flusher(cast("Any", loop), 0.0)
    view = cast("View", SlowView(loop, 0.01))
    made.flush(view)
    loop.turn()
    for _ in range(2 * flusher.BUSY_FLUSHES):
        made.flush(view)
        loop.end_gap()
    assert {*loop.gaps} == {0.0}
