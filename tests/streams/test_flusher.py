"""When bytes are written, and to whom: readers come, go and pause during a flush."""

import heapq
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, cast

import pytest

from streams import flusher
from streams.flusher import LONGEST_GAP_SECONDS, SHARE, Flusher
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


class SimulatedLoop:
    """A loop whose time passes by what is called, and by nothing else."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._due: list[tuple[float, int, Callable[..., Any], tuple[Any, ...]]] = []

    def call_soon(self, call: Callable[..., Any], *args: Any) -> None:
        self.call_later(0.0, call, *args)

    def call_later(self, seconds: float, call: Callable[..., Any], *args: Any) -> None:
        heapq.heappush(self._due, (self.now + seconds, next(self._order), call, args))

    def run(self, until: float) -> None:
        while self._due and self._due[0][0] < until:
            at, _, call, args = heapq.heappop(self._due)
            self.now = max(self.now, at)
            call(*args)


class Fanout:
    """A view of many readers: messages come so often, and one write of all that wait takes so long."""

    dirty = False

    def __init__(self, *, every: float, takes: float, seconds: float = 2.0) -> None:
        self.loop = SimulatedLoop()
        self.flushes: list[float] = []
        self.waits: list[float] = []
        self._takes = takes
        self._waiting: list[float] = []
        # Nobody but the flusher asks this loop for anything.
        self._flusher = Flusher(cast("Any", self.loop), 0.002, lambda: self.loop.now)
        for number in range(int(seconds / every)):
            self.loop.call_later(number * every, self._publish, number * every)
        self.loop.run(seconds)
        self.busy = len(self.flushes) * takes / seconds

    def flush(self) -> Iterator[None]:
        self.flushes.append(self.loop.now)
        self.loop.now += self._takes
        self.waits += [self.loop.now - at for at in self._waiting]
        self._waiting = []
        yield

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def _publish(self, at: float) -> None:
        self._waiting.append(at)
        self._flusher.flush(cast("View", self))


@pytest.mark.parametrize("takes", [0.003, 0.005, 0.008])
def test_flushes_leave_a_part_of_the_time_to_those_who_publish(takes: float) -> None:
    fanout = Fanout(every=0.001, takes=takes)

    assert SHARE - 0.15 < fanout.busy < SHARE + 0.02
    assert max(fanout.waits) < 2 * takes + LONGEST_GAP_SECONDS


def test_messages_that_flushes_keep_up_with_do_not_wait() -> None:
    fanout = Fanout(every=0.010, takes=0.005)

    assert max(fanout.waits) < 0.0051


def test_a_few_messages_at_once_do_not_wait_for_more_than_the_usual_gap() -> None:
    fanout = Fanout(every=0.0075, takes=0.005, seconds=0.04)

    assert max(fanout.waits) < 0.0051


def test_however_long_a_flush_takes_the_next_one_follows_soon() -> None:
    fanout = Fanout(every=0.001, takes=0.060)

    gaps = [after - before - 0.060 for before, after in zip(fanout.flushes, fanout.flushes[1:], strict=False)]
    assert max(gaps) < LONGEST_GAP_SECONDS + 0.0011


def test_a_lagging_reader_is_given_one_part_after_the_other() -> None:
    loop = SimulatedLoop()
    pages = Flusher(cast("Any", loop), 0.002, lambda: loop.now)
    given: list[float] = []

    class Lagging:
        def advance(self) -> None:
            given.append(loop.now)
            loop.now += 0.005
            pages.advance(self)

    pages.advance(Lagging())
    loop.run(1.0)

    assert len(given) == pytest.approx(1.0 / 0.007, abs=1)
