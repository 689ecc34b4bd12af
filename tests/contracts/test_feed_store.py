"""What every store of the feed keeps to."""

import re
from pathlib import Path

import pytest

from api.storage.store import SqlStore
from streams.ports import StoredMessage
from tests.contracts.conftest import opened
from tests.contracts.samples import until_told

pytestmark = pytest.mark.anyio

DRAFT = ("eventos", b'{"type":"x","a":1}', False)


async def tell(store: SqlStore, *drafts: tuple[str, bytes, bool]) -> None:
    async with store.transaction() as transaction:
        await transaction.messages.append(drafts)


def draft(feed: str, *, final: bool = False) -> tuple[str, bytes, bool]:
    return feed, b'{"type":"x"}', final


async def test_messages_are_told_after_the_commit_with_their_ids(
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


async def test_reading_follows_feeds_prefixes_bounds_and_limit(store: SqlStore) -> None:
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


async def test_pruning_keeps_final_messages_and_says_what_can_be_resumed(store: SqlStore) -> None:
    await tell(store, draft("upload/a"), draft("upload/a", final=True), draft("eventos"))
    async with store.transaction() as transaction:
        assert await transaction.messages.prune(before_ms=0) == 0
    assert await store.feed.bounds() == (0, 3)
    async with store.transaction() as transaction:
        assert await transaction.messages.prune(before_ms=2**50) == 2
    oldest, head = await store.feed.bounds()
    assert (oldest, head) == (3, 3)
    assert await store.feed.ends(["upload/a"]) == {"upload/a": 2}
    await tell(store, draft("eventos"))
    messages = await store.feed.read(["eventos", "upload/a"], [], after=0, upto=9, limit=9)
    assert [message.seq for message in messages] == [2, 4]


async def test_epoch_and_seq_go_on_when_the_store_is_opened_again(store_url: str, tmp_path: Path) -> None:
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
