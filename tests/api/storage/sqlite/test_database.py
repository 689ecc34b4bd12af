"""What SQLite alone has to prove: its lock, its writer's turn, a full disk, a killed process."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.storage.sqlite.database import SqliteDatabase, StoreInUseError
from api.storage.store import SqlStore, open_store
from domain.ports.errors import StorageError, StorageFullError
from domain.ports.events import EventFilter
from streams.stored import StoredMessage
from tests.api.storage.disk import room_for
from tests.contracts.conftest import opened
from tests.contracts.samples import an_event, an_upload

pytestmark = pytest.mark.anyio

DRAFT = ("eventos", b'{"type":"x"}', False)


async def test_a_second_server_is_refused_but_a_command_is_allowed(tmp_path: Path) -> None:
    async with opened("", tmp_path, []) as store:
        with pytest.raises(StoreInUseError, match="used by another server"):
            await open_store("", committed=list, data_dir=tmp_path, timezone="America/Recife")
        beside = await open_store(
            "", committed=list, data_dir=tmp_path, timezone="America/Recife", serves=False
        )
        async with beside.transaction() as transaction:
            await transaction.people.add_user("ana", "admin", "h", at_ms=1)
        await beside.aclose()
        async with store.snapshot() as snapshot:
            assert [user.name for user in await snapshot.people.users()] == ["ana"]
    async with opened("", tmp_path, []):
        pass


async def test_writers_are_served_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    served: list[int] = []

    async def write(store: SqlStore, number: int) -> None:
        async with store.transaction():
            served.append(number)
            await asyncio.sleep(0)

    async with opened("", tmp_path, []) as store, asyncio.TaskGroup() as tasks:
        for number in range(30):
            tasks.create_task(write(store, number))
            await asyncio.sleep(0)
    assert served == list(range(30))


async def test_a_cancelled_waiting_writer_does_not_block_others(tmp_path: Path) -> None:
    async def write(store: SqlStore) -> None:
        async with store.transaction() as transaction:
            await transaction.messages.append([DRAFT])

    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        async with store.transaction():
            waiting = [asyncio.create_task(write(store)) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()
        await asyncio.wait(waiting)
    assert [message.seq for message in told] == [1, 2]


async def test_the_store_works_again_after_a_full_disk(tmp_path: Path) -> None:
    told: list[StoredMessage] = []
    async with opened("", tmp_path, told) as store:
        await _limit_pages(store, 100)

        async def fill() -> None:
            async with store.transaction() as transaction:
                await transaction.uploads.add(an_upload("u"))
                await transaction.messages.append([DRAFT])
                big = an_event(description="x" * 60_000)
                await transaction.events.insert([big] * 50, upload_id=None, at_ms=1)

        with pytest.raises(StorageFullError):
            await fill()
        assert told == []
        await _limit_pages(store, 1_000_000)
        await fill()
        async with store.snapshot() as snapshot:
            assert (await snapshot.events.counts(now_us=0)).events == 50
    assert [message.seq for message in told] == [1]


async def test_the_store_works_again_after_a_failed_commit(tmp_path: Path) -> None:
    async def add(store: SqlStore) -> None:
        async with store.transaction() as transaction:
            await transaction.uploads.add(an_upload("u"))

    async with opened("", tmp_path, []) as store:
        # All that so small a transaction writes, it writes at its commit.
        with room_for(1), pytest.raises(StorageError):
            await add(store)
        async with store.snapshot() as snapshot:
            assert await snapshot.uploads.get("u") is None
        await add(store)
        async with store.snapshot() as snapshot:
            assert await snapshot.uploads.get("u") is not None


async def _limit_pages(store: SqlStore, pages: int) -> None:
    database = store._database
    assert isinstance(database, SqliteDatabase)
    async with database.writing() as unit:
        await unit.run_sync(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}"))


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from api.storage.sqlite import additions
from api.storage.store import open_store
from tests.contracts.samples import an_event

async def main():
    store = await open_store("", committed=list, data_dir=Path(sys.argv[1]), timezone="America/Recife")
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event("kept")], upload_id=None, at_ms=1)
        await transaction.messages.append([("eventos", b'{"type":"x"}', False)])
    async with store.transaction() as transaction:
        await transaction.events.insert([an_event("lost")] * 3000, upload_id=None, at_ms=1)
        await transaction.messages.append([("eventos", b'{"type":"x"}', False)])
        written = additions._write

        def killed(*added):
            written(*added)
            os.kill(os.getpid(), signal.SIGKILL)

        additions._write = killed

asyncio.run(main())
"""


async def test_a_process_killed_in_a_transaction_keeps_earlier_commits(tmp_path: Path) -> None:
    root = Path(__file__).parents[4]
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    async with opened("", tmp_path, []) as store:
        assert await store.feed.bounds() == (0, 1)
        async with store.transaction() as transaction:
            ids = await transaction.events.insert([an_event("next")], upload_id=None, at_ms=1)
            page = await transaction.events.page(EventFilter(), sort="id", limit=9, after=None)
            assert (await transaction.events.counts(now_us=0)).events == 2
    assert [(event.id, event.title) for event in page.items] == [(1, "kept"), (ids[0], "next")]
