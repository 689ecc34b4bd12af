"""The connection that is kept for one user: another takes its place when it is lost, and it always closes."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from api.storage.postgres.driver import OneConnection
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
