"""Connections of the driver's own: kept, lent, replaced when they are lost, and always closed."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from api.storage.postgres import connections
from api.storage.postgres.connections import DriverPool, OneConnection
from api.storage.postgres.watchdog import Watchdog
from domain.ports.errors import StorageUnavailableError
from tests.contracts.conftest import store_url

__all__ = ["store_url"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]


async def process_of(one: OneConnection) -> int:
    async with one.connection() as connection:
        pid: int = await connection.fetchval("SELECT pg_backend_pid()")
    return pid


async def test_it_is_kept_and_replaced_when_it_is_lost(store_url: str) -> None:
    one = OneConnection({"dsn": store_url}, Watchdog())
    first = await process_of(one)
    assert await process_of(one) == first
    other = await asyncpg.connect(store_url)
    await other.execute("SELECT pg_terminate_backend($1, 5000)", first)
    # The loop may have seen the loss before the next statement, or sees it by that.
    with suppress(StorageUnavailableError):
        assert await process_of(one) != first
    assert await process_of(one) != first
    await one.aclose()
    await other.close()


async def test_users_take_turns(store_url: str) -> None:
    one = OneConnection({"dsn": store_url}, Watchdog())
    inside: list[int] = []

    async def use(number: int) -> None:
        async with one.connection() as connection:
            inside.append(number)
            await connection.fetchval("SELECT pg_sleep(0)")
            assert inside[-1] == number

    await asyncio.gather(*map(use, range(5)))
    await one.aclose()


async def test_it_closes_although_the_database_does_not_answer(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_self: Any, *, timeout: float) -> None:  # noqa: ASYNC109 - the driver's own.
        raise TimeoutError(timeout)

    one = OneConnection({"dsn": store_url}, Watchdog())
    await process_of(one)
    kept = one._kept
    assert kept is not None
    monkeypatch.setattr(asyncpg.Connection, "close", silent)
    await one.aclose()
    assert kept.is_closed()
    await one.aclose()


def a_pool(store_url: str, *, size: int = 2, wait_seconds: float = 5.0) -> DriverPool:
    return DriverPool({"dsn": store_url}, Watchdog(), size=size, wait_seconds=wait_seconds)


async def pid_in(pool: DriverPool, *, sleeps: float = 0.0) -> int:
    async with pool.connection() as connection:
        pid: int = await connection.fetchval("SELECT pg_backend_pid() FROM pg_sleep($1)", sleeps)
    return pid


async def test_a_pool_opens_what_is_needed_at_once_and_no_more_than_its_size(store_url: str) -> None:
    pool = a_pool(store_url, size=3)
    assert len({await pid_in(pool) for _ in range(5)}) == 1
    pids = await asyncio.gather(*[pid_in(pool, sleeps=0.01) for _ in range(12)])
    assert len({*pids}) == pool._places.taken == len(pool._free) == 3
    await pool.aclose()
    assert pool._places.taken == 0


async def test_who_waits_too_long_for_a_connection_is_told_that_all_are_busy(store_url: str) -> None:
    pool = a_pool(store_url, size=1, wait_seconds=0.05)
    async with pool.connection():
        with pytest.raises(StorageUnavailableError, match="busy"):
            await pid_in(pool)
    assert await pid_in(pool)
    await pool.aclose()


async def test_a_connection_that_is_lost_leaves_its_place_to_who_waits(store_url: str) -> None:
    pool = a_pool(store_url, size=1)
    first = await pid_in(pool)
    other = await asyncpg.connect(store_url)
    using = asyncio.create_task(pid_in(pool, sleeps=30))
    waiting = asyncio.create_task(pid_in(pool))
    asleep = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'"
    while not await other.fetchval(asleep, first):  # noqa: ASYNC110 - the database tells nobody.
        await asyncio.sleep(0.01)
    await other.execute("SELECT pg_terminate_backend($1, 5000)", first)
    with pytest.raises(StorageUnavailableError):
        await using
    assert await waiting != first
    assert pool._places.taken == 1
    await pool.aclose()
    await other.close()


async def test_a_connection_that_cannot_be_opened_leaves_its_place(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(**_: Any) -> None:
        await asyncio.sleep(0)
        raise ConnectionRefusedError(111, "Connection refused")

    pool = a_pool(store_url, size=1)
    with monkeypatch.context() as patched:
        patched.setattr(asyncpg, "connect", refused)
        results = await asyncio.gather(*[pid_in(pool) for _ in range(3)], return_exceptions=True)
    assert [type(result) for result in results] == [StorageUnavailableError] * 3
    assert pool._places.taken == 0
    assert await pid_in(pool)
    await pool.aclose()


@pytest.mark.parametrize("turns", range(0, 24, 2))
async def test_a_cancelled_user_leaves_no_connection_behind(store_url: str, turns: int) -> None:
    pool = a_pool(store_url, size=2)
    users = [asyncio.create_task(pid_in(pool, sleeps=0.001)) for _ in range(8)]
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    for user in users[::2]:
        user.cancel()
    await asyncio.wait(users)
    assert all(user.cancelled() or user.result() for user in users)
    assert pool._places.taken == len(pool._free) <= 2
    assert not pool._places._queue
    assert await asyncio.gather(*[pid_in(pool) for _ in range(4)])
    await pool.aclose()


async def test_connections_that_nobody_uses_are_closed(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.05)
    pool = a_pool(store_url)
    # Both in use at once: one that was free before the other had opened would be closed by then.
    async with pool.connection(), pool.connection():
        assert pool._places.taken == 2
    async with asyncio.timeout(60):
        while pool._places.taken or pool._closing:  # noqa: ASYNC110 - they close by themselves.
            await asyncio.sleep(0.01)
    assert await pid_in(pool)
    await pool.aclose()


async def test_one_that_is_in_use_while_the_pool_closes_is_closed_afterwards(store_url: str) -> None:
    pool = a_pool(store_url)
    async with pool.connection() as connection:
        await pool.aclose()
        assert await connection.fetchval("SELECT 1") == 1
    assert connection.is_closed()
    assert pool._places.taken == 0
