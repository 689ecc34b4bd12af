"""What people keep for themselves is theirs alone."""

import asyncio

import pytest

from api.storage.store import SqlStore

pytestmark = pytest.mark.anyio


async def test_a_calendar_address_is_found_by_its_secret_until_its_owner_removes_it(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        mine = await transaction.personal.add_calendar("user:1", "hash-1", {"city": "Recife"}, at_ms=5)
        later = await transaction.personal.add_calendar("user:1", "hash-2", {}, at_ms=6)
        await transaction.personal.add_calendar("user:2", "hash-3", {}, at_ms=7)
        await transaction.personal.used_calendar(mine.id, at_ms=9)
    async with store.snapshot() as snapshot:
        assert [one.id for one in await snapshot.personal.calendars("user:1")] == [later.id, mine.id]
        found = await snapshot.personal.calendar_by_secret("hash-1")
        assert found is not None
        assert (found.filters, found.created_at, found.last_used_at) == ({"city": "Recife"}, 5, 9)
        assert await snapshot.personal.calendar_by_secret("hash-0") is None
    async with store.transaction() as transaction:
        assert not await transaction.personal.remove_calendar("user:2", mine.id)
        assert await transaction.personal.remove_calendar("user:1", mine.id)
        assert not await transaction.personal.remove_calendar("user:1", mine.id)
    async with store.snapshot() as snapshot:
        assert await snapshot.personal.calendar_by_secret("hash-1") is None


async def test_addresses_that_are_added_at_once_are_counted_one_after_the_other(store: SqlStore) -> None:
    async def add(owner: str, number: int) -> bool:
        async with store.transaction() as transaction:
            if len(await transaction.personal.lock_calendars(owner)) >= 2:
                return False
            await transaction.personal.add_calendar(owner, f"{owner} {number}", {}, at_ms=number)
        return True

    owners = ["user:1", "open"]
    await asyncio.gather(*(add(owner, number) for owner in owners for number in range(6)))
    async with store.snapshot() as snapshot:
        assert [len(await snapshot.personal.calendars(owner)) for owner in owners] == [2, 2]


async def test_the_last_read_mark_wins(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        assert await transaction.personal.read_mark("user:1") is None
        await transaction.personal.set_read_mark("user:1", "e.1")
        await transaction.personal.set_read_mark("user:1", "e.5")
        await transaction.personal.set_read_mark("user:2", "e.2")
    async with store.snapshot() as snapshot:
        assert await snapshot.personal.read_mark("user:1") == "e.5"
