"""The tailer of the feed: what a process has committed itself is passed on once, in its order, unread."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.storage.postgres import feed_tailer
from api.storage.postgres.durability import Durability
from api.storage.postgres.feed_tailer import FeedTailer
from api.storage.postgres.group_commit import GroupCommit
from api.storage.store import SqlStore
from streams.stored import StoredMessage
from tests.contracts.conftest import opened, store_url
from tests.contracts.samples import until_told

__all__ = ["store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]


async def tell(store: SqlStore, name: str) -> None:
    async with store.transaction() as unit:
        await unit.messages.append([("eventos", b'{"type":"%b"}' % name.encode(), False)] * 2)


def seqs(told: Sequence[StoredMessage]) -> list[int]:
    return [message.seq for message in told]


async def test_a_process_does_not_read_its_own_messages(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StoredMessage] = []
    read: list[int] = []
    # It looks now and then whether a notification was lost, and would read what is being made durable.
    monkeypatch.setattr(feed_tailer, "POLL_SECONDS", 60.0)
    async with opened(store_url, tmp_path, told) as store:
        tailer = store._tailer
        assert tailer is not None
        while not tailer._hint._waiters:  # type: ignore[attr-defined]  # noqa: ASYNC110 - until it has read what is there.
            await asyncio.sleep(0)
        pass_on = FeedTailer._pass_on

        def noted(self: FeedTailer, rows: Sequence[StoredMessage]) -> int:
            read.extend(row.seq for row in rows)
            return pass_on(self, rows)

        monkeypatch.setattr(FeedTailer, "_pass_on", noted)
        for number in range(20):
            await tell(store, str(number))
            assert seqs(told) == [*range(1, 2 * number + 3)], "told with the answer"
        assert await store.feed.read(["eventos"], [], after=0, upto=100, limit=100) == told
    assert read == []


async def test_messages_of_two_processes_come_to_both_in_one_order(store_url: str, tmp_path: Path) -> None:
    one_told: list[StoredMessage] = []
    other_told: list[StoredMessage] = []
    async with (
        opened(store_url, tmp_path, one_told) as one,
        opened(store_url, tmp_path, other_told) as other,
    ):

        async def write(store: SqlStore, writer: int) -> None:
            for number in range(10):
                await tell(store, f"{writer}.{number}")

        await asyncio.gather(*(write(store, writer) for store in (one, other) for writer in range(4)))
        await until_told(one_told, 160)
        await until_told(other_told, 160)
    assert seqs(one_told) == seqs(other_told) == [*range(1, 161)]
    assert one_told == other_told


async def test_what_is_read_and_committed_at_once_is_told_once(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StoredMessage] = []
    reads, go_on = asyncio.Event(), asyncio.Event()
    flush, wait_for_messages = Durability._flush, Durability.wait_for_messages

    async def held_up(self: Durability) -> None:
        await go_on.wait()
        await flush(self)

    async def noted(self: Durability, seq: int) -> None:
        reads.set()
        await wait_for_messages(self, seq)

    async with opened(store_url, tmp_path, told) as store:
        monkeypatch.setattr(Durability, "_flush", held_up)
        monkeypatch.setattr(Durability, "wait_for_messages", noted)
        monkeypatch.setattr(GroupCommit, "_level_for", lambda *_: None)
        task = asyncio.create_task(tell(store, "a"))
        assert store._tailer is not None
        async with asyncio.timeout(60):
            while not reads.is_set():
                store._tailer._hint.set()
                await asyncio.sleep(0.01)
        go_on.set()
        await task
        await tell(store, "b")
        await until_told(told, 4)
    assert seqs(told) == [1, 2, 3, 4]


async def test_a_reader_that_came_late_is_given_its_own_process_messages_too(
    store_url: str, tmp_path: Path
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        await tell(store, "a")
        store.publish_from(0)
        await tell(store, "b")
        await until_told(told, 6)
    assert seqs(told) == [1, 2, 1, 2, 3, 4]
