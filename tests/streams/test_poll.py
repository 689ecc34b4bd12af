"""A long poll waits for the feed, not for the store, and sleeps through nothing."""

import asyncio
from itertools import count
from typing import Any

import pytest

from api.services.identity import Identity
from domain.messages import Log, PresenceState
from streams.context import FeedOptions
from streams.hub import FeedHub
from streams.poll import Answer, Poll
from streams.start_position import Replay
from tests.streams.memory import MemoryFeed
from tests.streams.sink import CATALOGUE, flushed

pytestmark = pytest.mark.anyio

AT = "2026-11-24T12:00:00.000Z"
ANA = Identity("ana", "editor", person="ana")


def hub_over(feed: MemoryFeed) -> FeedHub[Identity]:
    hub: FeedHub[Identity] = FeedHub(CATALOGUE, FeedOptions(coalesce_seconds=0))
    feed.listener = hub.publish
    return hub


async def ask(
    hub: FeedHub[Identity],
    names: list[str],
    cursor: str | None,
    wait_seconds: float,
    replay: Replay | None = None,
) -> Answer:
    lease: Any = hub.registry.admit(ANA)
    feeds = CATALOGUE.set_of(names)
    try:
        return await Poll(hub, feeds, await hub.open(feeds, cursor, replay), lease).answer(wait_seconds)
    finally:
        lease.release()


async def test_a_poll_without_wait_gets_messages_that_only_the_store_has() -> None:
    feed = MemoryFeed()
    feed.publish(Log("eventos", AT, "info", "old"))
    hub = hub_over(feed)
    async with hub.running(feed.epoch, feed):
        answer = await ask(hub, ["eventos"], "k3f9.0", 0)

    assert [b'"message":"old"' in message for message in answer.messages] == [True]
    assert answer.cursor == "k3f9.1"


async def test_a_state_that_changes_during_the_read_of_the_store_is_returned_at_once() -> None:
    feed = MemoryFeed()
    feed.publish(Log("admin", AT, "info", "not asked for"))
    hub = hub_over(feed)
    read = feed.read

    async def changed_meanwhile(*args: Any, **more: Any) -> Any:
        hub.set_state(PresenceState("presenca", AT, 1, 1, []))
        await flushed(hub)  # The flush that tells of it goes by.
        return await read(*args, **more)

    feed.read = changed_meanwhile  # type: ignore[method-assign]
    async with hub.running(feed.epoch, feed), asyncio.timeout(60):
        answer = await ask(hub, ["eventos", "presenca"], "k3f9.0", 60)

    assert [b'"feed":"presenca"' in message for message in answer.messages] == [True]


async def test_a_poll_without_news_returns_the_current_cursor_after_the_wait() -> None:
    feed = MemoryFeed()
    hub = hub_over(feed)
    async with hub.running(feed.epoch, feed), asyncio.timeout(60):
        asking = asyncio.create_task(ask(hub, ["eventos"], "k3f9.0", 0.05))
        await asyncio.sleep(0)
        feed.publish(Log("admin", AT, "info", "not asked for"))
        answer = await asking

    assert answer.messages == []
    assert answer.cursor == "k3f9.1"


async def test_the_states_of_a_first_poll_are_those_that_its_cursor_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("streams.state.INTERVAL_SECONDS", 0)
    feed = MemoryFeed()
    feed.publish(Log("eventos", AT, "info", "old"))
    hub = hub_over(feed)
    online = count(1)

    async def changed_meanwhile(*args: Any, **more: Any) -> Any:
        hub.set_state(PresenceState("presenca", AT, now := next(online), now, []))
        await flushed(hub)
        return await read(*args, **more)

    async with hub.running(feed.epoch, feed), asyncio.timeout(60):
        read = hub.history.load_page
        monkeypatch.setattr(hub.history, "load_page", changed_meanwhile)
        answer = await ask(hub, ["eventos", "presenca"], None, 0, "all")
        last = hub.states.frames(["presenca"])[0].body
        again = await ask(hub, ["eventos", "presenca"], answer.cursor, 0)

    assert [message for message in answer.messages if b'"type":"state"' in message] == [last]
    assert again.messages == []
