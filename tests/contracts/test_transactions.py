"""All or nothing, in turn, and told in order: what every store keeps to when things go wrong."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import anyio
import pytest

from api.storage.store import SqlStore
from domain.ports.events import EventFilter
from streams.stored import StoredMessage
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event, an_upload, until_told

pytestmark = pytest.mark.anyio

DRAFT = ("eventos", b'{"type":"x"}', False)


async def do_all(store: SqlStore, *, entered: asyncio.Event, go_on: asyncio.Event) -> None:
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event()] * 20, upload_id="u", at_ms=1)
        await transaction.uploads.add(an_upload("u"))
        await transaction.messages.append([DRAFT])
        entered.set()
        await go_on.wait()
        raise LookupError


async def assert_untouched(store: SqlStore, told: list[StoredMessage]) -> None:
    """Nothing was kept, and the next to come finds everything free."""
    async with store.transaction() as transaction:
        await transaction.messages.append([DRAFT])
        assert await transaction.uploads.get("u") is None
        assert (await transaction.events.counts(now_us=0)).events == 0
    async with store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(), sort="id", limit=1, after=None)
    assert page.total == 0
    await until_told(told, 1)
    assert [message.seq for message in told] == [1]


async def test_an_exception_rolls_back_the_transaction(store: SqlStore, told: list[StoredMessage]) -> None:
    go_on = asyncio.Event()
    go_on.set()
    with pytest.raises(LookupError):
        await do_all(store, entered=asyncio.Event(), go_on=go_on)
    await assert_untouched(store, told)


async def test_cancelling_the_task_rolls_back_the_transaction(
    store: SqlStore, told: list[StoredMessage]
) -> None:
    entered = asyncio.Event()
    task = asyncio.create_task(do_all(store, entered=entered, go_on=asyncio.Event()))
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await assert_untouched(store, told)


async def test_cancelling_the_scope_rolls_back_the_transaction(
    store: SqlStore, told: list[StoredMessage]
) -> None:
    entered = asyncio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(do_all, store, entered=entered, go_on=asyncio.Event()))
        await entered.wait()
        tasks.cancel_scope.cancel()
    await assert_untouched(store, told)


async def test_cancelling_at_any_turn_of_the_loop_stores_all_or_nothing(
    store: SqlStore, told: list[StoredMessage]
) -> None:
    async def change() -> None:
        async with store.transaction() as transaction:
            await transaction.events.insert([an_event()], upload_id=None, at_ms=1)
            await transaction.messages.append([DRAFT])

    for turns in range(0, 60, 3):
        task = asyncio.create_task(change())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    async with store.snapshot() as snapshot:
        counts = await snapshot.events.counts(now_us=0)
    _oldest, head = await store.feed.bounds()
    assert counts.events == head
    await until_told(told, head)
    assert [message.seq for message in told] == list(range(1, head + 1))


async def test_an_open_transaction_does_not_block_readers(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event()], upload_id=None, at_ms=1)
        async with asyncio.timeout(60), store.snapshot() as snapshot:
            assert (await snapshot.events.counts(now_us=0)).events == 0


async def test_seq_order_is_commit_order_with_many_writers_and_stores(store_url: str, tmp_path: Path) -> None:
    """Eight writers; over three stores where processes may share one."""
    stores = 3 if store_url.startswith("postgresql") else 1
    told: list[list[StoredMessage]] = [[] for _ in range(stores)]
    async with AsyncExitStack() as stack:
        opened_stores = [await stack.enter_async_context(opened(store_url, tmp_path, seen)) for seen in told]
        async with anyio.create_task_group() as writing:
            for number in range(8):
                writing.start_soon(_write_many, opened_stores[number % stores], f"tarefas/{number}")
        for seen in told:
            await until_told(seen, 8 * 15)
    assert all([message.seq for message in seen] == list(range(1, 121)) for seen in told)
    assert all(seen == told[0] for seen in told)


async def _write_many(store: SqlStore, feed: str) -> None:
    for number in range(15):
        async with store.transaction() as transaction:
            await transaction.messages.append([(feed, b'{"type":"n","n":%d}' % number, False)])
            await transaction.events.insert([an_event(city=f"c{number % 3}")], upload_id=None, at_ms=1)


async def test_naive_dates_get_new_instants_when_the_time_zone_changes(
    store_url: str, tmp_path: Path
) -> None:
    noon_in_recife = 1_751_382_000_000_000
    naive = an_event("naive", on="2025-07-01T12:00:00", instant_us=noon_in_recife)
    fixed = an_event("fixed", on="2025-07-01T12:00:00-03:00", instant_us=noon_in_recife)
    async with opened(store_url, tmp_path, []) as store, store.transaction() as transaction:
        await transaction.events.insert([naive, fixed], upload_id=None, at_ms=1)
    hours_us = 3_600_000_000
    async with opened(store_url, tmp_path, [], timezone="Asia/Tokyo") as store, store.snapshot() as snapshot:
        page = await snapshot.events.page(EventFilter(), sort="event_date", limit=1, after=None)
        assert (page.items[0].title, page.next) == ("naive", (noon_in_recife - 12 * hours_us, 1))
        counts = await snapshot.events.counts(now_us=noon_in_recife - 1)
        assert counts.upcoming == 1
