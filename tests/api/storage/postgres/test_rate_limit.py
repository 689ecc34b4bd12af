"""Limits over several processes: all up to one pass, none beyond; few calls ask the database."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.storage.postgres.ahead import MOST_AHEAD
from api.storage.postgres.database import PostgresDatabase
from api.storage.postgres.rate_limit import LEFT_AHEAD, NEAR, PostgresRateLimiter, _Window
from api.storage.store import SqlStore
from domain.ports.errors import StorageUnavailableError
from tests.contracts.conftest import opened, store_url

__all__ = ["store_url"]

on_postgres = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


def limiters(store: SqlStore, clock_ms: Callable[[], int], count: int = 2) -> list[PostgresRateLimiter]:
    database = store._database
    assert isinstance(database, PostgresDatabase)
    return [PostgresRateLimiter(database, clock_ms) for _ in range(count)]


CALLS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), min_size=1, max_size=12)
"""Which process each call comes to; those of an inner list at once."""


@pytest.mark.anyio
@on_postgres
async def test_as_many_pass_as_the_limit_says_whatever_process_they_come_to(
    store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        loop, tried = asyncio.get_running_loop(), 0

        @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(CALLS, st.integers(1, 60))
        def every(calls: list[list[int]], limit: int) -> None:
            asyncio.run_coroutine_threadsafe(one(calls, limit), loop).result()

        async def one(calls: list[list[int]], limit: int) -> None:
            nonlocal tried
            tried += 1
            processes = limiters(store, lambda: 1000, 3)
            waits: list[int] = []
            for at_once in calls:
                asked = [processes[place].take(f"k{tried}", limit) for place in at_once]
                waits += await asyncio.gather(*asked)
            passed = waits.count(0)
            held = sum(window.left for process in processes for window in process._windows.values())
            assert passed <= limit
            assert passed + held >= min(limit, len(waits)), "what is not passed is held by a process"
            assert {*waits} <= {0, 61}

        await asyncio.to_thread(every)


@pytest.mark.anyio
@on_postgres
async def test_calls_of_one_process_pass_exactly_up_to_the_limit(store_url: str, tmp_path: Path) -> None:
    async with opened(store_url, tmp_path, []) as store:
        (process,) = limiters(store, lambda: 1000, 1)
        waits = [await process.take("k", 500) for _ in range(300)]
        waits += await asyncio.gather(*[process.take("k", 500) for _ in range(300)])
    assert waits.count(0) == 500
    assert waits[:500] == [0] * 500


@pytest.mark.anyio
@on_postgres
async def test_calls_that_come_to_processes_in_turn_are_refused_from_the_limit_on(
    store_url: str, tmp_path: Path
) -> None:
    async with opened(store_url, tmp_path, []) as store:
        processes = limiters(store, lambda: 1000, 3)
        waits = [await processes[number % 3].take("k", 600) for number in range(620)]
    assert waits == [0] * 600 + [61] * 20


@pytest.mark.anyio
@on_postgres
async def test_a_busy_caller_is_counted_ahead_and_a_refused_one_without_the_database(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ms, counted = 1000, 0
    count = PostgresRateLimiter._counted

    async def noted(
        self: PostgresRateLimiter, key: str, calls: int, limit: int, at_ms: int
    ) -> tuple[int, int]:
        nonlocal counted
        counted += 1
        return await count(self, key, calls, limit, at_ms)

    monkeypatch.setattr(PostgresRateLimiter, "_counted", noted)
    async with opened(store_url, tmp_path, []) as store:
        (process,) = limiters(store, lambda: now_ms, 1)
        for _ in range(100):
            assert [*await asyncio.gather(*[process.take("busy", 100_000) for _ in range(16)])] == [0] * 16
        assert counted < 100
        assert await process.take("once", 1) == 0
        before = counted
        assert [await process.take("once", 1) for _ in range(50)] == [61] * 50
        assert counted == before
        now_ms = 61_000
        assert await process.take("once", 1) == 0
        assert counted == before + 1


@pytest.mark.anyio
@on_postgres
async def test_a_database_that_is_away_is_told_to_everyone_who_asked(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> tuple[int, int]:
        raise StorageUnavailableError("away")

    async with opened(store_url, tmp_path, []) as store:
        (process,) = limiters(store, lambda: 1000, 1)
        with monkeypatch.context() as patched:
            patched.setattr(PostgresRateLimiter, "_counted", away)
            results = await asyncio.gather(*[process.take("k", 5) for _ in range(4)], return_exceptions=True)
        assert [type(result) for result in results] == [StorageUnavailableError] * 4
        assert await process.take("k", 5) == 0


@pytest.mark.anyio
@on_postgres
async def test_windows_that_are_over_are_forgotten(store_url: str, tmp_path: Path) -> None:
    now_ms = 1000
    async with opened(store_url, tmp_path, []) as store:
        (process,) = limiters(store, lambda: now_ms, 1)
        process._remembered = 4
        for number in range(4):
            await process.take(f"k{number}", 5)
        now_ms = 62_000
        await process.take("new", 5)
    assert [*process._windows] == ["new"]


@pytest.mark.parametrize(
    ("given_since", "seconds", "n", "wanted"),
    [
        (0, 1.0, 0, 0),
        (1, 10.0, 0, 0),
        (100, 0.05, 0, 100),
        (10**6, 1.0, 0, MOST_AHEAD),
        (100, 0.05, 10_000 - NEAR - 16, (NEAR + 16) // LEFT_AHEAD),
        (100, 0.05, 10_000 - NEAR, 0),
        (100, 0.05, 10_016, 0),
    ],
)
def test_few_are_counted_ahead_near_the_limit(given_since: int, seconds: float, n: int, wanted: int) -> None:
    window = _Window(10_000, began_ms=0, n=n, left=0, given=given_since, asked_at=5.0)
    assert window.wanted(5.0 + seconds) == wanted
