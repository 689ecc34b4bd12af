"""What PostgreSQL alone has to prove: it goes away and comes back."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from api.storage.closing import Closing
from api.storage.postgres import database as adapter
from api.storage.postgres import feed_tailer as tailing
from api.storage.postgres.group_commit import EventRow, GroupCommit
from api.storage.postgres.unit import held
from api.storage.store import open_store
from domain.ports.errors import StorageUnavailableError
from streams.stored import StoredMessage
from tests.contracts.conftest import POSTGRES_URL, opened, store_url
from tests.contracts.samples import an_event, until_told

__all__ = ["store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]

DRAFT = ("eventos", b'{"type":"x"}', False)


async def _cut_connections(store_url: str) -> None:
    connection = await asyncpg.connect(POSTGRES_URL, timeout=60)
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
    await connection.execute(cut, store_url.rpartition("/")[2])
    await connection.close()


async def test_lost_connections_are_reported_and_the_feed_catches_up(store_url: str, tmp_path: Path) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:

        async def tell() -> None:
            async with store.transaction() as transaction:
                await transaction.messages.append([DRAFT])

        async def tell_through_a_cut() -> None:
            async with store.transaction() as transaction:
                await transaction.events.insert([an_event()], upload_id=None, at_ms=1)
                assert await transaction.events.get(1) is not None, "now it has a connection"
                await transaction.messages.append([DRAFT])
                await _cut_connections(store_url)

        await tell()
        with pytest.raises(StorageUnavailableError):
            await tell_through_a_cut()
        await tell()
        await until_told(told, 2)
        async with store.snapshot() as snapshot:
            assert (await snapshot.events.counts(now_us=0)).events == 0
    assert [message.seq for message in told] == [1, 2]


async def test_a_change_goes_in_although_its_idle_connection_was_cut(store_url: str, tmp_path: Path) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:
        for _ in range(3):
            async with store.transaction() as transaction:
                await transaction.messages.append([DRAFT])
            with ThreadPoolExecutor(1) as apart:
                # The loop stands still, so it has not heard of it when the next change comes.
                apart.submit(asyncio.run, _cut_connections(store_url)).result()
        await until_told(told, 3)
    assert [message.seq for message in told] == [1, 2, 3]


async def test_a_connection_lost_before_its_release_breaks_nothing(store_url: str) -> None:
    # SQLAlchemy fails to close it, and has closed it all the same.
    engine = create_async_engine(store_url.replace("postgresql://", "postgresql+asyncpg://"))
    dialect = adapter.PostgresDialect(engine)
    try:
        async with held(engine, dialect) as connection:
            await connection.execute(sa.text("SELECT 1"))
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await _cut_connections(store_url)
            while not driver.is_closed():  # noqa: ASYNC110 - another process's state.
                await asyncio.sleep(0.01)
        async with held(engine, dialect) as connection:
            assert (await connection.execute(sa.text("SELECT 2"))).scalar() == 2
    finally:
        await engine.dispose()


@pytest.mark.parametrize("turns", range(6))
async def test_a_store_closes_during_a_commit_notification(
    turns: int, store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        tailer = store._tailer
        assert tailer is not None
        while not tailer._hint._waiters:  # type: ignore[attr-defined]  # noqa: ASYNC110 - until it waits for news.
            await asyncio.sleep(0)
        tailer._hint.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        closing = asyncio.ensure_future(tailer.aclose())
        await asyncio.wait([closing], timeout=60)
        is_closed = closing.done()
        if not is_closed and tailer._task is not None:
            tailer._task.cancel()
    assert is_closed


async def test_messages_arrive_without_notifications(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, []) as writer:
        monkeypatch.setattr(tailing, "CHANNEL", "nobody_speaks_here")
        async with opened(store_url, tmp_path, told):
            for _ in range(2):
                async with writer.transaction() as transaction:
                    await transaction.messages.append([DRAFT])
                await until_told(told, 1)
            await until_told(told, 2)
    assert [message.seq for message in told] == [1, 2]


@pytest.mark.parametrize("happened", [True, False])
async def test_the_outcome_of_a_commit_without_an_answer_is_looked_up(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    told: list[StoredMessage] = []

    commit = GroupCommit.commit

    async def without_answer(
        group: GroupCommit, closing: Closing, rows: Sequence[EventRow], _then: object
    ) -> None:
        monkeypatch.undo()
        if happened:
            await commit(group, closing, rows, lambda: None)
        else:
            closing.seq = 1
        raise StorageUnavailableError("the answer is lost")

    async with opened(store_url, tmp_path, told) as store:

        async def tell() -> None:
            async with store.transaction() as transaction:
                await transaction.messages.append([DRAFT])

        monkeypatch.setattr(GroupCommit, "commit", without_answer)
        with nullcontext() if happened else pytest.raises(StorageUnavailableError):
            await tell()
        await tell()
        await until_told(told, 1 + happened)
        assert (await store.feed.bounds())[1] == 1 + happened


async def test_a_failed_over_database_does_not_reuse_a_published_seq(
    store_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[StoredMessage] = []
    async with opened(store_url, tmp_path, told) as store:

        async def tell() -> None:
            async with store.transaction() as transaction:
                await transaction.messages.append([DRAFT])

        for _ in range(3):
            await tell()
        await until_told(told, 3)
        connection = await asyncpg.connect(store_url, timeout=60)
        await connection.execute("DELETE FROM feed_messages WHERE seq > 1; UPDATE feed_head SET seq = 1")
        await connection.close()
        await _cut_connections(store_url)
        async with asyncio.timeout(60):
            while "has lost published messages" not in caplog.text:  # noqa: ASYNC110 - the tailer comes back by itself.
                await asyncio.sleep(0.02)
        await tell()
        await until_told(told, 4)
    assert [message.seq for message in told] == [1, 2, 3, 4]


async def test_an_exhausted_pool_refuses_after_its_waiting_time(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "pools", lambda _: adapter.Pools(writers=1, readers=2, glances=1, quick=1))
    monkeypatch.setattr(adapter, "POOL_WAIT_SECONDS", 0.2)
    async with opened(store_url, tmp_path, []) as store, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(store.snapshot())
        async with asyncio.timeout(60):
            with pytest.raises(StorageUnavailableError, match="busy"):
                await stack.enter_async_context(store.snapshot())
        await stack.enter_async_context(store.transaction())


async def test_an_absent_server_is_reported_as_unavailable(store_url: str, tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://postgres@127.0.0.1:{nobody.getsockname()[1]}/x"
        async with asyncio.timeout(60):
            with pytest.raises(StorageUnavailableError):
                await open_store(url, committed=list, data_dir=tmp_path, timezone="America/Recife")


async def test_stores_opened_at_once_migrate_once(store_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        opening = [stack.enter_async_context(opened(store_url, tmp_path, [])) for _ in range(4)]
        stores = await asyncio.gather(*opening)
    assert len({store.epoch for store in stores}) == 1
