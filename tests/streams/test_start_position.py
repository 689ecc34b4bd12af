"""Where a reader starts, for whatever it sends: nothing, a cursor of this store, or any other text."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from streams.history import History
from streams.log import Log
from streams.start_position import Opener, Replay
from tests.streams.memory import MemoryFeed
from tests.streams.sink import CATALOGUE, line

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opener_over(feed: MemoryFeed, *, kept: int = 100) -> AsyncIterator[Opener]:
    """Open a log that has the newest messages of a store."""
    log = Log(CATALOGUE, feed.epoch, 0, max_messages=kept, max_bytes=10**6)
    log.append(feed.kept)
    async with asyncio.TaskGroup() as tasks:
        history = History(CATALOGUE, log, feed, tasks)
        yield Opener(log, history)
        history.close()


def feed_of(*names: str) -> MemoryFeed:
    feed = MemoryFeed()
    feed.publish(*[line(str(number), name) for number, name in enumerate(names, 1)])
    return feed


@pytest.mark.parametrize(
    ("cursor", "resume", "reason", "after"),
    [
        (None, "fresh", None, 4),
        ("k3f9.2", "recovered", None, 2),
        ("k3f9.4", "recovered", None, 4),
        ("k3f9.5", "reset", "ahead", 4),
        ("k3f9.0", "reset", "expired", 4),
        ("other.2", "reset", "epoch", 4),
        ("2", "reset", "malformed", 4),
        ("", "reset", "malformed", 4),
    ],
)
async def test_a_cursor_is_gone_on_from_or_its_fault_is_named(
    cursor: str | None, resume: str, reason: str | None, after: int
) -> None:
    feed = feed_of("eventos", "eventos", "eventos", "eventos")
    feed.prune(1)
    async with opener_over(feed, kept=2) as opener:
        place = await opener.open(CATALOGUE.set_of(["eventos"]), cursor, None)
    assert (place.resume, place.reason, place.after) == (resume, reason, after)


@pytest.mark.parametrize(
    ("names", "replay", "after", "replayed"),
    [
        (["eventos"], None, 4, ()),
        (["eventos"], "all", 0, ("eventos",)),
        (["upload/a"], None, 1, ("upload/a",)),
        (["upload/a"], "none", 4, ()),
        (["eventos", "upload/a"], None, 1, ("upload/a",)),
    ],
)
@pytest.mark.parametrize("kept", [1, 100])
async def test_a_fresh_reader_starts_just_before_the_first_message_that_it_is_to_see(
    names: list[str], replay: Replay | None, after: int, replayed: tuple[str, ...], kept: int
) -> None:
    async with opener_over(feed_of("eventos", "upload/a", "eventos", "upload/a"), kept=kept) as opener:
        place = await opener.open(CATALOGUE.set_of(names), None, replay)
    assert (place.after, place.replayed) == (after, replayed)


async def test_a_message_that_another_process_committed_is_waited_for() -> None:
    feed = feed_of("eventos")
    async with opener_over(feed) as opener:
        stored = feed.publish(line("2"))
        opening = asyncio.create_task(opener.open(CATALOGUE.set_of(["eventos"]), "k3f9.2", None))
        await asyncio.sleep(0)
        opener._log.append(stored)
        place = await opening
    assert (place.resume, place.after) == ("recovered", 2)


@pytest.mark.parametrize("names", [["eventos"], ["upload/a"], ["eventos", "upload/a"], ["dashboard"]])
@pytest.mark.parametrize(
    "cursor", [None, "", "2", "other.2", *(f"k3f9.{seq}" for seq in range(6)), "k3f9.3.sabc"]
)
async def test_what_is_known_at_once_is_what_the_store_would_say(
    names: list[str], cursor: str | None
) -> None:
    feed = feed_of("eventos", "upload/a", "eventos", "upload/a")
    feed.prune(1)
    feeds = CATALOGUE.set_of(names)
    async with opener_over(feed, kept=2) as opener:
        known, found = opener.open_at_once(feeds, cursor), await opener.open(feeds, cursor, None)
    is_held = cursor in {"k3f9.2", "k3f9.3", "k3f9.4", "k3f9.3.sabc"} or (
        cursor in {"k3f9.0", "k3f9.1"} and names == ["dashboard"]
    )
    assert known == (found if is_held and not feeds.finite else None)
