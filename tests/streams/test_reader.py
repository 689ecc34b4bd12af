"""Readers against a plain list, and clients that take nothing or hear nothing."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.services.identity import Identity
from domain.messages import PresenceState
from domain.ports.errors import StorageUnavailableError
from streams.context import FeedOptions
from streams.frames import Payload
from streams.hub import FeedHub
from tests.streams.memory import FlakyFeed, MemoryFeed
from tests.streams.sink import AT, CATALOGUE, FEEDS, Sink, attach, hub_over, line, settle

pytestmark = pytest.mark.anyio


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), st.sampled_from(FEEDS), st.integers(1, 30)),
        st.tuples(
            st.just("read"),
            st.sampled_from(
                [("eventos",), ("eventos", "upload/a"), ("eventos/progresso",), ("eventos", "presenca")]
            ),
        ),
        st.tuples(st.just("online"), st.integers(1, 9)),
        st.tuples(st.just("block"), st.integers(0, 5)),
        st.tuples(st.just("unblock"), st.integers(0, 5)),
        st.tuples(st.just("cut"), st.integers(0, 5)),
        st.tuples(st.just("turn")),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(steps=STEPS, ring=st.integers(1, 40))
def test_every_reader_gets_the_messages_of_a_plain_list(steps: list[Any], ring: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.state.INTERVAL_SECONDS", 0)
        asyncio.run(_play(steps, ring, []))


@given(
    steps=STEPS,
    ring=st.integers(1, 40),
    answers=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20),
)
def test_every_reader_gets_them_whenever_the_store_is_slow_or_fails(
    steps: list[Any], ring: int, answers: list[tuple[int, bool]]
) -> None:
    """`answers`: for each read of the store the turns of the loop that it takes, and whether it fails."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streams.history._RETRY_SECONDS", 0)
        patch.setattr("streams.state.INTERVAL_SECONDS", 0)
        asyncio.run(_play(steps, ring, answers))


async def _play(steps: list[Any], ring: int, answers: list[tuple[int, bool]]) -> None:  # noqa: C901 - one branch a step
    feed = FlakyFeed()
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, FeedOptions(ring_messages=ring, coalesce_seconds=0))
    feed.listener = hub.publish
    readers: list[tuple[tuple[str, ...], list[Sink]]] = []
    async with hub.running(feed.epoch, feed), asyncio.timeout(60):
        feed.next_are = iter(answers)
        for kind, *how in steps:
            if kind == "publish":
                feed.publish(*[line("x" * 50, how[0])] * how[1])
            elif kind == "read":
                readers.append((how[0], [await _attached(hub, how[0], "k3f9.0")]))
            elif kind == "online":
                hub.set_state(PresenceState("presenca", AT, how[0], how[0], []))
            elif kind == "turn":
                await asyncio.sleep(0)
            elif readers:
                names, sinks = readers[how[0] % len(readers)]
                if kind == "cut":
                    assert sinks[-1].reader is not None
                    sinks[-1].reader.lost()
                    seen = [seq for sink in sinks for seq in sink.seqs]
                    sinks.append(await _attached(hub, names, f"k3f9.{seen[-1] if seen else 0}"))
                elif kind == "block":
                    sinks[-1].full_after = 1
                elif sinks[-1].full_after is not None:
                    sinks[-1].unblock()
        for _, sinks in readers:
            if sinks[-1].full_after is not None:
                sinks[-1].unblock()
        while hub.states._resting:  # noqa: ASYNC110 - turn by turn.
            await asyncio.sleep(0)
        await settle(hub)
        for names, sinks in readers:
            states = hub.states.frames(CATALOGUE.set_of(names).states)
            assert all(_last_state(sinks[-1]) == state.body for state in states)
            topics = set(CATALOGUE.set_of(names).topics)
            expected = [m.seq for m in feed.kept if topics & set(CATALOGUE.topics_of(m.feed))]
            assert [seq for sink in sinks for seq in sink.seqs] == expected
            assert sinks[-1].reader is not None
            sinks[-1].reader.lost()
        assert not hub._views
        assert not hub.registry.open


def _last_state(sink: Sink) -> bytes | None:
    told = [line for line in bytes(sink.taken).split(b"\n") if b'"type":"state"' in line]
    return told[-1].removeprefix(b"data: ") if told else None


async def _attached(hub: FeedHub[Identity], names: tuple[str, ...], cursor: str) -> Sink:
    """Open a stream as clients do, again and again."""
    while True:
        with suppress(StorageUnavailableError):
            return await attach(hub, list(names), cursor)


async def test_nothing_is_written_to_a_full_outlet_until_it_drains() -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed, coalesce_seconds=0)
    async with hub.running(feed.epoch, feed):
        stuck, free = await attach(hub, ["eventos"]), await attach(hub, ["eventos"])
        stuck.full_after = 1
        for n in range(5):
            feed.publish(line(str(n)))
            await settle(hub)

        assert (stuck.seqs, free.seqs) == ([1], [1, 2, 3, 4, 5])

        stuck.unblock()
        await settle(hub)
        assert stuck.seqs == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("heartbeat", [1.0, 15.0, 300.0])
@pytest.mark.parametrize("stalls_at", [0.0, 7.0, 100.0])
async def test_a_client_that_reads_nothing_is_closed_as_slow(heartbeat: float, stalls_at: float) -> None:
    feed, now = MemoryFeed(), [0.0]
    options = FeedOptions(heartbeat_seconds=heartbeat)
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, options, clock=lambda: now[0])
    feed.listener = hub.publish

    def pass_time(until: float) -> None:
        while now[0] < until:
            now[0] += 0.25
            hub._wheel.turn(now[0])

    async with hub.running(feed.epoch, feed):
        stuck = await attach(hub, ["eventos"])
        pass_time(stalls_at)
        stuck.full_after = 1
        feed.publish(line("x"))
        await settle(hub)
        stuck.untaken -= 1  # The kernels take a little more, after all.
        pass_time(stalls_at + 29.75)
        assert stuck.closed_with is None
        pass_time(stalls_at + 33)

        assert stuck.closed_with == 4408
        assert b'"reason":"slow"' in stuck.taken
        assert not hub.registry.open


async def test_a_client_that_stops_and_goes_on_often_is_looked_after_once() -> None:
    feed, now = MemoryFeed(), [0.0]
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, FeedOptions(), clock=lambda: now[0])
    async with hub.running(feed.epoch, feed):
        sink = await attach(hub, ["eventos"])
        assert sink.reader is not None
        for _ in range(100):
            sink.reader.pause()
            sink.reader.resume()
        assert sum(map(len, hub._wheel._due.values())) == 2
        for now[0] in (1.0, 2.0, 3.0):
            hub._wheel.turn(now[0])
        assert sum(map(len, hub._wheel._due.values())) == 1
        sink.reader.pause()
        for now[0] in (33.0, 34.0, 35.0):
            hub._wheel.turn(now[0])
        assert sink.closed_with == 4408


@pytest.mark.parametrize("seconds", [1.0, 4.0, 20.0])
async def test_a_stream_lives_as_long_as_the_setting_says(seconds: float) -> None:
    feed, now = MemoryFeed(), [0.0]
    options = FeedOptions(stream_seconds=seconds)
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, options, clock=lambda: now[0])
    async with hub.running(feed.epoch, feed):
        sink = await attach(hub, ["eventos"])
        while sink.closed_with is None:
            now[0] += 0.25
            hub._wheel.turn(now[0])
        assert 0.9 * seconds <= now[0] <= 1.1 * seconds + 1.5
        assert b'"reason":"renew"' in sink.taken


async def test_a_heartbeat_is_sent_only_after_silence() -> None:
    feed, now = MemoryFeed(), [0.0]
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, FeedOptions(coalesce_seconds=0), clock=lambda: now[0])
    feed.listener = hub.publish
    async with hub.running(feed.epoch, feed):
        sink = await attach(hub, ["eventos"])
        now[0] = 10.0
        feed.publish(line("x"))
        await settle(hub)
        for now[0] in (16.0, 24.0):
            hub._wheel.turn(now[0])
        assert b'heartbeat"' not in sink.taken.replace(b"heartbeat_s", b"")
        for now[0] in (25.0, 26.0):
            hub._wheel.turn(now[0])

        assert sink.taken.count(b'"type":"heartbeat"') == 1


async def test_hello_and_what_the_ring_has_are_one_write() -> None:
    feed = MemoryFeed()
    hub = await hub_over(feed)
    async with hub.running(feed.epoch, feed):
        feed.publish(*[line(str(number)) for number in range(1, 4)])
        begun: list[int] = []
        begin = Sink.begin

        def noted(self: Sink, payloads: Sequence[Payload]) -> None:
            begun.append(len(payloads))
            begin(self, payloads)

        Sink.begin = noted  # type: ignore[method-assign]
        try:
            behind, up_to_date = await attach(hub, ["eventos"], "k3f9.1"), await attach(hub, ["eventos"])
        finally:
            Sink.begin = begin  # type: ignore[method-assign]
        assert begun == [2, 1]
        assert (behind.seqs, up_to_date.seqs) == ([2, 3], [])
        feed.publish(line("4"))
        await settle(hub)
        assert (behind.seqs, up_to_date.seqs) == ([2, 3, 4], [4])


@pytest.mark.parametrize("changes", [0, 1, 3])
async def test_a_state_that_changes_while_history_is_read_is_told_once_it_is_read(
    changes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.state.INTERVAL_SECONDS", 0)
    feed = MemoryFeed()
    feed.publish(*[line(str(number)) for number in range(50)])
    hub = await hub_over(feed, ring_messages=4, coalesce_seconds=0)
    async with hub.running(feed.epoch, feed):
        hub.set_state(PresenceState("presenca", AT, 100, 100, []))
        await settle(hub)
        slow = await attach(hub, ["eventos", "presenca"], "k3f9.0")
        assert slow.reader is not None
        slow.reader.pause()
        for number in range(1, changes + 1):
            hub.set_state(PresenceState("presenca", AT, number, number, []))
            while hub.states._resting:  # noqa: ASYNC110 - turn by turn.
                await asyncio.sleep(0)
            await settle(hub)
        slow.unblock()
        await settle(hub)

        assert slow.seqs == list(range(1, 51))
        told = bytes(slow.taken).count(b'"type":"state"')
        assert (told, _last_state(slow)) == (1 + bool(changes), hub.states.frames(["presenca"])[0].body)
