"""What every store of the feed keeps to."""

import re
import time
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest

from api.storage.store import SqlStore
from streams.stored import StoredMessage
from tests.contracts.conftest import opened
from tests.contracts.samples import until_told

pytestmark = pytest.mark.anyio

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000
DRAFT = ("eventos", b'{"type":"x","a":1}', False)


async def tell(store: SqlStore, *drafts: tuple[str, bytes, bool]) -> None:
    async with store.transaction() as transaction:
        await transaction.messages.append(drafts)


def draft(feed: str, *, final: bool = False) -> tuple[str, bytes, bool]:
    return feed, b'{"type":"x"}', final


async def test_messages_are_published_after_the_commit_with_their_ids(
    store: SqlStore, told: list[StoredMessage]
) -> None:
    async with store.transaction() as transaction:
        await transaction.messages.append([DRAFT, ("upload/a", b'{"type":"finished"}', True)])
        assert told == []
    await until_told(told, 2)
    assert told == [
        StoredMessage(1, "eventos", b'{"type":"x","id":"%b.1","a":1}' % store.epoch.encode()),
        StoredMessage(2, "upload/a", b'{"type":"finished","id":"%b.2"}' % store.epoch.encode(), final=True),
    ]
    assert await store.feed.read(["eventos", "upload/a"], [], after=0, upto=2, limit=9) == told
    assert await store.feed.ends(["eventos", "upload/a"]) == {"upload/a": 2}
    assert await store.feed.bounds() == (0, 2)


async def test_what_follows_a_seq_is_counted_up_to_a_limit_and_dated(store: SqlStore) -> None:
    before_ms = time.time_ns() // 1_000_000
    await tell(store, *map(draft, ["eventos", "admin", "upload/a", "eventos"]))
    count, oldest_ms = await store.feed.backlog(["eventos"], ["upload/"], after=1, limit=9)
    assert count == 2
    assert before_ms <= oldest_ms <= time.time_ns() // 1_000_000
    assert (await store.feed.backlog(["eventos"], ["upload/"], after=0, limit=2))[0] == 2
    assert await store.feed.backlog(["eventos"], [], after=4, limit=9) == (0, 0)


async def test_reading_respects_feeds_prefixes_bounds_and_limit(store: SqlStore) -> None:
    names = ["upload/a", "eventos", "upload/b", "upload0", "upload/á", "tarefas/a"] * 20
    await tell(store, *map(draft, names))

    async def seqs(feeds: list[str], prefixes: list[str], after: int, upto: int, limit: int) -> list[int]:
        messages = await store.feed.read(feeds, prefixes, after=after, upto=upto, limit=limit)
        return [message.seq for message in messages]

    assert await seqs([], [], 0, 99, 99) == []
    assert await seqs(["eventos"], [], 0, 999, 99) == list(range(2, 121, 6))
    assert await seqs(["eventos", "upload/b", "eventos"], [], 2, 14, 3) == [3, 8, 9]
    assert await seqs([], ["upload/"], 0, 9, 99) == [1, 3, 5, 7, 9]
    assert await seqs(["eventos"], ["upload/"], 5, 12, 3) == [7, 8, 9]


async def test_the_latest_messages_of_a_feed_come_newest_first(store: SqlStore) -> None:
    await tell(store, *map(draft, ["admin", "eventos", "admin/x", "admin"] * 3))

    async def seqs(feed: str, limit: int) -> list[int]:
        return [message.seq for message in await store.feed.latest(feed, limit=limit)]

    assert await seqs("admin", 9) == [12, 9, 8, 5, 4, 1]
    assert await seqs("admin", 2) == [12, 9]
    assert await seqs("presenca", 2) == []
    [newest] = await store.feed.latest("eventos", limit=1)
    assert newest == (await store.feed.read(["eventos"], [], after=9, upto=99, limit=9))[0]


async def test_pruning_keeps_final_messages_and_returns_the_first_resumable_seq(store: SqlStore) -> None:
    await tell(store, draft("upload/a"), draft("upload/a", final=True), draft("eventos"))
    async with store.transaction() as transaction:
        assert await transaction.messages.expired(before_ms=0, now_ms=NOW_MS) == 0
        assert await transaction.messages.prune(upto=0, limit=9) is None
    assert await store.feed.bounds() == (0, 3)
    async with store.transaction() as transaction:
        assert await transaction.messages.expired(before_ms=2**50, now_ms=2**50) == 3
        assert await transaction.messages.prune(upto=3, limit=2) == 1
        assert await transaction.messages.prune(upto=3, limit=2) == 1
        assert await transaction.messages.prune(upto=3, limit=2) is None
    oldest, head = await store.feed.bounds()
    assert (oldest, head) == (3, 3)
    assert await store.feed.ends(["upload/a"]) == {"upload/a": 2}
    await tell(store, draft("eventos"))
    messages = await store.feed.read(["eventos", "upload/a"], [], after=0, upto=9, limit=9)
    assert [message.seq for message in messages] == [2, 4]


DAY = 100
"""Messages that a day of the tests has."""


@pytest.mark.parametrize(
    ("stamps", "expired"),
    [
        ([], 0),
        ([-9], 1),
        ([-1], 0),
        ([-9, -9, -1], 2),
        ([-9] * DAY + [-1] * DAY, DAY),
        ([9] + [-9] * DAY + [-1] * DAY, DAY + 1),
        ([-9] * DAY + [9] + [-9] * DAY + [-1], 2 * DAY + 1),
        ([-9] * DAY + [9] * DAY + [-9] * DAY + [-1] * DAY, 3 * DAY),
        ([-9] * DAY + [-1] + [-9] * DAY + [-1] * DAY, 2 * DAY + 1),
        ([-9] * DAY + [-1] * DAY + [-9] + [-1] * DAY, DAY),
        ([-1] * DAY + [-9] * 3 + [-1] * DAY, 0),
        ([-9] * DAY + [9] * DAY, DAY),
    ],
)
async def test_expiry_ignores_messages_stamped_by_a_wrong_clock(
    store: SqlStore, stamps: list[int], expired: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stamps are days from now; those of seven days ago have expired."""
    for day, some in groupby(stamps):
        monkeypatch.setattr("api.storage.store._clock_ms", partial(int, NOW_MS + day * DAY_MS))
        async with store.transaction() as transaction:
            await transaction.messages.append([DRAFT] * len([*some]))
    async with store.transaction() as transaction:
        found = await transaction.messages.expired(before_ms=NOW_MS - 7 * DAY_MS, now_ms=NOW_MS)
    assert found == expired


async def test_epoch_and_seq_continue_when_the_store_is_reopened(store_url: str, tmp_path: Path) -> None:
    async with opened(store_url, tmp_path, []) as store:
        await tell(store, DRAFT)
        epoch = store.epoch
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        assert (store.epoch, store.head) == (epoch, 1)
        await tell(store, DRAFT)
        await until_told(told, 1)
    assert [message.seq for message in told] == [2]
    assert re.fullmatch("[a-z0-9]{4,8}", epoch)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_publish_from_republishes_the_messages_after_a_seq(
    store: SqlStore, told: list[StoredMessage]
) -> None:
    for _ in range(5):
        await tell(store, DRAFT)
    await until_told(told, 5)
    told.clear()
    store.publish_from(2)
    await tell(store, DRAFT)
    await until_told(told, 4)
    assert [message.seq for message in told] == [3, 4, 5, 6]
