"""Presence and limits over several processes; stores that one process serves have neither."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api.storage.postgres.rate_limit import PostgresRateLimiter
from api.storage.store import SqlStore
from streams.ports import Crowd, LiveStore, PersonLease
from tests.contracts.conftest import opened

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("store_url", ["postgresql"], indirect=True),
]


@pytest.fixture
async def shared(store_url: str, tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with opened(store_url, tmp_path, []) as store:
        yield store


@pytest.fixture
def live(shared: SqlStore) -> LiveStore:
    assert shared.live is not None
    return shared.live


def someone(person: str, *, since_ms: int = 1, connections: int = 1) -> PersonLease:
    return PersonLease(person, f"name of {person}", "viewer", since_ms, connections)


async def names(live: LiveStore, *, now_ms: int) -> list[str]:
    return [one.person for one in (await live.crowd(now_ms=now_ms, most_named=9)).named]


async def test_presence_lists_people_of_all_processes(live: LiveStore) -> None:
    for owner in ("A", "B"):
        await live.renew(owner, now_ms=0, lease_ms=100)
    await live.put("A", [someone("ana", since_ms=5, connections=2), someone("zoe", since_ms=9)])
    await live.put("B", [someone("ana", since_ms=3), someone("bia", since_ms=4)])
    await live.put("A", [someone("zoe", since_ms=9, connections=4)])
    await live.put("A", [])
    everyone = [
        someone("ana", since_ms=3, connections=3),
        someone("bia", since_ms=4),
        someone("zoe", since_ms=9, connections=4),
    ]
    assert await live.crowd(now_ms=99, most_named=3) == Crowd(3, 8, everyone)
    assert await live.crowd(now_ms=99, most_named=2) == Crowd(3, 8, everyone[:2])


async def test_people_of_a_dead_process_are_removed(live: LiveStore) -> None:
    await live.renew("A", now_ms=0, lease_ms=100)
    await live.renew("B", now_ms=50, lease_ms=100)
    await live.put("A", [someone("ana"), someone("bia")])
    await live.put("B", [someone("zoe"), someone("eva")])
    await live.remove("A", ["ana", "unknown"])
    assert await names(live, now_ms=99) == ["bia", "eva", "zoe"]
    assert await names(live, now_ms=100) == ["eva", "zoe"]
    await live.renew("B", now_ms=100, lease_ms=100)
    await live.renew("A", now_ms=100, lease_ms=100)
    assert await names(live, now_ms=101) == ["eva", "zoe"]
    await live.leave("B")
    assert await live.crowd(now_ms=101, most_named=9) == Crowd(0, 0, [])


async def test_the_rate_limit_counts_calls_of_all_processes(shared: SqlStore) -> None:
    meter = shared.meter
    assert meter is not None
    now_ms = 0
    first, second = (PostgresRateLimiter(meter._database, lambda: now_ms) for _ in range(2))
    assert [await first.take("k", 2), await second.take("k", 2)] == [0, 0]
    now_ms = 59_000
    assert await second.take("k", 2) == await first.take("k", 2) == 2
    assert await first.take("other", 2) == 0
    now_ms = 60_000
    assert [await first.take("k", 1), await second.take("k", 1)] == [0, 61]
