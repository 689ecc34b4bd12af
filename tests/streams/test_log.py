"""The ring and the readers against a plain list."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.services.identity import Identity
from streams import pump
from streams.feeds import feed_set, topics_of
from streams.frames import SSE, WS, Encoding, Payload
from streams.hub import FeedHub, FeedOptions
from streams.log import Log
from streams.messages import Log as LogLine
from streams.ports import StoredMessage
from streams.reader import Reader
from streams.view import SLICE, View
from tests.streams.memory import MemoryFeed

pytestmark = pytest.mark.anyio

AT = "2026-11-24T12:00:00.000Z"
FEEDS = ["eventos", "upload/a", "upload/b", "tarefas/t"]
ANA = Identity("ana", "editor", person="ana")


@given(
    feeds=st.lists(st.sampled_from(FEEDS), max_size=40),
    kept=st.integers(1, 12),
    after=st.integers(0, 40),
    limit=st.integers(1, 10),
    topics=st.sampled_from([("eventos",), ("upload/a", "upload/b"), ("eventos", "eventos/progresso"), ()]),
)
def test_the_ring_is_the_end_of_a_list(
    feeds: list[str], kept: int, after: int, limit: int, topics: tuple[str, ...]
) -> None:
    log = Log("k3f9", 0, max_messages=kept, max_bytes=10**6)
    messages = [StoredMessage(seq * 2, feed, b"{}") for seq, feed in enumerate(feeds, 1)]
    log.append(messages)

    found = log.between(topics, max(after, log.start), 60, limit)

    held = messages[-kept:]
    expected = [m.seq for m in held if m.seq > after and set(topics) & set(topics_of(m.feed))][:limit]
    assert [frame.seq for frame in found] == expected
    assert log.head == (messages[-1].seq if messages else 0)


def test_messages_that_were_told_are_passed_over() -> None:
    log = Log("k3f9", 5, max_messages=9, max_bytes=10**6)

    assert [frame.seq for frame in log.append([StoredMessage(n, "eventos", b"{}") for n in (4, 5, 6)])] == [6]
    assert log.append([StoredMessage(6, "eventos", b"{}")]) == []


def test_the_ring_is_bounded_by_bytes() -> None:
    messages = [StoredMessage(n, "eventos", b"x" * 100) for n in range(1, 6)]
    (held, *_) = Log("k3f9", 0, max_messages=1, max_bytes=10**6).append(messages)
    each = len(held.body) + len(held.sse) + len(held.ws)  # A message is held in each of its forms.
    log = Log("k3f9", 0, max_messages=100, max_bytes=2 * each + each // 2)
    log.append(messages)

    assert log.start == 3
    assert [frame.seq for frame in log.between(("eventos",), 3, 5, 10)] == [4, 5]


class Sink:
    """An outlet that remembers, and that can be full."""

    encoding: Encoding = SSE

    def __init__(self) -> None:
        self.reader: Reader | None = None
        self.taken = bytearray()
        self.full_after: int | None = None
        self.closed_with: int | None = None
        self.aborted = False
        self.fault: Exception | None = None

    def write(self, payload: Payload) -> None:
        if self.fault is not None:
            raise self.fault
        assert isinstance(payload, bytes)
        self.taken += payload
        if self.full_after is not None:
            self.full_after -= 1
            if self.full_after <= 0:
                assert self.reader is not None
                self.reader.pause()

    def buffered(self) -> int:
        return 100

    def close(self, payload: Payload, code: int) -> None:
        assert isinstance(payload, bytes)
        self.taken += payload
        self.closed_with = code

    def abort(self) -> None:
        self.aborted = True

    def unblock(self) -> None:
        self.full_after = None
        assert self.reader is not None
        self.reader.resume()

    @property
    def seqs(self) -> list[int]:
        ids = [line for line in self.taken.decode().split("\n") if line.startswith("id: ")]
        return [int(line.rpartition(".")[2]) for line in ids[1:]]


async def attach(
    hub: FeedHub[Identity], names: list[str], cursor: str | None = None, encoding: Encoding = SSE
) -> Sink:
    feeds, sink = feed_set(names), Sink()
    sink.encoding = encoding
    lease: Any = hub.registry.admit(ANA)
    opening = await hub.open(feeds, cursor, None)
    sink.reader = hub.read(feeds, opening, sink, lease)
    sink.reader.start(hub.hello(feeds, opening, "sse", ANA))
    return sink


async def settle(hub: FeedHub[Identity]) -> None:
    """Wait until nothing is left to flush, to move or to load."""
    while not (hub.pump.idle and not hub.history.loading):  # noqa: ASYNC110 - there is no event for nothing
        await asyncio.sleep(0.001)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(FEEDS), st.integers(1, 30)),
        st.tuples(
            st.just("read"), st.sampled_from([("eventos",), ("eventos", "upload/a"), ("eventos/progresso",)])
        ),
        st.tuples(st.just("block"), st.integers(0, 5)),
        st.tuples(st.just("unblock"), st.integers(0, 5)),
        st.tuples(st.just("cut"), st.integers(0, 5)),
        st.tuples(st.just("turn")),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, ring=st.integers(1, 40))
def test_every_reader_gets_what_a_list_would_give(steps: list[Any], ring: int) -> None:
    asyncio.run(_play(steps, ring))


async def _play(steps: list[Any], ring: int) -> None:  # noqa: C901 - one branch a step
    feed = MemoryFeed()
    hub: FeedHub[Identity] = FeedHub(FeedOptions(ring_messages=ring, coalesce_seconds=0))
    feed.listener = hub.publish
    readers: list[tuple[tuple[str, ...], list[Sink]]] = []
    async with hub.running(feed.epoch, feed), asyncio.timeout(20):
        for kind, *how in steps:
            if kind == "publish":
                feed.publish(*[LogLine(how[0], AT, "info", "x" * 50)] * how[1])
            elif kind == "read":
                readers.append((how[0], [await attach(hub, list(how[0]), "k3f9.0")]))
            elif kind == "turn":
                await asyncio.sleep(0)
            elif readers:
                names, sinks = readers[how[0] % len(readers)]
                if kind == "cut":
                    assert sinks[-1].reader is not None
                    sinks[-1].reader.lost()
                    seen = [seq for sink in sinks for seq in sink.seqs]
                    sinks.append(await attach(hub, list(names), f"k3f9.{seen[-1] if seen else 0}"))
                elif kind == "block":
                    sinks[-1].full_after = 1
                elif sinks[-1].full_after is not None:
                    sinks[-1].unblock()
        for _, sinks in readers:
            if sinks[-1].full_after is not None:
                sinks[-1].unblock()
        await settle(hub)
        for names, sinks in readers:
            topics = set(feed_set(names).topics)
            expected = [m.seq for m in feed.kept if topics & set(topics_of(m.feed))]
            assert [seq for sink in sinks for seq in sink.seqs] == expected
            assert sinks[-1].reader is not None
            sinks[-1].reader.lost()
        assert not hub._views
        assert not hub.registry.open


async def hub_over(feed: MemoryFeed, **options: Any) -> FeedHub[Identity]:
    hub: FeedHub[Identity] = FeedHub(FeedOptions(**options))
    feed.listener = hub.publish
    return hub


async def test_a_reader_that_arrives_during_a_flush_does_not_wait_for_the_next_publish() -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        first = await attach(hub, ["eventos"])
        feed.publish(LogLine("eventos", AT, "info", "pending"))
        late = await attach(hub, ["eventos"], "k3f9.0")
        await settle(hub)

        assert first.seqs == late.seqs == [1]


async def amid_a_flush(hub: FeedHub[Identity], feed: MemoryFeed, first: Sink) -> None:
    """Publish, and return when some readers have been written to and others have not."""
    feed.publish(LogLine("eventos", AT, "info", "1"))
    while first.seqs != [1]:  # noqa: ASYNC110 - turn by turn, so as to stop amid the flush
        await asyncio.sleep(0)
    assert not hub.pump.idle


async def test_a_reader_that_joins_amid_a_flush_is_not_handed_what_it_is_behind_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pump, "HOLD_SECONDS", -1.0)
    feed = MemoryFeed()
    hub = await hub_over(feed, streams_per_person=1000)
    async with hub.running(feed.epoch, feed):
        sinks = [await attach(hub, ["eventos"]) for _ in range(2 * SLICE)]
        by_ws = await attach(hub, ["eventos"], encoding=WS)
        await amid_a_flush(hub, feed, sinks[0])
        late = await attach(hub, ["eventos"], encoding=WS)
        await settle(hub)
        feed.publish(LogLine("eventos", AT, "info", "2"))
        await settle(hub)

        assert by_ws.taken.count(b'"id":"k3f9.1"') == 1
        assert late.taken.count(b'"id":"k3f9.1"') == 0
        assert late.taken.count(b'"id":"k3f9.2"') == 1


async def test_nothing_is_written_behind_a_bye_that_comes_amid_a_flush(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pump, "HOLD_SECONDS", -1.0)
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


async def test_one_that_is_full_amid_a_flush_gets_each_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "HOLD_SECONDS", -1.0)
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
        feed.publish(LogLine("eventos", AT, "info", "2"))
        await settle(hub)
        assert [sinks[at].seqs for at in (0, -1, -2)] == [[1], [1], [1, 2]]

        sinks[0].unblock()
        sinks[-1].unblock()
        await settle(hub)
        assert all(sink.seqs == [1, 2] for sink in sinks)


async def test_readers_of_one_stretch_share_the_read_and_the_bytes() -> None:
    feed = MemoryFeed()
    feed.publish(*[LogLine("eventos", AT, "info", str(n)) for n in range(1000)])
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        sinks = await asyncio.gather(*[attach(hub, ["eventos"], "k3f9.0") for _ in range(50)])
        await settle(hub)

        assert all(sink.seqs == list(range(1, 1001)) for sink in sinks)
        assert feed.reads <= 3


async def test_one_that_gives_up_waiting_for_the_store_leaves_the_others_waiting() -> None:
    feed = MemoryFeed()
    feed.publish(LogLine("upload/a", AT, "info", "1"))
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


async def test_a_full_outlet_is_written_nothing_until_it_drains() -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed, coalesce_seconds=0)
    async with hub.running(feed.epoch, feed):
        stuck, free = await attach(hub, ["eventos"]), await attach(hub, ["eventos"])
        stuck.full_after = 1
        for n in range(5):
            feed.publish(LogLine("eventos", AT, "info", str(n)))
            await settle(hub)

        assert (stuck.seqs, free.seqs) == ([1], [1, 2, 3, 4, 5])

        stuck.unblock()
        await settle(hub)
        assert stuck.seqs == [1, 2, 3, 4, 5]


async def test_who_takes_nothing_is_told_slow_and_closed() -> None:
    feed, now = MemoryFeed(), [0.0]
    hub: FeedHub[Identity] = FeedHub(FeedOptions(), clock=lambda: now[0])
    feed.listener = hub.publish
    async with hub.running(feed.epoch, feed):
        stuck = await attach(hub, ["eventos"])
        stuck.full_after = 1
        feed.publish(LogLine("eventos", AT, "info", "x"))
        await asyncio.sleep(0.02)
        for now[0] in (15.0, 29.0, 29.9):
            hub._wheel.turn(now[0])
        assert stuck.closed_with is None
        for now[0] in (30.5, 31.5):
            hub._wheel.turn(now[0])

        assert stuck.closed_with == 4408
        assert b'"reason":"slow"' in stuck.taken
        assert not hub.registry.open


async def test_a_heartbeat_breaks_a_silence_and_only_a_silence() -> None:
    feed, now = MemoryFeed(), [0.0]
    hub: FeedHub[Identity] = FeedHub(FeedOptions(coalesce_seconds=0), clock=lambda: now[0])
    feed.listener = hub.publish
    async with hub.running(feed.epoch, feed):
        sink = await attach(hub, ["eventos"])
        now[0] = 10.0
        feed.publish(LogLine("eventos", AT, "info", "x"))
        await asyncio.sleep(0.02)
        for now[0] in (16.0, 24.0):
            hub._wheel.turn(now[0])
        assert b'heartbeat"' not in sink.taken.replace(b"heartbeat_s", b"")
        for now[0] in (25.0, 26.0):
            hub._wheel.turn(now[0])

        assert sink.taken.count(b'"type":"heartbeat"') == 1


async def test_a_fault_in_one_flush_does_not_stop_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed, coalesce_seconds=0)
    async with hub.running(feed.epoch, feed):
        faulty, whole = await attach(hub, ["eventos"]), await attach(hub, ["eventos", "admin"])

        def fail(*_: Any) -> None:
            raise RuntimeError("a fault of ours")

        with monkeypatch.context() as broken:
            broken.setattr(View, "_hand", fail)
            feed.publish(LogLine("tarefas/t", AT, "info", "nobody reads it"))
            feed.publish(LogLine("eventos", AT, "info", "cut short"))
            await settle(hub)
        feed.publish(LogLine("eventos", AT, "info", "goes on"))
        await settle(hub)

        assert 3 in faulty.seqs
        assert 3 in whole.seqs


async def test_a_broken_outlet_does_not_stop_the_flush_for_others() -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        broken, whole = await attach(hub, ["eventos"]), await attach(hub, ["eventos"])

        broken.fault = RuntimeError("the handler is closed")
        feed.publish(LogLine("eventos", AT, "info", "x"))
        await settle(hub)

        assert broken.aborted
        assert whole.seqs == [1]
        assert len(hub.registry.open) == 1
